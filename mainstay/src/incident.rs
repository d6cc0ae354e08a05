//! `mainstay incident`: each command names an operation and its input.

use crate::arguments::Incident;
use crate::commands::narrowed;
use serde_json::{Value, json};

/// The operation and its input.
pub fn request(ask: Incident) -> (&'static str, Value) {
    match ask {
        Incident::List(narrow) => ("incident.list", narrowed(narrow)),
        Incident::Show { id } => ("incident.show", json!({ "id": id })),
        Incident::Timeline { id } => ("incident.timeline", json!({ "id": id })),
        Incident::Summary { id } => ("incident.summary", json!({ "id": id })),
        Incident::Declare { title, severity, services, team, alert, detected } => {
            let input = json!({
                "title": title, "severity": severity, "services": services, "team": team, "alert": alert, "detected": detected,
            });
            ("incident.declare", input)
        }
        Incident::Update { id, state, severity, role, person, merge_into, child_of, onset, alert, text, kind, at } => {
            let input = json!({
                "id": id, "state": state, "severity": severity, "role": role, "person": person, "merge_into": merge_into,
                "child_of": child_of, "onset": onset, "alert": alert, "text": text, "kind": kind, "at": at,
            });
            ("incident.update", input)
        }
    }
}
