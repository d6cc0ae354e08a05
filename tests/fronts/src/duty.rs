//! On-call schedules, calendars of others, and probes.

use crate::files::files;
use crate::holds;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mainstay_oncall::ical::{Feed, read, write};
use mainstay_oncall::{Expansion, expand};

/// The time that is looked at: one with a change of clocks in most places.
fn span() -> (Timestamp, Timestamp) {
    let from = Timestamp::from_second(1_772_323_200).unwrap_or_default();
    (from, from + SignedDuration::from_hours(24 * 40))
}

/// Schedules: whatever they say, each moment of a time is covered, a gap, or not to be covered, and never two of these.
pub fn oncall(input: &[u8]) {
    let files = files(input, "oncall.yaml");
    let reading = mainstay_oncall::read(&files);
    for file in &files {
        let of_file: Vec<_> = reading.diagnostics.iter().filter(|one| one.place.file == file.path).cloned().collect();
        holds::places_of(&of_file, &file.bytes);
    }
    let again = mainstay_oncall::read(&files);
    assert_eq!((&reading.roster.schedules, &reading.diagnostics), (&again.roster.schedules, &again.diagnostics));
    let (from, to) = span();
    for schedule in &reading.roster.schedules {
        let expansion = expand(&reading.roster, schedule, from, to);
        tiled(&expansion, from, to, schedule.covers.is_empty());
        let feed = Feed { stamp: from, person: None, reminder: Some(SignedDuration::from_mins(30)) };
        let text = write(&reading.roster, schedule, &expansion, &feed);
        assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])), "{text}");
        let back = read(&text, "back.ics", &TimeZone::UTC, from, to);
        assert!(back.diagnostics.is_empty(), "{:?}\n{text}", back.diagnostics);
    }
}

/// Probes: whatever a file says, what can be run is judged of any answer, and each condition reads again as it was written.
pub fn probe(input: &[u8]) {
    let files = files(input, "probes.yaml");
    let reading = mainstay_probe::read(&files);
    for file in &files {
        let of_file: Vec<_> = reading.diagnostics.iter().filter(|one| one.place.file == file.path).cloned().collect();
        holds::places_of(&of_file, &file.bytes);
    }
    let sample = mainstay_probe::Sample { status: Some(200), body: input.to_vec(), ..Default::default() };
    for probe in &reading.probes {
        let outcome = mainstay_probe::judge(probe, &sample, span().0);
        assert_eq!(outcome.why.is_empty(), outcome.verdict == mainstay_model::Verdict::Pass, "{outcome:?}");
        for condition in &probe.conditions {
            assert_eq!(mainstay_probe::Condition::parse(&condition.text).as_ref(), Ok(condition));
        }
    }
    // Bytes of others, wherever they come from.
    let _ = mainstay_probe::dns::answer(input, 1, "TXT");
    let _ = mainstay_probe::Certificate::read(&[input.to_vec()], None, input);
}

fn tiled(expansion: &Expansion, from: Timestamp, to: Timestamp, is_always: bool) {
    let within = |start: Timestamp, end: Timestamp| from <= start && start < end && end <= to;
    assert!(expansion.shifts.iter().all(|shift| within(shift.start, shift.end) && !shift.people.is_empty()));
    assert!(expansion.empty.iter().all(|shift| within(shift.start, shift.end)));
    let gaps: Vec<_> = expansion.gaps.iter().map(|gap| (gap.start, gap.end)).collect();
    let mut all = [expansion.covered(), gaps].concat();
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0].1 <= pair[1].0), "nothing is covered and a gap");
    let total: SignedDuration = all.iter().map(|(start, end)| end.duration_since(*start)).sum();
    assert!(!is_always || total == to.duration_since(from), "{total:?} of {from} to {to}");
}

/// Calendars: places lie within, events last, and a second reading is the same.
pub fn calendar(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (from, to) = span();
    let zone = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
    let one = read(&text, "a.ics", &zone, from, to);
    let lines = text.split('\n').count();
    assert!(one.diagnostics.iter().all(|diagnostic| diagnostic.place.line as usize <= lines));
    assert!(one.events.iter().all(|event| event.start < event.end && event.start < to && event.end > from));
    let other = read(&text, "a.ics", &zone, from, to);
    assert_eq!((one.events, one.diagnostics), (other.events, other.diagnostics));
}
