//! Alertmanager's event recorder (0.33 and later, `event_recorder` in its configuration): one JSON object an event, a line each in
//! its files and on its standard output, or one or a list of them in what its webhook posts.
//!
//! The form is that of `eventrecorder/eventrecorderpb/eventrecorder.proto` in Alertmanager's repository as protobuf's JSON
//! mapping writes it: names in camel case but `@timestamp`, numbers of 64 bits as texts, and what is empty left out. Unlike the
//! webhook of a receiver it says when somebody was told, and which silence kept an alert quiet.

mod read;

pub use read::read;

#[cfg(test)]
mod tests;
