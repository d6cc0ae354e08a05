//! Every fact type of Mainstay, by stage of the flow. A fact records a transition, never a sample: what is seen again
//! unchanged writes nothing.
//!
//! A type's name ends in its version. A field may be added when it is optional; anything else is a new version, and the
//! old one stays readable (`crates/model/golden` holds a sample of each that a test reads for ever).

mod access;
mod alert;
mod backup;
mod budget;
mod change;
mod estate;
mod finding;
mod incident;
mod oncall;
mod probe;
mod record;
mod review;
mod spend;
mod vulnerability;

pub use access::*;
pub use alert::*;
pub use backup::*;
pub use budget::*;
pub use change::*;
pub use estate::*;
pub use finding::*;
pub use incident::*;
pub use oncall::*;
pub use probe::*;
pub use record::*;
pub use review::*;
pub use spend::*;
pub use vulnerability::*;
