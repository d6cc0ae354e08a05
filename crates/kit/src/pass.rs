//! Computing many KPIs in many windows in one pass over the entities: a table is read once for all of them, two tables
//! side by side, and only what adds up is held.

use crate::by_entity::{ByEntity, Entry, Prepared, Tie};
use crate::live::Part;
use crate::moves::Reads;
use crate::sum::{Adding, Sum};
use crate::{Contribution, Kpi, KpiValue, Problem, Query, Reader};
use mainstay_model::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Threads that compute side by side. One more would need memory of its own and the server's other processors.
const THREADS: usize = 2;

/// A KPI in a window that is to be computed.
pub(crate) struct Job<'a> {
    pub kpi: &'a Kpi,
    pub query: Query,
    /// Whether single contributions are to be kept, so that some can be replaced.
    pub keep: bool,
}

/// What a job gave.
pub(crate) struct Computed {
    pub value: KpiValue,
    pub reads: Reads,
    /// What each entity adds, where that was asked for and the KPI can tell.
    pub parts: Option<Vec<Part>>,
    /// Entities that are tied to others, and those that they are tied to.
    pub tied: BTreeSet<Box<str>>,
}

/// What was gathered for a job so far.
struct Gathered {
    sum: Sum,
    reads: Reads,
    parts: Vec<Part>,
    tied: BTreeSet<Box<str>>,
}

/// One kind of entities of one KPI, with the jobs that need it.
struct Share<'a> {
    by: &'a ByEntity,
    /// Which of its KPI's kinds this is.
    rank: u8,
    prepared: Box<dyn Prepared>,
    jobs: Vec<usize>,
}

enum Task<'a> {
    /// A job whose KPI looks at all entities together.
    Whole(usize),
    /// The entities of one table, for all shares of it. In one view of the database: an entity that a fact moves meanwhile
    /// could otherwise be seen twice.
    Table { shares: &'a [Share<'a>], span: Span },
}

/// Computes all jobs from what is known now.
pub(crate) fn compute(reader: &Reader<'_>, jobs: &[Job<'_>]) -> Result<Vec<Computed>, Problem> {
    let empty = |job: &Job<'_>| Gathered {
        sum: Sum::of(job.kpi.spec.measure),
        reads: Reads::default(),
        parts: Vec::new(),
        tied: BTreeSet::new(),
    };
    let gathered: Vec<Mutex<Gathered>> = jobs.iter().map(|job| Mutex::new(empty(job))).collect();
    // What was known earlier is in no table, and is folded wholly.
    let by_entity = |job: &Job<'_>| reader.known().is_none() && !job.kpi.by_entity.is_empty();
    let wanted: Vec<usize> = (0..jobs.len()).filter(|at| by_entity(&jobs[*at])).collect();
    let by_table = shares(reader, jobs, &wanted, &gathered)?;
    let mut tasks: VecDeque<Task<'_>> = by_table.values().filter_map(|shares| table_of(shares, jobs)).collect();
    tasks.extend((0..jobs.len()).filter(|at| !by_entity(&jobs[*at])).map(Task::Whole));
    let (tasks, ties) = (Mutex::new(tasks), Mutex::new(Ties::new()));
    side_by_side(|| {
        loop {
            let Some(task) = lock(&tasks).pop_front() else { return Ok(()) };
            match task {
                Task::Whole(at) => whole(reader, &jobs[at], &gathered[at])?,
                Task::Table { shares, span } => read(reader, shares, span, jobs, (&gathered, &ties))?,
            }
        }
    })?;
    let ties = ties.into_inner().unwrap_or_else(PoisonError::into_inner);
    for ((table, share, job), tied) in ties {
        add_tied(reader, &by_table[table][share], &jobs[job], tied, &mut lock(&gathered[job]))?;
    }
    let done = |(gathered, job): (Mutex<Gathered>, &Job<'_>)| {
        let Gathered { sum, reads, mut parts, tied } = gathered.into_inner().unwrap_or_else(PoisonError::into_inner);
        parts.sort_unstable_by(|a, b| a.place().cmp(&b.place()));
        let parts = (job.keep && by_entity(job)).then_some(parts);
        Computed { value: sum.value(), reads, parts, tied }
    };
    Ok(gathered.into_iter().zip(jobs).map(done).collect())
}

/// Tied entities by table, share and job.
type Ties = BTreeMap<(&'static str, usize, usize), Vec<Entry>>;

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the same work on some threads that end with it.
fn side_by_side(work: impl Fn() -> Result<(), Problem> + Sync) -> Result<(), Problem> {
    let failed = |why: &str| Problem::ours("kpi.computing", format!("a thread that computes KPIs {why}"));
    std::thread::scope(|scope| {
        let start = |_| std::thread::Builder::new().name("kpi".to_owned()).spawn_scoped(scope, &work);
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        for thread in threads {
            let thread = thread.map_err(|error| failed(&format!("could not start: {error}")))?;
            thread.join().map_err(|_| failed("died"))??;
        }
        Ok(())
    })
}

/// The kinds of entities that the jobs need, by table, each ready to look at entities.
fn shares<'a>(
    reader: &Reader<'_>,
    jobs: &[Job<'a>],
    wanted: &[usize],
    gathered: &[Mutex<Gathered>],
) -> Result<BTreeMap<&'static str, Vec<Share<'a>>>, Problem> {
    let mut out: BTreeMap<&'static str, Vec<Share<'a>>> = BTreeMap::new();
    let ids: BTreeSet<&str> = wanted.iter().map(|at| jobs[*at].kpi.spec.id.as_str()).collect();
    for id in ids {
        let mine: Vec<usize> = wanted.iter().copied().filter(|at| jobs[*at].kpi.spec.id == id).collect();
        for (by, rank) in jobs[mine[0]].kpi.by_entity.iter().zip(0..) {
            let reads = Mutex::new(Reads::default());
            let prepared = by.prepare(&reader.noting(&reads))?;
            let reads = reads.into_inner().unwrap_or_else(PoisonError::into_inner);
            for at in &mine {
                let noted = &mut lock(&gathered[*at]).reads;
                noted.absorb(&reads);
                noted.note(by.table(), Some(jobs[*at].query.window));
            }
            out.entry(by.table()).or_default().push(Share { by, rank, prepared, jobs: mine.clone() });
        }
    }
    Ok(out)
}

/// The reading of a table in all windows that are asked for.
fn table_of<'a>(shares: &'a [Share<'a>], jobs: &[Job<'_>]) -> Option<Task<'a>> {
    let windows = || shares.iter().flat_map(|share| &share.jobs).map(|at| jobs[*at].query.window);
    let span = Span { from: windows().map(|w| w.from).min()?, to: windows().map(|w| w.to).max()? };
    Some(Task::Table { shares, span })
}

fn whole(reader: &Reader<'_>, job: &Job<'_>, gathered: &Mutex<Gathered>) -> Result<(), Problem> {
    let Some(run) = job.kpi.contributions else { return Ok(()) };
    let reads = Mutex::new(Reads::default());
    let all = run(&reader.noting(&reads), &job.query)?;
    let mut gathered = lock(gathered);
    gathered.reads = reads.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.iter().for_each(|one| gathered.sum.add(&Adding::of(one)));
    Ok(())
}

/// What a table gave for one share and job.
struct Partial {
    sum: Sum,
    parts: Vec<Part>,
    tied: Vec<Entry>,
}

fn read(
    reader: &Reader<'_>,
    shares: &[Share<'_>],
    span: Span,
    jobs: &[Job<'_>],
    (gathered, ties): (&[Mutex<Gathered>], &Mutex<Ties>),
) -> Result<(), Problem> {
    let Some(first) = shares.first() else { return Ok(()) };
    let partial =
        |at: &usize| Partial { sum: Sum::of(jobs[*at].kpi.spec.measure), parts: Vec::new(), tied: Vec::new() };
    let mut partials: Vec<Vec<Partial>> = shares.iter().map(|share| share.jobs.iter().map(partial).collect()).collect();
    first.by.read(reader, span, &mut |entity, (from, to)| {
        for (share, partials) in shares.iter().zip(&mut partials) {
            let tie = share.prepared.tie(&entity);
            for (at, partial) in share.jobs.iter().zip(partials) {
                let Query { window, .. } = jobs[*at].query;
                if from >= window.to || to.is_some_and(|to| to <= window.from) {
                    continue;
                }
                if tie.is_some() {
                    partial.tied.push(Entry::clone(&entity));
                    continue;
                }
                let contributions = share.prepared.alone(&entity, &jobs[*at].query);
                add(share, &jobs[*at], &entity, contributions, (&mut partial.sum, &mut partial.parts));
            }
        }
    })?;
    for (number, (share, partials)) in shares.iter().zip(partials).enumerate() {
        for (at, partial) in share.jobs.iter().zip(partials) {
            let mut gathered = lock(&gathered[*at]);
            gathered.sum.absorb(partial.sum);
            gathered.parts.extend(partial.parts);
            if !partial.tied.is_empty() {
                lock(ties).entry((share.by.table(), number, *at)).or_default().extend(partial.tied);
            }
        }
    }
    Ok(())
}

/// Adds what one entity contributes.
fn add(
    share: &Share<'_>,
    job: &Job<'_>,
    entity: &Entry,
    contributions: Vec<Contribution>,
    (sum, parts): (&mut Sum, &mut Vec<Part>),
) {
    for one in contributions {
        sum.add(&Adding::of(&one));
        if job.keep {
            parts.push(Part::new(share.rank, share.prepared.key(entity), one));
        }
    }
}

/// Adds what the tied entities contribute, which are looked at together with those that they are tied to.
fn add_tied(
    reader: &Reader<'_>,
    share: &Share<'_>,
    job: &Job<'_>,
    tied: Vec<Entry>,
    gathered: &mut Gathered,
) -> Result<(), Problem> {
    let prepared = &share.prepared;
    let keys: BTreeSet<Box<str>> = tied.iter().map(|entity| prepared.key(entity).into()).collect();
    let named = |entity| match prepared.tie(entity) {
        Some(Tie::To(key)) => Some(Box::from(key)),
        _ => None,
    };
    let others: BTreeSet<Box<str>> = tied.iter().filter_map(named).filter(|key| !keys.contains(key)).collect();
    let mut all = tied;
    for key in &others {
        let window = job.query.window;
        let touches =
            |(from, to): (Timestamp, Option<Timestamp>)| from < window.to && to.is_none_or(|to| to > window.from);
        all.extend(prepared.row(reader, key)?.filter(|(_, reach)| touches(*reach)).map(|(entity, _)| entity));
    }
    for one in prepared.together(&all, &job.query).into_iter().filter(|one| keys.contains(one.entity.as_str())) {
        gathered.sum.add(&Adding::of(&one));
        if job.keep {
            gathered.parts.push(Part::new(share.rank, &one.entity.clone(), one));
        }
    }
    gathered.tied.extend(keys);
    gathered.tied.extend(others);
    Ok(())
}
