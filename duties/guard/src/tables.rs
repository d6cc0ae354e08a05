//! What facts about resources and findings fold into.

mod finding;
mod resource;

pub use finding::FindingRow;
pub use resource::{Agreement, EstateResource, Judgement, LiveState, Sighting, Summary};
