//! `POST /api/v2/alerts`: Prometheus, and whatever else posts to an Alertmanager, posts to Mainstay.
//!
//! What fires is posted about every minute. The ledger gets what changes: that an alert began to fire, and that it ended,
//! because it was said or because nobody says any more that it fires.

use crate::collect::{Collecting, Tally};
use crate::known;
use jiff::Timestamp;
use mainstay_alerts::{Intake, Labels, Posted, Transition};
use mainstay_connectors::{Options, Reading, alertmanager};
use mainstay_kit::{Call, Hook, Manners, Problem};
use mainstay_model::facts::AlertResolved;
use mainstay_model::{Diagnostic, Fact, FactData, FactError, Place, Subject};
use mainstay_policy::Engine;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The source of its facts, and the name of its hook.
const SOURCE: &str = "prometheus";
/// Diagnostics that one answer names.
const NAMED_MAX: usize = 20;

/// An alert as it is posted.
#[derive(Debug, Deserialize)]
struct Alert {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default, rename = "startsAt")]
    starts_at: Option<Timestamp>,
    #[serde(default, rename = "endsAt")]
    ends_at: Option<Timestamp>,
}

/// What fires, with whether what the ledger knew at the start is in it.
#[derive(Default)]
struct State {
    intake: Intake,
    resumed: bool,
}

struct Taker {
    options: Options,
    state: Mutex<State>,
}

/// The hook. `options` say which labels name service and team.
pub fn hook(options: Options) -> Hook {
    let taker = Arc::new(Taker { options, state: Mutex::default() });
    let by_itself = Arc::clone(&taker);
    Hook {
        name: SOURCE.to_owned(),
        signed: false,
        take: Box::new(move |call, _, body| taker.take(call, &body)),
        path: Some("/api/v2/alerts"),
        tick: Some(Box::new(move |call| by_itself.lapse(call))),
        manners: Manners::default(),
    }
}

impl Taker {
    fn take(&self, call: &Call<'_>, body: &[u8]) -> Result<serde_json::Value, Problem> {
        let mut diagnostics = Vec::new();
        let alerts = read(body, &mut diagnostics)?;
        let posted = alerts.iter().map(|(_, alert)| posted(alert)).collect();
        let (changed, refused) = self.known(call)?.intake.take(call.now, posted);
        for one in refused {
            diagnostics.push(malformed(alerts.get(one.index).map_or(0, |(at, _)| *at), one.why));
        }
        let tally = self.say(call, &changed, &alerts, diagnostics)?;
        // As an Alertmanager answers: what is wrong is said, and the rest counts.
        if tally.levels()[2] > 0 {
            let named: Vec<String> = tally.diagnostics.iter().take(NAMED_MAX).map(ToString::to_string).collect();
            return Err(Problem::malformed("alerts.malformed", format!("{}; the rest counts", named.join("; "))));
        }
        serde_json::to_value(&tally).map_err(|e| Problem::ours("hook.answer", e.to_string()))
    }

    /// Ends what nobody repeats.
    fn lapse(&self, call: &Call<'_>) -> Result<Option<String>, Problem> {
        let changed = self.known(call)?.intake.lapse(call.now);
        if changed.is_empty() {
            return Ok(None);
        }
        self.say(call, &changed, &[], Vec::new())?;
        Ok(Some(format!("{} alerts ended because nobody says that they fire", changed.len())))
    }

    /// What fires. The first time, what the ledger says fires.
    fn known(&self, call: &Call<'_>) -> Result<MutexGuard<'_, State>, Problem> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.resumed {
            for subject in known::open_alerts(&call.world.ledger, SOURCE)? {
                let named = subject.strip_prefix("alert:").and_then(|name| name.split_once('/'));
                let read =
                    |(print, start): (&str, &str)| Some((u64::from_str_radix(print, 16).ok()?, start.parse().ok()?));
                if let Some((print, start)) = named.and_then(read) {
                    state.intake.resume(print, start, call.now);
                }
            }
            state.resumed = true;
        }
        Ok(state)
    }

    /// Writes what changed into the ledger.
    fn say(
        &self,
        call: &Call<'_>,
        changed: &[Transition],
        alerts: &[(usize, Alert)],
        diagnostics: Vec<Diagnostic>,
    ) -> Result<Tally, Problem> {
        let mut tally = Tally { documents: 1, ..Tally::default() };
        let facts: Result<Vec<Vec<Fact>>, FactError> = changed.iter().map(|one| self.facts(one, alerts)).collect();
        let facts = facts.map_err(|e| Problem::ours("alerts.fact", e.to_string()))?.concat();
        let reading = Reading { facts, diagnostics, ..Reading::default() };
        let engine = Engine::default();
        let taken = Collecting { call, engine: &engine, progress: &|_| {} }.take(reading, &mut tally);
        if let Err(problem) = taken {
            // What is not in the ledger is told when it is posted again.
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            changed.iter().for_each(|one| state.intake.forget(one.fingerprint));
            return Err(problem);
        }
        Ok(tally)
    }

    fn facts(&self, change: &Transition, alerts: &[(usize, Alert)]) -> Result<Vec<Fact>, FactError> {
        let print = format!("{:016x}", change.fingerprint);
        let start = alertmanager::to_millisecond(change.starts);
        let episode = alertmanager::episode(&print, start);
        let subject = Subject::of("alert", &episode);
        let mut facts = Vec::new();
        if let Some((_, alert)) = change.fired.and_then(|at| alerts.get(at)) {
            let labels = alert.labels.iter().filter(|(_, value)| !value.is_empty());
            let labels = labels.map(|(name, value)| (name.clone(), value.clone())).collect();
            let fired = alertmanager::fired(labels, alert.annotations.clone(), print, &self.options);
            facts.push(fired.fact(SOURCE, &format!("{episode}/fired"), subject.clone(), start)?);
        }
        if let Some(end) = change.ended {
            let end = alertmanager::to_millisecond(end).max(start);
            facts.push(AlertResolved {}.fact(SOURCE, &format!("{episode}/resolved/{end}"), subject, end)?);
        }
        Ok(facts)
    }
}

fn posted(alert: &Alert) -> Posted {
    let labels = alert.labels.iter().filter(|(_, value)| !value.is_empty());
    let labels = Labels::new(labels.map(|(name, value)| (name.as_str(), value.as_str())));
    Posted { labels, starts_at: alert.starts_at, ends_at: alert.ends_at }
}

/// The alerts of a body, each with its place among those posted. One that is none is said, and the rest counts.
fn read(body: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Result<Vec<(usize, Alert)>, Problem> {
    if let Ok(alerts) = parsed::<Vec<Alert>>(body) {
        return Ok(alerts.into_iter().enumerate().collect());
    }
    let items: Vec<serde_json::Value> = parsed(body).map_err(|error| {
        let detail = format!(
            "the body is no list of alerts: {error}; post what Prometheus posts to an Alertmanager: \
             [{{\"labels\": {{\"alertname\": \"Slow\"}}, \"startsAt\": \"2026-11-28T10:00:00Z\"}}]"
        );
        Problem::malformed("alerts.malformed", detail)
    })?;
    let mut alerts = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        match serde_json::from_value(item) {
            Ok(alert) => alerts.push((at, alert)),
            Err(error) => diagnostics.push(malformed(at, &error.to_string())),
        }
    }
    Ok(alerts)
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body)
}

fn malformed(at: usize, why: &str) -> Diagnostic {
    let summary = format!("alert {} of those posted is not taken: {why}", at + 1);
    let help = "an alert has `labels` and, in RFC 3339, `startsAt` and `endsAt`";
    Diagnostic::error("alerts.malformed", summary, Place::file("/api/v2/alerts"), help)
}
