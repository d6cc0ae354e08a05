//! The example's true KPIs, computed a second time: `tests/oracle/kpis.py` reads the facts that the generator wrote, knows
//! neither the generator nor Mainstay, and must come to what the generator says is true.

use crate::shell::{Outcome, Scratch, capture, command, files, read, root, write};
use serde_json::Value;

/// Compares every figure.
pub fn run() -> Outcome<String> {
    let history = root().join("examples/estate/history");
    let scratch = Scratch::new("oracle")?;
    let mut facts = String::new();
    for file in files(&history).iter().filter(|file| file.extension().is_some_and(|ext| ext == "jsonl")) {
        facts.push_str(&read(file)?);
    }
    let path = scratch.path().join("facts.jsonl");
    write(&path, &facts)?;
    let truth = json(&read(&history.join("truth.json"))?)?;
    let rows = truth.as_array().map(Vec::as_slice).unwrap_or_default();
    let period = |row: &Value| ["from", "to", "as_of"].map(|key| row[key].as_str().unwrap_or_default().to_owned());
    let mut periods: Vec<[String; 3]> = rows.iter().map(period).collect();
    periods.sort_unstable();
    periods.dedup();
    for [from, to, as_of] in &periods {
        let mut oracle = command("python3");
        oracle.arg(root().join("tests/oracle/kpis.py")).arg(&path);
        oracle.args(["--from", from, "--to", to, "--as-of", as_of]);
        let answers = json(&capture(&mut oracle)?)?;
        for row in rows.iter().filter(|row| period(row) == [from.clone(), to.clone(), as_of.clone()]) {
            compare(row, &answers[row["id"].as_str().unwrap_or_default()])?;
        }
    }
    if rows.is_empty() { Err("find a figure in truth.json".to_owned()) } else { Ok(format!("{} figures", rows.len())) }
}

fn compare(row: &Value, answer: &Value) -> Outcome<()> {
    let same_number = |key: &str| row[key].as_f64().is_some() && row[key].as_f64() == answer[key].as_f64();
    let same = same_number("numerator") && same_number("denominator");
    if same && row["excluded"] == answer["excluded"] && row["unknown"] == answer["unknown"] {
        return Ok(());
    }
    Err(format!("agree with the second computation: it says {answer}, and the generator {row}"))
}

fn json(text: &str) -> Outcome<Value> {
    serde_json::from_str(text).map_err(|e| format!("read JSON: {e}"))
}
