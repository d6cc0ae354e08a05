//! The cases of the PetShop data set (Amazon, CC-BY-4.0): a shop of some forty services, in which one at a time was made slow
//! or made to fail. Spans of five minutes.

use mainstay_cause::{Point, Question, Services, Signal, causes};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One case.
pub struct Case {
    pub name: String,
    pub services: Services,
    pub signal: Signal,
    pub onset: f64,
    /// Where it was seen.
    pub seen: String,
    /// What was made slow or made to fail.
    pub cause: String,
}

impl Case {
    fn question<'c>(&'c self, service: &'c str) -> Question<'c> {
        Question { service, signal: self.signal, onset: self.onset }
    }

    /// The first answer, where there is one.
    pub fn answer(&self) -> Option<String> {
        causes(&self.services, self.question(&self.seen)).ok().map(|found| found[0].service.clone())
    }

    /// Services that call others and cannot have noticed anything, because they do not reach the cause: for how many of
    /// them there is rightly no answer, and how many there are.
    pub fn untouched(&self) -> (usize, usize) {
        let (mut silent, mut all) = (0, 0);
        for name in self.services.calls.keys().filter(|name| **name != self.cause && !self.reaches(name)) {
            let measured = self.services.series.get(name).is_some_and(|points| {
                let before = points.iter().filter(|point| point.begin + self.services.span / 2.0 <= self.onset).count();
                before > 0 && before < points.len()
            });
            if measured {
                all += 1;
                silent += usize::from(causes(&self.services, self.question(name)).is_err());
            }
        }
        (silent, all)
    }

    fn reaches(&self, from: &str) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            if at == self.cause {
                return true;
            }
            if seen.insert(at) {
                open.extend(self.services.calls.get(at).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }
}

/// The data set, where it is.
pub fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/rca/petshop");
    folder.is_dir().then_some(folder)
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    out.sort();
    out
}

/// All cases below a folder: `<traffic>/<part>/<issue>/{metrics.csv, target.json}` with a `<traffic>/graph.csv`.
pub fn cases(folder: &Path) -> Vec<Case> {
    let mut out = Vec::new();
    for traffic in sorted(folder).into_iter().filter(|path| path.join("graph.csv").is_file()) {
        let calls = graph(&traffic.join("graph.csv"));
        for part in sorted(&traffic).into_iter().filter(|path| path.is_dir()) {
            out.extend(sorted(&part).iter().map(|issue| case(issue, &calls)));
        }
    }
    out
}

fn case(folder: &Path, calls: &BTreeMap<String, BTreeSet<String>>) -> Case {
    let target: Value = serde_json::from_slice(&std::fs::read(folder.join("target.json")).unwrap()).unwrap();
    let text = |part: &str| target[part]["node"].as_str().unwrap().to_owned();
    let signal = match target["target"]["metric"].as_str().unwrap() {
        "latency" => Signal::Latency,
        _ => Signal::Failures,
    };
    let name = folder.iter().rev().take(3).map(|part| part.to_string_lossy()).collect::<Vec<_>>();
    Case {
        name: name.into_iter().rev().collect::<Vec<_>>().join("/"),
        services: Services { calls: calls.clone(), series: series(&folder.join("metrics.csv"), signal), span: 300.0 },
        signal,
        onset: target["target"]["timestamp"].as_f64().unwrap(),
        seen: text("target"),
        cause: text("root_cause"),
    }
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn graph(path: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let rows = rows(path);
    let called = |row: &[String]| {
        let marked = row.iter().zip(&rows[0]).skip(1).filter(|(cell, _)| cell.parse::<f64>().is_ok_and(|n| n > 0.0));
        marked.map(|(_, name)| name.clone()).collect()
    };
    rows[1..].iter().map(|row| (row[0].clone(), called(row))).collect()
}

/// Rows are spans; three lines of heading name service, metric and statistic of each column.
fn series(path: &Path, signal: Signal) -> BTreeMap<String, Vec<Point>> {
    let rows = rows(path);
    let columns = |metric: &str, statistic: &str| -> BTreeMap<&str, usize> {
        let is_one = |at: &usize| rows[1][*at] == metric && rows[2][*at] == statistic;
        (1..rows[0].len()).filter(is_one).map(|at| (rows[0][at].as_str(), at)).collect()
    };
    let requests = columns("requests", "Sum");
    let values = match signal {
        Signal::Latency => columns("latency", "Average"),
        Signal::Failures => columns("availability", "Average"),
    };
    let mut out = BTreeMap::new();
    for (name, at) in values {
        let Some(counted) = requests.get(name) else { continue };
        let point = |row: &Vec<String>| {
            let value = row[at].parse::<f64>().ok()?;
            let value = if signal == Signal::Latency { value } else { (100.0 - value) / 100.0 };
            Some(Point { begin: row[0].parse().ok()?, value, requests: row[*counted].parse().ok()? })
        };
        out.insert(name.to_owned(), rows[3..].iter().filter_map(point).collect());
    }
    out
}
