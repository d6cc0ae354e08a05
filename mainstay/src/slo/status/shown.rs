//! The forms of a status: for eyes, for programs, and put together.

use super::super::{PERIOD, backtest::stamp};
use super::Row;
use crate::Context;
use crate::arguments::{Format, StatusBy};
use mainstay_slo::Duration;
use mainstay_slo::status::{Burn, Exhaustion, State};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Everything of a row, in plain numbers.
pub fn whole(row: &Row<'_>) -> Value {
    let (slo, status) = (row.slo, &row.status);
    let gone = match status.exhaustion {
        Exhaustion::Gone => Some(0.0),
        Exhaustion::In(seconds) => Some(rounded(seconds, 0)),
        Exhaustion::Lasts | Exhaustion::Unknown => None,
    };
    let burn = |burn: &Burn| {
        json!({
            "window": burn.window.to_string(), "rate": burn.rate.map(|rate| rounded(rate, 4)),
            "alerts_above": rounded(burn.threshold, 4), "events": burn.events.map(|n| rounded(n, 1)),
            "events_needed": burn.needed, "is_enough": burn.is_enough(), "covered": rounded(burn.covered, 4),
        })
    };
    let gaps: Vec<Value> =
        status.gaps.iter().map(|gap| json!({"from": stamp(gap.from), "until": stamp(gap.until)})).collect();
    let series: BTreeMap<&str, &str> = status.series.iter().collect();
    json!({
        "slo": row.id(), "service": slo.service, "name": slo.name, "series": series,
        "tier": row.owner.tier, "owner": row.owner.team, "state": status.state.as_str(),
        "good": status.good.map(|good| rounded(good, 6)), "objective": slo.objective, "window": row.slo.window(PERIOD),
        "from": stamp(status.from), "until": stamp(status.until), "ends": status.end.map(stamp),
        "counts": if status.counts_events { "events" } else { "seconds" },
        "bad": status.countable.then(|| rounded(status.seen.0, 3)), "total": status.countable.then(|| rounded(status.seen.1, 3)),
        "left": status.left.map(|left| rounded(left, 6)), "left_count": status.left_count.map(|n| rounded(n, 3)),
        "burns": status.burns.iter().map(burn).collect::<Vec<_>>(),
        "gone": match status.exhaustion {
            Exhaustion::Gone => "gone",
            Exhaustion::In(_) => "burns",
            Exhaustion::Lasts => "lasts",
            Exhaustion::Unknown => "unknown",
        },
        "gone_in_s": gone, "gone_by_burn_of": status.present.map(|window| window.to_string()),
        "covered": rounded(status.covered, 6), "gaps": gaps, "excluded_s": status.excluded_s, "notes": status.notes,
        "file": slo.place.file, "line": slo.place.line,
    })
}

/// A row of the table.
pub fn for_eyes(row: &Row<'_>, burns: &[String]) -> Value {
    let (slo, status) = (row.slo, &row.status);
    let unknown = || "unknown".to_owned();
    let mut out = Map::new();
    let mut set = |name: &str, text: String| drop(out.insert(name.to_owned(), Value::String(text)));
    set("slo", row.id());
    set("state", status.state.as_str().to_owned());
    set("good", status.good.map_or_else(unknown, |good| percent(good, 3)));
    set("objective", percent(slo.objective / 100.0, 3));
    set("window", row.slo.window(PERIOD));
    set("left", status.left.map_or_else(unknown, |left| percent(left, 1)));
    let count = |n: f64| if status.counts_events { format!("{n:.0}") } else { length(n) };
    set("left_of", status.left_count.map_or_else(unknown, count));
    for (name, burn) in burns.iter().zip(&status.burns) {
        let rate = burn.rate.map_or_else(unknown, |rate| rounded(rate, 2).to_string());
        set(name, if burn.is_enough() { rate } else { format!("{rate} (few)") });
    }
    set(
        "gone_in",
        match status.exhaustion {
            Exhaustion::Gone => "gone".to_owned(),
            Exhaustion::In(seconds) => length(seconds),
            Exhaustion::Lasts => "lasts".to_owned(),
            Exhaustion::Unknown => unknown(),
        },
    );
    let events = match (status.counts_events, status.countable) {
        (true, true) => format!("{:.0}", status.seen.1),
        (true, false) => unknown(),
        (false, _) => "-".to_owned(),
    };
    set("events", events);
    set("covered", percent(status.covered, 1));
    set("owner", row.owner.team.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string));
    set("tier", row.owner.tier.clone().unwrap_or_else(|| "-".to_owned()));
    Value::Object(out)
}

/// The names of the columns of burn rates, by their windows where all objectives have the same.
pub fn burn_columns(rows: &[Row<'_>]) -> Vec<String> {
    let windows = |row: &Row<'_>| row.status.burns.iter().map(|burn| burn.window).collect::<Vec<Duration>>();
    let Some(first) = rows.first().map(windows) else { return Vec::new() };
    if rows.iter().all(|row| windows(row) == first) {
        return first.iter().map(|window| format!("burn_{window}")).collect();
    }
    ["burn_quick", "burn_slow", "burn_long"].map(str::to_owned).to_vec()
}

/// Rows by what they have in common.
pub fn groups<'r, 's>(rows: &'r [Row<'s>], by: StatusBy) -> BTreeMap<String, Vec<&'r Row<'s>>> {
    let mut groups: BTreeMap<String, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        let name = match by {
            StatusBy::Service => Some(row.slo.service.clone()),
            StatusBy::Tier => row.owner.tier.clone(),
            StatusBy::Owner => row.owner.team.as_ref().map(ToString::to_string),
        };
        groups.entry(name.unwrap_or_else(|| "unknown".to_owned())).or_default().push(row);
    }
    groups
}

/// Objectives put together: how many stand where, what has least left, and the share of all their events that was good. Those
/// that count time have no part in that share.
pub fn group(context: &Context, name: &str, rows: &[&Row<'_>]) -> Value {
    let count = |state: State| rows.iter().filter(|row| row.status.state == state).count();
    let known = |row: &&&Row<'_>| row.status.left.is_some();
    let least = rows
        .iter()
        .filter(known)
        .min_by(|a, b| a.status.left.partial_cmp(&b.status.left).unwrap_or(std::cmp::Ordering::Equal));
    let counted = || rows.iter().filter(|row| row.status.counts_events && row.status.countable);
    let (bad, total) =
        counted().fold((0.0, 0.0), |(bad, total), row| (bad + row.status.seen.0, total + row.status.seen.1));
    let good = (total > 0.0).then(|| 1.0 - bad / total);
    let left = least.and_then(|row| row.status.left);
    let share = |share: Option<f64>, digits| match context.view.format {
        Format::Table => share.map_or_else(|| json!("unknown"), |share| json!(percent(share, digits))),
        _ => json!(share.map(|share| rounded(share, 6))),
    };
    json!({
        "by": name, "objectives": rows.len(), "kept": count(State::Kept), "burning": count(State::Burning),
        "exhausted": count(State::Exhausted), "unknown": count(State::Unknown), "good": share(good, 3), "left": share(left, 1),
        "least": least.map(|row| row.id()), "bad": rounded(bad, 0), "total": rounded(total, 0),
    })
}

/// A share as people say it, with at most so many digits behind the point.
fn percent(share: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", share * 100.0);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{} %", if text == "-0" { "0" } else { text })
}

/// A number of seconds in its two largest units.
fn length(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "m"), (1.0, "s")];
    let sign = if seconds < 0.0 { "-" } else { "" };
    let mut rest = seconds.abs();
    let first = UNITS.iter().position(|(unit, _)| rest >= *unit).unwrap_or(UNITS.len() - 1);
    let mut out = Vec::new();
    for (unit, letter) in UNITS.iter().skip(first).take(2) {
        let count = (rest / unit).floor();
        rest -= count * unit;
        if count > 0.0 || out.is_empty() {
            out.push(format!("{count:.0}{letter}"));
        }
    }
    format!("{sign}{}", out.join(" "))
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
