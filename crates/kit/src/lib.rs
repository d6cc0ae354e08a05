//! What every duty is made of: entities that facts fold into, KPIs, operations with their authority, jobs, pages.
//!
//! The kit knows no duty. A duty implements [`Duty`] and the binary puts the duties together.

pub mod access;
pub mod answer;
mod base;
mod binary;
mod by_entity;
mod columns;
mod digest;
mod duty;
mod entity;
mod form;
mod history;
mod hook;
mod http;
mod http_guard;
mod jobs;
mod kpi;
pub mod lists;
mod live;
mod metrics;
mod moves;
mod openapi;
pub mod operation;
pub mod page;
mod pass;
mod past;
pub mod people;
mod problem;
pub mod record;
pub mod rights;
pub mod scorecard;
pub mod sessions;
mod store;
mod sum;
pub mod ui;
mod world;

pub use access::Principal;
pub use base::{Base, Collection};
pub use by_entity::{ByEntity, Tie};
pub use digest::Digest;
pub use duty::{Contributions, Duty, Job, Kpi};
pub use entity::{Cell, Entity, Folded, Kind, event_order};
pub use history::{fold_all, history};
pub use hook::{Hook, Manners, Tick};
pub use http::{BODY_BYTES_MAX, Extra, router};
pub use jobs::Turn;
pub use kpi::{Better, Contribution, KpiSpec, KpiValue, Measure, Query, Standing, Unit};
pub use openapi::openapi;
pub use operation::Operation;
pub use page::{Form, Page};
pub use problem::Problem;
pub use store::{EntityKind, LIST_ROWS_MAX, ListQuery, Listing, Reader, SORT_ROWS_MAX};
pub use sum::{FACTS_MAX, summarise, wilson};
pub use world::{Call, Settings, World};

/// Puts a page's content, or the problem that came instead of it, into the frame around every page.
pub type Shell = fn(&Call<'_>, &page::Request, Result<page::Content, Problem>) -> maud::Markup;
