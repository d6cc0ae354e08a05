//! Controls: resources in, verdicts out. Pure: no disk, clock or network.
//!
//! A [`ControlFile`] is one Markdown page; [`Engine::load`] makes an engine of many, [`Engine::judge`] judges what
//! `mainstay-iac` read. Verdicts are three-valued: what the files do not tell is `unknown`, never `pass`.

mod catalog;
mod checkov;
mod conftest;
mod control;
mod controls;
mod document;
mod engine;
mod example;
mod explain;
mod foreign;
mod gatekeeper;
mod judge;
mod lang;
pub mod report;
mod secret;
pub mod suppress;
#[cfg(test)]
mod testing;

pub use catalog::built_in;
pub use control::{Control, ControlFile, Example};
pub use engine::{Cause, Engine, Judgement, Judging, Summary, Wanted};
pub use explain::{Change, Edit, Explanation, Key, is_sensitive};
pub use foreign::can_hold_policy;
pub use gatekeeper::{Suite, SuiteReport};
pub use secret::{Masks, SecretsJudged, is_configuration};
