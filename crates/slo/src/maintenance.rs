//! Planned work, announced in a file: what is announced before it begins is left out of budgets.
//!
//! ```yaml
//! version: mainstay/maintenance/v1
//! maintenance:
//!   - id: orders-db-upgrade
//!     title: The database of orders goes to version 17
//!     announced: 2026-10-28T09:00:00Z
//!     from: 2026-11-03T22:00:00Z
//!     until: 2026-11-03T23:30:00Z
//!     services: [checkout, orders]
//! ```

use crate::Slo;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_iac::fields::{Document, field};
use mainstay_iac::{Node, Value};
use mainstay_model::facts::MaintenanceAnnounced;
use mainstay_model::{Place, Span, Subject, Window};

/// The format's name.
pub const VERSION: &str = "mainstay/maintenance/v1";

/// Planned work.
#[derive(Debug, Clone, PartialEq)]
pub struct Maintenance {
    /// Names it among all.
    pub id: String,
    /// When it was announced.
    pub announced: Timestamp,
    /// What was announced.
    pub said: MaintenanceAnnounced,
    /// Where it stands in a file, where it does.
    pub place: Option<Place>,
}

impl Maintenance {
    /// Whether it was announced before it began; otherwise it is an outage that somebody found words for.
    #[must_use]
    pub fn is_announced_in_time(&self) -> bool {
        self.announced < self.said.from
    }

    /// The time that it takes out of the budget of a service's objectives, if any.
    #[must_use]
    pub fn out_of(&self, service: &Subject) -> Option<Span> {
        let counts = self.is_announced_in_time() && self.said.from < self.said.until;
        (counts && self.said.services.contains(service)).then_some(Span { from: self.said.from, to: self.said.until })
    }
}

/// The time that maintenance takes out of an objective's budget.
#[must_use]
pub fn out_of(slo: &Slo, all: &[Maintenance]) -> Vec<Span> {
    let service = slo.subject();
    all.iter().filter_map(|one| one.out_of(&service)).collect()
}

pub(crate) fn read(document: &mut Document<'_>, node: &Node) -> Vec<Maintenance> {
    document.only(node, &["version", "maintenance"]);
    let list = document.list(node, "maintenance");
    if list.is_empty() {
        document.error(node, "there is nothing in `maintenance`", "list what is planned");
    }
    list.iter().filter_map(|item| one(document, item)).collect()
}

fn one(document: &mut Document<'_>, node: &Node) -> Option<Maintenance> {
    let before = document.errors();
    document.only(node, &["id", "title", "announced", "from", "until", "services"]);
    let id = document.required(node, "id");
    let title = document.text(node, "title").unwrap_or_default();
    let [announced, from, until] = ["announced", "from", "until"].map(|key| time(document, node, key));
    let services = services(document, node, "services");
    if services.is_empty() {
        document.error(node, "it disrupts no service", "list the `services` whose budgets are to leave it out");
    }
    let (announced, from, until) = (announced?, from?, until?);
    if from >= until {
        document.error(node, format!("it ends at {until}, which is not behind its begin"), "let `until` be later");
    }
    if document.errors() > before {
        return None;
    }
    let said = MaintenanceAnnounced { title, from, until, services, by: None };
    let one = Maintenance { id, announced, said, place: Some(document.place(node)) };
    if !one.is_announced_in_time() {
        let what = format!("{} was announced at {announced}, after it had begun, and is left out of no budget", one.id);
        document.warn(node, what, "announce what is planned before it begins");
    }
    Some(one)
}

fn time(document: &mut Document<'_>, node: &Node, key: &str) -> Option<Timestamp> {
    let text = document.required(node, key);
    if text.trim().is_empty() {
        return None;
    }
    let read = Window::instant(text.trim(), &TimeZone::UTC);
    if let Err(error) = &read {
        document.error(field(node, key).unwrap_or(node), error.to_string(), "write it as in 2026-11-03T22:00:00Z");
    }
    read.ok()
}

/// Services by name, or as subjects.
pub(crate) fn services(document: &mut Document<'_>, node: &Node, key: &str) -> Vec<Subject> {
    let mut services = Vec::new();
    for item in document.list(node, key) {
        match &item.value {
            Value::String(text) if !text.trim().is_empty() => {
                let name = text.trim();
                services.push(Subject::of("service", name.strip_prefix("service:").unwrap_or(name)));
            }
            _ => document.error(item, "a service is named by a text", "write it as in [checkout, orders]"),
        }
    }
    services
}
