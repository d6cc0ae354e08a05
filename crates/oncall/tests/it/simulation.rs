//! Who would have been paged, and how unevenly.

use crate::{at, reading};
use jiff::SignedDuration;
use mainstay_oncall::{Alarm, Answer, Load, Roster, Simulation, simulate, unfairness};

/// Two weeks in turn: Ada lives in Berlin, Dan in Chicago; Cleo has no shift in either week.
const SHOP: &str = "version: oncall/v1
people: [{id: ada, zone: Europe/Berlin}, {id: dan, zone: America/Chicago}, {id: cleo}, {id: gone, until: 2026-01-01}]
schedules:
  - id: shop
    zone: Europe/Berlin
    answers: [{team: shop}, {service: cart, severity: critical}]
    layers: [{every: week, start: 2026-11-02T09:00, people: [ada, dan, cleo, gone]}]
  - id: data
    zone: UTC
    answers: [{team: data}]
    layers: [{every: week, start: 2026-11-02T09:00, until: 2026-11-03T09:00, people: [ada]}]
";

fn alarm(time: &str, labels: &[(&str, &str)]) -> Alarm {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Alarm { id: time.to_owned(), at: at(time), handled: None, labels }
}

fn simulated(alarms: &[Alarm], from: &str, to: &str) -> (Roster, Simulation) {
    let reading = reading(SHOP);
    assert!(!reading.is_damaged());
    let simulation = simulate(&reading.roster, alarms, at(from), at(to));
    (reading.roster, simulation)
}

#[test]
fn alarms_go_to_those_on_duty_in_what_answers_for_them() {
    let shop = [("team", "shop")];
    let alarms = [
        alarm("2026-11-04T12:00Z", &shop),
        alarm("2026-11-03T12:00Z", &[("service", "cart"), ("severity", "critical")]),
        alarm("2026-11-03T13:00Z", &[("service", "cart"), ("severity", "high")]),
        alarm("2026-11-05T12:00Z", &[("team", "data")]),
        alarm("2026-11-10T12:00Z", &shop),
        alarm("2026-11-16T12:00Z", &shop),
    ];
    let (roster, simulation) = simulated(&alarms, "2026-11-02T08:00Z", "2026-11-16T08:00Z");
    let line = |page: &mainstay_oncall::Page| {
        let schedule = match page.answer {
            Some(Answer::Schedule(at)) => roster.schedules[at].id.as_str(),
            _ => "-",
        };
        format!("{} {schedule} {}", alarms[page.alarm].at.strftime("%d"), roster.ids(&page.people).join(","))
    };
    let lines: Vec<String> = simulation.pages.iter().map(line).collect();
    // In order of time; one that nobody answers for, one in a gap; the last is behind the time that is asked for.
    assert_eq!(lines, ["03 shop ada", "03 - ", "04 shop ada", "05 data ", "10 shop dan"]);
}

fn of<'s>(roster: &Roster, simulation: &'s Simulation, id: &str) -> &'s Load {
    simulation.loads.iter().find(|load| roster.person(load.person).id == id).unwrap()
}

#[test]
fn load_is_counted_where_people_live() {
    let shop = [("team", "shop")];
    let alarms = [
        // Wednesday: 09:00 in Berlin is work, 18:00 no longer.
        alarm("2026-11-04T08:00Z", &shop),
        alarm("2026-11-04T17:00Z", &shop),
        // One night: 23:00 and 05:59 in Berlin; 06:00 is morning.
        alarm("2026-11-04T22:00Z", &shop),
        alarm("2026-11-05T04:59Z", &shop),
        alarm("2026-11-05T05:00Z", &shop),
        // Saturday is never work.
        alarm("2026-11-07T11:00Z", &shop),
        // Dan's: 20:00 UTC is 14:00 in Chicago.
        alarm("2026-11-11T20:00Z", &shop),
        alarm("2026-11-12T05:00Z", &shop),
    ];
    let (roster, simulation) = simulated(&alarms, "2026-11-02T08:00Z", "2026-11-16T08:00Z");
    let ada = of(&roster, &simulation, "ada");
    assert_eq!((ada.pages, ada.off_hours, ada.nights), (6, 5, 1));
    // A week of shop, and the day of data lies within it. Work is five days of nine hours: the week begins with work.
    assert_eq!(ada.on_duty, SignedDuration::from_hours(168));
    assert_eq!(ada.on_duty_off_hours, SignedDuration::from_hours(168 - 45));
    let dan = of(&roster, &simulation, "dan");
    assert_eq!((dan.pages, dan.off_hours, dan.nights), (2, 1, 1));
    let cleo = of(&roster, &simulation, "cleo");
    assert_eq!((cleo.pages, cleo.on_duty), (0, SignedDuration::ZERO));
    assert_eq!(simulation.loads.len(), 3, "who left does not count");
}

#[test]
fn unfairness_is_the_share_that_would_have_to_move() {
    assert_eq!(unfairness(&[4.0, 4.0]), Some(0.0));
    assert_eq!(unfairness(&[8.0, 0.0]), Some(0.5));
    // Mean 3: the one with seven has four too many, of nine.
    assert_eq!(unfairness(&[7.0, 1.0, 1.0]), Some(4.0 / 9.0));
    assert_eq!((unfairness(&[]), unfairness(&[3.0]), unfairness(&[0.0, 0.0])), (None, None, None));
}

#[test]
fn a_policy_pages_on_until_somebody_has_it_in_hand() {
    let policy = "policies:
  - id: shop
    answers: [{team: shop}]
    repeat: 1
    steps: [{notify: [schedule: shop], wait: 10m}, {notify: [person: cleo], wait: 20m}]
";
    let reading = reading(&format!("{SHOP}{policy}"));
    assert_eq!(reading.diagnostics, []);
    let roster = reading.roster;
    let shop =
        |time: &str, handled: Option<&str>| Alarm { handled: handled.map(at), ..alarm(time, &[("team", "shop")]) };
    let alarms = [
        // In hand after nine minutes; after ten; never; and before anybody was told.
        shop("2026-11-04T08:00Z", Some("2026-11-04T08:09Z")),
        shop("2026-11-04T10:00Z", Some("2026-11-04T10:11Z")),
        shop("2026-11-05T10:00Z", None),
        shop("2026-11-06T10:00Z", Some("2026-11-06T09:00Z")),
        alarm("2026-11-06T12:00Z", &[("team", "data")]),
    ];
    let simulation = simulate(&roster, &alarms, at("2026-11-02T08:00Z"), at("2026-11-09T08:00Z"));
    let line = |page: &mainstay_oncall::Page| {
        format!("{} {}", page.at.strftime("%dT%H:%M"), roster.ids(&page.people).join(","))
    };
    let lines: Vec<String> = simulation.pages.iter().map(line).collect();
    let expected = [
        "04T08:00 ada",
        "04T10:00 ada",
        "04T10:10 cleo",
        "05T10:00 ada",
        "05T10:10 cleo",
        "05T10:30 ada",
        "05T10:40 cleo",
        "06T10:00 ada",
        "06T12:00 ",
    ];
    assert_eq!(lines, expected);
    assert_eq!(of(&roster, &simulation, "ada").pages, 5);
    assert_eq!(of(&roster, &simulation, "cleo").pages, 3);
    // Of a policy whose schedule is over, nobody is told, and the page says so.
    let late = [shop("2026-11-06T10:00Z", None)];
    let empty = crate::reading(&format!(
        "{}{policy}",
        SHOP.replace("people: [ada, dan, cleo, gone]", "people: [gone]")
            .replace("{id: cleo}", "{id: cleo, until: 2026-01-01}")
    ))
    .roster;
    let simulation = simulate(&empty, &late, at("2026-11-02T08:00Z"), at("2026-11-09T08:00Z"));
    assert_eq!(simulation.pages.len(), 1);
    assert!(simulation.pages[0].people.is_empty() && simulation.pages[0].answer.is_some());
}
