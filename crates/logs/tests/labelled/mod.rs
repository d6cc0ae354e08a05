//! Sets of lines of which people said which belong together: how far the templates agree.

use mainstay_logs::{Limits, Miner, TemplateId};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Agreement on one set.
pub struct Agreement {
    /// The set's name, for the table.
    pub name: String,
    /// Grouping accuracy: the share of lines whose template has exactly the lines that it should have (Zhu et al., Tools
    /// and Benchmarks for Automated Log Parsing, ICSE-SEIP 2019).
    pub grouping: f64,
    /// The harmonic mean of the shares of our templates and of theirs that have exactly the lines of one of the others
    /// (Jiang et al., LogPub, ISSTA 2024: F1 of grouping accuracy).
    pub grouping_f1: f64,
    /// How many templates we see, and how many there are.
    pub templates: (usize, usize),
    /// Those that are not right, with the number of their lines.
    pub wrong: Vec<(usize, String)>,
}

/// Where the real inputs lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/logs")
}

/// Agreement on every set below a folder, by name.
pub fn agreement(folder: &Path, limits: Limits) -> Vec<Agreement> {
    let mut out: Vec<Agreement> = Vec::new();
    for set in entries(folder) {
        for file in entries(&set).into_iter().filter(|file| file.to_string_lossy().ends_with("_structured.csv")) {
            let name = set.file_name().unwrap_or_default().to_string_lossy().into_owned();
            out.push(compare(name, &rows(&file), limits));
        }
    }
    out
}

/// The mean of a figure over all sets.
pub fn mean(all: &[Agreement], of: impl Fn(&Agreement) -> f64) -> f64 {
    all.iter().map(of).sum::<f64>() / all.len() as f64
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    all.sort();
    all
}

/// Messages, and the name of the event that each is of.
pub fn rows(file: &Path) -> Vec<(String, String)> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().expect("a table has a header").clone();
    let column = |name: &str| headers.iter().position(|header| header == name).expect("the table has the column");
    let (content, event) = (column("Content"), column("EventId"));
    let row = |row: csv::StringRecord| (row[content].to_owned(), row[event].to_owned());
    reader.records().map(|record| row(record.expect("rows are as wide as the header"))).collect()
}

fn compare(name: String, rows: &[(String, String)], limits: Limits) -> Agreement {
    let mut miner = Miner::new(limits);
    let ids: Vec<TemplateId> = rows.iter().map(|(message, _)| miner.learn(message)).collect();
    let mut ours: BTreeMap<TemplateId, Vec<usize>> = BTreeMap::new();
    let mut theirs: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, (id, (_, event))) in ids.iter().zip(rows).enumerate() {
        ours.entry(miner.current(*id)).or_default().push(at);
        theirs.entry(event).or_default().push(at);
    }
    let truth: BTreeSet<&Vec<usize>> = theirs.values().collect();
    let (right, not): (Vec<_>, Vec<_>) = ours.iter().partition(|(_, lines)| truth.contains(lines));
    let text = |id: TemplateId| miner.template(id).map(|template| template.text).unwrap_or_default();
    Agreement {
        name,
        grouping: right.iter().map(|(_, lines)| lines.len()).sum::<usize>() as f64 / rows.len() as f64,
        grouping_f1: 2.0 * right.len() as f64 / (ours.len() + theirs.len()) as f64,
        templates: (ours.len(), theirs.len()),
        wrong: not.into_iter().map(|(id, lines)| (lines.len(), text(*id))).collect(),
    }
}
