//! `mainstay alert routes`: labels in; receivers, routes and their lines out. `mainstay alert replay`: a change in; what it
//! would have done out.

use crate::Context;
use crate::arguments::{AlertReplay, AlertRoutes, Format};
use mainstay_alerts::{Config, Labels, read};
use mainstay_kit::Problem;
use mainstay_model::Diagnostic;
use mainstay_outside::FILE_BYTES_MAX;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

/// The file that is read where no other is given.
const FILE: &str = "alertmanager.yml";

/// Runs the command; exits with 2 where Alertmanager would refuse its configuration.
pub fn routes(context: &Context, ask: &AlertRoutes) -> Result<ExitCode, Problem> {
    crate::commands::plain_format(context)?;
    // Here the configuration is Alertmanager's; ours is not needed.
    let asked = &context.global.config;
    let path = if asked == Path::new("mainstay.toml") { Path::new(FILE) } else { asked };
    let Some(config) = configuration(context, path)? else { return Ok(ExitCode::from(2)) };
    let labels = labels(&ask.labels)?;
    let found = match labels.is_empty() {
        true => (0..config.routes.len()).collect(),
        false => config.matching(&labels),
    };
    let rows: Vec<Value> = found.iter().map(|at| row(&config, *at, &labels)).collect();
    let columns = ["receiver", "route", "line", "group", "group_wait", "group_interval", "repeat_interval", "tells"];
    context.view.rows(&columns, &json!({ "routes": rows }));
    Ok(ExitCode::SUCCESS)
}

/// Runs the command; exits with 1 where an incident would have been found later or missed, and with 2 where not all of it can
/// be said.
pub fn replay(context: &Context, ask: &AlertReplay) -> Result<ExitCode, Problem> {
    crate::commands::plain_format(context)?;
    let change = text(context, &ask.change)?;
    let name = ask.change.to_string_lossy().into_owned();
    // Without the texts of its files, a change says which they are.
    let named = mainstay_alerts::replay::read_change(&change, &name, &BTreeMap::new()).files;
    let folder = ask.change.parent().unwrap_or(Path::new(""));
    let mut files = BTreeMap::new();
    for file in named {
        files.insert(file.clone(), text(context, &folder.join(&file))?);
    }
    let over = &ask.over;
    let input =
        json!({"change": change, "name": name, "files": files, "from": over.from, "to": over.to, "as_of": over.as_of});
    let answer = crate::commands::asking(context)?("alert.replay", &input)?;
    let diagnostics: Vec<Diagnostic> = serde_json::from_value(answer["diagnostics"].clone()).unwrap_or_default();
    diagnostics.iter().for_each(|diagnostic| context.view.complain(diagnostic));
    if !diagnostics.is_empty() {
        return Ok(ExitCode::from(2));
    }
    show_replay(context, &answer);
    let verdict = |word: &str| answer["incidents"].as_array().into_iter().flatten().any(|one| one["verdict"] == word);
    let is_unknown = answer["unknown"].as_array().is_some_and(|unknown| !unknown.is_empty());
    Ok(match (verdict("missed") || verdict("later"), is_unknown) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::from(2),
        (false, false) => ExitCode::SUCCESS,
    })
}

fn show_replay(context: &Context, answer: &Value) {
    if context.view.format == Format::Json {
        context.view.json(answer);
        return;
    }
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    let rules: Vec<Value> = answer["rules"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|rule| {
            let latest = rule["delayed"].as_array().into_iter().flatten().filter_map(|one| one["later_s"].as_i64());
            let unknown = |value: &Value| if value.is_null() { json!("unknown") } else { value.clone() };
            json!({
                "rule": rule["rule"], "episodes": rule["episodes"], "pages_now": rule["pages_now"],
                "pages_proposed": unknown(&rule["pages_proposed"]), "fewer": unknown(&rule["fewer"]),
                "dropped": count(&rule["dropped"]), "moved": count(&rule["delayed"]), "added": rule["added"],
                "moved_s_max": latest.max_by_key(|seconds| seconds.abs()),
            })
        })
        .collect();
    let columns =
        ["rule", "episodes", "pages_now", "pages_proposed", "fewer", "dropped", "moved", "moved_s_max", "added"];
    if context.view.format == Format::Csv {
        context.view.rows(&columns, &json!({ "rules": rules }));
        return;
    }
    context.view.print(answer["summary"].as_str().unwrap_or_default());
    if !rules.is_empty() {
        context.view.print("");
        context.view.rows(&columns, &json!({ "rules": rules }));
    }
    let moved = |one: &&Value| one["verdict"] != "same";
    let incidents: Vec<&Value> = answer["incidents"].as_array().into_iter().flatten().filter(moved).collect();
    if !incidents.is_empty() {
        context.view.print("");
        context.view.rows(
            &["incident", "verdict", "found_now", "found_proposed", "later_s"],
            &json!({ "incidents": incidents }),
        );
    }
    for unknown in answer["unknown"].as_array().into_iter().flatten() {
        let text = |key: &str| unknown[key].as_str().unwrap_or_default();
        let episodes = unknown["episodes"].as_u64().map_or_else(String::new, |n| format!(" ({n} alerts)"));
        context.view.print(&format!("unknown: {}{episodes}: {}", text("rule"), text("why")));
    }
}

fn text(context: &Context, path: &Path) -> Result<String, Problem> {
    let wrong = |e: mainstay_outside::FileError| Problem::malformed("alert.unreadable", e.to_string());
    let bytes = context.outside.read(path, FILE_BYTES_MAX).map_err(wrong)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A configuration of Alertmanager; nothing where it is refused, which is told.
fn configuration(context: &Context, path: &Path) -> Result<Option<Config>, Problem> {
    let reading = read(&text(context, path)?, &path.to_string_lossy());
    reading.diagnostics.iter().for_each(|diagnostic| context.view.complain(diagnostic));
    Ok(reading.config)
}

fn labels(pairs: &[String]) -> Result<Labels, Problem> {
    let wrong = |pair: &String| Problem::malformed("alert.label", format!("{pair:?} is no label; write NAME=VALUE"));
    let pairs: Result<Vec<_>, _> = pairs
        .iter()
        .map(|pair| pair.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| wrong(pair)))
        .collect();
    Ok(Labels::new(pairs?))
}

/// A route as it takes an alert; of no alert, what it groups by stands in the place of its group.
fn row(config: &Config, at: usize, labels: &Labels) -> Value {
    let route = &config.routes[at];
    let path: Vec<String> = ancestors(config, at).into_iter().map(|at| shown(config, at)).collect();
    let tells = config.receiver(&route.receiver).map(|receiver| {
        let kinds: Vec<&str> = receiver.integrations.iter().map(|integration| integration.kind).collect();
        if kinds.is_empty() { "nobody".to_owned() } else { kinds.join(", ") }
    });
    let group = match (&route.group_by, labels.is_empty()) {
        (_, false) => route.group_labels(labels).in_braces(),
        (None, true) => "...".to_owned(),
        (Some(names), true) => names.join(", "),
    };
    json!({
        "receiver": route.receiver, "route": path.join(" "), "file": route.place.file, "line": route.place.line,
        "column": route.place.column, "group": group, "group_wait": span(route.group_wait),
        "group_interval": span(route.group_interval), "repeat_interval": span(route.repeat_interval),
        "mute_time_intervals": route.mute_time_intervals, "active_time_intervals": route.active_time_intervals,
        "continue": route.continues, "tells": tells,
    })
}

/// A route and those above it, the root first and left out unless it is alone.
fn ancestors(config: &Config, at: usize) -> Vec<usize> {
    let mut path: Vec<usize> = std::iter::successors(Some(at), |at| config.routes[*at].parent).collect();
    path.reverse();
    if path.len() > 1 {
        path.remove(0);
    }
    path
}

fn shown(config: &Config, at: usize) -> String {
    let route = &config.routes[at];
    let own =
        route.key.strip_prefix(&route.parent.map_or_else(String::new, |above| config.routes[above].key.clone() + "/"));
    match (route.parent, own) {
        (None, _) => "root".to_owned(),
        (_, Some(own)) => own.to_owned(),
        (_, None) => route.key.clone(),
    }
}

fn span(of: jiff::SignedDuration) -> String {
    mainstay_promql::duration::format(i64::try_from(of.as_millis()).unwrap_or(i64::MAX))
}
