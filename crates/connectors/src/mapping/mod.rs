//! A small mapping file turns CSV, JSON or JSON Lines of any system into facts: tickets, incident exports, inventories.

mod data;
mod file;
mod read;
mod template;

pub(crate) use read::data_of;
pub use read::{collect, read, read_inventory};

#[cfg(test)]
mod tests;
