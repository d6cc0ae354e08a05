//! CloudWatch alarms, as Amazon SNS delivers them: the alarm's JSON stands in the `Message` of a notification.
//!
//! A delivery over HTTP counts only with SNS' signature, and only of a topic that the settings name: whoever has an account
//! there can have SNS sign messages of topics of their own. [`sns`] has what of that needs no network.

mod read;
pub mod sns;

pub use read::read;

#[cfg(test)]
mod tests;
