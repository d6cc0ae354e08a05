//! Whom an alert reaches, step by step.

use crate::{at, reading};
use jiff::{SignedDuration, Timestamp};
use mainstay_oncall::escalation::{Escalation, Event, NOBODY_RETRY, Output, State, Surroundings};
use mainstay_oncall::{PersonAt, Roster};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Ada's week, then Ben's, then nobody's until Monday; a second line of two; a lead who left in December.
const SHOP: &str = "version: oncall/v1
people: [{id: ada}, {id: ben}, {id: cleo}, {id: lead, until: 2026-12-01}]
schedules:
  - {id: first, zone: UTC, layers: [{every: week, start: 2026-11-02T09:00, until: 2026-11-16T09:00, people: [ada, ben]}]}
  - {id: second, zone: UTC, layers: [{every: week, start: 2026-11-02T09:00, until: 2026-11-16T09:00, people: [[ben, cleo]]}]}
policies:
  - id: shop
    repeat: 1
    acknowledge_timeout: 30m
    steps:
      - {notify: [schedule: first], wait: 5m}
      - {notify: [schedule: first, schedule: second], wait: 10m}
      - {notify: [person: lead], wait: 15m}
";

fn roster() -> Roster {
    let reading = reading(SHOP);
    assert_eq!(reading.diagnostics, []);
    reading.roster
}

/// An escalation and what surrounds it.
struct Run {
    roster: Roster,
    maintenance: Vec<(Timestamp, Timestamp)>,
    escalation: Escalation,
    log: Vec<String>,
}

impl Run {
    fn begin(time: &str) -> Self {
        Self::of(roster(), time)
    }

    fn of(roster: Roster, time: &str) -> Self {
        let policy = Arc::new(roster.policies[0].clone());
        let escalation = Escalation::begin("alert:1", policy, at(time));
        Self { roster, maintenance: Vec::new(), escalation, log: Vec::new() }
    }

    fn person(&self, id: &str) -> PersonAt {
        let at = self.roster.people.iter().position(|person| person.id == id).unwrap();
        PersonAt(u32::try_from(at).unwrap())
    }

    /// Applies an event and gives what is done and said, in words.
    fn apply(&mut self, event: &Event, at: Timestamp) -> Vec<String> {
        let around = Surroundings { roster: &self.roster, maintenance: &self.maintenance };
        let outputs = self.escalation.apply(event, at, around);
        let name = |who: PersonAt| self.roster.person(who).id.clone();
        let word = |output: &Output| match output {
            Output::Notify { key, .. } => key.strip_prefix("alert:1/").unwrap().to_owned(),
            Output::Skipped { step, round } => format!("skipped {round}.{step}"),
            Output::Gone { step, person } => format!("gone {step} {}", name(*person)),
            Output::NoSchedule { step, schedule } => format!("no schedule {step} {schedule}"),
            Output::Nobody => "nobody".to_owned(),
            Output::Muted { until } => format!("muted until {}", until.strftime("%H:%M")),
            Output::Forced(by) => format!("forced by {}", name(*by)),
            Output::Acknowledged(by) => format!("acknowledged by {}", name(*by)),
            Output::TimedOut(by) => format!("timed out on {}", name(*by)),
            Output::Exhausted => "exhausted".to_owned(),
            Output::Resolved => "resolved".to_owned(),
        };
        let words: Vec<String> = outputs.iter().map(word).collect();
        self.log.extend(words.iter().map(|word| format!("{} {word}", at.strftime("%H:%M"))));
        words
    }

    fn tick(&mut self, time: &str) -> Vec<String> {
        self.apply(&Event::Tick, at(time))
    }

    /// Asks whenever something is due, until nothing is or a time comes; gives the log, by the minute.
    fn until(&mut self, end: &str) -> Vec<String> {
        while let Some(due) = self.escalation.due().filter(|due| *due < at(end)) {
            self.apply(&Event::Tick, due);
        }
        std::mem::take(&mut self.log)
    }
}

const NOON: &str = "2026-11-03T12:00Z";

#[test]
fn steps_follow_each_other_and_repeat_until_all_is_done() {
    let mut run = Run::begin(NOON);
    let expected = [
        "12:00 0.0.0/ada",
        "12:05 0.0.1/ada",
        "12:05 0.0.1/ben",
        "12:05 0.0.1/cleo",
        "12:15 0.0.2/lead",
        "12:30 0.1.0/ada",
        "12:35 0.1.1/ada",
        "12:35 0.1.1/ben",
        "12:35 0.1.1/cleo",
        "12:45 0.1.2/lead",
        "13:00 exhausted",
    ];
    assert_eq!(run.until("2026-11-04"), expected);
    assert_eq!((run.escalation.state, run.escalation.due()), (State::Exhausted, None));
}

#[test]
fn nothing_happens_before_it_is_due_or_twice() {
    let mut run = Run::begin(NOON);
    assert_eq!(run.tick("2026-11-03T11:59Z"), ["0.0.0/ada"], "time does not go back behind the begin");
    assert_eq!(run.tick(NOON), [""; 0]);
    assert_eq!(run.tick("2026-11-03T12:04Z"), [""; 0]);
    // Asked an hour late, it takes the one step that is due, and leaves people their time.
    assert_eq!(run.tick("2026-11-03T13:04Z").len(), 3);
    assert_eq!(run.escalation.due(), Some(at("2026-11-03T13:14Z")));
    assert_eq!(run.tick("2026-11-03T13:04Z"), [""; 0]);
}

#[test]
fn an_acknowledgement_stops_it_until_it_runs_out() {
    let mut run = Run::begin(NOON);
    run.tick(NOON);
    let ada = run.person("ada");
    assert_eq!(run.apply(&Event::Acknowledge(ada), at("2026-11-03T12:02Z")), ["acknowledged by ada"]);
    assert_eq!(run.tick("2026-11-03T12:10Z"), [""; 0]);
    // Again, it holds longer.
    run.apply(&Event::Acknowledge(ada), at("2026-11-03T12:20Z"));
    assert_eq!(run.tick("2026-11-03T12:32Z"), [""; 0]);
    // Anew from the first step, under other keys.
    assert_eq!(run.tick("2026-11-03T12:50Z"), ["timed out on ada", "1.0.0/ada"]);
    assert_eq!(run.apply(&Event::Resolve, at("2026-11-03T12:51Z")), ["resolved"]);
    for event in [Event::Tick, Event::Resolve, Event::Acknowledge(ada), Event::Escalate(ada)] {
        assert_eq!(run.apply(&event, at("2026-11-03T14:00Z")), [""; 0], "{event:?}");
    }
}

#[test]
fn somebody_may_want_the_next_step_at_once() {
    let mut run = Run::begin(NOON);
    let ben = run.person("ben");
    run.tick(NOON);
    assert_eq!(
        run.apply(&Event::Escalate(ben), at("2026-11-03T12:01Z")),
        ["forced by ben", "0.0.1/ada", "0.0.1/ben", "0.0.1/cleo"]
    );
    assert_eq!(run.escalation.due(), Some(at("2026-11-03T12:11Z")));
    // Also when somebody has it.
    run.apply(&Event::Acknowledge(ben), at("2026-11-03T12:02Z"));
    assert_eq!(run.apply(&Event::Escalate(ben), at("2026-11-03T12:03Z")), ["forced by ben", "0.0.2/lead"]);
    run.until("2026-11-04");
    assert_eq!(run.escalation.state, State::Exhausted);
    assert_eq!(
        run.apply(&Event::Escalate(ben), at("2026-11-04T09:00Z")),
        ["forced by ben", "1.0.0/ada"],
        "and when all was done"
    );
}

#[test]
fn a_maintenance_holds_what_is_due_and_no_longer() {
    let mut run = Run::begin(NOON);
    run.maintenance = vec![
        (at("2026-11-03T12:03Z"), at("2026-11-03T12:20Z")),
        (at("2026-11-03T12:20Z"), at("2026-11-03T12:40Z")),
        (at("2026-11-03T18:00Z"), at("2026-11-03T19:00Z")),
    ];
    let ben = run.person("ben");
    assert_eq!(run.tick(NOON), ["0.0.0/ada"]);
    assert_eq!(run.tick("2026-11-03T12:05Z"), ["muted until 12:40"]);
    assert_eq!(run.tick("2026-11-03T12:20Z"), [""; 0]);
    // Who forces it means it.
    assert_eq!(run.apply(&Event::Escalate(ben), at("2026-11-03T12:21Z")).len(), 4);
    let log = run.until("2026-11-03T12:56Z");
    assert_eq!(log[log.len() - 3..], ["12:31 muted until 12:40", "12:40 0.0.2/lead", "12:55 0.1.0/ada"]);
}

#[test]
fn steps_without_anybody_are_passed_over_at_once_and_said() {
    let mut run = Run::begin("2026-12-02T12:00Z");
    // Both schedules are over and the lead has left: nobody. It is tried again, and said once.
    assert_eq!(run.tick("2026-12-02T12:00Z"), ["skipped 0.0", "skipped 0.1", "gone 2 lead", "skipped 0.2", "nobody"]);
    assert_eq!(run.escalation.due(), Some(at("2026-12-02T12:00Z") + NOBODY_RETRY));
    assert_eq!(run.tick("2026-12-02T12:05Z"), [""; 0]);
    // Somebody is put on duty: they are told at the next try.
    let ada = SHOP.replace("until: 2026-11-16T09:00, people: [ada, ben]", "people: [ada]");
    run.roster = reading(&ada).roster;
    assert_eq!(run.tick("2026-12-02T12:10Z"), ["0.0.0/ada"]);
    assert_eq!(run.tick("2026-12-02T12:15Z"), ["0.0.1/ada"], "of two schedules, one has somebody");
    assert_eq!(run.tick("2026-12-02T12:25Z"), ["gone 2 lead", "skipped 0.2", "0.1.0/ada"], "passed over at once");
}

#[test]
fn to_nobody_it_ends_after_a_day() {
    let mut run = Run::begin("2026-12-02T12:00Z");
    let log = run.until("2026-12-10");
    assert_eq!(log.last().unwrap(), "12:00 exhausted");
    assert_eq!(log.len(), 6, "{log:#?}");
    assert!(run.escalation.due().is_none());
}

#[test]
fn a_running_escalation_keeps_the_policy_that_it_began_with() {
    let mut run = Run::begin(NOON);
    run.tick(NOON);
    run.roster = reading(
        &SHOP.replace("wait: 10m", "wait: 1m").replace("[schedule: first, schedule: second]", "[person: cleo]"),
    )
    .roster;
    assert_eq!(run.tick("2026-11-03T12:05Z"), ["0.0.1/ada", "0.0.1/ben", "0.0.1/cleo"]);
    assert_eq!(run.escalation.due(), Some(at("2026-11-03T12:15Z")));
    // Who is on duty is looked up when a step is taken, and a schedule that was deleted is said.
    run.roster = reading(&SHOP.replace("id: first", "id: other")).roster;
    run.tick("2026-11-03T12:15Z");
    assert_eq!(
        run.tick("2026-11-03T12:30Z"),
        ["no schedule 0 first", "skipped 1.0", "no schedule 1 first", "0.1.1/ben", "0.1.1/cleo"]
    );
}

/// Whatever happens in whatever order: no key twice, nobody is told while somebody has it or when it is over or muted, and
/// unless somebody has it there is an end.
#[test]
fn whatever_happens_nobody_is_told_twice_or_forgotten() {
    let mut numbers = crate::zones::Numbers(8);
    for number in 0..400 {
        let begin = at("2026-11-15T12:00Z") + SignedDuration::from_mins(i64::try_from(numbers.below(3_000)).unwrap());
        let mut run = Run::of(roster(), &begin.to_string());
        let from = begin + SignedDuration::from_mins(i64::try_from(numbers.below(60)).unwrap());
        run.maintenance = vec![(from, from + SignedDuration::from_mins(i64::try_from(numbers.below(90)).unwrap()))];
        let mut now = begin;
        let mut keys = BTreeSet::new();
        let mut events: Vec<(Event, Timestamp)> = Vec::new();
        for _ in 0..60 {
            now += SignedDuration::from_mins(i64::try_from(numbers.below(12)).unwrap());
            let by = PersonAt(u32::try_from(numbers.below(4)).unwrap());
            let event = match numbers.below(20) {
                0 => Event::Acknowledge(by),
                1 => Event::Escalate(by),
                2 if numbers.below(4) == 0 => Event::Resolve,
                _ => Event::Tick,
            };
            let before = run.escalation.state;
            let around = Surroundings { roster: &run.roster, maintenance: &run.maintenance };
            let outputs = run.escalation.apply(&event, now, around);
            let told = outputs.iter().filter(|output| matches!(output, Output::Notify { .. })).count();
            for output in &outputs {
                if let Output::Notify { key, person, .. } = output {
                    assert!(keys.insert(key.clone()), "{number}: {key} twice");
                    assert!(run.roster.person(*person).is_there(now));
                }
            }
            let is_muted = run.maintenance.iter().any(|(from, to)| *from <= now && now < *to);
            let is_held = match before {
                State::Acknowledged { until, .. } => until.is_none_or(|until| now < until),
                State::Running { due } => now < due,
                State::Exhausted | State::Resolved => true,
            };
            if !matches!(event, Event::Escalate(_)) {
                assert!(told == 0 || !(is_muted || is_held), "{number}: {event:?} in {before:?} at {now} tells {told}");
            }
            assert!(before != State::Resolved || outputs.is_empty());
            // Asked again at once, it has nothing to add.
            let mut again = run.escalation.clone();
            assert_eq!(again.apply(&Event::Tick, now, around), [], "{number}");
            events.push((event, now));
        }
        // The same events tell the same, under the same keys.
        let mut other = Escalation::begin("alert:1", Arc::new(run.roster.policies[0].clone()), begin);
        let around = Surroundings { roster: &run.roster, maintenance: &run.maintenance };
        let replayed = events.iter().flat_map(|(event, at)| other.apply(event, *at, around));
        let replayed: BTreeSet<String> = replayed
            .filter_map(|output| match output {
                Output::Notify { key, .. } => Some(key),
                _ => None,
            })
            .collect();
        assert_eq!((replayed, &other), (keys, &run.escalation));
        // Left alone, it comes to its end.
        run.until("2027-01-01");
        assert!(
            matches!(run.escalation.state, State::Exhausted | State::Resolved),
            "{number}: {:?}",
            run.escalation.state
        );
    }
}

#[test]
fn policies_say_what_they_lack() {
    let complaints = |steps: &str| {
        let text = format!("version: oncall/v1\npeople: [{{id: ada}}]\npolicies:\n  - id: a\n    {steps}\n");
        reading(&text).diagnostics.iter().map(|d| format!("{} {}", d.place.line, d.summary)).collect::<Vec<_>>()
    };
    let step = "{notify: [person: ada], wait: 5m}";
    assert_eq!(complaints(&format!("steps: [{step}]")), [""; 0]);
    assert_eq!(complaints("repeat: 1"), ["4 the policy has no steps"]);
    assert_eq!(complaints("steps: [{notify: [person: ada]}]"), ["5 `wait` is missing"]);
    assert_eq!(complaints("steps: [{wait: 5m}]"), ["5 the step tells nobody"]);
    assert_eq!(complaints("steps: [{notify: [person: ada], wait: 0s}]"), ["5 no time at all would pass"]);
    assert_eq!(complaints("steps: [{notify: [person: ada], wait: soon}]"), ["5 \"soon\" is no length of time"]);
    assert_eq!(complaints("steps: [{notify: [person: zoe], wait: 5m}]"), ["5 nobody of the id zoe is known"]);
    assert_eq!(
        complaints("steps: [{notify: [schedule: x], wait: 5m}]"),
        ["5 there is no schedule \"x\" that can be used"]
    );
    assert_eq!(complaints("steps: [{notify: [team: x], wait: 5m}]").len(), 2);
    assert_eq!(
        complaints(&format!("repeat: 101\n    steps: [{step}]")),
        ["5 `repeat` must be a whole number, 100 at most"]
    );
    let twice = complaints(&format!("steps: [{step}]\n  - id: a\n    steps: [{step}]"));
    assert_eq!(twice, ["6 the policy a stands already at oncall.yaml:4:5"]);
}
