//! A review as a page for people: text for a terminal, Markdown for a pull request.

use super::steps::{Action, Reason, Step};
use super::{Review, RiskLevel};
use mainstay_model::Verdict;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most rows of a part; the machine's form has all.
const ROWS_MAX: usize = 30;

/// Most attributes shown of one step.
const CHANGED_MAX: usize = 8;

/// Text without what would steer a terminal.
fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Text that means nothing to Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe(text).chars() {
        if matches!(c, '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text as code, whatever it holds.
fn code(text: &str) -> String {
    let text = safe(text).replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// The counts in the order of danger: `1 replace, 2 update`.
fn counts(review: &Review) -> String {
    if review.counts.is_empty() {
        return "nothing changes".to_owned();
    }
    let parts = review.counts.iter().map(|(action, count)| format!("{count} to {}", action.as_str()));
    parts.collect::<Vec<_>>().join(", ")
}

fn more(out: &mut String, all: usize) {
    if all > ROWS_MAX {
        let _ = writeln!(out, "  ... and {} more (--format json lists all)", all - ROWS_MAX);
    }
}

/// The facts of a step in lines.
fn lines_of(step: &Step) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(data) = &step.data {
        match &data.kept {
            Some(how) => lines.push(("data", format!("{}; but {how}", data.what))),
            None => lines.push(("data", format!("lost: {}", data.what))),
        }
    }
    if let Some(outage) = &step.outage {
        let shortened = if outage.shortened { " (the new one is made first)" } else { "" };
        lines.push(("outage", format!("{}{shortened}", outage.what)));
    }
    lines.extend(step.why.iter().map(|Reason { what, .. }| ("why", what.clone())));
    if let Some(from) = &step.moved_from {
        lines.push(("moved", format!("from {from}")));
    }
    let whose: Vec<&str> = [&step.place.service, &step.place.owner, &step.place.environment]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    if !whose.is_empty() {
        lines.push(("whose", whose.join(", ")));
    }
    lines
}

fn shown_changes(step: &Step) -> Vec<String> {
    let forcing: Vec<&str> = step.why.iter().filter_map(|reason| reason.path.as_deref()).collect();
    let changed = step.changed.iter().filter(|one| !forcing.contains(&one.path.as_str()));
    let mut rows: Vec<String> = changed.map(|one| format!("{}: {} -> {}", one.path, one.before, one.after)).collect();
    if rows.len() > CHANGED_MAX {
        let rest = rows.len() - CHANGED_MAX;
        rows.truncate(CHANGED_MAX);
        rows.push(format!("... and {rest} more attributes"));
    }
    rows
}

/// Steps that a person looks at one by one; what is only made is summed up.
fn telling(review: &Review) -> impl Iterator<Item = &Step> {
    review.steps.iter().filter(|step| step.action != Action::Create)
}

fn created(review: &Review) -> BTreeMap<&str, u32> {
    let mut by_type = BTreeMap::new();
    for step in review.steps.iter().filter(|step| step.action == Action::Create) {
        *by_type.entry(step.resource_type.as_str()).or_insert(0) += 1;
    }
    by_type
}

fn money(review: &Review) -> String {
    let cost = &review.cost;
    if !cost.priced {
        return "no book of prices was given (--prices FILE)".to_owned();
    }
    let signed = |money: &mainstay_model::Money| {
        let sign = if money.amount.is_sign_negative() { "" } else { "+" };
        format!("{sign}{money} a month")
    };
    let mut text = cost.difference.iter().map(signed).collect::<Vec<_>>().join(", ");
    if text.is_empty() {
        "nothing that has a price changes".clone_into(&mut text);
    }
    if !cost.unpriced.is_empty() {
        let _ = write!(text, "; {} objects have no price", cost.unpriced.len());
    }
    text
}

/// The review for a terminal.
#[must_use]
pub fn text(review: &Review, colour: bool) -> String {
    let paint = |code: &str, text: &str| if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let level = match review.risk.level {
        RiskLevel::Low => "32",
        RiskLevel::Medium => "33",
        RiskLevel::High | RiskLevel::Critical => "31",
    };
    let mut out = String::new();
    let risk = format!("risk {} ({} of 100)", review.risk.level.as_str(), review.risk.score);
    let _ = writeln!(out, "{}: {}; {}", safe(&review.plan), counts(review), paint(level, &risk));
    for problem in &review.problems {
        let _ = writeln!(out, "{}", safe(problem));
    }
    heading(
        &mut out,
        "Steps, the most dangerous first",
        telling(review).next().is_some() || !created(review).is_empty(),
    );
    for step in telling(review).take(ROWS_MAX) {
        let word = paint(if step.action.is_gone() { "31" } else { "33" }, &format!("{:<8}", step.action.as_str()));
        let _ = writeln!(out, "  {word} {}", safe(&step.address));
        for (name, line) in lines_of(step) {
            let _ = writeln!(out, "           {name:<7} {}", safe(&line));
        }
        for line in shown_changes(step) {
            let _ = writeln!(out, "           {}", safe(&line));
        }
    }
    more(&mut out, telling(review).count());
    for (kind, count) in created(review) {
        let _ = writeln!(out, "  create   {count} {}", safe(kind));
    }
    heading(&mut out, "Depends on what changes", !review.reached.is_empty());
    for one in review.reached.iter().take(ROWS_MAX) {
        let _ = writeln!(
            out,
            "  {:>2}  {} (from {} of {})",
            one.steps,
            safe(&one.address),
            one.by.as_str(),
            safe(&one.from)
        );
    }
    more(&mut out, review.reached.len());
    heading(&mut out, "Services touched", !review.services.is_empty());
    for one in review.services.iter().take(ROWS_MAX) {
        let tier = one.tier.as_ref().map(|tier| format!(", tier {tier}")).unwrap_or_default();
        let owner = one.owner.as_deref().unwrap_or("nobody known");
        let _ = writeln!(
            out,
            "  {:>2}  {}{tier}, {}: {}",
            one.distance,
            safe(&one.service),
            safe(owner),
            safe(&one.through)
        );
    }
    more(&mut out, review.services.len());
    heading(&mut out, "Changed outside", !review.drift.is_empty());
    for one in review.drift.iter().take(ROWS_MAX) {
        let _ = writeln!(out, "  {}", safe(&drift_line(one)));
    }
    more(&mut out, review.drift.len());
    let new: Vec<_> = review.verdicts.iter().filter(|one| one.introduced && one.verdict == Verdict::Fail).collect();
    heading(&mut out, "Controls", !review.verdicts.is_empty());
    for one in new.iter().take(ROWS_MAX) {
        let _ = writeln!(
            out,
            "  breaks   {:<8} {} {}: {}",
            one.severity.as_str(),
            safe(&one.resource),
            one.control,
            safe(&one.why.replace(&format!(" at {}:", review.plan), " at line "))
        );
    }
    more(&mut out, new.len());
    let count = |verdict: Verdict, introduced: bool| {
        review.verdicts.iter().filter(|one| one.verdict == verdict && one.introduced == introduced).count()
    };
    for (count, what) in [
        (count(Verdict::Fail, false), "are broken before and after"),
        (count(Verdict::Unknown, true), "cannot be told before apply"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "  {count} {what}");
        }
    }
    let _ = writeln!(out, "\nCost: {}", money(review));
    for row in review.cost.rows.iter().take(ROWS_MAX) {
        let _ = writeln!(out, "  {}", safe(&cost_line(row)));
    }
    heading(&mut out, "Risk", !review.risk.factors.is_empty());
    for factor in &review.risk.factors {
        let _ = writeln!(out, "  {:>3}  {:<17} {}", factor.points, factor.name, safe(&factor.why));
    }
    let _ = writeln!(out);
    if review.blocked.is_empty() {
        let _ = writeln!(out, "{}", paint("32", "The gate lets it through."));
    } else {
        let _ = writeln!(out, "{}", paint("31", "The gate stops it:"));
        review.blocked.iter().for_each(|why| {
            let _ = writeln!(out, "  {}", safe(why));
        });
    }
    out
}

fn heading(out: &mut String, title: &str, wanted: bool) {
    if wanted {
        let _ = writeln!(out, "\n{title}");
    }
}

fn drift_line(one: &super::Drift) -> String {
    let what = if one.deleted {
        "was deleted".to_owned()
    } else {
        let changed = one.changed.iter().map(|c| format!("{} {} -> {}", c.path, c.before, c.after));
        changed.collect::<Vec<_>>().join(", ")
    };
    let undone = if one.undone { "; this plan changes it" } else { "" };
    let trail = match &one.trail {
        Some(trail) => format!("by {trail}"),
        None => "nothing collected says by whom".to_owned(),
    };
    format!("{}: {what}{undone} ({trail})", one.address)
}

fn cost_line(row: &super::cost::CostRow) -> String {
    let side = |money: &Option<mainstay_model::Money>| money.map_or_else(|| "nothing".to_owned(), |m| m.to_string());
    format!("{}: {} -> {}", row.address, side(&row.before), side(&row.after))
}

/// The review for a pull request.
#[must_use]
pub fn markdown(review: &Review) -> String {
    let mut out = String::new();
    let gate = if review.blocked.is_empty() { "lets it through" } else { "stops it" };
    let _ = writeln!(
        out,
        "## Plan review: {} risk ({} of 100), the gate {gate}\n",
        review.risk.level.as_str(),
        review.risk.score
    );
    let _ = writeln!(out, "{}: {}\n", code(&review.plan), counts(review));
    for why in &review.blocked {
        let _ = writeln!(out, "- **Stopped:** {}", escaped(why));
    }
    for problem in &review.problems {
        let _ = writeln!(out, "- {}", escaped(problem));
    }
    if telling(review).next().is_some() {
        let _ = writeln!(out, "\n| step | object | what to know |\n| --- | --- | --- |");
    }
    for step in telling(review).take(ROWS_MAX) {
        let mut cells: Vec<String> =
            lines_of(step).into_iter().map(|(name, line)| format!("**{name}:** {}", escaped(&line))).collect();
        cells.extend(shown_changes(step).iter().map(|line| escaped(line)));
        let _ = writeln!(out, "| {} | {} | {} |", step.action.as_str(), code(&step.address), cells.join("<br>"));
    }
    let made: Vec<String> = created(review).iter().map(|(kind, count)| format!("{count} {}", code(kind))).collect();
    if !made.is_empty() {
        let _ = writeln!(out, "\nCreated: {}", made.join(", "));
    }
    details(
        &mut out,
        "Services touched",
        review.services.iter().map(|one| {
            let tier = one.tier.as_ref().map(|tier| format!(", tier {tier}")).unwrap_or_default();
            format!(
                "{}{tier}, {}: {}",
                code(&one.service),
                escaped(one.owner.as_deref().unwrap_or("nobody known")),
                escaped(&one.through)
            )
        }),
    );
    let reached = review
        .reached
        .iter()
        .map(|one| format!("{} (from {} of {})", code(&one.address), one.by.as_str(), code(&one.from)));
    details(&mut out, "Depends on what changes", reached);
    details(&mut out, "Changed outside", review.drift.iter().map(|one| escaped(&drift_line(one))));
    let new = review.verdicts.iter().filter(|one| one.introduced && one.verdict == Verdict::Fail);
    details(
        &mut out,
        "Controls that the plan breaks",
        new.map(|one| {
            format!(
                "{} {}: {} {} — {}",
                one.verdict.as_str(),
                one.severity.as_str(),
                code(&one.resource),
                code(&one.control),
                escaped(&one.why)
            )
        }),
    );
    let _ = writeln!(out, "\n**Cost:** {}", escaped(&money(review)));
    details(&mut out, "Cost by object", review.cost.rows.iter().map(|row| escaped(&cost_line(row))));
    details(
        &mut out,
        "Without a price",
        review.cost.unpriced.iter().map(|one| format!("{}: {}", code(&one.address), escaped(&one.why))),
    );
    details(
        &mut out,
        "Risk",
        review.risk.factors.iter().map(|one| format!("{} {}: {}", one.points, one.name, escaped(&one.why))),
    );
    out
}

fn details(out: &mut String, title: &str, rows: impl Iterator<Item = String>) {
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n<details><summary>{title} ({})</summary>\n", rows.len());
    for row in rows.iter().take(ROWS_MAX) {
        let _ = writeln!(out, "- {row}");
    }
    if rows.len() > ROWS_MAX {
        let _ = writeln!(out, "- ... and {} more", rows.len() - ROWS_MAX);
    }
    let _ = writeln!(out, "\n</details>");
}
