//! `mainstay escalation show`: the course of an escalation as lines, one for each decision and each receipt.

use serde_json::{Value, json};

/// The columns of the lines.
pub const COLUMNS: [&str; 4] = ["at", "what", "who", "said"];

/// The lines of an escalation, by time.
pub fn lines(answer: &Value) -> Value {
    let state = &answer["state"];
    let begun = &state["begun"];
    let row =
        |at: &Value, what: String, who: String, said: String| json!({"at": at, "what": what, "who": who, "said": said});
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let title = format!("{}, by the policy {}", text(&begun["title"]), text(&begun["policy"]["id"]));
    let mut rows = vec![row(&state["at"], "begun".to_owned(), String::new(), title)];
    for one in state["course"].as_array().into_iter().flatten() {
        let (at, step) = (&one[0], &one[1]);
        if step["event"] != "due" {
            rows.push(row(at, text(&step["event"]), text(&step["by"]), String::new()));
        }
        rows.extend(step["said"].as_array().into_iter().flatten().map(|said| {
            let (what, detail) = told(said);
            row(at, what, text(&said["person"]) + &text(&said["by"]), detail)
        }));
    }
    for one in state["receipts"].as_array().into_iter().flatten() {
        let (at, receipt) = (&one[0], &one[1]);
        let what = format!("{} by {}", text(&receipt["outcome"]).replace('-', " "), text(&receipt["channel"]));
        rows.push(row(at, what, text(&receipt["person"]), text(&receipt["answer"])));
    }
    let time = |row: &Value| row["at"].as_str().and_then(|at| at.parse::<mainstay_model::Timestamp>().ok());
    rows.sort_by_key(time);
    json!({ "lines": rows })
}

/// What a decision says, and the detail of it.
fn told(said: &Value) -> (String, String) {
    let number = |name: &str| said[name].as_u64().unwrap_or(0);
    let text = |name: &str| said[name].as_str().unwrap_or_default();
    let step = || format!("step {}", number("step"));
    match text("what") {
        "notify" => {
            let ways: Vec<String> = said["ways"].as_array().into_iter().flatten().map(way).collect();
            let ways = if ways.is_empty() { "no way to them is known".to_owned() } else { ways.join(", ") };
            (format!("{}, round {}", step(), number("round")), ways)
        }
        "skipped" => ("skipped".to_owned(), format!("{} has nobody", step())),
        "gone" => ("gone".to_owned(), format!("{} names somebody who is no longer there", step())),
        "no-schedule" => {
            ("gone".to_owned(), format!("{} names the schedule {}, which there is not", step(), text("schedule")))
        }
        "nobody" => ("nobody".to_owned(), "no step has anybody; it is tried again".to_owned()),
        "muted" => ("muted".to_owned(), format!("until {}", text("until"))),
        "timed-out" => ("timed out".to_owned(), "the steps begin anew".to_owned()),
        other => (other.to_owned(), "all was done, and nobody acknowledged".to_owned()),
    }
}

fn way(way: &Value) -> String {
    let text = |name: &str| way[name].as_str().unwrap_or_default();
    match way["quiet_until"].as_str() {
        Some(until) => format!("{} after quiet hours, {until}", text("channel")),
        None => text("channel").to_owned(),
    }
}
