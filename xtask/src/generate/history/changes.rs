//! Changes and what went wrong after them: KPI 1.

use super::company::{PEOPLE, SERVICES, Service};
use super::estate::Resource;
use super::incidents::Incident;
use super::time::{DAY, DAYS, HOUR, MINUTE, START, at, stamp};
use super::truth::{Period, Truth};
use super::{Log, Rng, principal, subject_of};
use crate::shell::Outcome;
use mainstay_model::facts::*;

/// A failure takes time to show: a change is watched so long before it counts.
const WATCHED_S: i64 = 7 * DAY;

/// One change, as it truly was.
pub struct Change {
    id: String,
    subject: String,
    service: &'static Service,
    environment: &'static str,
    kind: ChangeKind,
    proposed: i64,
    started: Option<i64>,
    completed: Option<i64>,
    succeeded: bool,
    cancelled: Option<i64>,
    remedies: Option<String>,
    links: Vec<Link>,
    /// Whether it truly failed, and whether a machine would only suspect so.
    failed: bool,
}

/// What was said about a failure after it.
struct Link {
    at: i64,
    failure: String,
    kind: FailureKind,
    confidence: Confidence,
}

/// Makes up all changes: the background, the ones that broke something, then the traps.
pub fn make(rng: &mut Rng, incidents: &[Incident]) -> Vec<Change> {
    let mut out: Vec<Change> = Vec::new();
    for day in 0..DAYS {
        // 17 August is a Monday.
        let most = if day % 7 >= 5 { 1 } else { 5 };
        for _ in 0..rng.between(most / 2, most) {
            let at = START + day * DAY + rng.between(6 * HOUR, 19 * HOUR);
            let service = rng.pick(SERVICES);
            let mut change = plain(rng, service, at);
            if rng.percent(24) {
                change.environment = "staging";
            } else if rng.percent(16) {
                change.kind = ChangeKind::Application;
            }
            change.succeeded = !rng.percent(4);
            out.push(change);
        }
    }
    broken(rng, incidents, &mut out);
    traps(rng, incidents, &mut out);
    name(&mut out);
    out
}

/// A production change that went well.
fn plain(rng: &mut Rng, service: &'static Service, completed: i64) -> Change {
    let started = completed - rng.between(3, 25) * MINUTE;
    Change {
        id: rng.hex(10),
        subject: String::new(),
        service,
        environment: "production",
        kind: ChangeKind::Infrastructure,
        proposed: started - rng.between(1, 30) * HOUR,
        started: Some(started),
        completed: Some(completed),
        succeeded: true,
        cancelled: None,
        remedies: None,
        links: Vec::new(),
        failed: false,
    }
}

/// The change that brought each of some incidents, its rollback, and what people and machines said of them.
fn broken(rng: &mut Rng, incidents: &[Incident], out: &mut Vec<Change>) {
    for incident in incidents.iter().filter(|incident| incident.is_real() && !incident.restored.is_empty()) {
        let failure = format!("incident:{}", incident.id);
        let said = incident.opened + rng.between(2, 40) * HOUR;
        let link = |at, confidence| Link { at, failure: failure.clone(), kind: FailureKind::Incident, confidence };
        let completed = incident.onset - rng.between(4, 50) * MINUTE;
        let mut culprit = plain(rng, incident.service, completed);
        match rng.between(1, 100) {
            // A person confirmed what a machine had suspected.
            1..=22 => {
                culprit.links =
                    vec![link(incident.opened + MINUTE, Confidence::Suspected), link(said, Confidence::Confirmed)];
                culprit.failed = true;
            }
            // It was rolled back as well: two links, one failed change.
            23..=34 => {
                let done = incident.restored[0] - 2 * MINUTE;
                let mut rollback = plain(rng, incident.service, done);
                rollback.remedies = Some(culprit.id.clone());
                let failure = format!("change:{}", rollback.id);
                let kind = FailureKind::Rollback;
                culprit.links = vec![link(said, Confidence::Confirmed)];
                culprit.links.push(Link { at: done + MINUTE, failure, kind, confidence: Confidence::Confirmed });
                culprit.failed = true;
                // The rollback is the newest change before the record's last edit, which makes it a tempting culprit.
                rollback.links = vec![link(said + HOUR, Confidence::Suspected)];
                out.push(rollback);
            }
            // A machine suspects it; nobody has looked.
            35..=46 => culprit.links = vec![link(incident.opened + MINUTE, Confidence::Suspected)],
            // A person ruled it out, once after it had been confirmed by mistake.
            47..=56 => {
                culprit.links =
                    vec![link(incident.opened + MINUTE, Confidence::Suspected), link(said, Confidence::Rejected)];
                if rng.percent(50) {
                    culprit.links.insert(1, link(said - HOUR, Confidence::Confirmed));
                }
            }
            _ => continue,
        }
        out.push(culprit);
    }
}

/// What naive figures get wrong.
fn traps(rng: &mut Rng, incidents: &[Incident], out: &mut Vec<Change>) {
    let service = &SERVICES[1];
    let mut add = |rng: &mut Rng, completed: &str, edit: &dyn Fn(&mut Change)| {
        let mut change = plain(rng, service, at(completed));
        edit(&mut change);
        out.push(change);
    };
    // One change with three incidents: it failed once. Counting incidents would pass 100 %.
    let many: Vec<String> =
        incidents.iter().filter(|i| i.is_real()).take(3).map(|i| format!("incident:{}", i.id)).collect();
    add(rng, "2026-09-20T08:00:00Z", &|c| {
        c.failed = true;
        c.links = many.iter().enumerate().map(|(n, failure)| confirmed(c, failure, FailureKind::Incident, n)).collect();
    });
    // Months are half-open: the first instant is inside, the first one behind is not.
    add(rng, "2026-10-01T00:00:00Z", &|_| {});
    add(rng, "2026-11-01T00:00:00Z", &|_| {});
    // It ended in an error and was mended at once: executed, failed, and in the denominator.
    add(rng, "2026-10-09T14:00:00Z", &|c| {
        (c.succeeded, c.failed) = (false, true);
        c.id = "failed-of-october".to_owned();
        c.links = vec![confirmed(c, "change:hotfix-of-october", FailureKind::EmergencyFix, 0)];
    });
    add(rng, "2026-10-09T15:10:00Z", &|c| {
        c.id = "hotfix-of-october".to_owned();
        c.remedies = Some("failed-of-october".to_owned());
    });
    // Confirmed a month later: it still belongs to the month in which it completed.
    add(rng, "2026-09-29T14:00:00Z", &|c| {
        c.failed = true;
        c.links = vec![confirmed(c, &many[0], FailureKind::Incident, 30)];
    });
    // Called off before it began: out. Begun and not ended yet: not executed.
    for day in ["2026-09-10T12:00:00Z", "2026-10-16T12:00:00Z", "2026-10-30T12:00:00Z"] {
        add(rng, day, &|c| (c.started, c.completed, c.cancelled) = (None, None, Some(at(day))));
    }
    add(rng, "2026-11-14T23:00:00Z", &|c| c.completed = None);
    // A failure is confirmed already, but the window in which more may show is not over.
    add(rng, "2026-11-12T09:00:00Z", &|c| {
        c.failed = true;
        c.id = "failed-of-november".to_owned();
        c.links = vec![confirmed(c, "change:rollback-of-november", FailureKind::Rollback, 0)];
    });
    add(rng, "2026-11-12T09:40:00Z", &|c| {
        c.id = "rollback-of-november".to_owned();
        c.remedies = Some("failed-of-november".to_owned());
    });
    // Staging may fail as it likes.
    add(rng, "2026-10-06T09:00:00Z", &|c| {
        (c.environment, c.failed) = ("staging", true);
        c.links = vec![confirmed(c, &many[1], FailureKind::Incident, 0)];
    });
}

fn confirmed(change: &Change, failure: &str, kind: FailureKind, days: usize) -> Link {
    let days = i64::try_from(days).unwrap_or(0);
    let at = change.completed.unwrap_or(change.proposed) + days * DAY + 2 * HOUR;
    Link { at, failure: failure.to_owned(), kind, confidence: Confidence::Confirmed }
}

/// Gives every change its subject.
fn name(out: &mut [Change]) {
    for change in out {
        change.subject = format!("change:{}", change.id);
    }
}

/// KPI 1: failed changes of all executed production infrastructure changes, drift that nobody allowed among them.
pub fn failure_rate(changes: &[Change], estate: &[Resource], period: &Period) -> Truth {
    let mut truth = Truth::new(1, "change-failure-rate", period);
    for change in changes {
        let (at, out) = match (change.completed, change.cancelled) {
            (Some(at), _) if change.environment != "production" => (at, Some("not production")),
            (Some(at), _) if change.kind != ChangeKind::Infrastructure => (at, Some("not infrastructure")),
            (Some(at), _) => (at, None),
            (None, Some(at)) => (at, Some("cancelled")),
            (None, None) => continue,
        };
        match out {
            Some(why) if period.contains(at) => truth.exclude(why),
            Some(_) => {}
            None => execute(&mut truth, period, at, change.failed),
        }
    }
    for drift in estate.iter().flat_map(Resource::drifts).filter(|drift| !drift.authorised) {
        execute(&mut truth, period, drift.from, drift.broke.is_some());
    }
    truth
}

/// Counts an executed change, once it was watched for long enough.
fn execute(truth: &mut Truth, period: &Period, at: i64, failed: bool) {
    match (period.contains(at), at + WATCHED_S > period.as_of) {
        (true, true) => truth.exclude("pending"),
        (true, false) => truth.count(i64::from(failed)),
        (false, _) => {}
    }
}

/// What the pipeline and the people would have written.
pub fn facts(changes: &[Change], estate: &[Resource]) -> Outcome<Log> {
    let mut log = Log::new("pipeline:lumen/infra");
    for (index, change) in changes.iter().enumerate() {
        let id = change.subject.as_str();
        let service = subject_of(&format!("service:{}", change.service.name))?;
        let [asks, approves] = [PEOPLE[index % 5], PEOPLE[(index + 2) % 5]];
        let title = format!("Roll {} forward in {}", change.service.name, change.environment);
        let proposed = ChangeProposed { title, requested_by: Some(principal(asks)?), link: None, commit: None };
        log.say(id, change.proposed, &proposed)?;
        if let Some(at) = change.started {
            log.say(id, at - MINUTE, &ChangeApproved { by: principal(approves)?, digest: None })?;
            let environment = change.environment.to_owned();
            log.say(id, at, &ChangeStarted { environment, service: Some(service.clone()) })?;
        }
        if let Some(at) = change.completed {
            log.say(id, at, &completed(change, service)?)?;
        }
        if let Some(at) = change.cancelled {
            log.say(id, at, &ChangeCancelled { reason: "the freeze began".to_owned() })?;
        }
        for link in &change.links {
            log.say(id, link.at, &linked(link, approves)?)?;
        }
    }
    for resource in estate {
        for drift in resource.drifts() {
            let Some(incident) = &drift.broke else { continue };
            let (at, failure) = (drift.from + 12 * HOUR, incident.clone());
            let link = Link { at, failure, kind: FailureKind::Incident, confidence: Confidence::Confirmed };
            log.say(&resource.subject, at, &linked(&link, "m.okafor")?)?;
        }
    }
    Ok(log)
}

fn completed(change: &Change, service: mainstay_model::Subject) -> Outcome<ChangeCompleted> {
    Ok(ChangeCompleted {
        environment: change.environment.to_owned(),
        kind: change.kind,
        outcome: if change.succeeded { ChangeOutcome::Succeeded } else { ChangeOutcome::Failed },
        service: Some(service),
        team: Some(subject_of(&format!("team:{}", change.service.team))?),
        started: change.started.map(stamp),
        commit: None,
        link: None,
        remedies: change.remedies.as_ref().map(|id| subject_of(&format!("change:{id}"))).transpose()?,
    })
}

fn linked(link: &Link, person: &str) -> Outcome<ChangeFailureLinked> {
    let by = (link.confidence != Confidence::Suspected).then(|| principal(person)).transpose()?;
    Ok(ChangeFailureLinked { failure: subject_of(&link.failure)?, kind: link.kind, confidence: link.confidence, by })
}
