//! What is to be done about escalations. Pure: what the ledger knows and the time go in.

pub mod alert;
pub mod delivery;
pub mod incident;
