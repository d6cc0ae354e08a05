//! Values of KPIs are remembered while facts arrive. Whatever arrives, in whatever order, what is remembered must be what
//! would be computed anew: the value and the facts behind it, for now and as it was known earlier.

use crate::generator::{Case, Rng};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mainstay_kit::scorecard::{self, Ask};
use mainstay_kit::{Base, Call, Contribution, Duty, Kpi, KpiSpec, Principal, Problem, Query, Reader, Settings, World};
use mainstay_ledger::{Fold, Ledger, Options};
use mainstay_model::facts::Role;
use mainstay_model::{Fact, PrincipalId, Span, Timestamp, Window};
use mainstay_outside::Outside;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Histories that arrive bit by bit.
const CASES: u64 = 30;

/// Later than every fact of a history.
fn now() -> Timestamp {
    "2027-06-01T00:00:00Z".parse().unwrap()
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-remembered-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn duties() -> Vec<Box<dyn Duty>> {
    vec![
        Box::new(mainstay_guard::GuardDuty),
        Box::new(mainstay_change::ChangeDuty),
        Box::new(mainstay_watch::WatchDuty),
        Box::new(mainstay_respond::RespondDuty),
        Box::new(mainstay_recover::RecoverDuty),
        Box::new(mainstay_secure::SecureDuty),
        Box::new(mainstay_enable::EnableDuty),
        Box::new(Base),
    ]
}

/// The KPIs that the duties compute, defined by their pages.
fn specs() -> Vec<KpiSpec> {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalog");
    let mut specs = Vec::new();
    for duty in std::fs::read_dir(catalog).unwrap() {
        for file in std::fs::read_dir(duty.unwrap().path().join("kpis")).into_iter().flatten() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            specs.push(mainstay_measure::specs::read(&path.to_string_lossy(), &text).unwrap().spec);
        }
    }
    specs
}

fn world(folder: &Path, specs: Vec<KpiSpec>) -> World {
    let folds = duties().into_iter().flat_map(|duty| duty.entities());
    let folds: Vec<Arc<dyn Fold>> = folds.map(|kind| Arc::new(kind) as Arc<dyn Fold>).collect();
    let ledger = Ledger::open(Options::in_folder(folder).folds(folds)).unwrap();
    let settings = Settings {
        zone: TimeZone::UTC,
        open_on_loopback: true,
        until_admitted: false,
        local: principal(),
        rights: mainstay_kit::rights::Rights::default(),
        today: None,
    };
    World::new(Arc::new(ledger), Outside::live(), settings, &duties(), specs)
}

fn principal() -> Principal {
    Principal::new(PrincipalId::new("test").unwrap(), Role::Viewer)
}

/// Compares everything that is remembered with what is computed anew.
fn compare(world: &World, known: Option<u64>, spans: &[Span], as_of: Timestamp, what: &str) {
    let principal = principal();
    let call = Call { world, principal: &principal, now: now() };
    let reader = Reader::new(&world.ledger, known);
    let computed: Vec<&Kpi> = world.kpis.iter().filter(|kpi| kpi.contributions.is_some()).collect();
    let fresh = |kpi: &Kpi, ask: Ask| kpi.contributions.unwrap()(&reader, &settled(ask)).unwrap();
    for span in spans {
        let ask = Ask { span: *span, as_of };
        // With its months, as the scorecard asks: what is read once then serves all windows that it matters to.
        let months = if known.is_none() { 2 } else { 0 };
        let together = scorecard::trended(&call, &reader, &computed, ask, months).unwrap();
        for (kpi, together) in computed.iter().zip(together) {
            let what = format!("{what}, {} of {} to {}, known {known:?}", kpi.spec.id, span.from, span.to);
            let all = fresh(kpi, ask);
            let wanted = mainstay_kit::summarise(kpi.spec.measure, &all);
            assert_eq!(together.value.as_ref(), Some(&wanted), "{what}, with its months");
            let last = Timestamp::from_second(span.to.as_second() - 1).unwrap();
            let windows = Window::months_back(last, &TimeZone::UTC, months);
            let of_months = windows.iter().map(|month| {
                let month_ask = Ask { span: month.span, as_of };
                (month.span.from, mainstay_kit::summarise(kpi.spec.measure, &fresh(kpi, month_ask)).value)
            });
            assert_eq!(together.months, of_months.collect::<Vec<_>>(), "{what}, its months");
            let value = scorecard::value(&call, &reader, kpi, ask).unwrap().unwrap();
            assert_eq!(value, wanted, "{what}");
            let remembered = scorecard::contributions(&call, &reader, kpi, ask).unwrap().unwrap();
            assert_eq!(*remembered, all, "{what}");
        }
    }
}

/// The worth of alert rules, for which a part of each episode is held, beside the same of what is known as such, for which
/// nothing is held.
fn compare_quality(world: &World, span: Span, what: &str) {
    let principal = principal();
    let call = Call { world, principal: &principal, now: now() };
    let ask = |as_of: Option<String>| {
        let ask = json!({"from": span.from, "to": span.to, "as_of": as_of});
        world.operation("alert.quality").unwrap().run(&call, ask).unwrap()
    };
    let anew = ask(Some(world.ledger.size().unwrap().to_string()));
    assert_eq!(ask(None), anew, "{what}, alerts from {} to {}", span.from, span.to);
}

/// The question as the scorecard puts it: later than 35 days after a window nothing in it is pending.
fn settled(ask: Ask) -> Query {
    let end = ask.span.to + SignedDuration::from_hours(24 * 35);
    let minute = Timestamp::from_second(ask.as_of.as_second().div_euclid(60) * 60).unwrap();
    Query { window: ask.span, as_of: minute.min(end), zone: TimeZone::UTC }
}

#[test]
fn what_is_remembered_is_what_would_be_computed_anew() {
    let specs = specs();
    for number in 0..CASES {
        let scratch = Scratch::new(&format!("case-{number}"));
        let world = world(&scratch.0, specs.clone());
        let case = Case::generate(number);
        let mut rng = Rng(number ^ 0x5eed);
        let day = |n: i64| SignedDuration::from_hours(24 * n);
        let spans = [
            Span { from: case.from, to: case.to },
            Span { from: case.from - day(30), to: case.from },
            Span { from: case.from + day(3), to: case.from + day(9) },
            Span { from: case.to, to: case.to + day(30) },
        ];
        let mut rest = case.events.as_slice();
        while !rest.is_empty() {
            let count = if rng.chance(10) { 40 } else { rng.range(1, 7) };
            let (batch, later) = rest.split_at(rest.len().min(usize::try_from(count).unwrap()));
            rest = later;
            let facts = batch.iter().map(|event| Fact::from_json(event.clone(), now()).unwrap()).collect();
            world.ledger.append(facts, now()).unwrap();
            compare(&world, None, &spans, case.as_of, &format!("history {number}"));
            spans.iter().for_each(|span| compare_quality(&world, *span, &format!("history {number}")));
            // A window that is not over is held entity by entity.
            let live = &spans[usize::try_from(number % 2).unwrap()..][..1];
            compare(&world, None, live, live[0].to.min(case.as_of), &format!("history {number}, while it lasts"));
        }
        let size = world.ledger.size().unwrap();
        for known in [size / 3, size] {
            compare(&world, Some(known), &spans[..1], case.as_of, &format!("history {number}"));
        }
        // What is erased is gone from today's figures and from those of earlier.
        let erased = rng.range(0, i64::try_from(size).unwrap()).unsigned_abs();
        world.ledger.redact(erased, "/test", "asked for", json!({}), now()).unwrap();
        compare_quality(&world, spans[0], &format!("history {number}, entry {erased} erased"));
        for known in [None, Some(size / 3), Some(size)] {
            compare(&world, known, &spans[..1], case.as_of, &format!("history {number}, entry {erased} erased"));
        }
    }
}

/// How often the KPI below was computed.
static COMPUTED: AtomicU64 = AtomicU64::new(0);

fn counted(reader: &Reader<'_>, query: &Query) -> Result<Vec<Contribution>, Problem> {
    COMPUTED.fetch_add(1, Ordering::Relaxed);
    let episodes = reader.all::<mainstay_watch::AlertEpisode>(Some(query.window))?;
    Ok(mainstay_watch::kpi::actionable_alerts(&episodes, query))
}

#[test]
fn only_a_fact_that_touches_a_window_makes_its_value_computed_anew() {
    let scratch = Scratch::new("touches");
    let spec = specs().into_iter().find(|spec| spec.id == "actionable-alerts").unwrap();
    let mut world = world(&scratch.0, Vec::new());
    world.kpis = vec![Kpi { spec, contributions: Some(counted), by_entity: Vec::new() }];
    // More than would be looked at one by one: what is computed after them is followed from there.
    let note = |n: u64| {
        let event = json!({"specversion": "1.0", "id": n.to_string(), "source": "/notes", "type": "com.example.note"});
        Fact::from_json(event, now()).unwrap()
    };
    world.ledger.append((0..5_000).map(note).collect(), now()).unwrap();
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let october = Span { from: at("2026-10-01T00:00:00Z"), to: at("2026-11-01T00:00:00Z") };
    let ask = Ask { span: october, as_of: at("2026-11-20T00:00:00Z") };
    let principal = principal();
    let computed_with = |id: &str, kind: &str, subject: &str, time: &str, data: serde_json::Value| {
        let event = json!({"specversion": "1.0", "id": id, "source": "/test", "type": format!("mainstay.{kind}.v1"),
            "subject": subject, "time": time, "data": data});
        let report = world.ledger.append(vec![Fact::from_json(event, now()).unwrap()], now()).unwrap();
        assert_eq!(report.new, 1, "{report:?}");
        let call = Call { world: &world, principal: &principal, now: now() };
        let reader = Reader::new(&world.ledger, None);
        let before = COMPUTED.load(Ordering::Relaxed);
        let value = scorecard::value(&call, &reader, &world.kpis[0], ask).unwrap().unwrap();
        (COMPUTED.load(Ordering::Relaxed) - before, value.denominator)
    };
    let fired = json!({"rule": "Slow", "fingerprint": "1", "labels": {}});
    let page = json!({"receiver": "pager"});
    let (october_7, november_7) = ("2026-10-07T00:00:00Z", "2026-11-07T00:00:00Z");
    assert_eq!(computed_with("1", "alert.fired", "alert:1", october_7, fired.clone()).0, 1, "the first time");
    assert_eq!(computed_with("2", "alert.notified", "alert:1", october_7, page.clone()), (1, 1.0), "its own episode");
    let change = json!({"title": "raise a limit"});
    assert_eq!(computed_with("3", "change.proposed", "change:1", october_7, change), (0, 1.0), "another table");
    assert_eq!(computed_with("4", "alert.fired", "alert:2", november_7, fired.clone()), (0, 1.0), "another window");
    assert_eq!(computed_with("5", "alert.notified", "alert:2", november_7, page.clone()), (0, 1.0), "another window");
    // The same episode is said to have begun in October after all.
    let late = computed_with("6", "alert.fired", "alert:2", october_7, fired.clone());
    assert_eq!(late, (1, 2.0), "a late fact that moves an episode into the window");
    assert_eq!(computed_with("7", "alert.resolved", "alert:1", "2026-10-08T00:00:00Z", json!({})).0, 1);
    assert_eq!(computed_with("8", "alert.fired", "alert:3", november_7, fired), (0, 2.0));
}
