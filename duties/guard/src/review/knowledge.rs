//! What the catalog knows of types: which hold data, and what makes an outage.

use super::steps::{Action, Loss, Outage};
use super::values::{at, plain};
use mainstay_iac::{Map, plan::Change};
use std::sync::LazyLock;

const DATA: &str = include_str!("../../../../catalog/guard/plan/data.md");
const OUTAGES: &str = include_str!("../../../../catalog/guard/plan/outages.md");

/// The rows of the tables.
static DATA_ROWS: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| rows(DATA));
static OUTAGE_ROWS: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| rows(OUTAGES));

/// The cells of a page's table, without heading and line.
fn rows(page: &'static str) -> Vec<Vec<&'static str>> {
    let lines = page.lines().filter(|line| line.starts_with('|')).skip(2);
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// Whether a type is the one that a pattern names; `*` stands for any text, once or more.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What data goes when the object goes, and whether something keeps it. What keeps it must be set already: a destroy step
/// runs with the settings of before.
pub(super) fn loss(change: &Change) -> Option<Loss> {
    let mut of_type = DATA_ROWS.iter().filter(|row| matches(row[0], &change.resource.resource_type)).peekable();
    let what = of_type.peek()?[1].to_owned();
    let keeper = of_type.find(|row| kept(row[2], &change.before));
    Some(Loss { what, kept: keeper.map(|row| row[3].to_owned()) })
}

/// `attribute = value`; `*` for any value that is set. A boolean that is absent is false, as providers have it.
fn kept(condition: &str, before: &Map) -> bool {
    let Some((path, wanted)) = condition.split_once('=') else { return false };
    let (path, wanted) = (path.trim(), wanted.trim());
    match at(before, path).and_then(plain) {
        Some(value) => value == wanted || (wanted == "*" && !value.is_empty()),
        None => wanted == "false",
    }
}

/// What people notice of a step.
pub(super) fn outage(change: &Change, action: Action, changed: &[String]) -> Option<Outage> {
    let fits = |when: &str| match (when, action) {
        ("gone", Action::Replace | Action::Destroy) => true,
        ("replace", Action::Replace) | ("destroy", Action::Destroy) => true,
        (_, Action::Update) => when.strip_prefix("update ").is_some_and(|attribute| {
            changed.iter().any(|path| path == attribute || path.starts_with(&format!("{attribute}.")))
        }),
        _ => false,
    };
    let row = OUTAGE_ROWS.iter().find(|row| matches(row[0], &change.resource.resource_type) && fits(row[1]))?;
    let shortened = action == Action::Replace && change.create_before_destroy;
    Some(Outage { what: row[2].to_owned(), shortened })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_whole_rows() {
        assert!(DATA_ROWS.len() > 50 && OUTAGE_ROWS.len() > 80);
        for row in DATA_ROWS.iter() {
            assert_eq!(row.len(), 4, "{row:?}");
            assert!(row[2].is_empty() == row[3].is_empty() && !row[1].is_empty(), "{row:?}");
        }
        for row in OUTAGE_ROWS.iter() {
            let known = matches!(row[1], "gone" | "replace" | "destroy") || row[1].starts_with("update ");
            assert!(row.len() == 3 && known, "{row:?}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("aws_vpc", "aws_vpc", true),
            ("aws_vpc", "aws_vpc_endpoint", false),
            ("aws_lb_listener*", "aws_lb_listener_rule", true),
            ("azurerm_dns_*_record", "azurerm_dns_a_record", true),
            ("azurerm_dns_*_record", "azurerm_dns_zone", false),
            ("google_compute_*forwarding_rule", "google_compute_global_forwarding_rule", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
