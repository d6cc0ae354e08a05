//! The score of the Numenta Anomaly Benchmark, written from its definition: Lavin and Ahmad, Evaluating Real-time Anomaly
//! Detection Algorithms, ICMLA 2015 (arXiv:1510.03336), section III, with the weights of the standard profile. A detection
//! early in a labelled window is worth up to 1, a missed window costs 1, a false positive up to 0.11 (less close behind a
//! window); 0 is a detector that finds nothing, 100 one that finds everything at once.

use jiff::civil::DateTime;
use std::path::{Path, PathBuf};

/// What a false positive costs in the standard profile.
const FALSE_POSITIVE: f64 = 0.11;

/// A labelled series.
pub struct Series {
    /// Folder and file.
    pub name: String,
    /// How long it is.
    pub days: f64,
    /// The samples.
    pub values: Vec<f64>,
    /// First and last sample of each window in which something was wrong.
    pub windows: Vec<(usize, usize)>,
}

/// Where the real inputs lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/anomaly")
}

/// All labelled series that are there.
pub fn series(folder: &Path) -> Vec<Series> {
    let labels = std::fs::read_to_string(folder.join("labels/combined_windows.json")).expect("the labels are there");
    let labels: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&labels).expect("labels are JSON");
    labels.iter().filter_map(|(name, windows)| one(folder, name, windows)).collect()
}

fn one(folder: &Path, name: &str, windows: &serde_json::Value) -> Option<Series> {
    let text = std::fs::read_to_string(folder.join("data").join(name)).ok()?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> =
        reader.records().map(|row| row.expect("rows are as wide as the header")).collect();
    let time = |text: &str| text.parse::<DateTime>().expect("a civil time");
    let times: Vec<DateTime> = rows.iter().map(|row| time(&row[0])).collect();
    let values = rows.iter().map(|row| row[1].parse().expect("a number")).collect();
    let mut spans = Vec::new();
    for window in windows.as_array().into_iter().flatten() {
        let end = |at: usize| time(window[at].as_str().expect("windows have two ends"));
        let within: Vec<usize> = (0..times.len()).filter(|at| (end(0)..=end(1)).contains(&times[*at])).collect();
        spans.push((*within.first()?, *within.last()?));
    }
    let days = times.last()?.duration_since(*times.first()?).as_secs_f64() / 86_400.0;
    Some(Series { name: name.to_owned(), days, values, windows: spans })
}

/// How well detections fit one series.
pub struct Fit {
    /// Windows found.
    pub found: usize,
    /// Detections outside of all windows.
    pub false_positives: usize,
    /// The raw score.
    pub raw: f64,
}

/// Samples at the start that are not judged: 15 %, at most those of 5,000.
pub fn probation(samples: usize) -> usize {
    samples.min(5_000) * 15 / 100
}

/// The value of a detection at a place relative to a window: -1 is its start, 0 its end, beyond is behind it.
fn sigmoid(position: f64) -> f64 {
    if position > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * position).exp()) - 1.0 }
}

/// Scores of all series, and a line that says them.
pub fn summary(all: &[Series], fits: &[Fit]) -> (f64, String) {
    let windows: usize = all.iter().map(|series| series.windows.len()).sum();
    let found: usize = fits.iter().map(|fit| fit.found).sum();
    let wrong: usize = fits.iter().map(|fit| fit.false_positives).sum();
    let days: f64 = all.iter().map(|series| series.days).sum();
    let score = score(fits, windows);
    let a_day = wrong as f64 / days;
    let text = format!(
        "score {score:.1}: {found} of {windows} windows found, {wrong} false positives, {a_day:.2} a day and series"
    );
    (score, text)
}

/// Scores detections (places of samples, ascending).
pub fn fit(series: &Series, detections: &[usize]) -> Fit {
    let mut best: Vec<Option<f64>> = vec![None; series.windows.len()];
    let mut out = Fit { found: 0, false_positives: 0, raw: 0.0 };
    for at in detections.iter().copied().filter(|at| *at >= probation(series.values.len())) {
        if let Some(window) = series.windows.iter().position(|(first, last)| (*first..=*last).contains(&at)) {
            let (first, last) = series.windows[window];
            let position = -((last - at + 1) as f64) / (last - first + 1) as f64;
            let value = sigmoid(position) / sigmoid(-1.0);
            best[window] = Some(best[window].map_or(value, |before: f64| before.max(value)));
            continue;
        }
        out.false_positives += 1;
        let before = series.windows.iter().rev().find(|(_, last)| *last < at);
        let cost = before.map_or(-1.0, |(first, last)| sigmoid((at - last) as f64 / (last - first).max(1) as f64));
        out.raw += cost * FALSE_POSITIVE;
    }
    out.found = best.iter().flatten().count();
    out.raw += best.iter().map(|value| value.unwrap_or(-1.0)).sum::<f64>();
    out
}

/// The score of all series together, from the raw ones.
pub fn score(fits: &[Fit], windows: usize) -> f64 {
    let raw: f64 = fits.iter().map(|fit| fit.raw).sum();
    100.0 * (raw + windows as f64) / (2 * windows) as f64
}
