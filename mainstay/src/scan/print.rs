//! What a scan found, in the form that was asked for.

use super::{Judge, Judged};
use crate::Context;
use crate::arguments::Format;
use mainstay_model::Verdict;
use mainstay_policy::Judging;
use mainstay_policy::report::{self, Report};
use std::collections::HashSet;

/// Prints a scan.
pub fn print(context: &Context, judge: &Judge, judged: &Judged) {
    let shown;
    let judging = match context.view.format {
        // Who waits for eyes or annotations needs what is open; services keep what is waived, to show it as such.
        Format::Table | Format::Markdown if !has_passes(&judged.judging) => {
            shown = open(&judged.judging);
            &shown
        }
        _ => &judged.judging,
    };
    let report =
        Report { judging, diagnostics: &judged.diagnostics, engine: &judge.engine, version: env!("CARGO_PKG_VERSION") };
    context.view.print(&match context.view.format {
        Format::Json => return context.view.stream(|out| report::write_json(&report, out)),
        Format::Sarif => report::sarif(&report),
        Format::Junit => report::junit(&report),
        Format::Markdown => report::markdown(&report),
        Format::Github => report::github(&report),
        Format::Gitlab => report::gitlab(&report),
        Format::Csv => csv(&judged.judging.judgements),
        Format::Table => report::table(&report, context.view.colour),
    });
}

/// Whether every verdict was asked for.
fn has_passes(judging: &Judging) -> bool {
    judging.judgements.iter().any(|judgement| judgement.verdict == Verdict::Pass)
}

fn open(judging: &Judging) -> Judging {
    let open = judging.judgements.iter().filter(|judgement| judgement.verdict != Verdict::Waived);
    let ambiguous: HashSet<_> = judging.ambiguous.clone();
    Judging { judgements: open.cloned().collect(), summary: judging.summary, ambiguous }
}

fn csv(judgements: &[mainstay_policy::Judgement]) -> String {
    let rows: Vec<serde_json::Value> = judgements.iter().filter_map(|j| serde_json::to_value(j).ok()).collect();
    let columns = ["verdict", "severity", "control", "resource", "root", "file", "line", "why"];
    mainstay_kit::answer::csv(&columns, &rows)
}
