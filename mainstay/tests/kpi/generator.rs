//! Small random histories with what makes KPIs go wrong: late facts, repeats, contradictions, any order.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// One history and the question asked of it.
pub struct Case {
    /// Start of the window.
    pub from: Timestamp,
    /// End of the window.
    pub to: Timestamp,
    /// When the question is asked.
    pub as_of: Timestamp,
    /// CloudEvents in the order of their arrival, some of them twice.
    pub events: Vec<Value>,
}

impl Case {
    /// The history of a number; always the same for the same number.
    pub fn generate(number: u64) -> Self {
        let mut rng = Rng(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0005_eed0_f4a1);
        // A month with a change of the clocks, one without, or a week of either.
        let starts = ["2026-10-01T00:00:00Z", "2026-02-28T23:00:00Z", "2026-06-01T00:00:00Z", "2026-10-21T00:00:00Z"];
        let from: Timestamp = rng.pick(&starts).parse().unwrap();
        let to = from + SignedDuration::from_hours(24 * rng.range(5, 32));
        let as_of = match rng.range(0, 4) {
            0 => from + SignedDuration::from_hours(rng.range(0, 24 * 32)),
            1 => to + SignedDuration::from_hours(rng.range(0, 24 * 10)),
            _ => to + SignedDuration::from_hours(24 * rng.range(20, 60)),
        };
        let mut history = History { rng, from, to, events: Vec::new() };
        history.changes();
        history.incidents();
        history.alerts();
        history.resources();
        history.vulnerabilities();
        history.backups();
        let History { mut rng, mut events, .. } = history;
        for _ in 0..events.len() / 8 {
            let again = events[rng.index(events.len())].clone();
            events.push(again);
        }
        for index in (1..events.len()).rev() {
            events.swap(index, rng.index(index + 1));
        }
        Self { from, to, as_of, events }
    }

    /// The case as the other program reads it.
    pub fn to_json(&self) -> Value {
        json!({
            "from": self.from.to_string(), "to": self.to.to_string(), "as_of": self.as_of.to_string(),
            "events": self.events.len(), "facts": self.events,
        })
    }
}

struct History {
    rng: Rng,
    from: Timestamp,
    to: Timestamp,
    events: Vec<Value>,
}

impl History {
    fn add(&mut self, kind: &str, subject: &str, time: Timestamp, data: Value) {
        let late = if self.rng.chance(8) { self.rng.range(0, 60 * 24 * 45) } else { self.rng.range(0, 600) };
        self.events.push(json!({
            "specversion": "1.0", "id": self.events.len().to_string(), "source": self.rng.pick(&["/a", "/b"]),
            "type": format!("mainstay.{kind}.v1"), "subject": subject, "time": time.to_string(), "data": data,
            "recorded": (time + SignedDuration::from_mins(late)).to_string(),
        }));
    }

    /// A time in or around the window; often on a full day, so that edges and equal instants come up.
    fn time(&mut self) -> Timestamp {
        let days = self.to.duration_since(self.from).as_hours() / 24;
        let day = self.from + SignedDuration::from_hours(24 * self.rng.range(-12, days + 8));
        if self.rng.chance(20) { day } else { day + SignedDuration::from_mins(self.rng.range(0, 24 * 60)) }
    }

    fn soon(&mut self, after: Timestamp, hours: i64) -> Timestamp {
        let minutes = self.rng.range(0, hours * 60 + 1);
        after + SignedDuration::from_mins(if self.rng.chance(25) { minutes / 60 * 60 } else { minutes })
    }

    fn changes(&mut self) {
        for id in 0..self.rng.range(0, 9) {
            let subject = format!("change:{id}");
            let time = self.time();
            if self.rng.chance(40) {
                self.add("change.proposed", &subject, time - SignedDuration::from_hours(30), json!({"title": "t"}));
            }
            let environment = *self.rng.pick(&["production", "production", "production", "staging"]);
            if self.rng.chance(40) {
                let before = time - SignedDuration::from_hours(1);
                self.add("change.started", &subject, before, json!({"environment": environment}));
            }
            if self.rng.chance(15) {
                let at = self.soon(time, 48);
                self.add("change.cancelled", &subject, at, json!({"reason": "r"}));
            }
            let mut completions = i64::from(self.rng.chance(85)) + i64::from(self.rng.chance(10));
            while completions > 0 {
                let mut data = json!({
                    "environment": environment,
                    "kind": self.rng.pick(&["infrastructure", "infrastructure", "infrastructure", "application"]),
                    "outcome": self.rng.pick(&["succeeded", "succeeded", "failed"]),
                });
                if self.rng.chance(25) {
                    data["remedies"] = json!(format!("change:{}", self.rng.range(0, 7)));
                }
                let at = self.soon(time, 24);
                self.add("change.completed", &subject, at, data);
                completions -= 1;
            }
            self.links(&subject, time);
        }
    }

    fn links(&mut self, subject: &str, time: Timestamp) {
        for _ in 0..self.rng.range(0, 4) {
            let incident = format!("incident:{}", self.rng.range(0, 3));
            let change = format!("change:{}", self.rng.range(0, 7));
            let data = json!({
                "failure": if self.rng.chance(60) { incident } else { change },
                "kind": self.rng.pick(&["incident", "rollback", "emergency-fix"]),
                "confidence": self.rng.pick(&["suspected", "confirmed", "confirmed", "rejected"]),
            });
            let at = self.soon(time, 24 * 12);
            self.add("change.failure-linked", subject, at, data);
        }
    }

    fn incidents(&mut self) {
        for id in 0..self.rng.range(0, 6) {
            let subject = format!("incident:{id}");
            let time = self.time();
            for _ in 0..1 + i64::from(self.rng.chance(10)) {
                let mut data = json!({"title": "t", "severity": 2});
                if self.rng.chance(50) {
                    data["detected"] = json!((time - SignedDuration::from_mins(self.rng.range(0, 300))).to_string());
                }
                let at = self.soon(time, 2);
                self.add("incident.opened", &subject, at, data);
            }
            let mut at = time;
            for kind in ["restored", "reopened", "restored", "reopened", "restored"] {
                at = self.soon(at, 26);
                if self.rng.chance(70) {
                    self.add(&format!("incident.{kind}"), &subject, at, json!({}));
                }
            }
            if self.rng.chance(30) {
                let at = self.soon(time, 80);
                self.add("incident.closed", &subject, at, json!({}));
            }
            for _ in 0..self.rng.range(0, 3) {
                let onset = time - SignedDuration::from_mins(self.rng.range(-20, 400));
                let onset = if self.rng.chance(15) { Value::Null } else { json!(onset.to_string()) };
                let at = self.soon(time, 72);
                self.add("incident.onset-established", &subject, at, json!({"onset": onset}));
            }
            for _ in 0..i64::from(self.rng.chance(35)) + i64::from(self.rng.chance(15)) {
                let class = *self.rng.pick(&["real", "real", "duplicate", "child", "false-alarm", "planned"]);
                let at = self.soon(time, 72);
                self.add("incident.classified", &subject, at, json!({"class": class}));
            }
        }
    }

    fn alerts(&mut self) {
        for id in 0..self.rng.range(0, 7) {
            let subject = format!("alert:{id}");
            let time = self.time();
            for _ in 0..1 + i64::from(self.rng.chance(15)) {
                let (watchdog, test) = (self.rng.chance(6), self.rng.chance(6));
                let data = json!({"rule": "r", "fingerprint": "f", "labels": {}, "watchdog": watchdog, "test": test});
                let at = self.soon(time, 1);
                self.add("alert.fired", &subject, at, data);
            }
            for _ in 0..self.rng.range(0, 4) {
                let at = self.soon(time, 3);
                self.add("alert.notified", &subject, at, json!({"receiver": "pager"}));
            }
            if self.rng.chance(30) {
                let at = self.soon(time - SignedDuration::from_hours(1), 3);
                let until = self.soon(at, 3).to_string();
                self.add("alert.silenced", &subject, at, json!({"until": until}));
            }
            if self.rng.chance(35) {
                let at = self.soon(time, 3);
                self.add("alert.acknowledged", &subject, at, json!({"by": "ann"}));
            }
            for _ in 0..self.rng.range(0, 3) {
                let all = ["incident", "ticket", "change", "runbook", "useful", "useful", "noise", "noise", "noise"];
                let evidence = *self.rng.pick(&all);
                let at = self.soon(time, 24);
                self.add("alert.acted-on", &subject, at, json!({"evidence": evidence}));
            }
            if self.rng.chance(75) {
                let at = self.soon(time, 24);
                self.add("alert.resolved", &subject, at, json!({}));
            }
        }
    }

    fn resources(&mut self) {
        for id in 0..self.rng.range(0, 11) {
            let subject = format!("aws:vm/{id}");
            let mut at = self.from - SignedDuration::from_hours(24 * self.rng.range(1, 10));
            for _ in 0..self.rng.range(1, 9) {
                let aspect = *self.rng.pick(&["live", "live", "live", "declared", "planned"]);
                match self.rng.range(0, 10) {
                    0..=3 => self.observe(&subject, at, aspect),
                    4 => self.add("resource.gone", &subject, at, json!({"aspect": aspect})),
                    5 => self.drift(&subject, at),
                    6 => self.add("resource.reconciled", &subject, at, json!({})),
                    _ => self.judge(&subject, at, aspect),
                }
                at = self.soon(at, 24 * 7);
            }
            let first = self.from - SignedDuration::from_hours(24 * 11);
            if self.rng.chance(70) {
                self.observe(&subject, first, "live");
            }
            self.links(&subject, at - SignedDuration::from_hours(24 * 6));
        }
    }

    fn observe(&mut self, subject: &str, at: Timestamp, aspect: &str) {
        let mut data = json!({"aspect": aspect, "type": "vm", "name": "n"});
        if self.rng.chance(60) {
            data["managed_by"] = json!("prod.tfstate");
        }
        if self.rng.chance(6) {
            data["provider_default"] = json!(true);
        }
        if self.rng.chance(6) {
            data["controlled_by"] = json!("aws:asg/web");
        }
        if aspect == "declared" && self.rng.chance(50) {
            // The same twin each time: which one a resource names is no part of the question.
            let own = subject.rsplit('/').next().and_then(|id| id.parse::<u32>().ok()).unwrap();
            data["same_as"] = json!(format!("aws:vm/{}", own ^ 1));
        }
        self.add("resource.observed", subject, at, data);
    }

    fn drift(&mut self, subject: &str, at: Timestamp) {
        let mut data = json!({"attributes": ["size"], "authorised": self.rng.chance(25)});
        if self.rng.chance(90) {
            data["environment"] = json!(self.rng.pick(&["production", "production", "staging"]));
        }
        self.add("resource.drifted", subject, at, data);
    }

    fn judge(&mut self, subject: &str, at: Timestamp, aspect: &str) {
        let mut verdicts = serde_json::Map::new();
        let mut key = Vec::new();
        for control in ["a", "b", "c"] {
            if self.rng.chance(60) {
                let all = [
                    "pass", "pass", "pass", "pass", "pass", "pass", "pass", "pass", "pass", "fail", "unknown", "waived",
                ];
                verdicts.insert(control.to_owned(), json!(self.rng.pick(&all)));
            }
            if verdicts.contains_key(control) && self.rng.chance(70) || self.rng.chance(4) {
                key.push(control);
            }
        }
        let observed = at - SignedDuration::from_hours(self.rng.range(0, 72));
        let data = json!({"aspect": aspect, "verdicts": verdicts, "key": key, "observed": observed.to_string()});
        self.add("resource.judged", subject, at, data);
    }

    fn vulnerabilities(&mut self) {
        for id in 0..self.rng.range(0, 8) {
            let name = format!("CVE-{}", self.rng.range(0, 5));
            let asset = format!("host:{id}");
            let subject = format!("vulnerability:{name}@{asset}");
            let severity = *self.rng.pick(&["critical", "critical", "high", "high", "medium", "low", "info"]);
            let days = match severity {
                "critical" => 14,
                "high" => 30,
                "medium" => 90,
                _ => 180,
            };
            // Most fall due in or near the window.
            let mut at = self.time() - SignedDuration::from_hours(24 * days);
            for _ in 0..self.rng.range(1, 4) {
                let found = if self.rng.chance(85) { severity } else { "medium" };
                self.add(
                    "vulnerability.found",
                    &subject,
                    at,
                    json!({"vulnerability": name, "asset": asset, "severity": found}),
                );
                at = self.soon(at, 24 * days);
                if self.rng.chance(65) {
                    let verified = self.rng.chance(80);
                    self.add("vulnerability.fixed", &subject, at, json!({"verified": verified}));
                    at = self.soon(at, 24 * 4);
                }
                if self.rng.chance(25) {
                    let until = self.soon(at, 24 * 40).to_string();
                    self.add(
                        "vulnerability.accepted",
                        &subject,
                        at,
                        json!({"by": "ann", "reason": "r", "until": until}),
                    );
                }
            }
        }
        for id in 0..5 {
            if self.rng.chance(20) {
                let (at, due) = (self.time(), self.time().to_string());
                let data = json!({"vulnerability": format!("CVE-{id}"), "due": due});
                self.add("vulnerability.exploited", &format!("cve:CVE-{id}"), at, data);
            }
        }
        for id in 0..self.rng.range(0, 3) {
            let subject = format!("promise:sla-{id}");
            let mut at = self.from - SignedDuration::from_hours(24 * self.rng.range(10, 60));
            for _ in 0..self.rng.range(1, 4) {
                let data = json!({
                    "id": format!("sla-{id}"), "subject": self.rng.pick(&["team:a", "host:1", "host:2", "service:x"]),
                    "kind": "vulnerability-sla", "severity": self.rng.pick(&["critical", "high", "info"]),
                    "days": self.rng.range(1, 40),
                });
                self.add("promise.made", &subject, at, data);
                at = self.soon(at, 24 * 20);
                if self.rng.chance(20) {
                    self.add("promise.withdrawn", &subject, at, json!({}));
                    at = self.soon(at, 24 * 5);
                }
            }
        }
    }

    fn backups(&mut self) {
        for id in 0..self.rng.range(0, 3) {
            let subject = format!("promise:backup-{id}");
            let mut at = self.from - SignedDuration::from_hours(self.rng.range(-48, 24 * 20));
            let hour = self.rng.range(0, 4);
            for _ in 0..1 + i64::from(self.rng.chance(25)) {
                let minute = *self.rng.pick(&[0, 15, 30]);
                let schedule = match self.rng.range(0, 6) {
                    0 => format!("{minute} {hour},{} * * *", hour + 12),
                    1 => format!("{minute} */6 * * *"),
                    2 => format!("{minute} {hour} * * 0,3"),
                    3 => format!("{minute} {hour} 1-20 * 6"),
                    _ => format!("{minute} {hour} * * *"),
                };
                let zones = ["Europe/Berlin", "Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe"];
                let data = json!({
                    "id": format!("backup-{id}"), "subject": "service:orders", "kind": "backup-schedule",
                    "schedule": schedule, "zone": self.rng.pick(&zones), "window_min": self.rng.pick(&[30, 60, 120, 720, 1500]),
                    "job": format!("job-{}", if self.rng.chance(90) { id } else { 9 }),
                });
                self.add("promise.made", &subject, at, data);
                at = self.soon(at, 24 * 30);
            }
            if self.rng.chance(15) {
                self.add("promise.withdrawn", &subject, at, json!({}));
            }
            self.runs(id, hour);
        }
    }

    fn runs(&mut self, id: i64, hour: i64) {
        let days = self.to.duration_since(self.from).as_hours() / 24;
        for day in -21..days + 2 {
            for _ in 0..self.rng.range(0, 4) {
                let near = if self.rng.chance(70) { hour + self.rng.range(-3, 3) } else { self.rng.range(0, 24) };
                let minute = if self.rng.chance(30) { 0 } else { self.rng.range(0, 60) };
                let started = self.from + SignedDuration::from_mins((24 * day + near) * 60 + minute);
                let subject = format!("backup:job-{id}/{}", self.events.len());
                let outcome = *self.rng.pick(&["complete", "complete", "complete", "complete", "partial", "failed"]);
                let data = json!({"job": format!("job-{id}"), "started": started.to_string(), "outcome": outcome});
                let finished = self.soon(started, 1);
                self.add("backup.finished", &subject, finished, data);
                if self.rng.chance(10) {
                    let (at, intact) = (self.soon(finished, 48), self.rng.chance(60));
                    self.add("backup.verified", &subject, at, json!({"intact": intact}));
                }
            }
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): small, seeded, and the same on every machine.
pub struct Rng(pub u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` up to but not including `high`.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low).ok().filter(|width| *width > 0).unwrap();
        low + i64::try_from(self.next() % width).unwrap()
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.next() % len as u64).unwrap()
    }

    /// Whether something of this likelihood comes to pass.
    pub fn chance(&mut self, per_cent: i64) -> bool {
        self.range(0, 100) < per_cent
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.index(all.len())]
    }
}
