//! What facts about resources and findings fold into.

mod finding;
mod resource;
mod review;

pub use finding::FindingRow;
pub use resource::{Agreement, EstateResource, Judgement, LiveState, Sighting, Summary};
pub use review::ReviewRow;
