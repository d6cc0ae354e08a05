//! The estate: what exists, how it hangs together, and who answers for it.
//!
//! Nothing here reads a clock, a disk or the network: facts fold into entities, and questions are asked of those.

mod catalog;
pub mod graph;

pub use catalog::{Catalog, CatalogEntity, Owner};

use mainstay_kit::{Contribution, Problem, Reader};

/// Fills in team and tier of contributions from the catalog as the reader knows it.
///
/// # Errors
/// The database fails.
pub fn with_owners(reader: &Reader<'_>, mut contributions: Vec<Contribution>) -> Result<Vec<Contribution>, Problem> {
    if !contributions.is_empty() {
        Catalog::new(&reader.all::<CatalogEntity>(None)?).fill(&mut contributions);
    }
    Ok(contributions)
}
