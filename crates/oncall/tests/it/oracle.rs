//! Made-up schedules beside a second computation: who is on duty at one instant, straight from what the words mean, hand-off by
//! hand-off and without any of the code that expands.

use crate::zones::Numbers;
use crate::{at, only, reading};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use mainstay_oncall::{Change, Layer, PersonAt, Roster, Schedule, expand};
use std::collections::BTreeSet;
use std::fmt::Write;

type Who = BTreeSet<PersonAt>;

/// Who is on duty at an instant.
fn who(roster: &Roster, schedule: &Schedule, at: Timestamp) -> Who {
    let within = |from: Timestamp, to: Timestamp| from <= at && at < to;
    let there =
        |people: &[PersonAt]| people.iter().copied().filter(|who| roster.person(*who).is_there(at)).collect::<Who>();
    let layers = schedule.layers.iter().map(|layer| (layer.priority, there(&of_layer(layer, at))));
    let layers: Vec<_> = layers.filter(|(_, people)| !people.is_empty()).collect();
    let highest = layers.iter().map(|(priority, _)| *priority).max();
    let mut now: Who = layers.into_iter().filter(|(p, _)| Some(*p) == highest).flat_map(|(_, people)| people).collect();
    let temporary: Vec<_> = schedule.temporary.iter().filter(|one| within(one.from, one.to)).collect();
    if !temporary.is_empty() {
        let shifts = temporary.iter().flat_map(|one| &one.shifts).filter(|shift| within(shift.from, shift.to));
        now = shifts.flat_map(|shift| there(&shift.people)).collect();
    }
    let active: Vec<_> = schedule.overrides.iter().filter(|one| within(one.from, one.to)).collect();
    let everybody = active.iter().filter_map(|one| match &one.change {
        Change::Everybody(people) => Some((one.priority, there(people))),
        _ => None,
    });
    let everybody: Vec<_> = everybody.filter(|(_, people)| !people.is_empty()).collect();
    if let Some(highest) = everybody.iter().map(|(priority, _)| *priority).max() {
        now =
            everybody.into_iter().filter(|(priority, _)| *priority == highest).flat_map(|(_, people)| people).collect();
    }
    let before = now.clone();
    let mut added = Who::new();
    for one in active {
        match &one.change {
            Change::Everybody(_) => {}
            Change::Add(people) => added.extend(there(people)),
            Change::Remove(people) => now.retain(|who| !people.contains(who)),
            Change::InsteadOf(of, people) => {
                if before.contains(of) && !there(people).is_empty() {
                    now.remove(of);
                    added.extend(there(people));
                }
            }
        }
    }
    now.extend(added);
    let swapped = |who: PersonAt| {
        let taken = schedule.swaps.iter().filter(|one| within(one.from, one.to) && one.of == who);
        taken.filter_map(|one| one.taken_by).find(|taker| roster.person(*taker).is_there(at)).unwrap_or(who)
    };
    now.into_iter().map(swapped).collect()
}

/// Whose turn it is in a layer within its hours; nobody outside of them.
fn of_layer(layer: &Layer, at: Timestamp) -> Vec<PersonAt> {
    if at < layer.from || layer.until.is_some_and(|until| until <= at) || !in_hours(layer, at) {
        return Vec::new();
    }
    let rotation = &layer.rotation;
    let mut number = 0;
    let start = |number: i64| {
        let every = rotation.every[0];
        let span = Span::new().months(i64::from(every.months) * number).minutes(i64::from(every.minutes) * number);
        compatible((rotation.start + span).date(), (rotation.start + span).time(), &layer.zone)
    };
    if at < start(0) {
        return Vec::new();
    }
    while start(number + 1) <= at {
        number += 1;
    }
    rotation.turns[usize::try_from(number).unwrap() % rotation.turns.len()].to_vec()
}

fn in_hours(layer: &Layer, at: Timestamp) -> bool {
    let today = at.to_zoned(layer.zone.clone()).date();
    layer.hours.is_empty()
        || layer.hours.iter().any(|hours| {
            (-9..=1).any(|ahead| {
                let date = today + Span::new().days(ahead);
                let end = date + Span::new().days(i64::from(hours.days_later));
                hours.days.has(date.weekday())
                    && compatible(date, hours.from, &layer.zone) <= at
                    && at < compatible(end, hours.to, &layer.zone)
            })
        })
}

fn compatible(date: Date, time: Time, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_zoned(date.to_datetime(time)).compatible().unwrap().timestamp()
}

const PEOPLE: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A schedule with everything in it, around the change of clocks in spring.
fn made_up(numbers: &mut Numbers) -> String {
    let mut below = |bound: u64| numbers.below(bound);
    let zones = ["Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "UTC"];
    let mut text = format!(
        "version: oncall/v1\npeople: [{{id: a}}, {{id: b}}, {{id: c}}, {{id: d}}, {{id: e, until: 2026-03-{:02}}}]\n",
        10 + below(20)
    );
    let zone = |n: u64| zones[usize::try_from(n).unwrap()];
    let _ = writeln!(text, "schedules:\n  - id: x\n    zone: {}\n    layers:", zone(below(4)));
    for layer in 0..1 + below(4) {
        let every = ["7 hours", "day", "2 days", "week", "month"][usize::try_from(below(5)).unwrap()];
        let hours = match below(4) {
            0 => String::new(),
            1 => format!(", hours: [{{days: mon-fri, from: \"{:02}:00\", to: \"{:02}:30\"}}]", below(24), below(24)),
            2 => format!(
                ", hours: [{{from: fri {:02}:00, to: mon {:02}:00}}, {{days: [tue, thu], from: \"02:15\", to: \"03:15\"}}]",
                below(24),
                below(24)
            ),
            _ => format!(", hours: [{{days: sat-sun}}, {{from: \"22:00\", to: \"0{}:00\"}}]", below(7)),
        };
        let _ = writeln!(
            text,
            "      - {{name: l{layer}, zone: {}, priority: {}, every: {every}, start: 2026-0{}-0{}T{:02}:{:02}, people: [a, [b, c], {}, [e, a], []]{hours}}}",
            zone(below(4)),
            below(3),
            1 + below(2),
            1 + below(9),
            below(5),
            below(4) * 15,
            PEOPLE[usize::try_from(below(5)).unwrap()],
        );
    }
    let mut span = |most: u64| {
        let (day, hour) = (1 + below(28), below(24));
        let end = at(&format!("2026-03-{day:02}T{hour:02}:00Z"))
            + SignedDuration::from_hours(1 + i64::try_from(below(most)).unwrap());
        format!("from: 2026-03-{day:02}T{hour:02}:00Z, to: {}", end.strftime("%Y-%m-%dT%H:%MZ"))
    };
    let spans: Vec<String> = (0..14).map(|number| span(if number < 6 { 100 } else { 250 })).collect();
    let mut some = || PEOPLE[usize::try_from(numbers.below(5)).unwrap()];
    text += "    temporary:\n";
    let _ = writeln!(
        text,
        "      - {{{}, shifts: [{{{}, people: {}}}, {{{}, people: [{}, e]}}]}}",
        spans[0],
        spans[1],
        some(),
        spans[2],
        some()
    );
    text += "    overrides:\n";
    let _ = writeln!(
        text,
        "      - {{{}, people: [{}]}}\n      - {{{}, people: e, priority: 1}}",
        spans[3],
        some(),
        spans[4]
    );
    let _ = writeln!(
        text,
        "      - {{{}, people: {}, instead_of: a}}\n      - {{{}, people: a, instead_of: b}}",
        spans[6],
        some(),
        spans[7]
    );
    let _ = writeln!(text, "      - {{{}, add: {}}}\n      - {{{}, remove: [{}]}}", spans[8], some(), spans[9], some());
    text += "    swaps:\n";
    let _ =
        writeln!(text, "      - {{{}, of: a, taken_by: b}}\n      - {{{}, of: b, taken_by: e}}", spans[10], spans[11]);
    let _ = writeln!(text, "      - {{{}, of: c, taken_by: a}}\n      - {{{}, of: d}}", spans[12], spans[13]);
    text
}

#[test]
fn an_expansion_says_of_each_instant_what_the_words_mean() {
    let mut numbers = Numbers(10);
    let (from, to) = (at("2026-03-01"), at("2026-04-10"));
    for _ in 0..60 {
        let text = made_up(&mut numbers);
        let reading = reading(&text);
        assert!(!reading.is_damaged(), "{text}\n{:#?}", reading.diagnostics);
        let (roster, schedule) = (&reading.roster, only(&reading.roster));
        let expansion = expand(roster, schedule, from, to);
        let gap = |instant: Timestamp| expansion.gaps.iter().any(|gap| gap.start <= instant && instant < gap.end);
        let minutes = u64::try_from(to.duration_since(from).as_mins()).unwrap();
        // Anywhere, and at both sides of whatever begins or ends.
        let edges = expansion.shifts.iter().flat_map(|shift| [shift.start, shift.end]);
        let edges =
            edges.flat_map(|edge| [edge, edge - SignedDuration::from_secs(1)]).filter(|at| from <= *at && *at < to);
        let anywhere =
            (0..150).map(|_| from + SignedDuration::from_mins(i64::try_from(numbers.below(minutes)).unwrap()));
        let instants: Vec<Timestamp> = edges.step_by(5).chain(anywhere).collect();
        for instant in instants {
            let found: Who = expansion.on_duty(instant).into_iter().collect();
            let meant = who(roster, schedule, instant);
            assert_eq!(found, meant, "at {instant}\n{text}");
            assert_eq!(gap(instant), meant.is_empty(), "a gap at {instant}\n{text}");
        }
    }
}
