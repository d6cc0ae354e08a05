//! The course of an incident: which step may follow which, what is due, and the summary of it all. Pure.

use crate::tables::{Incident, Progress};
use jiff::{SignedDuration, Timestamp};
use mainstay_model::facts::{IncidentClass, IncidentNoteKind, IncidentRole, IncidentStage};

/// How long after an update the next one is due, by severity.
#[must_use]
pub const fn cadence(severity: u8) -> Option<SignedDuration> {
    match severity {
        1 => Some(SignedDuration::from_mins(30)),
        2 => Some(SignedDuration::from_hours(1)),
        3 => Some(SignedDuration::from_hours(4)),
        _ => None,
    }
}

/// What a severity means for a service of a tier; `1` is the most important.
#[must_use]
pub fn definition(severity: u8, tier: Option<&str>) -> &'static str {
    match (severity, tier) {
        (1, Some("1") | None) => "users cannot do what the service is for, or data is lost; all hands until it is back",
        (1, Some(_)) => "the service is down, and a more important one with it",
        (2, Some("1") | None) => "many users are hit, or a main function is down; worked on at once, day and night",
        (2, Some(_)) => "the service is down; worked on at once, day and night",
        (3, _) => "some users are hit, or there is a way around; worked on in working hours",
        _ => "hardly anybody is hit; worked on as other work is",
    }
}

/// What somebody wants an incident to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The work has come so far.
    Stage(IncidentStage),
    /// Service is back.
    Restored,
    /// It came back.
    Reopened,
    /// The record is closed.
    Closed,
}

/// Whether an incident may be moved so; if not, why, and what may be done. Facts from elsewhere are taken in any order: this holds for
/// what people do here.
///
/// # Errors
/// The reason, as a sentence for people.
pub fn may(incident: &Incident, to: Move) -> Result<(), String> {
    let now = incident.progress();
    if incident.class == IncidentClass::Duplicate {
        return Err("it was merged into another incident; work on that one".to_owned());
    }
    let no = |why: &str| Err(format!("it is {}; {why}", now.as_str()));
    match (to, now) {
        (Move::Reopened, Progress::Restored | Progress::Reviewed | Progress::Closed) => Ok(()),
        (Move::Reopened, _) => no("what is not restored cannot come back"),
        (_, Progress::Closed) => no("reopen it first"),
        (Move::Restored, Progress::Restored | Progress::Reviewed) => no("service is back already"),
        (Move::Closed, Progress::Restored | Progress::Reviewed) | (Move::Restored, _) => Ok(()),
        (Move::Closed, _) if incident.class != IncidentClass::Real => Ok(()),
        (Move::Closed, _) => no("say first that service is restored, or that it was no disruption"),
        (Move::Stage(IncidentStage::Reviewed), Progress::Restored) => Ok(()),
        (Move::Stage(IncidentStage::Reviewed), Progress::Reviewed) => no("it needs no second review"),
        (Move::Stage(IncidentStage::Reviewed), _) => no("it is reviewed once service is restored"),
        (Move::Stage(_), Progress::Restored | Progress::Reviewed) => no("reopen it where it came back"),
        (Move::Stage(stage), now) if Progress::of(stage) == now => no("nothing changes"),
        // Who finds that the cause is another goes back to looking for it.
        (Move::Stage(_), _) => Ok(()),
    }
}

/// When the next update is due; nothing where nobody waits for one.
#[must_use]
pub fn update_due(incident: &Incident) -> Option<Timestamp> {
    if incident.class != IncidentClass::Real || incident.restored().is_some() || incident.closed.is_some() {
        return None;
    }
    let told = incident.notes.iter().filter(|(_, note)| note.kind == Some(IncidentNoteKind::Update));
    let last = told.map(|(at, _)| *at).max().unwrap_or(incident.opened).max(incident.opened);
    last.checked_add(cadence(incident.severity)?).ok()
}

/// A line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// What kind: detected, update, decision, alert, change ...
    pub kind: String,
    /// What happened.
    pub what: String,
    /// Who, or what it is about.
    pub who: Option<String>,
}

impl Line {
    /// A line.
    #[must_use]
    pub fn new(at: Timestamp, kind: &str, what: impl Into<String>, who: Option<String>) -> Self {
        Self { at, kind: kind.to_owned(), what: what.into(), who }
    }
}

/// What the incident's own facts say, by time.
#[must_use]
pub fn own_lines(incident: &Incident) -> Vec<Line> {
    let mut out = Vec::new();
    let mut add =
        |at: Timestamp, kind: &str, what: String, who: Option<String>| out.push(Line::new(at, kind, what, who));
    if let Some(onset) = incident.onset {
        add(onset, "onset", "impact began".to_owned(), None);
    }
    for (at, impact) in incident.impacts.iter().enumerate() {
        let (kind, what) = if at == 0 { ("detected", "detected") } else { ("reopened", "came back") };
        add(impact.from, kind, what.to_owned(), None);
        if let Some(to) = impact.to {
            add(to, "restored", "service restored".to_owned(), None);
        }
    }
    add(incident.opened, "opened", "record made".to_owned(), None);
    for (at, progressed) in &incident.stages {
        let who = progressed.by.as_ref().map(ToString::to_string);
        let word = Progress::of(progressed.stage).as_str();
        add(*at, word, word.to_owned(), who);
    }
    for (at, given) in &incident.roles {
        let what = if given.leaves { "is no longer" } else { "is" };
        let line = format!("{} {what} {}", given.person, role_word(given.role));
        add(*at, "role", line, given.by.as_ref().map(ToString::to_string));
    }
    for (at, changed) in &incident.severities {
        let why = if changed.reason.is_empty() { String::new() } else { format!(": {}", changed.reason) };
        let line = format!("severity {}{why}", changed.severity);
        add(*at, "severity", line, changed.by.as_ref().map(ToString::to_string));
    }
    for (at, note) in &incident.notes {
        let kind = note.kind.map_or("note", note_word);
        add(*at, kind, note.text.clone(), note.by.as_ref().map(ToString::to_string));
    }
    if let Some(closed) = incident.closed {
        add(closed, "closed", "record closed".to_owned(), None);
    }
    out.sort_by_key(|line| line.at);
    out
}

/// The word of a role.
#[must_use]
pub const fn role_word(role: IncidentRole) -> &'static str {
    match role {
        IncidentRole::Commander => "commander",
        IncidentRole::Deputy => "deputy",
        IncidentRole::Scribe => "scribe",
        IncidentRole::Liaison => "liaison",
        IncidentRole::Expert => "expert",
    }
}

/// The word of a kind of note.
#[must_use]
pub const fn note_word(kind: IncidentNoteKind) -> &'static str {
    match kind {
        IncidentNoteKind::Note => "note",
        IncidentNoteKind::Update => "update",
        IncidentNoteKind::Decision => "decision",
        IncidentNoteKind::Command => "command",
        IncidentNoteKind::Handoff => "handoff",
    }
}

/// The incident in a few sentences, from its facts alone: the same facts give the same text.
#[must_use]
pub fn summary(id: &str, incident: &Incident, lines: &[Line], now: Timestamp) -> String {
    let record = &incident.record;
    let services: Vec<&str> = record.services.iter().map(mainstay_model::Subject::name).collect();
    let hit = if services.is_empty() { String::new() } else { format!(" It hits {}.", services.join(", ")) };
    let mut out = vec![format!(
        "{id} is a SEV{} incident: {}. It is {}.{hit}",
        incident.severity,
        record.title.trim_end_matches('.'),
        incident.progress().as_str()
    )];
    if let Some(of) = &incident.of {
        let how = if incident.class == IncidentClass::Duplicate { "was merged into" } else { "is part of" };
        out.push(format!("It {how} {of}."));
    }
    let detected = incident.detected;
    out.push(match incident.onset {
        Some(onset) if onset <= detected => {
            format!("Impact began at {onset} and was detected {} later.", span(onset, detected))
        }
        _ => format!("It was detected at {detected}; nobody has established when impact began."),
    });
    out.push(match (incident.restored(), incident.impacted_seconds()) {
        (Some(at), Some(seconds)) => {
            let length = SignedDuration::from_secs(seconds as i64);
            format!("Service was back at {at}, after {} without it.", words(length))
        }
        (Some(at), None) => {
            format!("Service was back at {at}, which is before it was detected: one of the two is wrong.")
        }
        (None, _) => format!("Service has not been back for {}.", span(detected, now)),
    });
    let held: Vec<String> =
        incident.roles_held().iter().map(|(role, person)| format!("{person} ({})", role_word(*role))).collect();
    out.push(if held.is_empty() { "Nobody has a role.".to_owned() } else { format!("At work: {}.", held.join(", ")) });
    for (kind, name) in [("alert", "alerts"), ("change", "changes")] {
        let count = lines.iter().filter(|line| line.kind == kind).count();
        if count > 0 {
            out.push(format!("Around it: {count} {name}."));
        }
    }
    if let Some((at, note)) = incident.notes.iter().rfind(|(_, note)| note.kind == Some(IncidentNoteKind::Update)) {
        out.push(format!("Last update, {at}: {}", note.text));
    }
    if let Some(due) = update_due(incident) {
        let late = if due < now { " and is overdue" } else { "" };
        out.push(
            format!("The next update was due at {due}{late}.")
                .replace("was due", if due < now { "was due" } else { "is due" }),
        );
    }
    out.join("\n")
}

fn span(from: Timestamp, to: Timestamp) -> String {
    words(to.duration_since(from))
}

/// A length of time in the two largest units that it has.
fn words(length: SignedDuration) -> String {
    let minutes = length.as_mins().max(0);
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_kit::{fold_all, history};

    fn incident(behind: &str) -> Incident {
        let opened = r#"2026-10-05T10:00:00Z incident.opened incident:1 {"title":"Checkout is down.","severity":1,"services":["service:checkout"]}"#;
        fold_all::<Incident>(&history(&format!("{opened}\n{behind}")).unwrap()).remove(0).entity
    }

    const RESTORED: &str = "2026-10-05T10:20:00Z incident.restored incident:1";

    #[test]
    fn what_is_not_restored_is_neither_reviewed_nor_closed_nor_comes_back() {
        let reviewed = Move::Stage(IncidentStage::Reviewed);
        let identified = Move::Stage(IncidentStage::Identified);
        let open = incident("");
        assert!(may(&open, identified).is_ok() && may(&open, Move::Restored).is_ok());
        for to in [reviewed, Move::Closed, Move::Reopened] {
            assert!(may(&open, to).unwrap_err().starts_with("it is detected; "), "{to:?}");
        }
        let restored = incident(RESTORED);
        assert!([reviewed, Move::Closed, Move::Reopened].into_iter().all(|to| may(&restored, to).is_ok()));
        assert!([identified, Move::Restored].into_iter().all(|to| may(&restored, to).is_err()));
        let closed = incident(&format!("{RESTORED}\n2026-10-05T10:30:00Z incident.closed incident:1"));
        assert!(may(&closed, identified).unwrap_err().contains("reopen it first"));
        assert!(may(&closed, Move::Reopened).is_ok());
        let alarm = r#"2026-10-05T10:05:00Z incident.classified incident:1 {"class":"false-alarm"}"#;
        assert!(may(&incident(alarm), Move::Closed).is_ok(), "a false alarm has nothing to restore");
        let merged = r#"2026-10-05T10:05:00Z incident.classified incident:1 {"class":"duplicate","of":"incident:2"}"#;
        assert!(may(&incident(merged), Move::Restored).unwrap_err().contains("merged"));
    }

    #[test]
    fn the_next_update_is_due_by_the_severity_and_by_nobody_once_service_is_back() {
        let due = |behind: &str| update_due(&incident(behind)).map(|at| at.to_string());
        assert_eq!(due("").as_deref(), Some("2026-10-05T10:30:00Z"));
        let note = r#"2026-10-05T10:10:00Z incident.noted incident:1 {"text":"x"}"#;
        assert_eq!(due(note).as_deref(), Some("2026-10-05T10:30:00Z"), "a note tells nobody");
        let update = r#"2026-10-05T10:10:00Z incident.noted incident:1 {"text":"x","kind":"update"}"#;
        assert_eq!(due(update).as_deref(), Some("2026-10-05T10:40:00Z"));
        let milder = format!("{update}\n2026-10-05T10:11:00Z incident.severity-changed incident:1 {{\"severity\":2}}");
        assert_eq!(due(&milder).as_deref(), Some("2026-10-05T11:10:00Z"));
        assert_eq!(due(RESTORED), None);
    }

    #[test]
    fn a_summary_says_what_the_facts_say_and_nothing_that_they_do_not() {
        let behind = format!(
            "{RESTORED}\n{}\n{}",
            r#"2026-10-05T10:01:00Z incident.onset-established incident:1 {"onset":"2026-10-05T09:45:00Z","evidence":"metric"}"#,
            r#"2026-10-05T10:02:00Z incident.role-given incident:1 {"role":"commander","person":"ada"}"#
        );
        let incident = incident(&behind);
        let lines = own_lines(&incident);
        let text = summary("INC-1", &incident, &lines, "2026-10-05T12:00:00Z".parse().unwrap());
        let expected = "INC-1 is a SEV1 incident: Checkout is down. It is restored. It hits checkout.\n\
                        Impact began at 2026-10-05T09:45:00Z and was detected 15 min later.\n\
                        Service was back at 2026-10-05T10:20:00Z, after 20 min without it.\n\
                        At work: ada (commander).";
        assert_eq!(text, expected);
    }
}
