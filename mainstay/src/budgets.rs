//! Measuring error budgets while collecting: the objectives of an errand's files, the metrics engine that its settings name, and
//! the maintenance that the ledger knows; facts where a budget has moved.

use crate::collect::Errand;
use crate::slo::{Engine, history, usual_options};
use mainstay_connectors::objectives::promise_id;
use mainstay_connectors::{Origin, Request};
use mainstay_iac::SourceFile;
use mainstay_kit::{Call, Problem};
use mainstay_model::facts::{BudgetBurn, BudgetMeasured, BudgetState, BudgetUnit};
use mainstay_model::{Diagnostic, Fact, FactData, Place, Subject, Timestamp};
use mainstay_outside::{Auth, Outside};
use mainstay_promql::Store;
use mainstay_slo::status::{Exhaustion, Plan, State, Status};
use mainstay_slo::{Maintenance, Slo, maintenance};
use mainstay_watch::judge::budget::is_news;
use mainstay_watch::{Objective, PlannedWork};
use std::path::PathBuf;

/// Who says what was measured.
const SOURCE: &str = "mainstay:watch";

/// What measuring gave.
#[derive(Default)]
pub struct Measured {
    /// Facts about budgets that have moved.
    pub facts: Vec<Fact>,
    /// What could not be measured.
    pub diagnostics: Vec<Diagnostic>,
}

/// Measures the objectives of an errand, where its settings name an engine or recorded series.
///
/// # Errors
/// The ledger fails.
pub fn measure(call: &Call<'_>, errand: &Errand, files: &[SourceFile], at: Timestamp) -> Result<Measured, Problem> {
    let mut out = Measured::default();
    let options = &errand.options;
    if options.prometheus.is_none() && options.history.is_empty() {
        return Ok(out);
    }
    let outside = &call.world.outside;
    let place = || Place::file(errand.origin.shown());
    let ready = store(outside, errand).and_then(|store| Ok((store, auth(outside, errand)?)));
    let (store, auth) = match ready {
        Ok(ready) => ready,
        Err(why) => {
            out.diagnostics.push(Diagnostic::error("slo.unmeasured", why, place(), "what was measured before stays"));
            return Ok(out);
        }
    };
    let mut engine = match &options.prometheus {
        Some(url) => Engine::running(outside, url, auth),
        None => Engine::Recorded(&store),
    };
    let reading = mainstay_slo::read(files, None);
    let reader = call.reader(None)?;
    let planned: Vec<Maintenance> = reader.all::<PlannedWork>(None)?.into_iter().filter_map(in_time).collect();
    let settings = usual_options(&reading);
    for slo in &reading.slos {
        let plan = Plan::of(slo, &settings, at, &maintenance::out_of(slo, &planned));
        let statuses = plan.judge(&engine.answer(&plan.asks()));
        let Some(measured) = worst(slo, statuses).as_ref().map(said) else { continue };
        let subject = Subject::of("promise", &promise_id(slo));
        let before = reader.one::<Objective>(subject.as_str())?.and_then(|known| known.entity.last);
        if measured.state == BudgetState::Unknown {
            out.diagnostics.push(unmeasured(slo, &measured));
        }
        if !is_news(before.as_ref(), &measured) {
            continue;
        }
        let id = format!("budget/{}/{}", subject.name(), measured.until);
        // Samples can come late; what was said of a moment stands until another one is measured.
        if call.world.ledger.fact_by_id(SOURCE, &id)?.is_none() {
            let fact = measured.fact(SOURCE, &id, subject, measured.until);
            out.facts.push(fact.map_err(|e| Problem::ours("slo.fact", e.to_string()))?);
        }
    }
    Ok(out)
}

/// The recorded series, or none where an engine runs.
fn store(outside: &Outside, errand: &Errand) -> Result<Store, String> {
    let Origin::Files(root, _) = &errand.origin else { return Ok(Store::new()) };
    let files: Vec<PathBuf> = errand.options.history.iter().map(|path| root.join(path)).collect();
    history::of_files(outside, &files).map_err(|problem| problem.detail)
}

fn auth(outside: &Outside, errand: &Errand) -> Result<Auth, String> {
    let context = mainstay_connectors::ReadContext {
        options: errand.options.clone(),
        ..mainstay_connectors::ReadContext::at(Timestamp::UNIX_EPOCH)
    };
    let request = Request { origin: errand.origin.clone(), context, progress: &|_| {} };
    request.auth(outside).map_err(|diagnostic| diagnostic.summary)
}

fn in_time(work: mainstay_kit::Folded<PlannedWork>) -> Option<Maintenance> {
    let (announced, said) = work.entity.announced?;
    Some(Maintenance { id: work.key, announced, said, place: None })
}

/// Of several series the one that has least left; one of which nothing is known only where nothing is known of any.
fn worst(slo: &Slo, mut statuses: Vec<Status>) -> Option<Status> {
    let several = statuses.len();
    let left = |status: &Status| status.left.filter(|_| status.state != State::Unknown).unwrap_or(f64::INFINITY);
    statuses.sort_by(|a, b| left(a).total_cmp(&left(b)));
    let mut status = statuses.into_iter().next()?;
    if several > 1 {
        status.notes.push(format!("{} has {several} series, each with a budget of its own", slo.name));
    }
    Some(status)
}

fn unmeasured(slo: &Slo, measured: &BudgetMeasured) -> Diagnostic {
    let covered = measured.covered * 100.0;
    let why = measured.notes.first().map_or_else(String::new, |note| format!(": {note}"));
    let what = format!("the budget of {} is unknown, {covered:.0} % of its window were seen{why}", slo.id());
    let mend = "look at its queries in the metrics engine; `mainstay slo status` shows the gaps";
    Diagnostic::warning("slo.unmeasured", what, slo.place.clone(), mend)
}

fn said(status: &Status) -> BudgetMeasured {
    let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default();
    let burn = |burn: &mainstay_slo::status::Burn| BudgetBurn {
        window: burn.window.to_string(),
        rate: burn.rate.map(|rate| rounded(rate, 4)),
        few: !burn.is_enough(),
    };
    let (bad, total) = status.seen;
    BudgetMeasured {
        from: time(status.from),
        until: time(status.until),
        ends: status.end.map(time),
        state: match status.state {
            State::Kept => BudgetState::Kept,
            State::Burning => BudgetState::Burning,
            State::Exhausted => BudgetState::Exhausted,
            State::Unknown => BudgetState::Unknown,
        },
        good: status.good.map(|good| rounded(good, 6)),
        counts: if status.counts_events { BudgetUnit::Events } else { BudgetUnit::Seconds },
        bad: status.countable.then(|| rounded(bad, 3)),
        total: status.countable.then(|| rounded(total, 3)),
        left: status.left.map(|left| rounded(left, 6)),
        left_count: status.left_count.map(|count| rounded(count, 3)),
        burns: status.burns.iter().map(burn).collect(),
        gone_in_s: match status.exhaustion {
            Exhaustion::In(seconds) => Some(whole(seconds)),
            Exhaustion::Gone | Exhaustion::Lasts | Exhaustion::Unknown => None,
        },
        covered: rounded(status.covered, 6),
        excluded_s: whole(status.excluded_s),
        series: (!status.series.is_empty()).then(|| status.series.to_string()),
        notes: status.notes.clone(),
    }
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time far below 2^53, cut at 0")]
fn whole(seconds: f64) -> u64 {
    seconds.clamp(0.0, 1e15).round() as u64
}
