//! Terraform and OpenTofu: source says what is declared, plan JSON what is planned and what drifted, state what is live.

mod observe;
mod read;

pub use observe::{Belongs, belongs, live_subject};
pub(crate) use read::is_source;
pub use read::read;

#[cfg(test)]
mod tests;
