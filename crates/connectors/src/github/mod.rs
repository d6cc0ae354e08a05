//! GitHub: deliveries of `deployment`, `deployment_status`, `pull_request` and `workflow_run`, with their signature.
//!
//! A deployment is one change from its creation to its last status. Deployments to production count where the delivery
//! says `production_environment` or the environment has one of production's names.

mod read;
mod signature;

pub use read::read;
pub use signature::{sign, verify};

#[cfg(test)]
mod tests;
