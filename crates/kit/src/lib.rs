//! What every duty is made of: entities that facts fold into, KPIs, operations with their authority, jobs, pages.
//!
//! The kit knows no duty. A duty implements [`Duty`] and the binary puts the duties together.

mod entity;
mod history;
mod kpi;

pub use entity::{Cell, Entity, Folded, Kind, event_order};
pub use history::{fold_all, history};
pub use kpi::{FACTS_MAX, Better, Contribution, KpiSpec, KpiValue, Measure, Query, Standing, Unit, summarise, wilson};
