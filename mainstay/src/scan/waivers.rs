//! Waivers in a file: who accepted what, why, and until when.
//!
//! ```toml
//! [[waiver]]
//! control = "aws.s3-bucket-public-acl"    # or its id in another tool; * stands for anything
//! resource = "module.site.*"              # * stands for anything
//! reason = "the site is public"
//! approver = "ada"
//! expires = "2027-01-31"
//! ```

use super::gather::{shown, unreadable};
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::{FILE_BYTES_MAX, Outside};
use mainstay_policy::suppress::{Scope, Suppression, Waiver};
use serde::Deserialize;
use std::path::PathBuf;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Entry>,
}

/// Every field but the last two is needed: a waiver that nobody signed or that never ends is none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    control: Spanned<String>,
    resource: String,
    reason: String,
    approver: String,
    expires: String,
    #[serde(default)]
    root: Option<String>,
    #[serde(default)]
    file: Option<String>,
}

/// The waivers of all files; what is wrong with one of them is said, and it does not count.
pub fn read_all(outside: &Outside, paths: &[PathBuf], diagnostics: &mut Vec<Diagnostic>) -> Vec<Suppression> {
    let mut out = Vec::new();
    for path in paths {
        let text = match outside.read(path, FILE_BYTES_MAX).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                diagnostics.push(unreadable(path, "the file is not UTF-8"));
                continue;
            }
            Err(error) => {
                diagnostics.push(unreadable(path, &error.to_string()));
                continue;
            }
        };
        read(&text, &shown(path), &mut out, diagnostics);
    }
    out
}

fn read(text: &str, path: &str, out: &mut Vec<Suppression>, diagnostics: &mut Vec<Diagnostic>) {
    let help = "each [[waiver]] has control, resource, reason, approver and expires; see docs/scan.md";
    let place = |offset: usize| {
        let (line, column) = mainstay_model::line_column(text, offset);
        Place::at(path, line, column)
    };
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let place = error.span().map_or_else(|| Place::file(path), |span| place(span.start));
            let summary = error.message().replace('\n', " ");
            return diagnostics.push(Diagnostic::error("waiver.malformed", summary, place, help));
        }
    };
    for entry in file.waiver {
        let place = place(entry.control.span().start);
        let said = [("reason", &entry.reason), ("approver", &entry.approver), ("resource", &entry.resource)];
        if let Some((name, _)) = said.iter().find(|(_, value)| value.trim().is_empty()) {
            let summary = format!("the waiver has no {name}, so it does not count");
            diagnostics.push(Diagnostic::error("waiver.incomplete", summary, place, help));
            continue;
        }
        out.push(Suppression {
            id: entry.control.into_inner(),
            scope: Scope::Named { resource: entry.resource, root: entry.root, files: entry.file.into_iter().collect() },
            waiver: Waiver {
                reason: entry.reason,
                by: "waiver".to_owned(),
                place,
                approver: Some(entry.approver),
                until: Some(entry.expires),
            },
            workspace: None,
            attributes: Vec::new(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_without_approver_or_end_does_not_count_and_its_place_is_named() {
        let whole = "control = \"a.b\"\nresource = \"*\"\nreason = \"so\"\napprover = \"ada\"\n";
        let mut cases = Vec::new();
        for text in [
            format!("[[waiver]]\n{whole}expires = \"2027-01-31\"\n"),
            format!("[[waiver]]\n{whole}"),
            format!("[[waiver]]\n{whole}expires = \"2027-01-31\"\n").replace("ada", " "),
        ] {
            let (mut out, mut wrong) = (Vec::new(), Vec::new());
            read(&text, "w.toml", &mut out, &mut wrong);
            cases.push((out.len(), wrong.into_iter().map(|d| (d.code, d.place.line)).collect::<Vec<_>>()));
        }
        let wrong = |code: &str, line| (0, vec![(code.to_owned(), line)]);
        assert_eq!(cases, [(1, Vec::new()), wrong("waiver.malformed", 1), wrong("waiver.incomplete", 2)]);
    }
}
