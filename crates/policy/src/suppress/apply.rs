//! From suppressions to waived verdicts, and what is to be said of those that waive nothing.

use super::scope::{Places, Target, is_of_file};
use super::{Suppression, fits, is_day};
use crate::{Engine, Judgement, Judging};
use mainstay_iac::{Reading, Resource, Value};
use mainstay_model::{Diagnostic, Place, Verdict};
use std::collections::HashMap;

/// What suppressions depend on besides the code.
#[derive(Debug, Clone, Copy)]
pub struct Today<'t> {
    /// The day: `2026-11-23`.
    pub day: &'t str,
    /// The workspace of Terraform; `default` where empty.
    pub workspace: &'t str,
}

/// Turns the verdicts `fail` and `unknown` that suppressions speak of into `waived`, and says which suppressions did
/// nothing.
#[must_use]
pub fn apply(
    judging: &mut Judging,
    reading: &Reading,
    engine: &Engine,
    suppressions: &[Suppression],
    today: Today<'_>,
) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    if suppressions.is_empty() {
        return out;
    }
    let places = Places::of(reading);
    let ids = Ids::of(engine, &judging.judgements);
    for suppression in suppressions {
        let Some(named) = ids.find(&suppression.id) else {
            out.push(unknown(suppression));
            continue;
        };
        if let Some(trouble) = trouble_with(suppression, today) {
            out.push(trouble);
            continue;
        }
        let (target, place) = (places.target(suppression), &suppression.waiver.place);
        let mut used = false;
        for at in named {
            let judgement = &mut judging.judgements[at];
            // The words were read beside the secret already.
            let same = |waiver: &super::Waiver| waiver.place.file == place.file && waiver.place.line == place.line;
            used |= is_of_file(judgement) && judgement.waiver.as_ref().is_some_and(same);
            if target.covers(suppression, judgement, reading) && has_values(places.resource(judgement), suppression) {
                used |= waive(judgement, suppression, &mut judging.summary);
            }
        }
        if !used {
            out.push(unused(suppression, &target));
        }
    }
    // One comment may stand in a module that is called many times.
    out.sort();
    out.dedup();
    out
}

/// Waives a break, or what could not be told. Whether there was one, waived already or not.
fn waive(judgement: &mut Judgement, suppression: &Suppression, summary: &mut crate::Summary) -> bool {
    match judgement.verdict {
        Verdict::Pass => return false,
        Verdict::Waived => return true,
        Verdict::Fail => summary.fail -= 1,
        Verdict::Unknown => summary.unknown -= 1,
    }
    summary.waived += 1;
    judgement.verdict = Verdict::Waived;
    judgement.waiver = Some(suppression.waiver.clone());
    true
}

fn unknown(suppression: &Suppression) -> Diagnostic {
    let (id, waiver) = (&suppression.id, &suppression.waiver);
    let summary = format!("no control is known by the id `{id}`, so `{}` waives nothing", waiver.by);
    let help = "use the id that `mainstay control list` shows, or add it to the `aliases` of the control that is meant";
    Diagnostic::note("suppress.unknown-id", summary, waiver.place.clone(), help)
}

/// Why a suppression cannot count at all.
fn trouble_with(suppression: &Suppression, today: Today<'_>) -> Option<Diagnostic> {
    let (id, waiver) = (&suppression.id, &suppression.waiver);
    match waiver.until.as_deref() {
        Some(day) if !is_day(day) => {
            let summary = format!("`{day}` is no day, so the suppression of `{id}` does not count");
            Some(Diagnostic::warning("suppress.day", summary, waiver.place.clone(), "write it as 2027-01-31"))
        }
        Some(day) if day < today.day => {
            let summary = format!("the suppression of `{id}` ran out on {day}");
            let help = "mend what it suppressed, or have it accepted anew with a later day";
            Some(Diagnostic::warning("suppress.expired", summary, waiver.place.clone(), help))
        }
        _ => {
            let workspace = if today.workspace.is_empty() { "default" } else { today.workspace };
            let other = suppression.workspace.as_ref().filter(|wanted| *wanted != workspace)?;
            let summary = format!("the suppression of `{id}` is for the workspace {other}, and this is {workspace}");
            let help = "nothing is to be done unless it was meant for this workspace";
            Some(Diagnostic::note("suppress.workspace", summary, waiver.place.clone(), help))
        }
    }
}

fn unused(suppression: &Suppression, target: &Target<'_>) -> Diagnostic {
    let (id, by) = (&suppression.id, &suppression.waiver.by);
    let place: Place = suppression.waiver.place.clone();
    let (summary, help) = match target {
        Target::Nothing => (
            format!("`{by}` of `{id}` belongs to no resource"),
            "move it into the block that it is meant for, or remove it".to_owned(),
        ),
        Target::Whole { resources, .. } | Target::Lines { resources, .. } => {
            let named = resources.first().map_or("", |resource| resource.address.as_str());
            (
                format!("`{by}` of `{id}` waives nothing: {named} has no failed verdict that it speaks of"),
                "remove it, or move it to what fails".to_owned(),
            )
        }
        Target::Named => (
            format!("the waiver of `{id}` waives nothing: no failed verdict fits it"),
            "remove it, or correct the names in it".to_owned(),
        ),
    };
    Diagnostic::note("suppress.unused", summary, place, help)
}

/// Judgements by the ids that their controls have, here and in other tools.
struct Ids(HashMap<String, Vec<usize>>);

impl Ids {
    fn of(engine: &Engine, judgements: &[Judgement]) -> Self {
        let mut ids: HashMap<String, Vec<usize>> = HashMap::new();
        for id in engine.ids() {
            ids.entry(plain(id)).or_default();
        }
        for (at, judgement) in judgements.iter().enumerate() {
            ids.entry(plain(&judgement.control)).or_default().push(at);
            judgement.aliases.iter().for_each(|alias| ids.entry(plain(alias)).or_default().push(at));
        }
        Self(ids)
    }

    /// The judgements that an id, or a pattern of ids, speaks of; `None` where no control has it.
    fn find(&self, id: &str) -> Option<Vec<usize>> {
        let id = plain(id);
        if !id.contains('*') {
            return self.0.get(&id).cloned();
        }
        let fitting: Vec<_> = self.0.iter().filter(|(known, _)| fits(&id, known)).map(|(_, found)| found).collect();
        let mut found: Vec<usize> = fitting.iter().flat_map(|found| found.iter().copied()).collect();
        found.sort_unstable();
        found.dedup();
        (!fitting.is_empty()).then_some(found)
    }
}

/// Ids compare without regard to case, and `AVD-AWS-0089` is `AWS-0089`, as that tool has come to write it.
fn plain(id: &str) -> String {
    let lower = id.to_ascii_lowercase();
    lower.strip_prefix("avd-").map(str::to_owned).unwrap_or(lower)
}

/// Whether the attributes of the resource have the values that the suppression is bound to.
fn has_values(resource: Option<&Resource>, suppression: &Suppression) -> bool {
    suppression.attributes.iter().all(|(path, wanted)| {
        let node = resource.and_then(|resource| resource.attribute(path));
        node.is_some_and(|node| match &node.value {
            Value::String(text) => **text == **wanted,
            Value::Number(number) => number.to_string() == *wanted,
            Value::Bool(flag) => flag.to_string() == *wanted,
            _ => false,
        })
    })
}
