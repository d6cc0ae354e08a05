//! Promises as code: `promises/*.toml`, or the same in YAML.

mod read;

pub use read::read;
