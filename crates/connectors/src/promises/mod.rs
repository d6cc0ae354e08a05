//! Promises as code: `promises/*.toml`, or the same in YAML.

mod read;

pub(crate) use read::line_column;
pub use read::read;
