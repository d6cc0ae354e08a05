//! Vulnerabilities on assets, and whether they were fixed in time: KPI 10.

use super::company::{PEOPLE, SERVICES};
use super::time::{DAY, END, HOUR, START, at, stamp};
use super::truth::{Period, Truth};
use super::{Log, Rng, principal, subject_of};
use crate::shell::Outcome;
use mainstay_model::facts::*;
use mainstay_model::{Promise, PromiseKind, Severity};

/// The asset that has a stricter promise than the rest, and the promise's days for severity high.
const STRICT: (&str, i64) = ("image:registry.lumen.example/payments", 10);

/// One pair of vulnerability and asset, as it truly was.
pub struct Pair {
    cve: String,
    asset: String,
    severity: Severity,
    /// When scans found it, in order; the first is when it was first seen.
    found: Vec<i64>,
    /// When a scan, or only somebody's word, said that it is gone.
    fixed: Vec<(i64, bool)>,
    /// Known to be exploited: when that became known, and by when it must be fixed.
    exploited: Option<(i64, i64)>,
    /// Accepted: when, and until when.
    accepted: Option<(i64, i64)>,
    /// When the asset was seen no more.
    vanished: Option<i64>,
}

/// Days from first seen to fixed; nothing is due for what is only worth knowing.
const fn days(severity: Severity) -> Option<i64> {
    match severity {
        Severity::Critical => Some(14),
        Severity::High => Some(30),
        Severity::Medium => Some(90),
        Severity::Low => Some(180),
        Severity::Info => None,
    }
}

impl Pair {
    /// By when it must be fixed.
    fn due(&self) -> Option<i64> {
        let strict = self.asset == STRICT.0 && self.severity == Severity::High;
        let days = if strict { STRICT.1 } else { days(self.severity)? };
        let due = self.found[0] + days * DAY;
        Some(self.exploited.map_or(due, |(_, exploited_due)| due.min(exploited_due)))
    }

    /// Whether a scan had shown it gone, and none had found it again, at the instant.
    fn is_fixed(&self, at: i64) -> bool {
        let found = self.found.iter().filter(|found| **found <= at).max();
        let fixed =
            self.fixed.iter().filter(|(fixed, verified)| *verified && *fixed <= at).map(|(fixed, _)| fixed).max();
        fixed.is_some_and(|fixed| found.is_some_and(|found| fixed > found))
    }
}

/// Makes up all pairs: the background, then the traps.
pub fn make(rng: &mut Rng) -> Vec<Pair> {
    let mut out = Vec::new();
    for index in 0..230 {
        let severity =
            *rng.pick(&[Severity::Critical, Severity::High, Severity::High, Severity::Medium, Severity::Low]);
        let first = START - 150 * DAY + rng.between(0, 225 * DAY);
        let mut pair = pair(rng, index, severity, first);
        let due = pair.due().unwrap_or(END);
        // Nine in ten are fixed in time, most of the rest late, and some not yet.
        let fixed = match rng.between(1, 100) {
            1..=88 => first + rng.between(DAY, due - first),
            89..=95 => due + rng.between(HOUR, 20 * DAY),
            _ => END + 1,
        };
        pair.fixed = if fixed < END { vec![(fixed, true)] } else { Vec::new() };
        out.push(pair);
    }
    traps(rng, &mut out);
    out
}

fn pair(rng: &mut Rng, index: usize, severity: Severity, first: i64) -> Pair {
    let service = rng.pick(SERVICES).name;
    let asset = if rng.percent(60) {
        format!("image:registry.lumen.example/{service}")
    } else {
        format!("host:{service}-{}", rng.between(1, 4))
    };
    let cve = format!("CVE-2026-{}", 20_000 + index);
    let (found, fixed) = (vec![first], Vec::new());
    Pair { cve, asset, severity, found, fixed, exploited: None, accepted: None, vanished: None }
}

/// What naive figures get wrong.
fn traps(rng: &mut Rng, out: &mut Vec<Pair>) {
    let mut add = |rng: &mut Rng, severity, first: &str, edit: &dyn Fn(&mut Pair)| {
        let index = out.len();
        let mut pair = pair(rng, index, severity, at(first));
        pair.asset = format!("host:warehouse-{}", index % 5);
        edit(&mut pair);
        out.push(pair);
    };
    // Fixed at the last instant allowed; and one second later.
    add(rng, Severity::High, "2026-09-02T06:00:00Z", &|p| p.fixed = vec![(p.found[0] + 30 * DAY, true)]);
    add(rng, Severity::High, "2026-09-02T06:00:00Z", &|p| p.fixed = vec![(p.found[0] + 30 * DAY + 1, true)]);
    // Due at the first instant of a month.
    add(rng, Severity::High, "2026-09-01T00:00:00Z", &|p| p.fixed = vec![(p.found[0] + 3 * DAY, true)]);
    // Never fixed: a figure over closed ones only would not see it.
    for first in ["2026-08-20T04:00:00Z", "2026-09-12T04:00:00Z", "2026-10-02T04:00:00Z"] {
        add(rng, Severity::Critical, first, &|_| {});
    }
    // Somebody's word is no scan.
    add(rng, Severity::Critical, "2026-09-14T04:00:00Z", &|p| p.fixed = vec![(p.found[0] + DAY, false)]);
    // Fixed and found again before it was due: first seen stays, and the first fix is worth nothing.
    add(rng, Severity::High, "2026-09-10T04:00:00Z", &|p| {
        (p.found, p.fixed) = (vec![p.found[0], p.found[0] + 12 * DAY], vec![(p.found[0] + 5 * DAY, true)]);
    });
    add(rng, Severity::High, "2026-08-18T04:00:00Z", &|p| {
        p.found.push(p.found[0] + 12 * DAY);
        p.fixed = vec![(p.found[0] + 5 * DAY, true), (p.found[0] + 20 * DAY, true)];
    });
    // The asset is gone and no scan saw it clean: that fixes nothing.
    for first in ["2026-09-05T04:00:00Z", "2026-10-05T04:00:00Z"] {
        add(rng, Severity::Critical, first, &|p| {
            (p.asset, p.vanished) = (format!("host:retired-{}", p.cve), Some(p.found[0] + 6 * DAY));
        });
    }
    // Known to be exploited: due sooner, which moves it into another month and makes a fix late. A date later than the
    // severity's makes no difference here: the fix came before both.
    add(rng, Severity::Medium, "2026-09-08T04:00:00Z", &|p| {
        (p.exploited, p.fixed) =
            (Some((at("2026-09-12T00:00:00Z"), at("2026-09-27T00:00:00Z"))), vec![(at("2026-10-03T04:00:00Z"), true)]);
    });
    add(rng, Severity::Medium, "2026-09-24T04:00:00Z", &|p| {
        (p.exploited, p.fixed) =
            (Some((at("2026-10-01T00:00:00Z"), at("2026-10-16T00:00:00Z"))), vec![(at("2026-10-15T04:00:00Z"), true)]);
    });
    add(rng, Severity::Critical, "2026-10-01T04:00:00Z", &|p| {
        p.exploited = Some((at("2026-10-04T00:00:00Z"), at("2026-10-25T00:00:00Z")));
        p.fixed = vec![(at("2026-10-12T04:00:00Z"), true)];
    });
    // Accepted past its due date: apart. Accepted only for a while, or only when it was late: missed.
    add(rng, Severity::High, "2026-08-25T04:00:00Z", &|p| {
        p.accepted = Some((at("2026-09-20T10:00:00Z"), at("2027-01-01T00:00:00Z")))
    });
    add(rng, Severity::High, "2026-09-20T04:00:00Z", &|p| {
        p.accepted = Some((at("2026-10-10T10:00:00Z"), at("2027-01-01T00:00:00Z")))
    });
    add(rng, Severity::High, "2026-08-26T04:00:00Z", &|p| {
        p.accepted = Some((at("2026-09-02T10:00:00Z"), at("2026-09-10T00:00:00Z")))
    });
    add(rng, Severity::High, "2026-08-27T04:00:00Z", &|p| {
        p.accepted = Some((at("2026-10-20T10:00:00Z"), at("2027-01-01T00:00:00Z")))
    });
    // Only worth knowing: nothing is due.
    for first in ["2026-08-20T04:00:00Z", "2026-09-20T04:00:00Z"] {
        add(rng, Severity::Info, first, &|_| {});
    }
    // One asset promises more than the rest.
    add(rng, Severity::High, "2026-10-06T04:00:00Z", &|p| {
        (p.asset, p.fixed) = (STRICT.0.to_owned(), vec![(p.found[0] + 14 * DAY, true)]);
    });
    // A second scanner reports it later: first seen is the earlier one.
    add(rng, Severity::Critical, "2026-10-10T04:00:00Z", &|p| {
        p.found.push(p.found[0] + 6 * DAY);
        p.fixed = vec![(p.found[0] + 17 * DAY, true)];
    });
}

/// KPI 10: pairs due in the period that a scan showed fixed by then, of all that were due.
pub fn kept(pairs: &[Pair], period: &Period) -> Truth {
    let mut truth = Truth::new(10, "vulnerability-sla", period);
    for pair in pairs {
        if pair.severity == Severity::Info && period.contains(pair.found[0]) {
            truth.exclude("informational");
        }
        let Some(due) = pair.due().filter(|due| period.contains(*due)) else { continue };
        let accepted = pair.accepted.is_some_and(|(from, until)| from <= due && due < until);
        if accepted {
            truth.exclude("accepted");
        } else {
            truth.count(i64::from(pair.is_fixed(due)));
        }
    }
    truth
}

/// What the scanner, the catalogue of exploited ones and the people would have written.
pub fn facts(pairs: &[Pair]) -> Outcome<Log> {
    let mut log = Log::new("trivy:registry.lumen.example");
    let promise = Promise {
        id: "vulnerability.payments-high".to_owned(),
        subject: subject_of(STRICT.0)?,
        owner: Some(subject_of("team:payments")?),
        kind: PromiseKind::VulnerabilitySla { severity: Severity::High, days: u32::try_from(STRICT.1).unwrap_or(0) },
    };
    log.say("promise:vulnerability.payments-high", START - 200 * DAY, &PromiseMade { promise })?;
    for (index, pair) in pairs.iter().enumerate() {
        let id = format!("vulnerability:{}@{}", pair.cve, pair.asset);
        let found = VulnerabilityFound {
            vulnerability: pair.cve.clone(),
            asset: subject_of(&pair.asset)?,
            severity: pair.severity,
            packages: vec!["libexample 1.4.2".to_owned()],
            fixed_in: vec!["1.4.3".to_owned()],
            title: String::new(),
            scanner: "trivy".to_owned(),
        };
        for at in &pair.found {
            log.say(&id, *at, &found)?;
        }
        for (at, verified) in &pair.fixed {
            log.say(&id, *at, &VulnerabilityFixed { verified: *verified })?;
        }
        if let Some((known, due)) = pair.exploited {
            let data = VulnerabilityExploited { vulnerability: pair.cve.clone(), due: stamp(due) };
            log.say(&format!("cve:{}", pair.cve), known, &data)?;
        }
        if let Some((at, until)) = pair.accepted {
            let by = principal(PEOPLE[index % PEOPLE.len()])?;
            let reason = "reachable from the inner network only".to_owned();
            log.say(&id, at, &VulnerabilityAccepted { by, reason, until: stamp(until) })?;
        }
        if let Some(at) = pair.vanished {
            log.say(&pair.asset, at, &ResourceGone { aspect: Aspect::Live })?;
        }
    }
    Ok(log)
}
