//! KPI 2 (mean time to detect), KPI 3 (mean time to restore) and KPI 4 (incident recurrence).

use crate::tables::{Incident, RECURRENCE_DAYS};
use jiff::{SignedDuration, Timestamp};
use mainstay_kit::{Contribution, Folded, Query, Standing};
use mainstay_model::facts::IncidentClass;
use std::collections::HashMap;

/// KPI 2: seconds from the start of the impact to its detection, by time of detection.
///
/// Only an established onset counts: neither the making of the record nor an alert's `startsAt`, which comes late by the
/// rule's `for:`, stands in for it.
#[must_use]
pub fn mttd(incidents: &[Folded<Incident>], query: &Query) -> Vec<Contribution> {
    let in_window = incidents.iter().filter(|incident| query.window.contains(incident.entity.detected));
    in_window
        .map(|incident| {
            let entity = &incident.entity;
            let left_out = |why| Contribution::excluded(&incident.key, entity.detected, why, incident.facts.clone());
            let contribution = match (not_real(entity), entity.onset) {
                (Some(why), _) => left_out(why),
                (None, None) => left_out("onset unknown"),
                (None, Some(onset)) if onset > entity.detected => left_out("onset after detection"),
                (None, Some(onset)) => {
                    let seconds = entity.detected.duration_since(onset).as_secs_f64();
                    Contribution::counted(&incident.key, entity.detected, seconds, 1.0, incident.facts.clone())
                }
            };
            sliced(contribution, entity)
        })
        .collect()
}

/// KPI 3: seconds without service from detection to restoration, by time of the last restoration.
///
/// An incident that is not restored has no duration yet. It is left out of the value and shown in every window that does
/// not end before its detection, with its age so far as the numerator: a value censored on the right, not a zero.
#[must_use]
pub fn mttr(incidents: &[Folded<Incident>], query: &Query) -> Vec<Contribution> {
    incidents.iter().filter_map(|incident| to_restore(incident, query)).collect()
}

fn to_restore(incident: &Folded<Incident>, query: &Query) -> Option<Contribution> {
    let entity = &incident.entity;
    let counted =
        |at: Timestamp, seconds: f64| Contribution::counted(&incident.key, at, seconds, 1.0, incident.facts.clone());
    let contribution = match (entity.restored(), entity.impacted_seconds()) {
        (Some(at), _) if !query.window.contains(at) => return None,
        (Some(at), Some(seconds)) => counted(at, seconds),
        (Some(at), None) => {
            Contribution { standing: Standing::Excluded("restored before detected"), ..counted(at, 0.0) }
        }
        (None, _) if entity.detected >= query.window.to => return None,
        (None, _) => {
            let age = query.as_of.duration_since(entity.detected).as_secs_f64().max(0.0);
            let why = if entity.closed.is_some() { "closed without restoration" } else { "open" };
            Contribution { standing: Standing::Excluded(why), ..counted(entity.detected, age) }
        }
    };
    let contribution = match not_real(entity) {
        Some(why) => Contribution { standing: Standing::Excluded(why), ..contribution },
        None => contribution,
    };
    Some(sliced(contribution, entity))
}

/// KPI 4: the share of the incidents opened in the window whose confirmed problem is that of another one restored at
/// most [`RECURRENCE_DAYS`] before.
#[must_use]
pub fn incident_recurrence(incidents: &[Folded<Incident>], query: &Query) -> Vec<Contribution> {
    incident_recurrence_within(incidents, query, RECURRENCE_DAYS)
}

/// The same for another number of days, of which 30 and 60 are usual; more than [`RECURRENCE_DAYS`] sees no further.
///
/// It looks back from each incident and never forward, so that a young window is as complete as an old one. A service
/// that fails twice has no recurrence unless a person confirmed the same problem both times.
#[must_use]
pub fn incident_recurrence_within(incidents: &[Folded<Incident>], query: &Query, days: i64) -> Vec<Contribution> {
    let mut restored: HashMap<&str, Vec<(Timestamp, &str)>> = HashMap::new();
    for incident in incidents.iter().filter(|incident| not_real(&incident.entity).is_none()) {
        if let (Some(problem), Some(at)) = (&incident.entity.problem, incident.entity.restored()) {
            restored.entry(problem.as_str()).or_default().push((at, &incident.key));
        }
    }
    restored.values_mut().for_each(|list| list.sort_unstable());
    let recurs = |incident: &Folded<Incident>, problem: &str| {
        let opened = incident.entity.opened;
        let list = restored.get(problem).map_or(&[][..], Vec::as_slice);
        let until = list.partition_point(|(at, _)| *at <= opened);
        // At most one of them is the incident itself, so the second look decides.
        let near = |at: Timestamp| opened.duration_since(at) <= SignedDuration::from_hours(24 * days);
        list[..until].iter().rev().take(2).any(|(at, key)| *key != incident.key && near(*at))
    };
    let in_window = incidents.iter().filter(|incident| query.window.contains(incident.entity.opened));
    in_window
        .map(|incident| {
            let entity = &incident.entity;
            let counted = |n: f64| Contribution::counted(&incident.key, entity.opened, n, 1.0, incident.facts.clone());
            let contribution = match (not_real(entity), &entity.problem) {
                (Some(why), _) => Contribution { standing: Standing::Excluded(why), ..counted(0.0) },
                (None, None) => Contribution { standing: Standing::Unknown("problem not confirmed"), ..counted(0.0) },
                (None, Some(problem)) => counted(f64::from(u8::from(recurs(incident, problem.as_str())))),
            };
            sliced(contribution, entity)
        })
        .collect()
}

/// Why a record is no disruption of its own.
fn not_real(incident: &Incident) -> Option<&'static str> {
    match incident.class {
        IncidentClass::Real => None,
        IncidentClass::Duplicate => Some("duplicate"),
        IncidentClass::Child => Some("child"),
        IncidentClass::FalseAlarm => Some("false alarm"),
        IncidentClass::Planned => Some("planned"),
    }
}

fn sliced(mut contribution: Contribution, incident: &Incident) -> Contribution {
    contribution.service = incident.record.services.first().map(ToString::to_string);
    contribution.team = incident.record.team.as_ref().map(ToString::to_string);
    contribution.tier.clone_from(&incident.record.tier);
    contribution.slice = Some(("severity", incident.severity.to_string()));
    contribution
}

#[cfg(test)]
mod tests;
