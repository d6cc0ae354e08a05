//! The course of an escalation as facts: it keeps its policy, tells people as they want it, and says who is missing.

use crate::{at, reading};
use jiff::Timestamp;
use mainstay_model::facts::{EscalationAdvanced, EscalationBegun, EscalationEvent, EscalationSaid, EscalationState};
use mainstay_model::{Severity, Subject};
use mainstay_oncall::Roster;
use mainstay_oncall::course::{Around, Happening, advance, answering, first_stand};
use std::collections::BTreeMap;

const SHOP: &str = "version: oncall/v1
people:
  - {id: ada, email: ada@lumen.example}
  - {id: ben, zone: Europe/Berlin, contact: [{channel: push, to: ben-phone}, {channel: mail, to: ben@lumen.example, after: 5m}], quiet: [{from: \"22:00\", to: \"07:00\"}]}
  - {id: mute}
schedules:
  - {id: shop, zone: UTC, answers: [{team: shop}], layers: [{every: week, start: 2026-11-02T09:00, people: [ada]}]}
policies:
  - {id: shop, answers: [{team: shop, severity: critical}], steps: [{notify: [schedule: shop], wait: 5m}, {notify: [person: ben, person: mute], wait: 5m}]}
";

fn roster(text: &str) -> Roster {
    reading(text).roster
}

fn begun(severity: Severity) -> EscalationBegun {
    let labels = |severity: &str| {
        BTreeMap::from([("team".to_owned(), "shop".to_owned()), ("severity".to_owned(), severity.to_owned())])
    };
    let policies = answering(&roster(SHOP), &labels("critical"));
    assert_eq!(policies.len(), 1);
    // What no policy answers for pages the schedules that do.
    let others = answering(&roster(SHOP), &labels("low"));
    assert_eq!(others.iter().map(|policy| policy.id.as_str()).collect::<Vec<_>>(), ["schedule/shop"]);
    EscalationBegun {
        alert: Subject::of("alert", "1"),
        title: "it fails".to_owned(),
        severity: Some(severity),
        service: None,
        team: None,
        link: None,
        policy: policies[0].clone(),
        digest: String::new(),
    }
}

/// The decisions that time makes, until the escalation has been through its steps.
fn through(begun: &EscalationBegun, roster: &Roster, from: Timestamp) -> Vec<EscalationAdvanced> {
    let around = Around { roster, mute: &[], mail: Some("mail") };
    let (mut stands, mut out) = (first_stand(from), Vec::<EscalationAdvanced>::new());
    while let Some(due) = stands.due.filter(|_| stands.state == EscalationState::Running && out.len() < 5) {
        let happening = Happening { event: EscalationEvent::Due, by: None, because: None, at: due };
        let next = advance(("e1", begun), (out.len().try_into().unwrap(), &stands), &happening, around).unwrap();
        stands = next.stands.clone();
        out.push(next);
    }
    out
}

/// Whom a decision tells, and each channel with its address and its time.
type Told = (String, Vec<(String, Option<String>, String)>);

fn told(all: &[EscalationAdvanced]) -> Vec<Told> {
    let said = all.iter().flat_map(|one| &one.said);
    said.filter_map(|said| match said {
        EscalationSaid::Notify { person, ways, .. } => {
            let way =
                |way: &mainstay_model::facts::EscalationWay| (way.channel.clone(), way.to.clone(), way.at.to_string());
            Some((person.clone(), ways.iter().map(way).collect()))
        }
        _ => None,
    })
    .collect()
}

#[test]
fn people_are_told_as_they_want_it_and_what_can_wait_waits_for_the_end_of_quiet_hours() {
    let way = |channel: &str, to: &str, at: &str| (channel.to_owned(), Some(to.to_owned()), at.to_owned());
    // 23:00 in Berlin; its quiet hours end at 06:00 UTC.
    let from = at("2026-11-04T22:00:00Z");
    let urgent = told(&through(&begun(Severity::Critical), &roster(SHOP), from));
    let ada = ("ada".to_owned(), vec![way("mail", "ada@lumen.example", "2026-11-04T22:00:00Z")]);
    let ben = |first: &str, second: &str| {
        ("ben".to_owned(), vec![way("push", "ben-phone", first), way("mail", "ben@lumen.example", second)])
    };
    let mute = ("mute".to_owned(), Vec::new());
    assert_eq!(urgent, [ada.clone(), ben("2026-11-04T22:05:00Z", "2026-11-04T22:10:00Z"), mute.clone()]);
    let patient = told(&through(&begun(Severity::Low), &roster(SHOP), from));
    assert_eq!(patient, [ada, ben("2026-11-05T06:00:00Z", "2026-11-05T06:00:00Z"), mute]);
}

#[test]
fn an_escalation_keeps_its_policy_and_says_who_has_left_since() {
    // The policy is gone from the files, the schedule as well, and of the people only one is left.
    let later = roster("version: oncall/v1\npeople: [{id: ben, email: ben@lumen.example}]\n");
    let all = through(&begun(Severity::Critical), &later, at("2026-11-04T12:00:00Z"));
    let said: Vec<&EscalationSaid> = all.iter().flat_map(|one| &one.said).collect();
    let expected = [
        EscalationSaid::NoSchedule { step: 1, schedule: "shop".to_owned() },
        EscalationSaid::Skipped { step: 1, round: 1 },
        EscalationSaid::Gone { step: 2, person: "mute".to_owned() },
    ];
    assert_eq!(said.iter().take(3).copied().cloned().collect::<Vec<_>>(), expected);
    assert_eq!(told(&all).iter().map(|(who, _)| who.as_str()).collect::<Vec<_>>(), ["ben"]);
    assert!(matches!(said.last(), Some(EscalationSaid::Exhausted)), "{said:?}");
}

#[test]
fn who_acknowledges_need_not_be_in_any_file_and_nothing_follows_what_is_over() {
    let (roster, begun) = (roster(SHOP), begun(Severity::Critical));
    let mute = [(at("2026-11-04T11:00:00Z"), at("2026-11-04T13:00:00Z"))];
    let around = Around { roster: &roster, mute: &mute, mail: None };
    let happening = |event, by: Option<&str>, time: &str| Happening {
        event,
        by: by.map(str::to_owned),
        because: None,
        at: at(time),
    };
    let first = first_stand(at("2026-11-04T12:00:00Z"));
    let muted =
        advance(("e1", &begun), (0, &first), &happening(EscalationEvent::Due, None, "2026-11-04T12:00:00Z"), around);
    let muted = muted.unwrap();
    assert_eq!(muted.said, [EscalationSaid::Muted { until: mute[0].1 }]);
    let seen = happening(EscalationEvent::Acknowledged, Some("zoë"), "2026-11-04T12:01:00Z");
    let seen = advance(("e1", &begun), (1, &muted.stands), &seen, around).unwrap();
    assert_eq!(
        (seen.number, seen.stands.state, seen.stands.by.as_deref()),
        (2, EscalationState::Acknowledged, Some("zoë"))
    );
    let over = advance(
        ("e1", &begun),
        (2, &seen.stands),
        &happening(EscalationEvent::Resolved, None, "2026-11-04T12:02:00Z"),
        around,
    )
    .unwrap();
    assert_eq!(over.stands.state, EscalationState::Resolved);
    for event in
        [EscalationEvent::Due, EscalationEvent::Acknowledged, EscalationEvent::Forced, EscalationEvent::Resolved]
    {
        let again = happening(event, Some("ada"), "2026-11-04T12:03:00Z");
        assert_eq!(advance(("e1", &begun), (3, &over.stands), &again, around), None, "{event:?}");
    }
}
