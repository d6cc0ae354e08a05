//! What somebody who watches a series would notice.

use crate::{Detector, Observed, Why};

fn observe(samples: impl IntoIterator<Item = f64>) -> Vec<Observed> {
    let mut detector = Detector::new();
    samples.into_iter().map(|sample| detector.observe(sample)).collect()
}

fn begins(seen: &[Observed]) -> Vec<usize> {
    (0..seen.len()).filter(|at| seen[*at].begins).collect()
}

/// A daily wave of 96 samples with a little noise, the same in every run.
fn wave(at: usize) -> f64 {
    let noise = f64::from(u16::try_from(at.wrapping_mul(40_503) % 1009).unwrap()) / 1009.0;
    100.0 + 40.0 * (at as f64 * std::f64::consts::TAU / 96.0).sin() + 4.0 * noise
}

#[test]
fn what_repeats_is_no_anomaly() {
    assert_eq!(begins(&observe((0..4_000).map(wave))), Vec::<usize>::new());
}

#[test]
fn a_value_that_was_never_near_is_told_once() {
    let samples = (0..3_000).map(|at| if (2_000..2_010).contains(&at) { 400.0 } else { wave(at) });
    let seen = observe(samples);
    assert_eq!(begins(&seen), [2_000]);
    assert_eq!(seen[2_000].why, Why::Value);
}

#[test]
fn a_known_value_at_the_wrong_hour_is_an_unusual_shape() {
    // The wave stands still on its way up: every value was seen, the run was not.
    let samples = (0..3_000).map(|at| if (2_016..2_050).contains(&at) { wave(2_015) } else { wave(at) });
    let seen = observe(samples);
    let first = begins(&seen)[0];
    assert!((2_016..2_050).contains(&first), "{first}");
    assert_eq!(seen[first].why, Why::Shape);
}

#[test]
fn a_new_level_becomes_usual() {
    let seen = observe((0..6_000).map(|at| wave(at) + if at >= 2_000 { 500.0 } else { 0.0 }));
    let all = begins(&seen);
    assert_eq!(all[0], 2_000);
    assert!(all.iter().all(|at| *at < 3_000), "{all:?}");
}

#[test]
fn a_scale_does_not_matter() {
    let spiked = |at: usize| if at == 2_500 { 300.0 } else { wave(at) };
    let one = begins(&observe((0..3_000).map(spiked)));
    let other = begins(&observe((0..3_000).map(|at| spiked(at) * 1e6)));
    assert_eq!(one, [2_500]);
    assert_eq!(one, other);
}

#[test]
fn gaps_and_odd_numbers_are_passed_over() {
    let samples = (0..3_000).map(|at| match at % 50 {
        7 => f64::NAN,
        8 => f64::INFINITY,
        _ => wave(at),
    });
    let seen = observe(samples);
    assert!(seen.iter().all(|seen| seen.score.is_finite()));
    assert_eq!(begins(&observe(std::iter::repeat_n(5.0, 1_000))), Vec::<usize>::new(), "a flat line");
    assert_eq!(begins(&observe([f64::MAX, f64::MIN].into_iter().cycle().take(1_000))), Vec::<usize>::new());
}
