//! `mainstay explain`: one verdict with what decided it, where that came from, and what would change it.

use crate::Context;
use crate::arguments::{Explain, Format};
use crate::scan::{self, Gathered, Judge, Judged};
use mainstay_iac::terraform::{self, Origin};
use mainstay_iac::{Dialect, Node, Reading, Resource, Value};
use mainstay_kit::Problem;
use mainstay_model::Verdict;
use mainstay_policy::{Cause, Control, Explanation, Judgement, Masks, Wanted, is_sensitive};
use serde_json::json;
use std::process::ExitCode;

/// How many characters of a value or an expression are shown, at most.
const SHOWN_MAX: usize = 100;

/// How many names are offered where one is not known.
const OFFERED_MAX: usize = 5;

/// Explains what a control says of a resource.
pub fn explain(context: &Context, ask: &Explain) -> Result<ExitCode, Problem> {
    let mut judge = Judge::of(context, &ask.code)?;
    judge.asked_for(&ask.paths);
    let mut gathered = scan::gathered(context, &ask.paths);
    let mut judged = judge.judge_all(&mut gathered, Wanted::All);
    judge.add_var_files(&mut gathered.sources);
    judged.diagnostics.iter().chain(&gathered.diagnostics).for_each(|d| context.view.complain(d));
    if let Some(judgement) = secret(&judge, &judged, ask) {
        let explanation = Explanation { judgement: judgement.clone(), changes: Vec::new() };
        return Ok(print(context, &judged, &explanation, &[]));
    }
    let index = resource(&judged.reading, ask)?;
    let control = control(&judge, &judged.reading.resources[index], ask)?;
    let explained = judge.engine.explain(&mut judged.reading, control, index);
    let resource = &judged.reading.resources[index];
    // What a policy in another language says has reasons too; only changes cannot be read off its text.
    let said = said(&judged, control, resource);
    let explanation =
        explained.or_else(|| said.cloned().map(|judgement| Explanation { judgement, changes: Vec::new() }));
    let Some(mut explanation) = explanation else {
        let detail = format!("{} says nothing of {}: its conditions do not hold there", control.id, resource.address);
        return Err(Problem::malformed("explain.not-applied", detail));
    };
    if let Some(said) = said {
        // A suppression in the code or a waiver counts here as in a scan.
        explanation.judgement.verdict = said.verdict;
        explanation.judgement.waiver = said.waiver.clone();
    }
    let origins = origins(&gathered, &judge, &judged.reading, resource, &explanation.judgement.causes);
    Ok(print(context, &judged, &explanation, &origins))
}

/// Prints an explanation without the secrets that stand in what it shows.
fn print(context: &Context, judged: &Judged, explanation: &Explanation, origins: &[(String, Origin)]) -> ExitCode {
    match context.view.format {
        Format::Json => context.view.json(&hidden(as_json(explanation, origins, &judged.reading), &judged.masks)),
        _ => context.view.print(&judged.masks.hide(&as_text(explanation, origins, &judged.reading))),
    }
    match explanation.judgement.verdict {
        Verdict::Pass | Verdict::Waived => ExitCode::SUCCESS,
        Verdict::Fail => ExitCode::from(1),
        Verdict::Unknown => ExitCode::from(2),
    }
}

/// A value without the secrets in its texts.
fn hidden(value: serde_json::Value, masks: &Masks) -> serde_json::Value {
    match value {
        serde_json::Value::String(text) => masks.hide(&text).into_owned().into(),
        serde_json::Value::Array(items) => items.into_iter().map(|item| hidden(item, masks)).collect(),
        serde_json::Value::Object(map) => {
            map.into_iter().map(|(key, item)| (masks.hide(&key).into_owned(), hidden(item, masks))).collect()
        }
        plain => plain,
    }
}

/// What a control of secrets says, which is of a text in a file and of no resource.
fn secret<'j>(judge: &Judge, judged: &'j Judged, ask: &Explain) -> Option<&'j Judgement> {
    judged.judging.judgements.iter().find(|judgement| {
        let control = judge.engine.control(&judgement.control);
        control.is_some_and(Control::is_for_secrets)
            && *judgement.resource == *ask.resource
            && (*judgement.control == *ask.control || judgement.aliases.contains(&ask.control))
    })
}

/// How to mend it, without the rule that stands behind that on the control's page.
pub fn mend(judgement: &Judgement) -> &str {
    judgement.fix.split("```rule").next().unwrap_or_default().trim()
}

/// The resource that is meant, by its index.
fn resource(reading: &Reading, ask: &Explain) -> Result<usize, Problem> {
    let is_root = |resource: &Resource| ask.root.as_ref().is_none_or(|root| *resource.root == **root);
    let found: Vec<usize> = (0..reading.resources.len())
        .filter(|index| reading.resources[*index].address == ask.resource && is_root(&reading.resources[*index]))
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let similar = reading.resources.iter().map(|resource| resource.address.as_str());
            let similar: Vec<&str> =
                similar.filter(|address| address.contains(&ask.resource)).take(OFFERED_MAX).collect();
            let help = if similar.is_empty() {
                format!("{} resources were read; `mainstay scan --verdicts all` lists them", reading.resources.len())
            } else {
                format!("there are {}", similar.join(", "))
            };
            Err(Problem::malformed("explain.resource", format!("there is no resource {:?}; {help}", ask.resource)))
        }
        several => {
            let mut roots: Vec<&str> = several.iter().map(|index| &*reading.resources[*index].root).collect();
            roots.dedup();
            if roots.len() == 1 {
                return Ok(several[0]);
            }
            let detail =
                format!("{} roots have {}; name one with --root: {}", roots.len(), ask.resource, roots.join(", "));
            Err(Problem::malformed("explain.root", detail))
        }
    }
}

/// The control that is meant: of several with one id in another tool, the one for the resource's type.
fn control<'e>(judge: &'e Judge, resource: &Resource, ask: &Explain) -> Result<&'e Control, Problem> {
    let found = judge.engine.controls_named(&ask.control);
    if let Some(fitting) = found.iter().find(|control| control.is_for(&resource.resource_type)) {
        return Ok(fitting);
    }
    Err(match found.first() {
        Some(first) => {
            let types: Vec<&str> = first.types.iter().map(|name| &**name).collect();
            let detail = format!("{} judges {}, and this is a {}", first.id, types.join(", "), resource.resource_type);
            Problem::malformed("explain.type", detail)
        }
        None => {
            let detail = format!("there is no control {:?}; `mainstay control list` names them", ask.control);
            Problem::malformed("explain.control", detail)
        }
    })
}

/// What the scan says of the resource by the control.
fn said<'j>(judged: &'j Judged, control: &Control, resource: &Resource) -> Option<&'j Judgement> {
    let same = |other: &&Judgement| {
        other.control == control.id && *other.resource == *resource.address && other.root == resource.root
    };
    judged.judging.judgements.iter().find(same)
}

/// Where the attributes that decided came from, of the resource and of those that it is judged by.
fn origins(
    gathered: &Gathered,
    judge: &Judge,
    reading: &Reading,
    resource: &Resource,
    causes: &[Cause],
) -> Vec<(String, Origin)> {
    let mut out: Vec<(String, Origin)> = Vec::new();
    for cause in causes {
        let name = cause.attribute.rsplit('(').next().unwrap_or_default().trim_end_matches(')');
        let other = reading.resources.iter().find(|other| {
            other.root == resource.root && name.strip_prefix(&other.address).is_some_and(|rest| rest.starts_with('.'))
        });
        let (of, path) = match other {
            Some(other) => (other, name[other.address.len() + 1..].to_owned()),
            None => (resource, name.to_owned()),
        };
        if of.dialect != Dialect::Terraform {
            continue;
        }
        for origin in terraform::trace(&gathered.sources, &judge.options, &of.root, &of.address, &[path]) {
            if !out.iter().any(|(address, known)| *address == of.address && known.name == origin.name) {
                out.push((of.address.clone(), origin));
            }
        }
    }
    out
}

fn as_json(explanation: &Explanation, origins: &[(String, Origin)], reading: &Reading) -> serde_json::Value {
    let origins: Vec<_> = origins
        .iter()
        .map(|(resource, origin)| json!({"resource": resource, "origin": origin_json(origin, reading, false)}))
        .collect();
    json!({
        "verdict": explanation.judgement,
        "origins": origins,
        "changes": explanation.changes,
        "fix": mend(&explanation.judgement),
    })
}

fn origin_json(origin: &Origin, reading: &Reading, hidden: bool) -> serde_json::Value {
    let hidden = hidden || is_hidden(origin);
    let place = origin.at.map(|at| reading.place(at));
    json!({
        "kind": origin.kind.as_str(),
        "name": origin.name,
        "module": origin.module,
        "place": place,
        "expression": origin.text.as_ref().filter(|_| !hidden),
        "value": if hidden { serde_json::Value::Null } else { origin.value.to_json() },
        "unknown": unknown(&origin.value),
        "hidden": hidden,
        "from": origin.from.iter().map(|part| origin_json(part, reading, hidden)).collect::<Vec<_>>(),
    })
}

fn is_hidden(origin: &Origin) -> bool {
    origin.sensitive || is_sensitive(&origin.name)
}

fn unknown(node: &Node) -> Option<String> {
    match &node.value {
        Value::Unknown(unknown) => Some(unknown.why.to_string()),
        _ => None,
    }
}

fn as_text(explanation: &Explanation, origins: &[(String, Origin)], reading: &Reading) -> String {
    let judgement = &explanation.judgement;
    let mut out = format!(
        "{} ({}): {} of {} at {}:{}\n{}\n\nWhy\n",
        judgement.verdict.as_str(),
        judgement.severity,
        judgement.control,
        judgement.resource,
        judgement.file,
        judgement.line,
        judgement.title
    );
    for reason in judgement.why.split("; ").filter(|reason| !reason.is_empty()) {
        out += &format!("  {reason}\n");
    }
    if let Some(waiver) = &judgement.waiver {
        out += &format!("  waived by {} at {}: {}\n", waiver.by, waiver.place, waiver.reason);
    }
    if !origins.is_empty() {
        out += "\nWhere it comes from\n";
        for (address, origin) in origins {
            let of = if **address == *judgement.resource { String::new() } else { format!("{address}.") };
            origin_text(&mut out, &of, origin, reading, 1, false);
        }
    }
    out += "\nWhat would change it\n";
    if explanation.changes.is_empty() {
        out += "  no change of a single attribute is known to; see how to mend it\n";
    }
    for change in &explanation.changes {
        out += &format!("  {}: then it is {}\n", change.text, change.verdict.as_str());
    }
    if judgement.verdict != Verdict::Pass {
        out += &format!("\nFix\n{}\n", mend(judgement));
    }
    out.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn origin_text(out: &mut String, before: &str, origin: &Origin, reading: &Reading, depth: usize, hidden: bool) {
    let hidden = hidden || is_hidden(origin);
    let value = match (&origin.value.value, hidden) {
        (_, true) => "not shown".to_owned(),
        (Value::Unknown(unknown), _) => format!("unknown: {}", unknown.why),
        _ => cut(&origin.value.to_json().to_string()),
    };
    let place = origin.at.map(|at| format!(", {}", reading.place(at))).unwrap_or_default();
    let module = if origin.module.is_empty() { String::new() } else { format!(" in {}", origin.module) };
    let written = origin.text.as_ref().filter(|_| !hidden && !origin.from.is_empty());
    let written = written.map(|text| format!(" = {}", cut(text))).unwrap_or_default();
    let word = origin.kind.as_str();
    *out += &format!(
        "{:indent$}{before}{}{written} is {value} ({word}{module}{place})\n",
        "",
        origin.name,
        indent = depth * 2
    );
    origin.from.iter().for_each(|part| origin_text(out, "", part, reading, depth + 1, hidden));
}

fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN_MAX {
        return line;
    }
    line.chars().take(SHOWN_MAX - 1).chain(['…']).collect()
}
