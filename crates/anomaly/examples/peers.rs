//! Our score on the series of the Numenta Anomaly Benchmark that are there: `peers [FOLDER]`, a table and the sum. A
//! folder has `data/*/*.csv` and `labels/combined_windows.json`.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement reads files and prints")]

#[path = "../tests/nab/mod.rs"]
mod nab;

use mainstay_anomaly::Detector;

fn main() {
    let folder = std::env::args().nth(1).map_or_else(nab::folder, Into::into);
    let all = nab::series(&folder);
    let mut fits = Vec::new();
    println!("{:<58} {:>7} {:>7} {:>6} {:>8}", "series", "windows", "found", "false", "raw");
    for series in &all {
        let mut detector = Detector::new();
        let begins = |at: &usize| detector.observe(series.values[*at]).begins;
        let detections: Vec<usize> = (0..series.values.len()).filter(begins).collect();
        let fit = nab::fit(series, &detections);
        let (windows, name) = (series.windows.len(), &series.name);
        println!("{name:<58} {windows:>7} {:>7} {:>6} {:>8.2}", fit.found, fit.false_positives, fit.raw);
        fits.push(fit);
    }
    println!("{}", nab::summary(&all, &fits).1);
}
