//! Words on the lines around a secret that say that it may stand there: `gitleaks:allow`, `pragma: allowlist secret`,
//! `checkov:skip=ID:reason`, `trivy:ignore:ID`, `#nosec`. Files of any format may hold them, so lines are read and no comments.

use super::Lines;
use crate::Control;
use crate::suppress::{self, Scope, Suppression, Waiver};
use mainstay_iac::{At, Comment};
use mainstay_model::Place;

/// Words that allow what stands on their own line, whatever it is.
const HERE: [&str; 4] = ["gitleaks:allow", "pragma: allowlist secret", "pragma: whitelist secret", "trufflehog:ignore"];

/// Words that allow what stands on the next line.
const NEXT: [&str; 2] = ["pragma: allowlist nextline secret", "pragma: whitelist nextline secret"];

/// What the lines around a finding say of it. Checkov's words count on the line before, on its own and on the next, as there;
/// those of others on its own line, or on a line of their own above it.
pub(super) fn around(lines: &Lines<'_>, path: &str, first: u32, last: u32, control: &Control) -> Vec<Suppression> {
    let mut out = Vec::new();
    for line in [first.saturating_sub(1), first, last, last.saturating_add(1)] {
        let text = String::from_utf8_lossy(lines.text(line));
        let is_own = line == first || line == last;
        let words: &[&str] = if is_own { &HERE } else { &[] };
        let next: &[&str] = if line + 1 == first { &NEXT } else { &[] };
        for word in words.iter().chain(next) {
            if let Some(at) = text.find(word) {
                let column = text[..at].chars().count();
                out.push(of_word(word, Place::at(path, line, u32::try_from(column + 1).unwrap_or(1)), control));
            }
        }
        if let Some(start) = comment_of(&text) {
            let column = u32::try_from(text[..start].chars().count() + 1).unwrap_or(1);
            let is_alone = text[..start].trim().is_empty();
            let at = At { file: 0, line, column };
            let comment = Comment { at, text: text[start..].trim_end().into(), about: Some(line) };
            let mut read = Vec::new();
            suppress::of_comment(&comment, &Place::at(path, line, column), &mut read);
            let near = |one: &Suppression| match one.waiver.by.as_str() {
                "checkov:skip" | "bridgecrew:skip" => true,
                _ => is_own || (is_alone && line + 1 == first),
            };
            out.extend(read.into_iter().filter(|one| near(one) && names(&one.id, control)));
        }
    }
    out.dedup();
    out
}

/// Where a comment that speaks to scanners begins on a line.
fn comment_of(line: &str) -> Option<usize> {
    let word = ["checkov:skip", "bridgecrew:skip", "tfsec:ignore", "trivy:ignore", "nosec"]
        .iter()
        .find_map(|w| line.find(w))?;
    let signs = ["#", "//", "/*", "<!--", "--", ";"];
    signs.iter().filter_map(|sign| line[..word].rfind(sign)).max()
}

fn names(id: &str, control: &Control) -> bool {
    let id = id.to_ascii_lowercase();
    let own = std::iter::once(&*control.id).chain(control.aliases.iter().map(String::as_str));
    own.into_iter().any(|known| suppress::fits(&id, &known.to_ascii_lowercase()))
}

fn of_word(word: &str, place: Place, control: &Control) -> Suppression {
    let waiver = Waiver { reason: String::new(), by: word.to_owned(), place, approver: None, until: None };
    let scope = Scope::Named { resource: "*".to_owned(), root: None, files: Vec::new() };
    Suppression { id: control.id.to_string(), scope, waiver, workspace: None, attributes: Vec::new() }
}
