//! Functions of lists, sets and maps.
use super::Call;
use crate::terraform::eval::{Evaluated, Scope};

pub(super) fn call(_scope: &mut Scope<'_>, _call: &Call<'_>) -> Option<Evaluated> {
    None
}
