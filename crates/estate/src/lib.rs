//! The estate: what exists, how it hangs together, and who answers for it.
//!
//! Nothing here reads a clock, a disk or the network: facts fold into entities, and questions are asked of those.

mod catalog;

pub use catalog::{Catalog, CatalogEntity, Owner};
