//! KPI values for windows, with what they cost remembered until the ledger grows.

use crate::kpi::{KpiValue, summarise};
use crate::{Call, Contribution, Kpi, Problem, Query, Reader};
use jiff::SignedDuration;
use mainstay_model::{Span, Timestamp, Window};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// The question behind a value: KPI, window, as-of, and how many entries counted.
type Key = (String, Timestamp, Timestamp, Timestamp, u64);

/// What was computed and is likely to be asked again. A new entry in the ledger makes new keys; old ones go when there are
/// too many. Values are small and many; contributions hold every entity of a window, so only the last few stay.
#[derive(Default)]
pub(crate) struct Values {
    values: Mutex<HashMap<Key, KpiValue>>,
    contributions: Mutex<VecDeque<(Key, Arc<Vec<Contribution>>)>>,
}

/// Values remembered before all are dropped: nineteen KPIs in a year of months and a few windows besides.
const VALUES_MAX: usize = 1000;

/// Windows whose contributions are remembered.
const CONTRIBUTIONS_MAX: usize = 3;

/// Days after a window by which everything that was pending in it is settled: seven for changes, at most 31 for a backup's
/// slot. Asking later gives the same answer, so it need not be computed again every minute.
const SETTLED_DAYS: i64 = 35;

/// What a KPI is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The window.
    pub span: Span,
    /// "Now" of the question: pending and overdue are told by it.
    pub as_of: Timestamp,
}

impl Ask {
    /// The same question with an as-of that changes only when the answer can.
    fn settled(self) -> Self {
        let settled = self.span.to.checked_add(SignedDuration::from_hours(24 * SETTLED_DAYS)).unwrap_or(self.as_of);
        // Within a minute the answer does not depend on the clock in a way that anybody could see.
        let minute = Timestamp::from_second(self.as_of.as_second().div_euclid(60) * 60).unwrap_or(self.as_of);
        Self { span: self.span, as_of: minute.min(settled) }
    }

    fn key(&self, call: &Call<'_>, reader: &Reader<'_>, kpi: &Kpi) -> Result<Key, Problem> {
        let known = match reader.known() {
            Some(known) => known,
            None => call.world.ledger.size()?,
        };
        Ok((kpi.spec.id.clone(), self.span.from, self.span.to, self.as_of, known))
    }
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
    let ask = ask.settled();
    let key = ask.key(call, reader, kpi)?;
    let lock = || call.world.values.contributions.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, found)) = lock().iter().find(|(known, _)| *known == key) {
        return Ok(Some(found.clone()));
    }
    let query = Query { window: ask.span, as_of: ask.as_of, zone: call.world.settings.zone.clone() };
    let computed = Arc::new(run(reader, &query)?);
    let mut remembered = lock();
    remembered.push_front((key, computed.clone()));
    remembered.truncate(CONTRIBUTIONS_MAX);
    Ok(Some(computed))
}

/// The value of a KPI in a window; `None` where no duty computes it.
///
/// # Errors
/// The database fails.
pub fn value(call: &Call<'_>, reader: &Reader<'_>, kpi: &Kpi, ask: Ask) -> Result<Option<KpiValue>, Problem> {
    if kpi.contributions.is_none() {
        return Ok(None);
    }
    let key = ask.settled().key(call, reader, kpi)?;
    let lock = || call.world.values.values.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = lock().get(&key) {
        return Ok(Some(found.clone()));
    }
    let computed = contributions(call, reader, kpi, ask)?.map(|all| summarise(kpi.spec.measure, &all));
    if let Some(value) = &computed {
        let mut remembered = lock();
        if remembered.len() >= VALUES_MAX {
            remembered.clear();
        }
        remembered.insert(key, value.clone());
    }
    Ok(computed)
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
