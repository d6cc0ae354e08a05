//! KPI values for windows, with what they cost remembered until a fact touches what they were computed from.

use crate::live::{Live, Lives};
use crate::moves::Reads;
use crate::pass::{self, Computed, Job};
use crate::{Call, Contribution, Kpi, KpiValue, Problem, Query, Reader, summarise};
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
/// window, so only the last few stay, and of windows that are not over what new facts may replace.
#[derive(Default)]
pub(crate) struct Values {
    values: Mutex<HashMap<Key, Remembered<KpiValue>>>,
    contributions: Mutex<VecDeque<(Key, Remembered<All>)>>,
    lives: Mutex<Lives<Key>>,
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

    fn query(self, call: &Call<'_>) -> Query {
        Query { window: self.span, as_of: self.as_of, zone: call.world.settings.zone.clone() }
    }

    /// Whether the window is not over, so that facts of it will come.
    fn is_live(&self) -> bool {
        self.span.to >= self.as_of
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
    let Some(run) = kpi.contributions else { return Ok(None) };
    let ask = ask.settled();
    let key = ask.key(reader, kpi);
    // Before anything is read: a fact that arrives meanwhile then counts as one that came later.
    let size = call.world.ledger.size()?;
    let lock = || call.world.values.contributions.lock().unwrap_or_else(PoisonError::into_inner);
    let remembered = || -> Result<Option<All>, Problem> {
        let known = lock().iter().find(|(known, _)| *known == key).map(|(_, found)| found.clone());
        match known {
            Some(found) if holds(call, &key, &found, size)? => Ok(Some(found.what)),
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
    let reads = Mutex::new(Reads::default());
    call.world.moves.follow(size);
    let what = Arc::new(run(&reader.noting(&reads), &ask.query(call))?);
    let reads = Arc::new(reads.into_inner().unwrap_or_else(PoisonError::into_inner));
    let mut remembered = lock();
    remembered.retain(|(known, _)| *known != key);
    remembered.push_front((key, Remembered { what: Arc::clone(&what), reads, size, used: 0 }));
    remembered.truncate(CONTRIBUTIONS_MAX);
    Ok(Some(what))
}

/// The value of a KPI in a window; `None` where no duty computes it.
///
/// # Errors
/// The database fails.
pub fn value(call: &Call<'_>, reader: &Reader<'_>, kpi: &Kpi, ask: Ask) -> Result<Option<KpiValue>, Problem> {
    Ok(values(call, reader, &[(kpi, ask)])?.pop().flatten())
}

/// The values of many questions, in their order.
fn values(call: &Call<'_>, reader: &Reader<'_>, asks: &[(&Kpi, Ask)]) -> Result<Vec<Option<KpiValue>>, Problem> {
    // Before anything is read: a fact that arrives meanwhile then counts as one that came later.
    let size = call.world.ledger.size()?;
    let asks: Vec<Question<'_>> = asks
        .iter()
        .map(|(kpi, ask)| Question { kpi, ask: ask.settled(), key: ask.settled().key(reader, kpi) })
        .collect();
    let mut out: HashMap<&Key, KpiValue> = HashMap::new();
    let mut missing = unknown(call, &asks, &mut out, size)?;
    if !missing.is_empty() {
        let _turn = call.world.values.computing.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have computed them meanwhile.
        missing = unknown(call, &asks, &mut out, size)?;
        call.world.moves.follow(size);
        if reader.known().is_none() {
            missing = catch_up(call, reader, missing, &mut out, size)?;
        }
        compute(call, reader, &missing, &mut out, size)?;
    }
    Ok(asks.iter().map(|question| out.get(&question.key).cloned()).collect())
}

/// A KPI in a window.
struct Question<'a> {
    kpi: &'a Kpi,
    ask: Ask,
    key: Key,
}

/// Answers what is remembered and still holds; gives the questions that are left, each once.
fn unknown<'a, 'k>(
    call: &Call<'_>,
    asks: &'a [Question<'k>],
    out: &mut HashMap<&'a Key, KpiValue>,
    size: u64,
) -> Result<Vec<&'a Question<'k>>, Problem> {
    let values = &call.world.values;
    let used = values.clock.fetch_add(1, Ordering::Relaxed);
    let lock = || values.values.lock().unwrap_or_else(PoisonError::into_inner);
    let mut left: Vec<&Question<'_>> = Vec::new();
    for question in asks.iter().filter(|question| question.kpi.contributions.is_some()) {
        if out.contains_key(&question.key) || left.iter().any(|other| other.key == question.key) {
            continue;
        }
        let known = lock().get(&question.key).cloned();
        match known {
            Some(found) if holds(call, &question.key, &found, size)? => {
                out.insert(&question.key, found.what.clone());
                lock().insert(question.key.clone(), Remembered { size: found.size.max(size), used, ..found });
            }
            _ => left.push(question),
        }
    }
    Ok(left)
}

/// Answers what is held entity by entity; gives the questions that are left.
fn catch_up<'a, 'k>(
    call: &Call<'_>,
    reader: &Reader<'_>,
    questions: Vec<&'a Question<'k>>,
    out: &mut HashMap<&'a Key, KpiValue>,
    size: u64,
) -> Result<Vec<&'a Question<'k>>, Problem> {
    let lives = || call.world.values.lives.lock().unwrap_or_else(PoisonError::into_inner);
    let mut left = Vec::new();
    for question in questions {
        let taken = lives().take(&question.key);
        let Some(mut live) = taken else {
            left.push(question);
            continue;
        };
        let kind = (question.kpi.by_entity.as_slice(), question.kpi.spec.measure);
        match live.catch_up(reader, &call.world.moves, kind, &question.ask.query(call), size)? {
            None => left.push(question),
            Some(value) => {
                remember(call, question.key.clone(), value.clone(), (Arc::clone(&live.reads), size));
                out.insert(&question.key, value);
                lives().keep(live, |key| key.0 == question.key.0);
            }
        }
    }
    Ok(left)
}

/// Computes what is left.
fn compute<'a>(
    call: &Call<'_>,
    reader: &Reader<'_>,
    questions: &[&'a Question<'_>],
    out: &mut HashMap<&'a Key, KpiValue>,
    size: u64,
) -> Result<(), Problem> {
    let job = |question: &&Question<'a>| Job {
        kpi: question.kpi,
        query: question.ask.query(call),
        keep: question.ask.is_live(),
    };
    let jobs: Vec<Job<'_>> = questions.iter().map(job).collect();
    for (question, computed) in questions.iter().zip(pass::compute(reader, &jobs)?) {
        let Computed { value, reads, parts, tied } = computed;
        let reads = Arc::new(reads);
        if let Some(parts) = parts {
            let live = Live { key: question.key.clone(), reads: Arc::clone(&reads), parts, tied, size };
            let mut lives = call.world.values.lives.lock().unwrap_or_else(PoisonError::into_inner);
            lives.keep(live, |key| key.0 == question.key.0);
        }
        remember(call, question.key.clone(), value.clone(), (reads, size));
        out.insert(&question.key, value);
    }
    Ok(())
}

fn remember(call: &Call<'_>, key: Key, what: KpiValue, (reads, size): (Arc<Reads>, u64)) {
    let values = &call.world.values;
    let used = values.clock.fetch_add(1, Ordering::Relaxed);
    let mut remembered = values.values.lock().unwrap_or_else(PoisonError::into_inner);
    if remembered.len() >= VALUES_MAX {
        let mut uses: Vec<u64> = remembered.values().map(|value| value.used).collect();
        let (_, middle, _) = uses.select_nth_unstable(VALUES_MAX / 2);
        let middle = *middle;
        remembered.retain(|_, value| value.used > middle);
        remembered.shrink_to_fit();
    }
    remembered.insert(key, Remembered { what, reads, size, used });
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

/// A KPI's value in a window, and in the months that end with the window's.
#[derive(Debug, Clone, Default)]
pub struct Trended {
    /// The value in the window; `None` where no duty computes the KPI.
    pub value: Option<KpiValue>,
    /// Each month's start and value, oldest first.
    pub months: Vec<(Timestamp, Option<f64>)>,
}

/// The values of KPIs in a window and in so many calendar months, of which the last holds the window's last instant; one
/// for each KPI, in their order. Together, so that each entity is read once for all of them.
///
/// # Errors
/// The database fails.
pub fn trended(
    call: &Call<'_>,
    reader: &Reader<'_>,
    kpis: &[&Kpi],
    ask: Ask,
    months: usize,
) -> Result<Vec<Trended>, Problem> {
    let last = Timestamp::from_second(ask.span.to.as_second() - 1).unwrap_or(ask.span.from);
    let months = Window::months_back(last, &call.world.settings.zone, months);
    let spans = || months.iter().map(|month| month.span).chain([ask.span]);
    let computed = kpis.iter().filter(|kpi| kpi.contributions.is_some());
    let asks: Vec<(&Kpi, Ask)> =
        computed.flat_map(|kpi| spans().map(|span| (*kpi, Ask { span, as_of: ask.as_of }))).collect();
    let mut values = values(call, reader, &asks)?.into_iter();
    let one = |kpi: &&Kpi| {
        if kpi.contributions.is_none() {
            return Trended::default();
        }
        let of_month = |month: &Window| (month.span.from, values.next().flatten().and_then(|value| value.value));
        let months = months.iter().map(of_month).collect();
        Trended { months, value: values.next().flatten() }
    };
    Ok(kpis.iter().map(one).collect())
}
