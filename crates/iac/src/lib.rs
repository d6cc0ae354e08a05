//! Infrastructure as code: the text of files in, resources and diagnostics out. Pure: no disk, clock or network; the
//! caller hands over every file's text.

mod ansible;
pub mod arm;
mod bicep;
pub mod cloudformation;
mod comment;
mod convert;
mod dockerfile;
pub mod encrypted;
pub mod fields;
pub mod hcl;
pub mod helm;
pub mod json;
pub mod kubernetes;
mod kustomize;
mod openapi;
mod partial;
pub mod plan;
mod read;
mod resource;
mod shell;
mod shown;
mod source;
pub mod state;
pub mod terraform;
mod value;
mod workflow;
pub mod yaml;

pub use comment::Comment;
pub use partial::PartialText;
pub use read::read;
pub use resource::{Block, Dialect, Reading, Reference, Resource, SourceFile};
pub use source::{FILE_BYTES_MAX, Origin, text_of};
pub use value::{At, Map, Node, Unknown, Value};
