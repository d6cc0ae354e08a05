//! What exists, as providers' own inventories list it: AWS's tagging API, by a mapping that is built in.
//!
//! An inventory sees what nobody manages, which no state does.

pub use crate::mapping::read_inventory as read;
