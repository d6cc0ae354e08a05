//! Alertmanager without Alertmanager: its configuration file, and what it would have sent for a stream of alerts.
//!
//! [`read`] takes `alertmanager.yml` as it is and refuses what Alertmanager 0.25 refuses, with line, column and the mend.
//! [`Config::matching`] says which routes take an alert. [`Simulation`] is the pipeline behind them: merging of what is
//! posted, groups and their timers, inhibition, time intervals, silences, and the log that keeps a notification from being
//! sent twice. Where versions differ, 0.25 is meant, as Debian 12 has it.
//!
//! Pure: text, alerts and times in; notifications out. The clock is what the caller says, and delivery takes no time and
//! always succeeds, so that the same stream gives the same notifications on every day.

mod alert;
mod config;
mod group;
mod inhibit;
mod intake;
mod interval;
mod matcher;
pub mod replay;
mod sent;
mod silence;
mod simulation;

pub use alert::{Posted, fingerprint, message_order};
pub use config::{Config, InhibitRule, Integration, Reading, Receiver, Route, read};
pub use intake::{Intake, Transition};
pub use interval::TimeInterval;
pub use mainstay_promql::Labels;
pub use matcher::{Compare, Matcher, parse_matcher, parse_matchers};
pub use sent::{Cause, Notification, Said};
pub use silence::Silence;
pub use simulation::{Grouped, Listed, Options, Refused, Simulation, Suppression};
