//! `mainstay plan review`: through the ledger's operation where there is a ledger, else by the plan alone.

use crate::Context;
use crate::arguments::Format;
use mainstay_guard::review::cost::PriceBook;
use mainstay_guard::review::{self, Review, Surroundings};
use mainstay_iac::{SourceFile, state};
use mainstay_kit::Problem;
use mainstay_model::{Diagnostic, Severity};
use mainstay_outside::FILE_BYTES_MAX;
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What the command asks for.
pub struct Ask {
    /// The plan; `-` for standard input.
    pub file: PathBuf,
    /// A state.
    pub state: Option<PathBuf>,
    /// Prices.
    pub prices: Option<PathBuf>,
    /// Where the gate closes.
    pub max_risk: Option<u32>,
    /// From which broken control on.
    pub severity: Option<String>,
    /// What does not close it.
    pub allow: Vec<String>,
}

/// Reviews; exits with 1 where the gate stops the plan, and with 2 where the plan is not whole.
pub fn review(context: &Context, ask: &Ask) -> Result<ExitCode, Problem> {
    let severity = ask.severity.as_deref().map(severity).transpose()?;
    let plan = file(context, &ask.file)?;
    let state = ask.state.as_deref().map(|path| file(context, path)).transpose()?;
    let prices = ask.prices.as_deref().map(|path| file(context, path)).transpose()?;
    let review = if has_ledger(context) {
        let text = |file: &SourceFile| String::from_utf8_lossy(&file.bytes).into_owned();
        let input = json!({
            "name": plan.path, "plan": text(&plan), "state": state.as_ref().map(text), "prices": prices.as_ref().map(text),
            "max_risk": ask.max_risk, "severity": severity, "allow": ask.allow,
        });
        asked(context, &input)?
    } else {
        alone(context, ask, severity, (&plan, state.as_ref(), prices.as_ref()))?
    };
    context.view.print(&match context.view.format {
        Format::Json => pretty(&review)?,
        Format::Markdown => review::markdown(&review),
        Format::Table => review::text(&review, context.view.colour),
        _ => return Err(Problem::malformed("plan.format", "a review has the formats table, json and markdown")),
    });
    Ok(if !review.blocked.is_empty() {
        ExitCode::from(1)
    } else if review.complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    })
}

fn has_ledger(context: &Context) -> bool {
    let global = &context.global;
    let local = || global.data.join("ledger.db").is_file();
    global.server.is_some() || global.database.is_some() || local()
}

fn asked(context: &Context, input: &Value) -> Result<Review, Problem> {
    let (client, operations) = crate::commands::client(context)?;
    let operation = operations.iter().find(|operation| operation.id == "plan.review");
    let operation = operation.ok_or_else(|| Problem::ours("command", "there is no operation plan.review"))?;
    let answer = client.send(operation, input)?;
    serde_json::from_value(answer).map_err(|e| Problem::ours("plan.answer", e.to_string()))
}

/// Without a ledger: what the plan itself tells.
fn alone(
    context: &Context,
    ask: &Ask,
    severity: Option<Severity>,
    (plan, state, prices): (&SourceFile, Option<&SourceFile>, Option<&SourceFile>),
) -> Result<Review, Problem> {
    let gate = mainstay_guard::gate_of(ask.max_risk, severity, &ask.allow)
        .map_err(|detail| Problem::malformed("plan.gate", detail))?;
    let (engine, _) = crate::scan::engine(&context.outside, &[]);
    let state = state.map(|file| state::read_state(std::slice::from_ref(file)));
    let book = prices.map(PriceBook::read);
    let wrong: Vec<&Diagnostic> =
        book.iter().flat_map(|(_, wrong)| wrong).chain(state.iter().flat_map(|state| &state.diagnostics)).collect();
    wrong.into_iter().for_each(|diagnostic| context.view.complain(diagnostic));
    context.view.note("no ledger here: services and owners come from tags alone, and the review is not kept");
    let review = review::review(&review::Ask {
        plan,
        engine: &engine,
        state: state.as_ref(),
        prices: book.as_ref().map(|(book, _)| book),
        surroundings: &Surroundings::default(),
        gate: &gate,
    });
    if review.steps.is_empty() && !review.complete {
        let why = review.problems.first().cloned().unwrap_or_default();
        return Err(Problem::malformed("plan.unreadable", why));
    }
    Ok(review)
}

fn severity(word: &str) -> Result<Severity, Problem> {
    Severity::ALL.into_iter().find(|severity| severity.as_str() == word).ok_or_else(|| {
        Problem::malformed("plan.severity", format!("`{word}` is no severity; use critical, high, medium, low or info"))
    })
}

fn file(context: &Context, path: &Path) -> Result<SourceFile, Problem> {
    let unreadable = |why: String| Problem::malformed("plan.unreadable", why);
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|e| unreadable(format!("standard input: {e}")))?;
        bytes
    } else {
        context.outside.read(path, FILE_BYTES_MAX).map_err(|e| unreadable(e.to_string()))?
    };
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(unreadable(format!("{} is larger than {FILE_BYTES_MAX} bytes", path.display())));
    }
    Ok(SourceFile { path: path.to_string_lossy().into_owned(), bytes })
}

fn pretty(review: &Review) -> Result<String, Problem> {
    serde_json::to_string_pretty(review).map_err(|e| Problem::ours("plan.answer", e.to_string()))
}
