//! One escalation policy.

use super::fields::{File, field};
use super::people::Known;
use super::schedule::answers;
use super::words;
use crate::Schedule;
use crate::escalation::{Policy, Step, Target};
use jiff::SignedDuration;
use mainstay_iac::Node;

/// Rounds beyond this are no longer meant.
const REPEAT_MAX: u32 = 100;

/// Reads one. Where something is wrong, it is said; what comes back then does not count.
pub fn policy(file: &mut File<'_>, node: &Node, known: &mut Known, schedules: &[Schedule]) -> Option<Policy> {
    if !file.is_map(node, "a policy") {
        return None;
    }
    file.only(node, &["id", "steps", "repeat", "acknowledge_timeout", "answers", "name"]);
    let id = file.required(node, "id");
    let repeat = match file.text(node, "repeat") {
        None => Some(0),
        Some(text) => text.parse::<u32>().ok().filter(|repeat| *repeat <= REPEAT_MAX),
    };
    if repeat.is_none() {
        let what = format!("`repeat` must be a whole number, {REPEAT_MAX} at most");
        file.error(field(node, "repeat").unwrap_or(node), what, "write how often all steps are taken again, as in 2");
    }
    let acknowledge_timeout = field(node, "acknowledge_timeout").and_then(|at| delay(file, at));
    let answers = answers(file, node);
    let items = file.list(node, "steps");
    if items.is_empty() {
        file.error(
            field(node, "steps").unwrap_or(node),
            "the policy has no steps",
            "list whom it tells under `steps:`",
        );
    }
    let steps = items.iter().filter_map(|item| step(file, item, known, schedules)).collect();
    Some(Policy { id: id?, steps, repeat: repeat?, answers, acknowledge_timeout, place: file.place(node) })
}

fn step(file: &mut File<'_>, node: &Node, known: &mut Known, schedules: &[Schedule]) -> Option<Step> {
    if !file.is_map(node, "a step") {
        return None;
    }
    file.only(node, &["notify", "wait"]);
    let Some(at) = field(node, "wait") else {
        let mend = "say how long they have before the next step, such as `wait: 5m`";
        file.error(node, "`wait` is missing", mend);
        return None;
    };
    let wait = delay(file, at);
    let items = file.list(node, "notify");
    if items.is_empty() {
        let mend = "list `schedule: ID` or `person: ID` under `notify:`";
        file.error(field(node, "notify").unwrap_or(node), "the step tells nobody", mend);
    }
    let targets = items.iter().filter_map(|item| target(file, item, known, schedules)).collect();
    Some(Step { targets, wait: wait? })
}

fn target(file: &mut File<'_>, node: &Node, known: &mut Known, schedules: &[Schedule]) -> Option<Target> {
    file.only(node, &["schedule", "person"]);
    match (field(node, "schedule"), field(node, "person")) {
        (None, Some(person)) => known.person(file, person).map(Target::Person),
        (Some(at), None) => {
            let id = file.text_of(at, "`schedule`")?;
            if !schedules.iter().any(|schedule| schedule.id == id) {
                let mend = "name a schedule of these files; until then the step tells nobody by it";
                file.warn(at, "oncall.unknown-schedule", format!("there is no schedule {id:?} that can be used"), mend);
            }
            Some(Target::Schedule(id))
        }
        _ => {
            file.error(node, "whom to tell cannot be told", "write `schedule: ID` or `person: ID`");
            None
        }
    }
}

/// A length of time above zero.
fn delay(file: &mut File<'_>, node: &Node) -> Option<SignedDuration> {
    let text = file.text_of(node, "a length of time")?;
    let read = words::delay(&text).and_then(|length| match length.is_zero() {
        true => Err("no time at all would pass".to_owned()),
        false => Ok(length),
    });
    read.map_err(|what| file.error(node, what, "write it as in 5m, 90s or 1h")).ok()
}
