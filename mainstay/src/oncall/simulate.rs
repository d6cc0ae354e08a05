//! `mainstay oncall simulate`: who would have been paged.

use super::{alarms, code, in_order, later, local, moment, reading, show};
use crate::Context;
use crate::arguments::{Format, OncallFiles, OncallSimulate};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mainstay_kit::Problem;
use mainstay_oncall::{Alarm, Answer, Load, Reading, Simulation, simulate, unfairness};
use serde_json::{Value, json};
use std::process::ExitCode;

/// How far back alerts are looked at where nobody says from when.
const BACK: SignedDuration = SignedDuration::from_hours(-24 * 7);

/// Schedules with what they would have done.
struct Run {
    reading: Reading,
    simulation: Simulation,
}

/// Runs the command; exits with 1 where nobody would have been paged by some alert.
pub fn run(context: &Context, ask: &OncallSimulate) -> Result<ExitCode, Problem> {
    let to = moment(context, ask.to.as_deref())?;
    let from = match ask.from.as_deref() {
        Some(text) => moment(context, Some(text))?,
        None => later(to, BACK)?,
    };
    in_order(from, to)?;
    let proposed = reading(context, &ask.files)?;
    let alarms = match &ask.alerts {
        Some(path) => alarms::of_file(context, path)?,
        None => alarms::of_ledger(context, from, to)?,
    };
    let given = |reading: Reading| Run { simulation: simulate(&reading.roster, &alarms, from, to), reading };
    let proposed = given(proposed);
    let now = match ask.against.is_empty() {
        true => None,
        false => {
            let files = OncallFiles { paths: ask.against.clone(), schedule: ask.files.schedule.clone() };
            Some(given(reading(context, &files)?))
        }
    };
    if ask.each {
        let columns = ["at", "alert", "answer", "paged"];
        show(context, &columns, "pages", pages(&proposed, &alarms), &proposed.reading.diagnostics);
    } else {
        print(context, &proposed, now.as_ref(), &alarms);
    }
    let answered = proposed.simulation.pages.iter().all(|page| page.answer.is_none() || !page.people.is_empty());
    Ok(code(&proposed.reading, answered))
}

fn pages(run: &Run, alarms: &[Alarm]) -> Vec<Value> {
    let roster = &run.reading.roster;
    let row = |page: &mainstay_oncall::Page| {
        let alarm = &alarms[page.alarm];
        let (answer, zone) = match page.answer {
            None => (None, TimeZone::UTC),
            Some(Answer::Schedule(at)) => (Some(roster.schedules[at].id.clone()), roster.schedules[at].zone.clone()),
            Some(Answer::Step { policy, step }) => {
                (Some(format!("{}, step {}", roster.policies[policy].id, step + 1)), TimeZone::UTC)
            }
        };
        let ids = roster.ids(&page.people);
        let paged = match (&answer, ids.is_empty()) {
            (None, _) => "nobody: nothing answers for it".to_owned(),
            (_, true) => "nobody: nobody is on call".to_owned(),
            _ => ids.join(", "),
        };
        json!({
            "at": local(page.at, &zone), "alert": what(alarm), "answer": answer, "paged": paged, "people": ids,
            "id": alarm.id, "labels": alarm.labels,
        })
    };
    run.simulation.pages.iter().map(row).collect()
}

/// An alarm in words: its rule and its service, where it has them.
fn what(alarm: &Alarm) -> String {
    let words: Vec<&str> = ["rule", "alertname", "service"]
        .iter()
        .filter_map(|name| alarm.labels.get(*name))
        .map(String::as_str)
        .collect();
    let mut distinct: Vec<&str> = Vec::new();
    for word in words {
        if !distinct.contains(&word) {
            distinct.push(word);
        }
    }
    if distinct.is_empty() { alarm.id.clone() } else { distinct.join(" ") }
}

/// The load of each person, what nobody would have answered, and how unevenly it lies.
fn print(context: &Context, proposed: &Run, now: Option<&Run>, alarms: &[Alarm]) {
    let roster = &proposed.reading.roster;
    let mut rows: Vec<Value> =
        proposed.simulation.loads.iter().map(|load| row(&roster.person(load.person).id, load)).collect();
    if let Some(now) = now {
        for load in &now.simulation.loads {
            let id = &now.reading.roster.person(load.person).id;
            match rows.iter_mut().find(|row| row["person"] == json!(id)) {
                Some(row) => add_now(row, load),
                None => {
                    let mut row =
                        json!({"person": id, "pages": 0, "off_hours": 0, "nights": 0, "hours": 0, "hours_off": 0});
                    add_now(&mut row, load);
                    rows.push(row);
                }
            }
        }
    }
    let mut columns = vec!["person", "pages", "off_hours", "nights", "hours", "hours_off"];
    if now.is_some() {
        columns.extend(["pages_now", "nights_now"]);
    }
    let summary = summary(&proposed.simulation);
    if context.view.format == Format::Json {
        let mut answer = json!({
            "people": rows, "proposed": summary, "now": now.map(|now| self::summary(&now.simulation)),
            "pages": pages(proposed, alarms),
        });
        answer["diagnostics"] = serde_json::to_value(&proposed.reading.diagnostics).unwrap_or_default();
        context.view.json(&answer);
        return;
    }
    context.view.rows(&columns, &json!({ "people": rows }));
    if context.view.format == Format::Table {
        context.view.print("");
        context.view.print(&in_words(&summary));
        if let Some(now) = now {
            context.view.print(&format!("now: {}", in_words(&self::summary(&now.simulation))));
        }
    }
}

fn hours(length: SignedDuration) -> f64 {
    (length.as_secs_f64() / 360.0).round() / 10.0
}

fn row(id: &str, load: &Load) -> Value {
    json!({
        "person": id, "pages": load.pages, "off_hours": load.off_hours, "nights": load.nights,
        "hours": hours(load.on_duty), "hours_off": hours(load.on_duty_off_hours),
    })
}

fn add_now(row: &mut Value, load: &Load) {
    row["pages_now"] = json!(load.pages);
    row["off_hours_now"] = json!(load.off_hours);
    row["nights_now"] = json!(load.nights);
    row["hours_now"] = json!(hours(load.on_duty));
}

/// The figures of all.
fn summary(simulation: &Simulation) -> Value {
    let share = |of: fn(&Load) -> f64| {
        let loads: Vec<f64> = simulation.loads.iter().map(of).collect();
        unfairness(&loads).map(|share| (share * 1_000.0).round() / 1_000.0)
    };
    // An alert counts once, however many steps it took.
    let count = |is: fn(&mainstay_oncall::Page) -> bool| {
        let alarms = simulation.pages.iter().filter(|page| is(page)).map(|page| page.alarm);
        alarms.collect::<std::collections::BTreeSet<_>>().len()
    };
    json!({
        "answered": count(|page| !page.people.is_empty()),
        "unanswered": count(|page| page.answer.is_some() && page.people.is_empty()),
        "unrouted": count(|page| page.answer.is_none()),
        "unfairness": {
            "pages": share(|load| f64::from(load.pages)),
            "nights": share(|load| f64::from(load.nights)),
            "hours_off": share(|load| load.on_duty_off_hours.as_secs_f64()),
        },
    })
}

fn in_words(summary: &Value) -> String {
    let share = |name: &str| {
        let share = summary["unfairness"][name].as_f64();
        share.map_or_else(|| format!("{name} nothing to share"), |share| format!("{name} {:.1} %", share * 100.0))
    };
    format!(
        "{} alerts page somebody, {} nobody, nothing answers for {}; unfairness: {}, {}, {}",
        summary["answered"],
        summary["unanswered"],
        summary["unrouted"],
        share("pages"),
        share("nights"),
        share("hours_off").replace('_', " ")
    )
}
