//! What a comment asks for: `checkov:skip=ID:reason`, `bridgecrew:skip=`, `tfsec:ignore:ID`, `trivy:ignore:ID:exp:DAY`,
//! `#nosec ID -- reason`.

use super::{Scope, Suppression, Waiver};
use mainstay_iac::Comment;
use mainstay_model::Place;

/// The suppressions that a comment holds; `place` names where it stands.
pub(crate) fn read(comment: &Comment, place: &Place, out: &mut Vec<Suppression>) {
    for (nth, line) in (0u32..).zip(comment.text.lines()) {
        let reader = Reader { comment, place: Place { line: place.line + nth, ..place.clone() } };
        for (word, around) in [("checkov:skip=", true), ("bridgecrew:skip=", true)] {
            for rest in after(line, word) {
                reader.checkov(word.trim_end_matches('='), rest, around, out);
            }
        }
        for word in ["tfsec:ignore:", "trivy:ignore:"] {
            for rest in after(line, word) {
                reader.trivy(word.trim_end_matches(':'), rest, out);
            }
        }
        if let Some(rest) = after(line, "nosec").next().filter(|_| begins_with_nosec(line)) {
            reader.nosec(rest, out);
        }
    }
}

/// What follows each place of a word, up to the end of the line.
fn after<'t>(line: &'t str, word: &'t str) -> impl Iterator<Item = &'t str> {
    line.match_indices(word).map(move |(at, _)| &line[at + word.len()..])
}

/// The word must open the comment: prose that mentions it is no suppression.
fn begins_with_nosec(line: &str) -> bool {
    let text = line.trim_start_matches(['#', '/', '*', ' ', '\t']);
    text.strip_prefix("nosec").is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

struct Reader<'c> {
    comment: &'c Comment,
    place: Place,
}

impl Reader<'_> {
    fn suppression(&self, id: &str, by: &str, reason: &str, scope: Scope) -> Suppression {
        let waiver = Waiver {
            reason: reason.trim().trim_end_matches("*/").trim_end().to_owned(),
            by: by.to_owned(),
            place: self.place.clone(),
            approver: None,
            until: None,
        };
        Suppression { id: id.to_owned(), scope, waiver, workspace: None, attributes: Vec::new() }
    }

    /// What begins on the line that the comment speaks of.
    fn begins(&self) -> Scope {
        // Without code after it the comment speaks of its own line, on which nothing begins.
        Scope::Begins(self.comment.at.file, self.comment.about.unwrap_or(self.comment.at.line))
    }

    /// `ID[,ID...][:reason]`, of the resource around.
    fn checkov(&self, by: &str, rest: &str, around: bool, out: &mut Vec<Suppression>) {
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !is_id(c) && c != ',' && c != ' ').unwrap_or(rest.len());
        let (ids, reason) = rest.split_at(end);
        // A blank ends the ids unless a comma goes on.
        let ids: Vec<&str> = ids.split(',').map(|id| id.split_whitespace().next().unwrap_or_default()).collect();
        let reason = reason.strip_prefix(':').unwrap_or_default();
        let scope = if around { self.around() } else { self.begins() };
        out.extend(
            ids.into_iter().filter(|id| !id.is_empty()).map(|id| self.suppression(id, by, reason, scope.clone())),
        );
    }

    fn around(&self) -> Scope {
        Scope::Around(self.comment.at.file, self.comment.at.line)
    }

    /// `ID[name=value][:exp:DAY][:ws:NAME]`, of what begins on the line.
    fn trivy(&self, by: &str, rest: &str, out: &mut Vec<Suppression>) {
        let end = rest.find(|c: char| !is_id(c) && c != '*').unwrap_or(rest.len());
        let (id, mut rest) = rest.split_at(end);
        if id.is_empty() {
            return;
        }
        let mut made = self.suppression(id, by, "", self.begins());
        if let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            rest = behind;
            let pairs = inside.split(',').filter_map(|pair| pair.split_once('='));
            made.attributes = pairs
                .map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
                .collect();
        }
        loop {
            let trimmed = rest.trim_start_matches([':', ' ']);
            let word = |name: &str| trimmed.strip_prefix(name).map(|rest| rest.split_at(end_of_word(rest)));
            if let Some((day, behind)) = word("exp:") {
                made.waiver.until = Some(day.to_owned());
                rest = behind;
            } else if let Some((workspace, behind)) = word("ws:") {
                made.workspace = Some(workspace.to_owned());
                rest = behind;
            } else {
                // Another suppression may follow on the line; it is no reason.
                let reason = trimmed.split(['#']).next().unwrap_or_default();
                let other = ["tfsec:ignore", "trivy:ignore"].iter().any(|word| reason.contains(word));
                if !other {
                    reason.trim().trim_end_matches("*/").trim().clone_into(&mut made.waiver.reason);
                }
                out.push(made);
                return;
            }
        }
    }

    /// `[ID ...] [-- reason]`; without an id it speaks of every control.
    fn nosec(&self, rest: &str, out: &mut Vec<Suppression>) {
        let (ids, reason) = match rest.split_once("--") {
            Some((ids, reason)) => (ids, reason),
            None => (rest, ""),
        };
        let ids = ids.trim_start_matches(':').split([' ', ',']).map(str::trim);
        let ids: Vec<&str> = ids.filter(|id| id.contains(|c: char| c.is_ascii_digit() || c == '.')).collect();
        let reason = if ids.is_empty() && reason.is_empty() { rest.trim_start_matches(':') } else { reason };
        let ids = if ids.is_empty() { vec!["*"] } else { ids };
        out.extend(ids.into_iter().map(|id| self.suppression(id, "nosec", reason, self.begins())));
    }
}

fn is_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn end_of_word(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || c == ':').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_iac::At;

    /// Id, reason, last day, workspace, and whether it speaks of the resource around.
    type Said = (String, String, Option<String>, Option<String>, bool);

    fn said(text: &str) -> Vec<Said> {
        let at = At { file: 0, line: 4, column: 3 };
        let mut out = Vec::new();
        read(&Comment { at, text: text.into(), about: Some(5) }, &Place::at("main.tf", 4, 3), &mut out);
        let one = |s: Suppression| (s.id, s.waiver.reason, s.waiver.until, s.workspace, s.scope == Scope::Around(0, 4));
        out.into_iter().map(one).collect()
    }

    fn of(id: &str, reason: &str, until: Option<&str>, around: bool) -> Said {
        (id.to_owned(), reason.to_owned(), until.map(str::to_owned), None, around)
    }

    #[test]
    fn checkov_names_ids_and_a_reason() {
        assert_eq!(said("# checkov:skip=CKV_AWS_20:a public site"), [of("CKV_AWS_20", "a public site", None, true)]);
        assert_eq!(said("#checkov:skip= CKV_AWS_20 for now"), [of("CKV_AWS_20", "", None, true)]);
        let two = [of("CKV_AWS_1", "why: so", None, true), of("CKV_AWS_2", "why: so", None, true)];
        assert_eq!(said("// bridgecrew:skip=CKV_AWS_1,CKV_AWS_2:why: so"), two);
        assert_eq!(said("# checkov:skip is not used here"), []);
    }

    #[test]
    fn tfsec_and_trivy_name_days_workspaces_and_values() {
        assert_eq!(said("#tfsec:ignore:aws-s3-*"), [of("aws-s3-*", "", None, false)]);
        let dated = said("#trivy:ignore:AVD-AWS-0089:exp:2027-01-31 site");
        assert_eq!(dated, [of("AVD-AWS-0089", "site", Some("2027-01-31"), false)]);
        let several = said("# tfsec:ignore:AWS002 tfsec:ignore:AWS017");
        assert_eq!(several, [of("AWS002", "", None, false), of("AWS017", "", None, false)]);
        let bound = said("#trivy:ignore:aws-s3-x[acl=\"private\"]:ws:dev");
        assert_eq!(bound[0].3.as_deref(), Some("dev"));
    }

    #[test]
    fn nosec_opens_its_comment() {
        assert_eq!(said("#nosec"), [of("*", "", None, false)]);
        assert_eq!(said("# nosec G101 CKV_AWS_1 -- a test key")[1], of("CKV_AWS_1", "a test key", None, false));
        assert_eq!(said("# this is why nosec is bad"), []);
    }
}
