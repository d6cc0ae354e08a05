//! Alert episodes and what people did about them: KPI 5.

use super::company::{PEOPLE, SERVICES, Service};
use super::incidents::Incident;
use super::time::{DAY, DAYS, HOUR, MINUTE, START, at, stamp};
use super::truth::{Period, Truth};
use super::{Log, Rng, principal, subject_of};
use crate::shell::Outcome;
use mainstay_model::facts::*;
use mainstay_model::{Severity, Timestamp};
use std::collections::BTreeMap;

/// A rule with what usually comes of it: shares of a hundred that lead to action, are only acknowledged, and resolve by
/// themselves unseen.
struct Rule {
    name: &'static str,
    severity: Severity,
    acts: i64,
    acknowledged: i64,
}

const RULES: &[Rule] = &[
    Rule { name: "ErrorRateHigh", severity: Severity::Critical, acts: 85, acknowledged: 10 },
    Rule { name: "LatencyHigh", severity: Severity::High, acts: 70, acknowledged: 15 },
    Rule { name: "CertificateExpiresSoon", severity: Severity::Medium, acts: 95, acknowledged: 5 },
    Rule { name: "QueueGrows", severity: Severity::High, acts: 60, acknowledged: 20 },
];

/// The noisy one: it fires at night when the nightly export fills a disk that empties itself.
const NOISY: Rule = Rule { name: "DiskFillsUp", severity: Severity::High, acts: 2, acknowledged: 8 };

/// One episode, as it truly was.
pub struct Episode {
    subject: String,
    rule: &'static str,
    severity: Severity,
    service: &'static Service,
    fired: i64,
    resolved: Option<i64>,
    notified: Vec<i64>,
    acknowledged: Option<i64>,
    acted: Option<(i64, AlertEvidence, Option<String>)>,
    silenced: Option<i64>,
    watchdog: bool,
    test: bool,
}

/// Makes up all episodes: the background, the noisy rule, then the traps.
pub fn make(rng: &mut Rng, incidents: &[Incident]) -> Vec<Episode> {
    let mut out = Vec::new();
    for day in 0..DAYS {
        let midnight = START + day * DAY;
        for _ in 0..rng.between(0, 3) {
            let rule = rng.pick(RULES);
            let fired = midnight + rng.between(0, 20 * HOUR);
            let service = rng.pick(SERVICES);
            out.push(episode(rng, rule, service, fired));
        }
        if rng.percent(70) {
            let fired = midnight + 3 * HOUR + rng.between(0, HOUR);
            out.push(episode(rng, &NOISY, &SERVICES[5], fired));
        }
    }
    for incident in incidents.iter().filter(|incident| incident.is_real()) {
        if rng.percent(60) {
            let mut alert = episode(rng, &RULES[0], incident.service, incident.detected);
            let reference = Some(format!("incident:{}", incident.id));
            alert.acted = Some((alert.fired + 6 * MINUTE, AlertEvidence::Incident, reference));
            out.push(alert);
        }
    }
    traps(rng, &mut out);
    for (index, alert) in out.iter_mut().enumerate() {
        // A fingerprint is 64 bits; the running number in it keeps two episodes of one second apart.
        alert.subject = format!("alert:{:012x}{index:04x}/{}", rng.next() >> 16, stamp(alert.fired));
    }
    out
}

/// One that a rule fired, told to somebody, with what usually comes of it.
fn episode(rng: &mut Rng, rule: &Rule, service: &'static Service, fired: i64) -> Episode {
    let mut out = Episode {
        subject: String::new(),
        rule: rule.name,
        severity: rule.severity,
        service,
        fired,
        resolved: Some(fired + rng.between(4, 200) * MINUTE),
        notified: vec![fired + 30],
        acknowledged: None,
        acted: None,
        silenced: None,
        watchdog: false,
        test: false,
    };
    let drawn = rng.between(1, 100);
    if drawn <= rule.acts {
        out.acknowledged = rng.percent(80).then_some(fired + 3 * MINUTE);
        let kinds = [AlertEvidence::Ticket, AlertEvidence::Change, AlertEvidence::Runbook, AlertEvidence::Useful];
        out.acted = Some((fired + rng.between(4, 50) * MINUTE, *rng.pick(&kinds), None));
    } else if drawn <= rule.acts + rule.acknowledged {
        out.acknowledged = Some(fired + rng.between(2, 15) * MINUTE);
    }
    out
}

/// What naive figures get wrong.
fn traps(rng: &mut Rng, out: &mut Vec<Episode>) {
    let service = &SERVICES[0];
    let mut add = |rng: &mut Rng, fired: &str, edit: &dyn Fn(&mut Episode)| {
        let mut alert = episode(rng, &Rule { acts: 0, acknowledged: 0, ..NOISY }, service, at(fired));
        edit(&mut alert);
        out.push(alert);
    };
    // Told again every hour of a night: one episode.
    for day in ["2026-09-09T20:00:00Z", "2026-10-21T20:00:00Z"] {
        add(rng, day, &|a| {
            a.resolved = Some(a.fired + 11 * HOUR);
            a.notified = (0..10).map(|hour| a.fired + 30 + hour * HOUR).collect();
        });
    }
    // The watchdog, tests of the pipe, what was silenced before anyone was told, what nobody was told: all out.
    add(rng, "2026-08-17T00:05:00Z", &|a| (a.rule, a.watchdog, a.resolved) = ("Watchdog", true, None));
    add(rng, "2026-10-10T00:05:00Z", &|a| (a.rule, a.watchdog, a.resolved) = ("Watchdog", true, None));
    for day in ["2026-09-15T09:00:00Z", "2026-10-15T09:00:00Z"] {
        add(rng, day, &|a| {
            (a.rule, a.test) = ("PipeTest", true);
            a.acted = Some((a.fired + 2 * MINUTE, AlertEvidence::Useful, None));
        });
        add(rng, day, &|a| a.silenced = Some(a.fired + 10));
        add(rng, day, &|a| a.notified.clear());
    }
    // Silenced after somebody was told: it did disturb, so it counts.
    add(rng, "2026-09-16T09:00:00Z", &|a| a.silenced = Some(a.fired + 10 * MINUTE));
    // Fired in the last second of a month, told and acted on in the next: it belongs to when it fired.
    add(rng, "2026-09-30T23:59:59Z", &|a| a.acted = Some((a.fired + HOUR, AlertEvidence::Ticket, None)));
    // The responder says that it needed no action, which is a verdict and not an action.
    for day in ["2026-09-23T02:00:00Z", "2026-10-23T02:00:00Z", "2026-11-03T02:00:00Z"] {
        add(rng, day, &|a| {
            a.acknowledged = Some(a.fired + MINUTE);
            a.acted = Some((a.fired + 8 * MINUTE, AlertEvidence::Noise, None));
        });
    }
    // Still firing, with nobody there.
    add(rng, "2026-11-14T03:00:00Z", &|a| a.resolved = None);
}

/// KPI 5: notified episodes that somebody acted on, of all notified ones, by when they fired.
pub fn actionable(alerts: &[Episode], period: &Period) -> Truth {
    let mut truth = Truth::new(5, "actionable-alerts", period);
    for alert in alerts.iter().filter(|alert| period.contains(alert.fired)) {
        let told = alert.notified.first();
        match (told, &alert.acted) {
            _ if alert.watchdog => truth.exclude("watchdog"),
            _ if alert.test => truth.exclude("test"),
            (Some(told), _) if alert.silenced.is_some_and(|at| at <= *told) => truth.exclude("silenced"),
            (None, _) => truth.exclude("not notified"),
            (Some(_), Some((_, evidence, _))) => truth.count(i64::from(*evidence != AlertEvidence::Noise)),
            (Some(_), None) => {
                truth.count(0);
                if alert.acknowledged.is_some() || alert.resolved.is_none() {
                    truth.unknown("unclassified");
                }
            }
        }
    }
    truth
}

/// What the alert pipe and the pager would have written.
pub fn facts(alerts: &[Episode]) -> Outcome<Log> {
    let mut log = Log::new("alertmanager:eu");
    for (index, alert) in alerts.iter().enumerate() {
        let id = alert.subject.as_str();
        let by = PEOPLE[index % PEOPLE.len()];
        log.say(id, alert.fired, &fired(alert)?)?;
        for at in &alert.notified {
            log.say(id, *at, &AlertNotified { receiver: format!("{}-pager", alert.service.team) })?;
        }
        if let Some(at) = alert.acknowledged {
            log.say(id, at, &AlertAcknowledged { by: principal(by)? })?;
        }
        if let Some((at, evidence, reference)) = &alert.acted {
            let reference = reference.as_deref().map(subject_of).transpose()?;
            log.say(id, *at, &AlertActedOn { evidence: *evidence, reference, by: Some(principal(by)?) })?;
        }
        if let Some(at) = alert.silenced {
            let until: Timestamp = stamp(at + 12 * HOUR);
            log.say(id, at, &AlertSilenced { until, by: Some(by.to_owned()) })?;
        }
        if let Some(at) = alert.resolved {
            log.say(id, at, &AlertResolved {})?;
        }
    }
    Ok(log)
}

fn fired(alert: &Episode) -> Outcome<AlertFired> {
    let fingerprint = alert.subject.trim_start_matches("alert:").chars().take(16).collect();
    let labels = [("alertname", alert.rule), ("service", alert.service.name), ("severity", alert.severity.as_str())];
    let labels: BTreeMap<String, String> = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Ok(AlertFired {
        rule: alert.rule.to_owned(),
        fingerprint,
        labels,
        annotations: BTreeMap::new(),
        severity: Some(alert.severity),
        service: Some(subject_of(&format!("service:{}", alert.service.name))?),
        team: Some(subject_of(&format!("team:{}", alert.service.team))?),
        watchdog: alert.watchdog,
        test: alert.test,
        link: None,
    })
}
