//! KPI values for windows, with what they cost remembered until a fact touches what they were computed from.

use crate::kpi::{KpiValue, summarise};
use crate::moves::Reads;
use crate::{Call, Contribution, Kpi, Problem, Query, Reader};
use jiff::SignedDuration;
use mainstay_model::{Span, Timestamp, Window};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The question behind a value: KPI, window, as-of, and how many entries counted where that is not all.
type Key = (String, Timestamp, Timestamp, Timestamp, Option<u64>);

/// Something that was computed, and what tells whether it still holds.
#[derive(Clone)]
struct Remembered<T> {
    what: T,
    reads: Arc<Reads>,
    /// Entries of the ledger for which it is known to hold.
    size: u64,
    /// When it was last asked for, by a counter.
    used: u64,
}

/// What was computed and is likely to be asked again. Values are small and many; contributions hold every entity of a
/// window, so only the last few stay.
#[derive(Default)]
pub(crate) struct Values {
    values: Mutex<HashMap<Key, Remembered<KpiValue>>>,
    contributions: Mutex<VecDeque<(Key, Remembered<All>)>>,
    clock: AtomicU64,
    /// Held while something is computed. A window may hold tens of thousands of entities, so that one computation at a
    /// time bounds the memory; and who waits for the same finds it done.
    computing: Mutex<()>,
}

type All = Arc<Vec<Contribution>>;

/// Values remembered before the half that was not asked for longest is dropped: nineteen KPIs in a year of months and a
/// few windows besides.
const VALUES_MAX: usize = 800;

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

    fn key(&self, reader: &Reader<'_>, kpi: &Kpi) -> Key {
        (kpi.spec.id.clone(), self.span.from, self.span.to, self.as_of, reader.known())
    }
}

/// Whether what is remembered holds for a ledger of the size.
fn holds<T>(call: &Call<'_>, key: &Key, remembered: &Remembered<T>, size: u64) -> Result<bool, Problem> {
    let moves = &call.world.moves;
    Ok(!moves.touch(&call.world.ledger, &remembered.reads, key.4.is_some(), (remembered.size, size))?)
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
    Ok(remembered_contributions(call, reader, kpi, ask.settled())?.map(|found| found.what))
}

fn remembered_contributions(
    call: &Call<'_>,
    reader: &Reader<'_>,
    kpi: &Kpi,
    ask: Ask,
) -> Result<Option<Remembered<All>>, Problem> {
    let Some(run) = kpi.contributions else { return Ok(None) };
    let key = ask.key(reader, kpi);
    // Before anything is read: a fact that arrives meanwhile then counts as one that came later.
    let size = call.world.ledger.size()?;
    let lock = || call.world.values.contributions.lock().unwrap_or_else(PoisonError::into_inner);
    let remembered = || -> Result<Option<Remembered<All>>, Problem> {
        let known = lock().iter().find(|(known, _)| *known == key).map(|(_, found)| found.clone());
        match known {
            Some(found) if holds(call, &key, &found, size)? => {
                Ok(Some(Remembered { size: found.size.max(size), ..found }))
            }
            _ => Ok(None),
        }
    };
    if let Some(found) = remembered()? {
        return Ok(Some(found));
    }
    let _turn = call.world.values.computing.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = remembered()? {
        return Ok(Some(found));
    }
    let query = Query { window: ask.span, as_of: ask.as_of, zone: call.world.settings.zone.clone() };
    let reads = Mutex::new(Reads::default());
    call.world.moves.follow(size);
    let what = Arc::new(apart(|| run(&reader.noting(&reads), &query))?);
    let reads = Arc::new(reads.into_inner().unwrap_or_else(PoisonError::into_inner));
    let computed = Remembered { what, reads, size, used: 0 };
    let mut remembered = lock();
    remembered.retain(|(known, _)| *known != key);
    remembered.push_front((key, computed.clone()));
    remembered.truncate(CONTRIBUTIONS_MAX);
    Ok(Some(computed))
}

/// Runs work on a thread that ends with it. The system's allocator keeps what was freed for the thread that used it; of
/// threads that end it is the same share each time, instead of one share for each of the server's many.
fn apart<T: Send>(work: impl FnOnce() -> Result<T, Problem> + Send) -> Result<T, Problem> {
    let failed = |why: &str| Problem::ours("kpi.computing", format!("the thread that computes KPIs {why}"));
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("kpi".to_owned()).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| failed(&format!("could not start: {error}")))?;
        thread.join().map_err(|_| failed("died"))?
    })
}

/// The value of a KPI in a window; `None` where no duty computes it.
///
/// # Errors
/// The database fails.
pub fn value(call: &Call<'_>, reader: &Reader<'_>, kpi: &Kpi, ask: Ask) -> Result<Option<KpiValue>, Problem> {
    if kpi.contributions.is_none() {
        return Ok(None);
    }
    let ask = ask.settled();
    let key = ask.key(reader, kpi);
    let values = &call.world.values;
    let used = values.clock.fetch_add(1, Ordering::Relaxed);
    let lock = || values.values.lock().unwrap_or_else(PoisonError::into_inner);
    let size = call.world.ledger.size()?;
    let known = lock().get(&key).cloned();
    if let Some(found) = known
        && holds(call, &key, &found, size)?
    {
        let what = found.what.clone();
        lock().insert(key, Remembered { size: found.size.max(size), used, ..found });
        return Ok(Some(what));
    }
    let Some(Remembered { what: all, reads, size, .. }) = remembered_contributions(call, reader, kpi, ask)? else {
        return Ok(None);
    };
    let what = summarise(kpi.spec.measure, &all);
    let mut remembered = lock();
    if remembered.len() >= VALUES_MAX {
        let mut uses: Vec<u64> = remembered.values().map(|value| value.used).collect();
        let (_, middle, _) = uses.select_nth_unstable(VALUES_MAX / 2);
        let middle = *middle;
        remembered.retain(|_, value| value.used > middle);
        remembered.shrink_to_fit();
    }
    remembered.insert(key, Remembered { what: what.clone(), reads, size, used });
    Ok(Some(what))
}

/// The slices that every KPI has.
const SLICES: [&str; 3] = ["service", "team", "tier"];

/// The value of each slice by `service`, `team`, `tier`, or a slice that the KPI itself names (`severity`).
///
/// # Errors
/// The KPI has no such slice, or the database fails.
pub fn sliced(
    call: &Call<'_>,
    reader: &Reader<'_>,
    kpi: &Kpi,
    ask: Ask,
    by: &str,
) -> Result<BTreeMap<String, KpiValue>, Problem> {
    let Some(all) = contributions(call, reader, kpi, ask)? else { return Ok(BTreeMap::new()) };
    let own: BTreeSet<&str> = all.iter().filter_map(|one| one.slice.as_ref().map(|(name, _)| *name)).collect();
    if !SLICES.contains(&by) && !own.contains(by) && !all.is_empty() {
        let names: Vec<&str> = SLICES.into_iter().chain(own).collect();
        let detail = format!("{} has no slice {by:?}; there are {}", kpi.spec.id, names.join(", "));
        return Err(Problem::malformed("kpi.slice", detail));
    }
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
