//! KPI values for windows, with what they cost remembered until the ledger grows.

use crate::kpi::{KpiValue, summarise};
use crate::{Call, Contribution, Kpi, Problem, Query, Reader};
use mainstay_model::{Span, Timestamp, Window};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The question behind a value: KPI, window, as-of, and how many entries counted.
type Key = (String, Timestamp, Timestamp, Timestamp, u64);

/// Remembered contributions. A new entry in the ledger makes new keys; the old ones go when there are too many.
#[derive(Default)]
pub(crate) struct Values(Mutex<HashMap<Key, Arc<Vec<Contribution>>>>);

/// Windows remembered before all are dropped; each holds what its entities add.
const REMEMBERED_MAX: usize = 400;

/// What a KPI is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The window.
    pub span: Span,
    /// "Now" of the question: pending and overdue are told by it.
    pub as_of: Timestamp,
}

/// What each entity adds to a KPI in a window. `None` where no duty computes the KPI.
///
/// # Errors
/// The database fails.
pub fn contributions(
    call: &Call<'_>,
    reader: &Reader<'_>,
    kpi: &Kpi,
    ask: Ask,
) -> Result<Option<Arc<Vec<Contribution>>>, Problem> {
    let Some(run) = kpi.contributions else { return Ok(None) };
    let known = match reader.known() {
        Some(known) => known,
        None => call.world.ledger.size()?,
    };
    // Within a minute the answer does not depend on the clock in a way that anybody could see.
    let as_of = Timestamp::from_second(ask.as_of.as_second() / 60 * 60).unwrap_or(ask.as_of);
    let key = (kpi.spec.id.clone(), ask.span.from, ask.span.to, as_of, known);
    let remembered = &call.world.values.0;
    if let Some(found) = remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(Some(found.clone()));
    }
    let query = Query { window: ask.span, as_of: ask.as_of, zone: call.world.settings.zone.clone() };
    let computed = Arc::new(run(reader, &query)?);
    let mut remembered = remembered.lock().unwrap_or_else(PoisonError::into_inner);
    if remembered.len() >= REMEMBERED_MAX {
        remembered.clear();
    }
    remembered.insert(key, computed.clone());
    Ok(Some(computed))
}

/// The value of a KPI in a window; `None` where no duty computes it.
///
/// # Errors
/// The database fails.
pub fn value(call: &Call<'_>, reader: &Reader<'_>, kpi: &Kpi, ask: Ask) -> Result<Option<KpiValue>, Problem> {
    Ok(contributions(call, reader, kpi, ask)?.map(|all| summarise(kpi.spec.measure, &all)))
}

/// The value of each slice by `service`, `team`, `tier`, or a slice that the KPI itself names (`severity`).
///
/// # Errors
/// The database fails.
pub fn sliced(
    call: &Call<'_>,
    reader: &Reader<'_>,
    kpi: &Kpi,
    ask: Ask,
    by: &str,
) -> Result<BTreeMap<String, KpiValue>, Problem> {
    let Some(all) = contributions(call, reader, kpi, ask)? else { return Ok(BTreeMap::new()) };
    let mut groups: BTreeMap<String, Vec<Contribution>> = BTreeMap::new();
    for one in all.iter() {
        let slice = match by {
            "service" => one.service.clone(),
            "team" => one.team.clone(),
            "tier" => one.tier.clone(),
            other => one.slice.as_ref().filter(|(name, _)| *name == other).map(|(_, value)| value.clone()),
        };
        groups.entry(slice.unwrap_or_else(|| "(none)".to_owned())).or_default().push(one.clone());
    }
    Ok(groups.into_iter().map(|(name, members)| (name, summarise(kpi.spec.measure, &members))).collect())
}

/// The values of the calendar months that end with the one that holds the first instant, oldest first, with each month's
/// start; the second instant is "now".
///
/// # Errors
/// The database fails.
pub fn trend(
    call: &Call<'_>,
    reader: &Reader<'_>,
    kpi: &Kpi,
    (at, as_of): (Timestamp, Timestamp),
    months: usize,
) -> Result<Vec<(Timestamp, Option<f64>)>, Problem> {
    let mut out = Vec::with_capacity(months);
    for month in Window::months_back(at, &call.world.settings.zone, months) {
        let value = value(call, reader, kpi, Ask { span: month.span, as_of })?;
        out.push((month.span.from, value.and_then(|value| value.value)));
    }
    Ok(out)
}
