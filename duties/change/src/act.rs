//! What the change duty does by itself: it says which deployments look like rollbacks.

use crate::Change;
use crate::judge::{Suspicion, suspicions};
use jiff::SignedDuration;
use mainstay_kit::{Call, Problem};
use mainstay_model::facts::{ChangeFailureLinked, Confidence, FailureKind};
use mainstay_model::{Fact, FactData, Span, Timestamp};

/// Days back that are looked at: who brings back a commit that is older than this installs it anew.
const DAYS_BACK: i64 = 180;

/// Suspects rollbacks among the known changes, and takes back what no longer looks like one.
///
/// # Errors
/// The database fails.
pub fn suspect_rollbacks(call: &Call<'_>) -> Result<String, Problem> {
    let today = call.today();
    let from = today.checked_sub(SignedDuration::from_hours(24 * DAYS_BACK)).unwrap_or(Timestamp::MIN);
    let changes = call.reader(None)?.all::<Change>(Some(Span { from, to: Timestamp::MAX }))?;
    let facts: Vec<Fact> = suspicions(&changes).iter().map(|one| fact(call, one)).collect::<Result<_, _>>()?;
    let count = facts.len();
    for batch in facts.chunks(BATCH_FACTS) {
        call.append(batch.to_vec())?;
    }
    Ok(format!("{count} suspicions of rollbacks said or taken back"))
}

const BATCH_FACTS: usize = 5_000;

fn fact(call: &Call<'_>, one: &Suspicion) -> Result<Fact, Problem> {
    let confidence = if one.stands { Confidence::Suspected } else { Confidence::Rejected };
    let link = ChangeFailureLinked { failure: one.by.clone(), kind: FailureKind::Rollback, confidence, by: None };
    // A suspicion is as old as the rollback; whatever is said of the two afterwards stands behind it. Its retraction, and
    // one that comes back after that, happen now.
    let first = format!("{}/suspected-rollback/{}", one.replaced.name(), one.by.name());
    let known = call.world.ledger.fact_by_id(SOURCE, &first)?.is_some();
    let (id, at) = match (one.stands, known) {
        (true, false) => (first, one.at),
        _ => (format!("{first}/{}", call.now), call.now),
    };
    link.fact(SOURCE, &id, one.replaced.clone(), at).map_err(|e| Problem::ours("change.fact", e.to_string()))
}

const SOURCE: &str = "mainstay:change";
