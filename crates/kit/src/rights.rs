//! Decision rights: which actions run by themselves, which need a peer, a lead or a manager. A file, with defaults that
//! suit a careful team.

use crate::Principal;
use crate::access::word;
use mainstay_model::facts::Role;
use mainstay_model::{Diagnostic, Place, PrincipalId, Timestamp, line_column};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Who must say yes before an action happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Needs {
    /// Nobody: it runs by itself.
    Auto,
    /// Any other engineer.
    Peer,
    /// Somebody with the role approver.
    Lead,
    /// Somebody with the role administrator.
    Manager,
}

/// The right to one action.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Right {
    /// Who must say yes.
    pub needs: Needs,
    /// Hours for which a request and its approval are worth anything.
    #[serde(default = "default_hours")]
    pub expires_h: u32,
}

const fn default_hours() -> u32 {
    72
}

/// The rights of all actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights(BTreeMap<String, Right>);

/// What stands where no file says otherwise.
const DEFAULTS: &str = r#"
[finding.waive]
needs = "lead"

[vulnerability.accept]
needs = "lead"

[change.apply]
needs = "peer"
expires_h = 24

[fact.redact]
needs = "manager"

[notification.send]
needs = "auto"

[backup.restore-test]
needs = "auto"
"#;

impl Default for Rights {
    fn default() -> Self {
        let (rights, _) = Self::read(DEFAULTS, "the built-in rights");
        rights
    }
}

impl Rights {
    /// Reads a file of `[noun.action]` tables. What it does not name keeps its default; what is wrong is reported and
    /// falls back to the strictest need, because a typing error must not open a door.
    #[must_use]
    pub fn read(text: &str, file: &str) -> (Self, Vec<Diagnostic>) {
        let builtin = text == DEFAULTS;
        let mut rights = if builtin { Self(BTreeMap::new()) } else { Self::default() };
        let mut diagnostics = Vec::new();
        let table: BTreeMap<String, BTreeMap<String, toml::Value>> = match toml::from_str(text) {
            Ok(table) => table,
            Err(error) => {
                let (line, column) = error.span().map_or((0, 0), |span| line_column(text, span.start));
                let place = Place::at(file, line, column);
                let help = "write [finding.waive] and below it needs = \"lead\"";
                diagnostics.push(Diagnostic::error("rights.syntax", error.message().to_owned(), place, help));
                return (rights, diagnostics);
            }
        };
        for (noun, actions) in table {
            for (action, value) in actions {
                let name = format!("{noun}.{action}");
                if !builtin && !rights.0.contains_key(&name) {
                    let known: Vec<&str> = rights.0.keys().map(String::as_str).collect();
                    let summary = format!("there is no action {name}");
                    let help = format!("actions are {}", known.join(", "));
                    diagnostics.push(Diagnostic::error("rights.unknown", summary, Place::file(file), help));
                    continue;
                }
                let right = value.try_into::<Right>().unwrap_or_else(|error| {
                    let summary = format!("the right to {name} is malformed: {}", error.message());
                    let help = "needs is auto, peer, lead or manager; until this is mended a manager must approve";
                    diagnostics.push(Diagnostic::error("rights.value", summary, Place::file(file), help));
                    Right { needs: Needs::Manager, expires_h: default_hours() }
                });
                rights.0.insert(name, right);
            }
        }
        (rights, diagnostics)
    }

    /// The right to an action; one that no file names needs a manager.
    #[must_use]
    pub fn of(&self, action: &str) -> Right {
        self.0.get(action).cloned().unwrap_or(Right { needs: Needs::Manager, expires_h: default_hours() })
    }

    /// Every action with its right, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Right)> {
        self.0.iter().map(|(name, right)| (name.as_str(), right))
    }
}

/// Whether a principal may answer a request: never the requester, never late, only for exactly what was asked, and only
/// in a role that reaches.
///
/// # Errors
/// The reason, as a sentence for people.
pub fn may_answer(
    right: &Right,
    requested_by: &PrincipalId,
    (asked, now_asked): (&str, &str),
    (expires, now): (Timestamp, Timestamp),
    by: &Principal,
) -> Result<(), String> {
    if by.id == *requested_by {
        return Err(format!("{} asked for this and cannot approve it", by.id));
    }
    if now >= expires {
        return Err(format!("the request expired at {expires}; ask again"));
    }
    if asked != now_asked {
        return Err("what would be done is no longer what was asked for; ask again".to_owned());
    }
    let least = match right.needs {
        Needs::Auto | Needs::Peer => Role::Engineer,
        Needs::Lead => Role::Approver,
        Needs::Manager => Role::Administrator,
    };
    if by.role < least {
        return Err(format!("approving this needs the role {}; {} is {}", word(least), by.id, word(by.role)));
    }
    Ok(())
}

/// The digest that binds an approval to exactly what would be done: SHA-256 of the action and its canonical JSON.
#[must_use]
pub fn digest(action: &str, what: &serde_json::Value) -> String {
    let mut hash = Sha256::new();
    hash.update(action.as_bytes());
    hash.update([0]);
    hash.update(what.to_string().as_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn person(name: &str, role: Role) -> Principal {
        Principal::new(PrincipalId::new(name).unwrap(), role)
    }

    fn answer(by: &Principal, digests: (&str, &str), now: &str) -> Result<(), String> {
        let right = Rights::default().of("finding.waive");
        may_answer(&right, &PrincipalId::new("ada").unwrap(), digests, (at("2026-11-03T00:00:00Z"), at(now)), by)
    }

    #[test]
    fn only_another_lead_in_time_and_for_the_same_thing_may_approve() {
        let now = "2026-11-02T00:00:00Z";
        assert!(answer(&person("grace", Role::Approver), ("d", "d"), now).is_ok());
        assert!(answer(&person("ada", Role::Administrator), ("d", "d"), now).unwrap_err().contains("cannot approve"));
        assert!(
            answer(&person("grace", Role::Engineer), ("d", "d"), now).unwrap_err().contains("needs the role approver")
        );
        assert!(
            answer(&person("grace", Role::Approver), ("d", "e"), now).unwrap_err().contains("no longer what was asked")
        );
        assert!(
            answer(&person("grace", Role::Approver), ("d", "d"), "2026-11-03T00:00:00Z")
                .unwrap_err()
                .contains("expired")
        );
    }

    #[test]
    fn a_file_changes_what_it_names_and_a_mistake_opens_no_door() {
        let (rights, diagnostics) =
            Rights::read("[change.apply]\nneeds = \"lead\"\n[finding.waive]\nneeds = \"nobody\"\n", "rights.toml");
        assert_eq!(rights.of("change.apply").needs, Needs::Lead);
        assert_eq!(rights.of("finding.waive").needs, Needs::Manager);
        assert_eq!(rights.of("anything.else").needs, Needs::Manager);
        assert_eq!(diagnostics.len(), 1);
        let (_, diagnostics) = Rights::read("[finding.waive\n", "rights.toml");
        assert_eq!(diagnostics[0].place.line, 1);
        let (_, diagnostics) = Rights::read("[finding.waiv]\nneeds = \"manager\"\n", "rights.toml");
        assert_eq!(diagnostics[0].code, "rights.unknown");
        assert!(diagnostics[0].help.contains("finding.waive"), "{}", diagnostics[0].help);
    }
}
