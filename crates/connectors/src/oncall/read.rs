//! Files to what they declare. All files are one batch, as people may stand in another file than the schedules that name them.

use crate::text::decode;
use crate::{At, Document, Family, Part, ReadContext, Reading, Snapshot};
use mainstay_iac::SourceFile;
use mainstay_model::facts::OncallDeclared;
use mainstay_model::{Level, Subject};
use std::collections::BTreeSet;

/// Reads all files of on-call schedules as one batch.
///
/// A file with an error declares nothing, and what it said before stays: half a schedule would page nobody where the old one
/// paged somebody.
#[must_use]
pub fn read(document: &Document, ctx: &ReadContext) -> Reading {
    let mut reading = Reading::default();
    let is_ours = |part: &&Part| [".yaml", ".yml"].iter().any(|ending| part.path.ends_with(ending));
    let parts: Vec<&Part> = document.parts.iter().filter(is_ours).collect();
    let mut files = Vec::new();
    for part in &parts {
        if let Some(text) = decode(&part.bytes, &part.path, &mut reading) {
            files.push(SourceFile { path: part.path.clone(), bytes: text.into_owned().into_bytes() });
        }
    }
    // Of two files that say the same the first counts, whichever comes first in the folder's listing.
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let found = mainstay_oncall::read(&files);
    let damaged: BTreeSet<&str> =
        found.diagnostics.iter().filter(|d| d.level == Level::Error).map(|d| d.place.file.as_str()).collect();
    let mut snapshot = Snapshot::new(ctx.source_or("oncall"), Family::Oncall, ctx.now);
    snapshot.complete = files.len() == parts.len() && damaged.is_empty();
    for file in files.iter().filter(|file| !damaged.contains(file.path.as_str())) {
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        let declared = OncallDeclared { path: file.path.clone(), text };
        let at = At { now: ctx.now, path: &file.path, line: 0, column: 0 };
        snapshot.add(Subject::of("oncall", &file.path), &declared, &mut reading, &at);
    }
    found.diagnostics.iter().for_each(|diagnostic| reading.note(diagnostic.clone()));
    reading.snapshots.push(snapshot);
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(second: &str) -> Reading {
        let part = |path: &str, text: &str| Part::new(path, text);
        let parts = vec![
            part("oncall/people.yaml", "version: oncall/v1\npeople: [{id: ada}]\n"),
            part("oncall/shop.yaml", second),
            part("oncall/readme.txt", "not ours"),
        ];
        let document = Document::folder("oncall", parts);
        read(&document, &ReadContext::at("2026-11-05T00:00:00Z".parse().unwrap()))
    }

    const SHOP: &str = "version: oncall/v1\nschedules:\n  - {id: shop, zone: UTC, layers: [{every: week, \
                        start: 2026-11-02T09:00, people: [ada]}]}\n";

    #[test]
    fn every_file_is_declared_with_its_text() {
        let reading = reading(SHOP);
        assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
        let snapshot = &reading.snapshots[0];
        let subjects: Vec<&str> = snapshot.items.iter().map(|item| item.subject.as_str()).collect();
        assert_eq!(subjects, ["oncall:oncall/people.yaml", "oncall:oncall/shop.yaml"]);
        assert_eq!((snapshot.complete, snapshot.items[1].data["text"].as_str()), (true, Some(SHOP)));
    }

    #[test]
    fn a_file_with_an_error_declares_nothing_and_takes_nothing_back() {
        let reading = reading(&SHOP.replace("zone: UTC", "zone: Mars/Olympus"));
        let snapshot = &reading.snapshots[0];
        assert_eq!((snapshot.complete, snapshot.items.len()), (false, 1));
        assert_eq!(reading.diagnostics[0].place.to_string(), "oncall/shop.yaml:3:22");
    }
}
