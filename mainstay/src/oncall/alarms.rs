//! Alerts that somebody was told of: from the ledger, or from a file.

use crate::Context;
use jiff::{SignedDuration, Timestamp};
use mainstay_kit::Problem;
use mainstay_oncall::Alarm;
use mainstay_outside::FILE_BYTES_MAX;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Episodes that a request asks for; the most that one answers.
const ROWS: usize = 1_000;

/// How long after an alert began somebody may be told of it for the first time.
const TOLD_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// Classes of episodes that paged nobody.
const SILENT: [&str; 4] = ["watchdog", "test", "silenced", "not notified"];

fn wrong(detail: String) -> Problem {
    Problem::malformed("oncall.alerts", detail)
}

/// The episodes of the ledger between two times of which somebody was told, each at the time when they were.
pub fn of_ledger(context: &Context, from: Timestamp, to: Timestamp) -> Result<Vec<Alarm>, Problem> {
    let asking = crate::commands::asking(context)?;
    let since = super::later(from, -TOLD_WITHIN)?;
    let fired = |row: &Value| row["fired"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let mut out = Vec::new();
    for page in 0.. {
        let answer = asking("alert.list", &json!({"limit": ROWS, "offset": page * ROWS}))?;
        let rows = answer["items"].as_array().cloned().unwrap_or_default();
        for row in rows.iter().filter(|row| fired(row).is_some_and(|at| since <= at && at < to)) {
            if !SILENT.contains(&row["class"].as_str().unwrap_or_default()) {
                let whole = asking("alert.show", &json!({"id": row["id"]}))?;
                out.extend(of_episode(row, &whole["state"]).filter(|alarm| from <= alarm.at && alarm.at < to));
            }
        }
        // Newest first: what follows is older still.
        if rows.len() < ROWS || rows.last().and_then(fired).is_some_and(|at| at < since) {
            break;
        }
    }
    Ok(out)
}

/// One episode with its labels; nothing where nobody was told.
fn of_episode(row: &Value, state: &Value) -> Option<Alarm> {
    let told =
        state["notified"].as_array()?.iter().filter_map(|one| one[0].as_str()?.parse::<Timestamp>().ok()).min()?;
    let mut labels = labels(row.as_object()?);
    let own = state["alert"]["labels"].as_object().into_iter().flatten();
    labels.extend(own.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))));
    let time = |text: &Value| text.as_str()?.parse::<Timestamp>().ok();
    let first = |of: &Value| of.as_array()?.iter().filter_map(|one| time(&one[0])).min();
    let handled = [first(&state["acknowledged"]), first(&state["acted"]), time(&state["resolved"])];
    Some(Alarm { id: row["id"].as_str()?.to_owned(), at: told, handled: handled.into_iter().flatten().min(), labels })
}

/// The fields of a row as labels; of a subject such as `team:commerce`, the name.
fn labels(row: &Map<String, Value>) -> BTreeMap<String, String> {
    let name = |text: &str| {
        let subject = text.split_once(':').filter(|(kind, _)| ["team", "service"].contains(kind));
        subject.map_or(text, |(_, name)| name).to_owned()
    };
    let label =
        |(key, value): (&String, &Value)| Some((key.clone(), name(value.as_str().filter(|text| !text.is_empty())?)));
    row.iter()
        .filter(|(key, _)| !["id", "at", "fired", "acknowledged", "resolved"].contains(&key.as_str()))
        .filter_map(label)
        .collect()
}

/// The alerts of a file.
pub fn of_file(context: &Context, path: &Path) -> Result<Vec<Alarm>, Problem> {
    let name = path.display();
    let bytes = context.outside.read(path, FILE_BYTES_MAX).map_err(|e| wrong(e.to_string()))?;
    if bytes.first().is_some_and(|first| b"{[".contains(first)) {
        let answer: Value = serde_json::from_slice(&bytes).map_err(|e| wrong(format!("{name}: {e}")))?;
        let rows =
            mainstay_kit::answer::rows_of(&answer).ok_or_else(|| wrong(format!("{name} holds no list of alerts")))?;
        let each = rows.iter().filter_map(Value::as_object).enumerate();
        return each.filter_map(|(at, row)| of_row(row, &format!("{name}: alert {}", at + 1)).transpose()).collect();
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(bytes.as_slice());
    let header = reader.headers().map_err(|e| wrong(format!("{name}: {e}")))?.clone();
    let mut out = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| wrong(format!("{name}: {e}")))?;
        let place = format!("{name}:{}", record.position().map_or(0, csv::Position::line));
        let cells = header.iter().zip(record.iter());
        let row = cells.map(|(title, cell)| (title.to_lowercase(), Value::from(cell))).collect();
        out.extend(of_row(&row, &place)?);
    }
    Ok(out)
}

/// One row; nothing where it paged nobody. A time that cannot be read is an error: without it the figures would be others.
fn of_row(row: &Map<String, Value>, place: &str) -> Result<Option<Alarm>, Problem> {
    let text = |key: &str| row.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("class").is_some_and(|class| SILENT.contains(&class)) {
        return Ok(None);
    }
    let time = text("at").or_else(|| text("fired")).ok_or_else(|| {
        wrong(format!(
            "{place}: there is no time; name a column `at` or `fired`, with times such as 2026-11-01T12:00:00Z"
        ))
    })?;
    let at = time.parse().map_err(|_| wrong(format!("{place}: {time:?} is no time such as 2026-11-01T12:00:00Z")))?;
    let handled = ["acknowledged", "resolved"].into_iter().filter_map(&text);
    let handled = handled.filter_map(|text| text.parse().ok()).min();
    Ok(Some(Alarm { id: text("id").unwrap_or(place).to_owned(), at, handled, labels: labels(row) }))
}
