//! Anomalies beside those that people labelled.
#![expect(clippy::disallowed_methods, reason = "a test reads files")]

mod nab;

use mainstay_anomaly::Detector;
use nab::{Fit, Series};

/// A series of 100 samples with one window.
fn small() -> Series {
    Series { name: "small".into(), days: 1.0, values: vec![0.0; 100], windows: vec![(40, 59)] }
}

#[track_caller]
fn check(detections: &[usize], raw: f64) {
    let fit = nab::fit(&small(), detections);
    assert!((fit.raw - raw).abs() < 1e-4, "{}", fit.raw);
}

#[test]
fn the_score_follows_its_definition() {
    // Computed by hand from 2 / (1 + e^(5 p)) - 1 with p = -1 at the window's start and 0 at its end.
    check(&[], -1.0);
    check(&[40], 1.0);
    check(&[40, 41, 42], 1.0);
    check(&[50], 0.848_284 / 0.986_614);
    check(&[3], -1.0);
    check(&[20], -1.0 - 0.11);
    check(&[62], -1.0 - 0.11 * 0.375_496);
    assert!((nab::score(&[nab::fit(&small(), &[40])], 1) - 100.0).abs() < 1e-9);
    assert!(nab::score(&[nab::fit(&small(), &[])], 1).abs() < 1e-9);
}

#[test]
fn anomalies_agree_with_those_that_people_labelled() {
    let folder = nab::folder();
    if !folder.is_dir() {
        eprintln!("NOT compared: there is no {}", folder.display());
        return;
    }
    let all = nab::series(&folder);
    let fits: Vec<Fit> = all.iter().map(|series| nab::fit(series, &detections(series))).collect();
    let (score, said) = nab::summary(&all, &fits);
    assert!(score >= 62.0, "{said}");
    let names: Vec<&str> = all.iter().map(|series| series.name.as_str()).collect();
    assert_eq!(names.len(), 30, "{names:?}");
}

fn detections(series: &Series) -> Vec<usize> {
    let mut detector = Detector::new();
    let begins = |(at, value): (usize, &f64)| detector.observe(*value).begins.then_some(at);
    series.values.iter().enumerate().filter_map(begins).collect()
}
