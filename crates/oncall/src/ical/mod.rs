//! iCalendar (RFC 5545): shifts to a calendar that people subscribe to, and calendars of others to shifts.

mod events;
mod lines;
mod moments;
mod rules;
mod write;

pub use events::{Calendar, Event, read};
pub use write::{Feed, write};
