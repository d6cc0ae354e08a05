//! The catalogue to facts: one a CVE and date, so that a date that CISA moves is a fact of its own.

use crate::json::{self, NodeExt};
use crate::{At, Document, ReadContext, Reading};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use mainstay_iac::Node;
use mainstay_model::facts::VulnerabilityExploited;
use mainstay_model::{Diagnostic, Subject};

/// Reads the catalogue's JSON.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let source = ctx.source_or("cisa-kev");
    for part in &document.parts {
        let Some((node, _)) = json::parse(part, &["vulnerabilities[]"], &mut reading) else { continue };
        let at = |node: &Node| At { now: ctx.now, path: &part.path, line: node.at.line, column: node.at.column };
        let Some(list) = node.field("vulnerabilities") else {
            let help = "fetch known_exploited_vulnerabilities.json from cisa.gov";
            let why = "this is not the catalogue: there is no list `vulnerabilities`";
            reading.note(Diagnostic::error("kev.malformed", why, at(&node).place(), help));
            continue;
        };
        for entry in list.items() {
            let Some((exploited, added)) = one(entry) else {
                let why = "an entry needs `cveID`, and `dateAdded` and `dueDate` as year-month-day";
                reading.note(Diagnostic::error("kev.malformed", why, at(entry).place(), "mend or drop the entry"));
                continue;
            };
            let id = format!("{}/{}", exploited.vulnerability, exploited.due);
            let subject = Subject::of("cve", &exploited.vulnerability);
            reading.say(&exploited, &source, &id, subject, added, &at(entry));
        }
    }
    reading
}

fn one(entry: &Node) -> Option<(VulnerabilityExploited, Timestamp)> {
    let cve = entry.text("cveID").filter(|id| id.starts_with("CVE-"))?;
    let (added, due): (Date, Date) = (entry.text("dateAdded")?.parse().ok()?, entry.text("dueDate")?.parse().ok()?);
    let start = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let due = start(due.checked_add(1.day()).ok()?)?;
    Some((VulnerabilityExploited { vulnerability: cve.to_owned(), due }, start(added)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_due_until_the_end_of_its_day() {
        let text = r#"{"catalogVersion":"1","vulnerabilities":[
            {"cveID":"CVE-2026-1","dateAdded":"2026-02-01","dueDate":"2026-02-28"},
            {"cveID":"CVE-2026-2","dateAdded":"soon","dueDate":"2026-02-28"}]}"#;
        let reading = read(&Document::of("kev.json", text), &ReadContext::at("2026-03-01T00:00:00Z".parse().unwrap()));
        assert_eq!(reading.facts.len(), 1);
        assert_eq!(reading.facts[0].data["due"], "2026-03-01T00:00:00Z");
        assert_eq!(reading.facts[0].time.to_string(), "2026-02-01T00:00:00Z");
        assert_eq!(reading.diagnostics[0].place.line, 3);
    }

    #[test]
    fn the_real_catalogue_is_read_whole() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/vulns/kev.json");
        let Ok(bytes) = mainstay_outside::files::read(std::path::Path::new(path), 1 << 26) else {
            println!("SKIPPED: {path} is not there");
            return;
        };
        let raw: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let reading = read(&Document::of(path, bytes), &ReadContext::at("2026-03-01T00:00:00Z".parse().unwrap()));
        assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
        assert_eq!(reading.facts.len() as u64, raw["count"].as_u64().unwrap());
    }
}
