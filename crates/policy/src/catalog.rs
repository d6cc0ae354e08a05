//! The controls that come with the binary.

use crate::ControlFile;

const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/controls.rs"));

/// The built-in controls, in the same form as those of users.
#[must_use]
pub fn built_in() -> Vec<ControlFile> {
    FILES.iter().map(|(path, text)| ControlFile { path: (*path).to_owned(), text: (*text).to_owned() }).collect()
}
