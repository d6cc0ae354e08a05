//! How long it takes to expand ten years of schedules, beside how long the hand-offs alone take to compute.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads its processor time and prints")]

use mainstay_iac::SourceFile;
use mainstay_oncall::{expand, read};

/// What an expansion of ten years may take, in milliseconds.
const BOUND_MS: f64 = 50.0;
const RUNS: u32 = 50;

/// A schedule as teams have it: weeks, nights, weekends, and a second line.
const USUAL: &str = "zone: Europe/Berlin, layers: [
  {priority: 1, every: week, start: 2026-01-05T09:00, people: [a, b, c, d]},
  {priority: 2, every: day, start: 2026-01-05T09:00, people: [b, c, d], hours: [{days: mon-fri, from: '20:00', to: '08:00'}]},
  {priority: 3, every: day, start: 2026-01-05T09:00, on: sat-sun, people: [d, e]},
  {priority: 1, every: month, start: 2026-01-31T02:30, people: [[e, f], g]}]";

/// Three zones that follow the sun, for working hours each.
const SUN: &str = "zone: UTC, layers: [
  {zone: Asia/Tokyo, every: day, start: 2026-01-05T00:00, people: [a, b], hours: [{from: '09:00', to: '17:00'}]},
  {zone: Europe/Berlin, every: day, start: 2026-01-05T00:00, people: [c, d], hours: [{from: '09:00', to: '17:00'}]},
  {zone: America/Chicago, every: day, start: 2026-01-05T00:00, people: [e, f], hours: [{from: '10:00', to: '18:00'}]}]";

/// The shortest turns there are.
const HOURLY: &str = "zone: Australia/Lord_Howe, layers: [{every: hour, start: 2026-01-05T00:30, people: [a, b, c]}]";

fn main() {
    let mut is_kept = true;
    for (name, fields) in [("usual", USUAL), ("follow the sun", SUN), ("hourly", HOURLY)] {
        let text = format!("version: oncall/v1\nschedules: [{{id: x, {fields}}}]\n");
        let reading = read(&[SourceFile { path: "bench.yaml".to_owned(), bytes: text.into_bytes() }]);
        assert!(!reading.is_damaged(), "{:?}", reading.diagnostics);
        let schedule = &reading.roster.schedules[0];
        let (from, to) = (instant("2027-01-01T00:00Z"), instant("2037-01-01T00:00Z"));
        let (mut shifts, mut turns) = (0, 0);
        let whole = milliseconds(|| shifts = expand(&reading.roster, schedule, from, to).shifts.len());
        let alone = milliseconds(|| {
            let of =
                |layer: &mainstay_oncall::Layer| layer.rotation.turns(&layer.zone, schedule.skipped, from, to).len();
            turns = schedule.layers.iter().map(of).sum();
        });
        println!(
            "{name:>15}: {whole:6.2} ms for {shifts} shifts of ten years; {turns} turns alone {alone:6.2} ms ({:.1} times that)",
            whole / alone
        );
        is_kept &= whole < BOUND_MS;
    }
    assert!(is_kept, "an expansion of ten years takes {BOUND_MS} ms at most");
}

fn instant(text: &str) -> jiff::Timestamp {
    text.parse().expect("a constant of this file")
}

/// The mean of some runs: the processor's time is counted in ticks of milliseconds.
fn milliseconds(mut run: impl FnMut()) -> f64 {
    let start = processor_s();
    (0..RUNS).for_each(|_| run());
    (processor_s() - start) * 1e3 / f64::from(RUNS)
}

/// Processor time, which other programs on the machine do not lengthen as they do a clock's.
fn processor_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds: f64 = text.split(' ').next().and_then(|word| word.parse().ok()).expect("Linux counts");
    nanoseconds / 1e9
}
