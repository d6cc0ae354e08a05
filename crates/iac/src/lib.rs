//! Infrastructure as code: the text of files in, resources and diagnostics out. Pure: no disk, clock or network; the
//! caller hands over every file's text.

mod resource;
mod value;

pub use resource::{Block, Dialect, Reading, Reference, Resource, SourceFile};
pub use value::{At, Map, Node, Unknown, Value};
