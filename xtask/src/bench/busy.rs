//! A year of a busy team's history, made up by a plain rule: changes, incidents, alert episodes, backups, vulnerabilities
//! and an estate, in such proportions that every KPI that is computed has something to say.

use crate::generate::history::time::stamp;
use crate::shell::Outcome;
use std::io::Write;
use std::path::Path;

/// The length of the history.
const YEAR_S: u64 = 31_536_000;
/// Facts of every thirty entities that follow each other (see [`statements`]).
const FACTS_OF_THIRTY: u64 = 97;
/// Of so many facts two are about one resource of the estate.
const FACTS_A_RESOURCE: u64 = 500;
/// Services, each with a database that is backed up.
const SERVICES: u64 = 40;

/// A year that ends at an instant.
pub struct Year {
    /// One behind the last second, since 1970.
    pub end_s: u64,
}

impl Year {
    /// Writes so many facts: promises and the estate at the beginning, then entities that spread evenly over the year.
    pub fn write(&self, path: &Path, facts: u64) -> Outcome<()> {
        let failed = |e: std::io::Error| format!("write {}: {e}", path.display());
        let mut out = std::io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
        let begin_s = self.end_s - YEAR_S;
        let mut written = 0;
        for line in standing(facts / FACTS_A_RESOURCE, begin_s) {
            writeln!(out, "{line}").map_err(failed)?;
            written += 1;
        }
        let entities = (facts - written) * 30 / FACTS_OF_THIRTY;
        for entity in 0.. {
            let start_s = begin_s + (YEAR_S * entity / entities).min(YEAR_S - 1);
            for (offset_s, kind, data) in statements(entity, start_s) {
                let second = (start_s + offset_s).min(self.end_s - 1);
                writeln!(out, "{}", event(&subject(entity, kind), entity, kind, second, &data)).map_err(failed)?;
                written += 1;
                if written == facts {
                    return out.flush().map_err(failed);
                }
            }
        }
        Ok(())
    }

    /// A fact that arrives while the server runs: in turn of a change, an incident, a backup and an alert, at the end of the
    /// history.
    pub fn new_fact(&self, number: u64) -> String {
        let entity = 1_000_000_000 + number * 10 + [0, 2, 3, 5][usize::try_from(number % 4).unwrap_or(0)];
        let start_s = self.end_s - 3600 + number;
        let (offset_s, kind, data) = match statements(entity, start_s) {
            // Of a change that it was made: what was only proposed counts nowhere.
            mut statements if number.is_multiple_of(4) => statements.swap_remove(2),
            mut statements => statements.swap_remove(0),
        };
        event(&subject(entity, kind), entity, kind, start_s + offset_s, &data)
    }
}

fn event(subject: &str, entity: u64, kind: &str, second: u64, data: &str) -> String {
    let time = time_of(second);
    format!(
        r#"{{"specversion":"1.0","id":"{entity}/{kind}","source":"/bench","type":"mainstay.{kind}.v1","subject":"{subject}","time":"{time}","data":{data}}}"#
    )
}

fn subject(entity: u64, kind: &str) -> String {
    match kind.split('.').next().unwrap_or_default() {
        "vulnerability" => format!("vulnerability:CVE-2026-{entity}@host:h{}", entity % 500),
        noun => format!("{noun}:{entity}"),
    }
}

fn time_of(second: u64) -> String {
    stamp(i64::try_from(second).unwrap_or(i64::MAX)).to_string()
}

/// What stands from the beginning: a promise for each service's backup, and resources that are observed and judged.
fn standing(resources: u64, begin_s: u64) -> impl Iterator<Item = String> {
    let promise = move |service: u64| {
        let data = format!(
            r#"{{"id":"db{service}","subject":"service:s{service}","kind":"backup-schedule","schedule":"0 2 * * *","zone":"UTC","window_min":1440,"job":"restic:db{service}"}}"#
        );
        event(&format!("promise:db{service}"), service, "promise.made", begin_s, &data)
    };
    let resource = move |number: u64| {
        let subject = format!("aws:ec2:instance/i-{number:017x}");
        let managed = if number.is_multiple_of(5) { "" } else { r#","managed_by":"prod.tfstate""# };
        let observed = format!(
            r#"{{"aspect":"live","type":"aws_instance","name":"web-{number}","service":"service:s{}","environment":"production"{managed}}}"#,
            number % SERVICES
        );
        let judged = format!(
            r#"{{"aspect":"live","verdicts":{{"guard.disk-encrypted":"pass","guard.metadata-v2":"{}","guard.no-public-address":"pass"}},"key":["guard.disk-encrypted","guard.metadata-v2"],"observed":"{}"}}"#,
            if number.is_multiple_of(7) { "fail" } else { "pass" },
            time_of(begin_s)
        );
        [("resource.observed", observed), ("resource.judged", judged)]
            .map(|(kind, data)| event(&subject, number, kind, begin_s, &data))
    };
    (0..SERVICES).map(promise).chain((0..resources).flat_map(resource))
}

/// The facts of one entity: seconds after its start, type, data. Of ten entities two are changes, one an incident, one a
/// backup, one a vulnerability and five alert episodes.
fn statements(entity: u64, start_s: u64) -> Vec<(u64, &'static str, String)> {
    let (service, team) = (entity / 10 % SERVICES, entity / 10 % 7);
    let named = format!(r#""service":"service:s{service}","team":"team:t{team}""#);
    match entity % 10 {
        0 | 1 => vec![
            (0, "change.proposed", r#"{"title":"raise a limit"}"#.to_owned()),
            (600, "change.started", format!(r#"{{"environment":"production","service":"service:s{service}"}}"#)),
            (
                900,
                "change.completed",
                format!(r#"{{"environment":"production","kind":"infrastructure","outcome":"succeeded",{named}}}"#),
            ),
        ],
        2 => incident(entity, start_s, (service, team)),
        3 => vec![(
            0,
            "backup.finished",
            format!(r#"{{"job":"restic:db{service}","started":"{}","outcome":"complete"}}"#, time_of(start_s - 600)),
        )],
        4 => vec![
            (
                0,
                "vulnerability.found",
                format!(
                    r#"{{"vulnerability":"CVE-2026-{entity}","asset":"host:h{}","severity":"{}","packages":["openssl 3.0.2"],"title":"reads too far"}}"#,
                    entity % 500,
                    ["critical", "high", "medium", "low"][usize::try_from(entity / 10 % 4).unwrap_or(0)]
                ),
            ),
            (86_400 * (1 + entity / 10 % 40), "vulnerability.fixed", r#"{"verified":true}"#.to_owned()),
        ],
        _ => vec![
            (
                0,
                "alert.fired",
                format!(
                    r#"{{"rule":"HighLatency{}","fingerprint":"{entity:016x}","labels":{{"instance":"i-{service}"}},{named}}}"#,
                    entity % 90
                ),
            ),
            (1, "alert.notified", r#"{"receiver":"pager"}"#.to_owned()),
            (30, "alert.acted-on", r#"{"evidence":"useful"}"#.to_owned()),
            (300 + entity % 900, "alert.resolved", "{}".to_owned()),
        ],
    }
}

/// Of three incidents one has a problem that a person confirmed, which may be that of earlier ones.
fn incident(entity: u64, start_s: u64, (service, team): (u64, u64)) -> Vec<(u64, &'static str, String)> {
    let mut out = vec![
        (
            0,
            "incident.opened",
            format!(
                r#"{{"title":"slow answers","severity":2,"services":["service:s{service}"],"team":"team:t{team}"}}"#
            ),
        ),
        (
            60,
            "incident.onset-established",
            format!(r#"{{"onset":"{}","evidence":"metric"}}"#, time_of(start_s - 60 - entity % 600)),
        ),
        (1800 + entity % 3600, "incident.restored", "{}".to_owned()),
    ];
    if (entity / 10).is_multiple_of(3) {
        let data = format!(r#"{{"problem":"problem:p{}","by":"ann"}}"#, entity / 30 % 900);
        out.push((7200, "incident.problem-confirmed", data));
    }
    out
}
