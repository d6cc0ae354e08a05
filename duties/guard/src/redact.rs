//! Erasing the data of a fact, such as a name or a secret that should never have come in: asked for by one person,
//! answered by another. The entry stays with the salted digest of what was there, so every proof still holds.

use crate::act::{Outcome, ask_for, reason_of};
use mainstay_kit::operation::Method;
use mainstay_kit::rights::Needs;
use mainstay_kit::{Call, Operation, Problem, record};
use mainstay_ledger::LedgerError;
use mainstay_model::facts::{FactRedacted, Role};
use mainstay_model::{FactData, PrincipalId, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The action as the decision rights name it.
pub(crate) const REDACT: &str = "fact.redact";

/// The source of the facts that say what was erased.
const SOURCE: &str = "mainstay:guard";

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Redact {
    /// Position of the fact in the ledger, or its id.
    id: String,
    /// Why its data must go. The reason stays, so it must not repeat what is erased.
    reason: String,
}

pub(crate) fn operation() -> Operation {
    Operation::new(
        REDACT,
        (Method::Post, "/v1/facts/{id}/redaction"),
        Role::Engineer,
        "Ask that the data of a fact be erased; proofs still hold",
        redact,
    )
}

fn redact(call: &Call<'_>, ask: Redact) -> Result<Outcome, Problem> {
    let found = record::find(call, &ask.id)?;
    if found.fact.fact_type == FactRedacted::TYPE {
        let detail = "the fact says that another one was erased, and stays";
        return Err(Problem::conflict("fact.redaction", detail));
    }
    if is_erased(call, found.seq)? {
        return Err(Problem::conflict("fact.redacted", format!("fact {} is erased already", found.seq)));
    }
    let reason = reason_of("fact.reason", &ask.reason)?;
    let about = Subject::of("fact", &found.seq.to_string());
    if call.world.settings.rights.of(REDACT).needs == Needs::Auto {
        erase(call, &about, reason, (&call.principal.id, &call.principal.id))?;
        return Ok(Outcome::done("the data is erased"));
    }
    ask_for(call, REDACT, about, reason, None)
}

/// Erases the data of the fact that a request is about. Doing it again does nothing: a request whose answer could not be
/// written down is answered anew.
///
/// # Errors
/// The subject names no fact, or the database fails.
pub(crate) fn erase(
    call: &Call<'_>,
    about: &Subject,
    reason: &str,
    (by, requested_by): (&PrincipalId, &PrincipalId),
) -> Result<(), Problem> {
    let unknown = || Problem::absent("fact.unknown", format!("there is no fact {about}"));
    let seq: u64 = about.name().parse().map_err(|_| unknown())?;
    if is_erased(call, seq)? {
        return Ok(());
    }
    let reason = format!("{reason} (asked for by {requested_by}, approved by {by})");
    match call.world.ledger.redact(seq, SOURCE, &reason, Value::Null, call.now) {
        // Somebody reads what is to be written over. The data is out of reach, and the next start writes over it.
        Err(LedgerError::Busy(_)) if is_erased(call, seq)? => Ok(()),
        Err(LedgerError::Refused(why)) => Err(Problem::conflict("fact.redaction", why)),
        other => Ok(other.map(drop)?),
    }
}

fn is_erased(call: &Call<'_>, seq: u64) -> Result<bool, Problem> {
    let filter =
        mainstay_ledger::Filter::new().of_type(FactRedacted::TYPE).of_subject(Subject::of("fact", &seq.to_string()));
    Ok(!call.world.ledger.facts(&filter)?.is_empty())
}
