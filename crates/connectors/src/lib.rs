//! Connectors: one folder an outside system. Documents in; facts, snapshots and diagnostics out.
//!
//! A connector has two halves. `read` is pure: a [`Document`] and a [`ReadContext`] in, a [`Reading`] out, the same for
//! the same input. `collect` fetches documents through [`mainstay_outside::Outside`] and hands them to `read`. Documents
//! about events give facts; documents about what exists give a [`Snapshot`], of which [`reconcile`] makes facts about what
//! changed. Nothing here decides anything: a duty judges.

pub mod alertmanager;
mod attributes;
pub mod backstage;
pub mod cloudevents;
pub mod cloudwatch;
mod collect;
mod connectors;
mod discover;
pub mod eventrecorder;
pub mod focus;
pub mod github;
pub mod grafana;
mod identity;
pub mod inventory;
mod json;
pub mod kev;
pub mod kubernetes;
pub mod mapping;
pub mod objectives;
pub mod oncall;
mod options;
pub mod pagerduty;
pub mod probes;
pub mod promises;
mod reading;
mod reconcile;
pub mod restic;
mod signal;
pub mod subjects;
pub mod terraform;
mod text;
pub mod trivy;

pub use collect::{Origin, Request};
pub use connectors::{CONNECTORS, Connector, connector};
pub use discover::{Found, discover, recognise};
pub use identity::{content_digest, digest, fact_id};
pub use options::Options;
pub use reading::{
    At, DIAGNOSTICS_MAX, DOCUMENT_BYTES_MAX, Document, Family, Gone, Part, ReadContext, Reading, Snapshot, SnapshotItem,
};
pub use reconcile::{Known, KnownMap, family_of, known_of, reconcile};
pub use signal::{Heard, Signal, alert_key};

#[cfg(test)]
mod harness;
