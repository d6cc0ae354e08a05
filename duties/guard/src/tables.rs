//! What facts about resources, findings and approvals fold into.

mod approval;
mod finding;
mod resource;
mod review;

pub use approval::ApprovalRow;
pub use finding::{FindingRow, Stood};
pub use resource::{Agreement, EstateResource, Judgement, LiveState, Sighting, Summary};
pub use review::ReviewRow;
