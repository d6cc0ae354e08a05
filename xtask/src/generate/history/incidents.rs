//! Disruptions, and KPIs 2 and 3.

use super::company::{PEOPLE, SERVICES, Service};
use super::time::{DAY, DAYS, HOUR, MINUTE, START, at, stamp};
use super::truth::{Period, Truth};
use super::{Log, Rng, principal, subject_of};
use crate::shell::Outcome;
use mainstay_model::facts::*;

/// A reopening within this time continues the incident.
const CONTINUES_S: i64 = 24 * HOUR;

/// One record, as it truly was.
pub struct Incident {
    /// `INC-7`.
    pub id: String,
    /// What was hit.
    pub service: &'static Service,
    /// When users began to suffer.
    pub onset: i64,
    /// What was said about the onset, and when; a taking back is `None`.
    onset_said: Vec<(i64, Option<i64>)>,
    /// When it was noticed, and whether the record says so.
    pub detected: i64,
    says_detected: bool,
    /// When the record was made.
    pub opened: i64,
    /// Service back, in order.
    pub restored: Vec<i64>,
    reopened: Vec<i64>,
    closed: Option<i64>,
    classes: Vec<(i64, IncidentClass, Option<String>)>,
    problem: Option<u8>,
}

impl Incident {
    /// What kind of record it is after all.
    fn class(&self) -> IncidentClass {
        self.classes.iter().max_by_key(|(at, ..)| *at).map_or(IncidentClass::Real, |(_, class, _)| *class)
    }

    /// A disruption of its own.
    pub fn is_real(&self) -> bool {
        self.class() == IncidentClass::Real
    }

    /// When it was over, and for how many seconds it hurt in all; `None` while it lasts.
    fn over(&self) -> Option<(i64, i64)> {
        let mut end = *self.restored.first()?;
        let mut hurt = end - self.detected;
        for (index, again) in self.reopened.iter().enumerate() {
            if again - end > CONTINUES_S {
                break;
            }
            end = *self.restored.get(index + 1)?;
            hurt += end - again;
        }
        Some((end, hurt))
    }
}

/// Makes up all incidents: the background, then the traps.
pub fn make(rng: &mut Rng) -> Vec<Incident> {
    let mut out: Vec<Incident> = Vec::new();
    // The last days stay free, so that everything that follows an incident has happened by the end.
    for day in 0..DAYS - 6 {
        for _ in 0..rng.between(0, 1) {
            let onset = START + day * DAY + rng.between(0, DAY - 1);
            let mut incident = ordinary(rng, onset);
            if rng.percent(12) {
                incident.onset_said.clear();
            }
            out.push(incident);
        }
    }
    traps(rng, &mut out);
    for (index, incident) in out.iter_mut().enumerate() {
        incident.id = format!("INC-{}", index + 1);
    }
    relate(&mut out);
    out
}

/// One that was noticed, recorded and mended.
fn ordinary(rng: &mut Rng, onset: i64) -> Incident {
    let service = rng.pick(SERVICES);
    let detected = onset + rng.between(1, 25) * MINUTE + rng.between(0, 59);
    let opened = detected + rng.between(1, 9) * MINUTE;
    // Most are mended within two hours; one in twelve lasts long and moves the mean.
    let minutes = if rng.percent(8) { rng.between(300, 900) } else { rng.between(8, 120) };
    let restored = detected + minutes * MINUTE;
    let said = restored.max(opened) + rng.between(1, 20) * HOUR;
    Incident {
        id: String::new(),
        service,
        onset,
        onset_said: vec![(said, Some(onset))],
        detected,
        says_detected: rng.percent(70),
        opened,
        restored: vec![restored],
        reopened: Vec::new(),
        closed: Some(restored.max(opened) + rng.between(12, 60) * HOUR),
        classes: Vec::new(),
        problem: rng.percent(30).then(|| u8::try_from(rng.between(1, 9)).unwrap_or(1)),
    }
    .settled()
}

impl Incident {
    /// Where the record does not say when it was noticed, making the record was the noticing.
    fn settled(mut self) -> Self {
        if !self.says_detected {
            self.detected = self.opened;
            self.restored.iter_mut().for_each(|at| *at = (*at).max(self.opened + MINUTE));
        }
        self
    }

    fn from(rng: &mut Rng, onset: &str) -> Self {
        let mut incident = ordinary(rng, at(onset));
        incident.detected = incident.onset + 6 * MINUTE;
        incident.opened = incident.onset + 10 * MINUTE;
        incident.says_detected = true;
        incident.restored = vec![incident.onset + 70 * MINUTE];
        incident.onset_said = vec![(incident.onset + 30 * HOUR, Some(incident.onset))];
        incident.closed = Some(incident.onset + 40 * HOUR);
        incident
    }
}

/// What naive figures get wrong.
fn traps(rng: &mut Rng, out: &mut Vec<Incident>) {
    // Noticed in the last minutes of a month, recorded and mended in the next.
    let mut across = Incident::from(rng, "2026-09-30T23:50:00Z");
    across.restored = vec![at("2026-10-01T00:31:00Z")];
    out.push(across);
    // Restored at the very first instant of a month.
    let mut first = Incident::from(rng, "2026-09-30T21:00:00Z");
    first.restored = vec![at("2026-10-01T00:00:00Z")];
    out.push(first);
    // Reopened within a day, across the end of a month: one incident of the second month, calm hours not counted.
    let mut again = Incident::from(rng, "2026-09-30T15:00:00Z");
    again.restored = vec![at("2026-09-30T16:20:00Z"), at("2026-10-01T03:45:00Z")];
    again.reopened = vec![at("2026-10-01T02:00:00Z")];
    out.push(again);
    // Reopened twice, each time within a day of the last restoration.
    let mut twice = Incident::from(rng, "2026-10-12T08:00:00Z");
    twice.restored = vec![at("2026-10-12T09:00:00Z"), at("2026-10-12T20:30:00Z"), at("2026-10-13T11:00:00Z")];
    twice.reopened = vec![at("2026-10-12T20:00:00Z"), at("2026-10-13T10:15:00Z")];
    out.push(twice);
    // Reopened after a day: the incident was over; what came later is none of it.
    let mut late = Incident::from(rng, "2026-09-14T08:00:00Z");
    late.restored = vec![at("2026-09-14T09:00:00Z"), at("2026-09-16T12:00:00Z")];
    late.reopened = vec![at("2026-09-16T10:00:00Z")];
    out.push(late);
    // Closed and never restored: nobody knows when service was back, and it is not 0.
    let mut closed = Incident::from(rng, "2026-10-05T13:00:00Z");
    closed.restored.clear();
    out.push(closed);
    // Still open, and one that came back and is open again.
    let mut open = Incident::from(rng, "2026-11-13T18:00:00Z");
    (open.restored, open.closed) = (Vec::new(), None);
    open.onset_said = vec![(at("2026-11-14T01:00:00Z"), Some(open.onset))];
    out.push(open);
    let mut back = Incident::from(rng, "2026-11-13T06:00:00Z");
    back.restored = vec![at("2026-11-13T07:00:00Z")];
    (back.reopened, back.closed) = (vec![at("2026-11-13T19:00:00Z")], None);
    back.onset_said = vec![(at("2026-11-14T01:00:00Z"), Some(back.onset))];
    out.push(back);
    // The onset was corrected, and another one was taken back.
    let mut corrected = Incident::from(rng, "2026-10-20T10:00:00Z");
    corrected.onset_said.insert(0, (at("2026-10-20T15:00:00Z"), Some(corrected.detected)));
    out.push(corrected);
    let mut doubted = Incident::from(rng, "2026-09-22T10:00:00Z");
    doubted.onset_said.push((at("2026-09-25T09:00:00Z"), None));
    out.push(doubted);
    // Records that are no disruption of their own; `relate` names what two of them belong to.
    for (onset, class) in [
        ("2026-09-08T09:00:00Z", IncidentClass::Duplicate),
        ("2026-10-08T09:00:00Z", IncidentClass::Duplicate),
        ("2026-09-18T09:00:00Z", IncidentClass::Child),
        ("2026-10-18T09:00:00Z", IncidentClass::Child),
        ("2026-09-28T03:00:00Z", IncidentClass::FalseAlarm),
        ("2026-10-28T03:00:00Z", IncidentClass::FalseAlarm),
        ("2026-10-03T04:00:00Z", IncidentClass::Planned),
    ] {
        let mut other = Incident::from(rng, onset);
        other.classes = vec![(other.opened + 30 * MINUTE, class, None)];
        out.push(other);
    }
    // Taken for a false alarm, and real after all.
    let mut real = Incident::from(rng, "2026-10-22T17:00:00Z");
    real.classes = vec![
        (real.opened + 5 * MINUTE, IncidentClass::FalseAlarm, None),
        (real.opened + 3 * HOUR, IncidentClass::Real, None),
    ];
    out.push(real);
}

/// Says of duplicates and children what they belong to: a real incident shortly before.
fn relate(out: &mut [Incident]) {
    let real: Vec<(i64, String)> = out.iter().filter(|i| i.is_real()).map(|i| (i.opened, i.id.clone())).collect();
    for incident in out {
        let opened = incident.opened;
        for (_, class, of) in &mut incident.classes {
            if matches!(class, IncidentClass::Duplicate | IncidentClass::Child) {
                let before = real.iter().filter(|(at, _)| *at < opened).max_by_key(|(at, _)| *at);
                *of = before.map(|(_, id)| format!("incident:{id}"));
            }
        }
    }
}

/// KPI 2: seconds from onset to detection, by detection; without an onset it cannot count.
pub fn time_to_detect(incidents: &[Incident], period: &Period) -> Truth {
    let mut truth = Truth::new(2, "mttd", period);
    for incident in incidents.iter().filter(|incident| period.contains(incident.detected)) {
        let said = incident.onset_said.iter().max_by_key(|(at, _)| *at).and_then(|(_, onset)| *onset);
        match (incident.class(), said) {
            (IncidentClass::Real, Some(onset)) => truth.count(incident.detected - onset),
            (IncidentClass::Real, None) => truth.exclude("onset unknown"),
            (IncidentClass::Duplicate, _) => truth.exclude("duplicate"),
            (IncidentClass::Child, _) => truth.exclude("child"),
            (IncidentClass::FalseAlarm, _) => truth.exclude("false alarm"),
            (IncidentClass::Planned, _) => truth.exclude("planned"),
        }
    }
    truth
}

/// KPI 3: seconds of impact from detection on, by the last restoration.
pub fn time_to_restore(incidents: &[Incident], period: &Period) -> Truth {
    let mut truth = Truth::new(3, "mttr", period);
    for incident in incidents {
        let over = incident.over();
        let by = over.map_or(incident.detected, |(end, _)| end);
        let began = incident.detected < period.to;
        match (incident.class(), over) {
            (IncidentClass::Real, Some((end, hurt))) if period.contains(end) => truth.count(hurt),
            (IncidentClass::Real, None) if began && incident.closed.is_none() => truth.exclude("open"),
            (IncidentClass::Real, None) if began => truth.exclude("closed without restoration"),
            (IncidentClass::Duplicate, _) if period.contains(by) => truth.exclude("duplicate"),
            (IncidentClass::Child, _) if period.contains(by) => truth.exclude("child"),
            (IncidentClass::FalseAlarm, _) if period.contains(by) => truth.exclude("false alarm"),
            (IncidentClass::Planned, _) if period.contains(by) => truth.exclude("planned"),
            _ => {}
        }
    }
    truth
}

/// What the ticket tool would have written.
pub fn facts(incidents: &[Incident]) -> Outcome<Log> {
    let mut log = Log::new("tickets:lumen");
    for incident in incidents {
        let id = format!("incident:{}", incident.id);
        let service = incident.service;
        let by = PEOPLE[incident.id.len() % PEOPLE.len()];
        let opened = IncidentOpened {
            title: format!("{} does not answer as it should", service.name),
            severity: service.tier,
            services: vec![subject_of(&format!("service:{}", service.name))?],
            team: Some(subject_of(&format!("team:{}", service.team))?),
            tier: Some(service.tier.to_string()),
            detected: incident.says_detected.then(|| stamp(incident.detected)),
            link: None,
        };
        log.say(&id, incident.opened, &opened)?;
        for (said, onset) in &incident.onset_said {
            let evidence = if onset.is_some() { "metric" } else { "the metric was of another cluster" }.to_owned();
            log.say(&id, *said, &IncidentOnsetEstablished { onset: onset.map(stamp), evidence })?;
        }
        for at in &incident.restored {
            log.say(&id, *at, &IncidentRestored {})?;
        }
        for at in &incident.reopened {
            log.say(&id, *at, &IncidentReopened {})?;
        }
        if let Some(at) = incident.closed {
            log.say(&id, at, &IncidentClosed {})?;
        }
        for (at, class, of) in &incident.classes {
            let of = of.as_deref().map(subject_of).transpose()?;
            log.say(&id, *at, &IncidentClassified { class: *class, of })?;
        }
        if let Some(problem) = incident.problem {
            let at = incident.restored.last().copied().unwrap_or(incident.opened) + 26 * HOUR;
            let problem = subject_of(&format!("problem:PRB-{problem}"))?;
            log.say(&id, at, &IncidentProblemConfirmed { problem, by: Some(principal(by)?) })?;
        }
    }
    Ok(log)
}
