//! CloudEvents 1.0 in JSON: one object, a batch, or JSON Lines. The way in for everything that has no connector, through
//! `POST /v1/facts` and files.

mod collect;
mod read;

pub use collect::collect;
pub use read::read;
