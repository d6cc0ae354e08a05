//! From rules and resources to truth, and the reasons for it.

mod change;
mod eval;
mod explain;
mod function;
mod iam;
mod net;
mod pod;
mod relations;
mod secret;
mod value;

pub(crate) use change::wishes;
pub(crate) use eval::{Batch, Evaluation};
pub(crate) use explain::{Reason, is_sensitive, why};
pub(crate) use relations::{Relations, folded, type_key};
pub(crate) use value::{Arena, Truth};
