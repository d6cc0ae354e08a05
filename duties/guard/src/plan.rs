//! The operation that reviews a plan with what the ledger knows around it, and writes the review down.

use crate::EstateResource;
use crate::review::cost::PriceBook;
use crate::review::{Action, Ask, Gate, Place, Review, Service, Step, Surroundings, review};
use mainstay_estate::{Catalog, CatalogEntity};
use mainstay_iac::{SourceFile, state};
use mainstay_kit::operation::Method;
use mainstay_kit::{Call, Operation, Problem, Reader};
use mainstay_model::facts::{PlanReviewed, ReviewedStep, RiskFactor, Role};
use mainstay_model::{FactData, Level, Severity, Subject, Verdict};
use mainstay_policy::Engine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most steps that the fact of a review keeps.
const STEPS_KEPT_MAX: usize = 100;

/// Longest text of a review that the fact keeps, in characters.
const TEXT_CHARS_MAX: usize = 300;

/// Most texts of one kind that it keeps.
const TEXTS_MAX: usize = 50;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReviewAsk {
    /// What the plan is called: the file, or the pipeline's run.
    name: String,
    /// The plan as `terraform show -json` prints it. Nothing of it is kept but what the review says.
    plan: String,
    /// A state (format 4) whose dependencies complete those of the plan.
    #[serde(default)]
    state: Option<String>,
    /// A book of prices: CSV with `type,part,match,per,monthly,currency`.
    #[serde(default)]
    prices: Option<String>,
    /// From how many points of risk on the gate closes; 70 where absent.
    #[serde(default)]
    max_risk: Option<u32>,
    /// From which severity on a control that the plan breaks closes the gate; high where absent.
    #[serde(default)]
    severity: Option<Severity>,
    /// What does not close the gate: `data-loss`, `renamed`.
    #[serde(default)]
    allow: Vec<String>,
}

pub(crate) fn operation() -> Operation {
    Operation::new(
        "plan.review",
        (Method::Post, "/v1/plans"),
        Role::Engineer,
        "Review a plan: what it does, how far it reaches, how risky it is",
        run,
    )
}

fn run(call: &Call<'_>, ask: ReviewAsk) -> Result<Review, Problem> {
    let file = |name: &str, text: String| SourceFile { path: name.to_owned(), bytes: text.into_bytes() };
    let plan = file(&ask.name, ask.plan);
    let state = ask.state.map(|text| state::read_state(&[file("state", text)]));
    let book = ask.prices.map(|text| PriceBook::read(&file("prices", text)));
    let gate =
        gate_of(ask.max_risk, ask.severity, &ask.allow).map_err(|detail| Problem::malformed("plan.gate", detail))?;
    let (engine, _) = Engine::with_built_in([]);
    let reader = call.reader(None)?;
    let mut found = review(&Ask {
        plan: &plan,
        engine: &engine,
        state: state.as_ref(),
        prices: book.as_ref().map(|(book, _)| book),
        surroundings: &surroundings(&reader)?,
        gate: &gate,
    });
    let wrong = book.iter().flat_map(|(_, wrong)| wrong).chain(state.iter().flat_map(|state| &state.diagnostics));
    found.problems.extend(wrong.filter(|one| one.level == Level::Error).map(ToString::to_string));
    if found.steps.is_empty() && !found.complete {
        let why = found.problems.first().cloned().unwrap_or_else(|| "the plan holds no change".to_owned());
        return Err(Problem::malformed("plan.unreadable", why));
    }
    record(call, &found)?;
    Ok(found)
}

/// The gate that the words describe.
///
/// # Errors
/// A word that is none of the gate's.
pub fn gate_of(max_risk: Option<u32>, severity: Option<Severity>, allow: &[String]) -> Result<Gate, String> {
    let mut gate = Gate::default();
    gate.risk = max_risk.unwrap_or(gate.risk);
    gate.severity = severity.unwrap_or(gate.severity);
    for word in allow {
        match word.as_str() {
            "data-loss" => gate.data_loss = false,
            "renamed" => gate.renamed = false,
            other => return Err(format!("`{other}` cannot be allowed; use data-loss or renamed")),
        }
    }
    Ok(gate)
}

/// What the ledger knows around a plan.
fn surroundings(reader: &Reader<'_>) -> Result<Surroundings, Problem> {
    let mut out = Surroundings::default();
    let entities = reader.all::<CatalogEntity>(None)?;
    let catalog = Catalog::new(&entities);
    for entity in entities.iter().filter(|entity| entity.entity.gone.is_none()) {
        if !entity.key.starts_with("service:") {
            continue;
        }
        let owner = catalog.owner_of(&entity.key);
        let service = Service { tier: owner.tier, owner: owner.team.map(|team| team.to_string()) };
        out.services.insert(entity.key.clone(), service);
        for relation in entity.entity.declared.relations.iter().filter(|one| one.relation_type == "dependsOn") {
            out.dependents.entry(relation.target.to_string()).or_default().push(entity.key.clone());
        }
    }
    let text = |subject: &Option<Subject>| subject.as_ref().map(ToString::to_string);
    for resource in reader.all::<EstateResource>(None)? {
        let best = resource.entity.best();
        let place =
            Place { service: text(&best.service), owner: text(&best.owner), environment: best.environment.clone() };
        if let Some(drift) = &resource.entity.drift
            && let (Some(by), Some((at, _))) = (&drift.by, resource.entity.drift_history.last())
        {
            out.trails.insert(resource.key.clone(), format!("{by}, {at}"));
        }
        if place != Place::default() {
            out.places.insert(resource.key, place);
        }
    }
    Ok(out)
}

fn record(call: &Call<'_>, review: &Review) -> Result<(), Problem> {
    let short: String = review.digest.chars().take(16).collect();
    let subject = Subject::of("plan", &short);
    let said = summed_up(call, review);
    let id = format!("reviewed/{short}/{}", call.now);
    let fact =
        said.fact("mainstay:guard", &id, subject, call.now).map_err(|e| Problem::ours("plan.fact", e.to_string()))?;
    match call.append(vec![fact])?.refused.into_iter().next() {
        None => Ok(()),
        Some((_, reason)) => Err(Problem::conflict("ledger.refused", reason)),
    }
}

/// The names of what an update changes.
fn changes(step: &Step) -> Option<String> {
    let paths: Vec<&str> = step.changed.iter().map(|one| one.path.as_str()).collect();
    let updates = step.action == Action::Update && !paths.is_empty();
    updates.then(|| cut(&format!("changes {}", paths.join(", "))))
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// What is kept of a review: decisions and reasons, no values of attributes.
fn summed_up(call: &Call<'_>, review: &Review) -> PlanReviewed {
    let mut breaks = BTreeMap::new();
    for one in review.verdicts.iter().filter(|one| one.introduced && one.verdict == Verdict::Fail) {
        *breaks.entry(one.severity).or_insert(0) += 1;
    }
    let steps = review.steps.iter().take(STEPS_KEPT_MAX).map(|step| ReviewedStep {
        address: cut(&step.address),
        action: step.action.as_str().to_owned(),
        why: changes(step)
            .into_iter()
            .chain(step.why.iter().take(5).map(|reason| match &reason.path {
                Some(path) => cut(&format!("{path} cannot be changed in place")),
                None => cut(&reason.what),
            }))
            .collect(),
        data: step.data.as_ref().map(|data| match &data.kept {
            Some(how) => cut(&format!("{}; but {how}", data.what)),
            None => cut(&data.what),
        }),
        outage: step.outage.as_ref().map(|outage| cut(&outage.what)),
    });
    let factor =
        |one: &crate::review::Factor| RiskFactor { name: one.name.clone(), points: one.points, why: cut(&one.why) };
    let services = review.services.iter().take(TEXTS_MAX).filter_map(|one| Subject::new(&one.service).ok());
    PlanReviewed {
        plan: cut(&review.plan),
        digest: review.digest.clone(),
        by: call.principal.id.clone(),
        complete: review.complete,
        counts: review.counts.iter().map(|(action, count)| (action.as_str().to_owned(), *count)).collect(),
        risk: review.risk.score,
        factors: review.risk.factors.iter().map(factor).collect(),
        steps: steps.collect(),
        services: services.collect(),
        breaks,
        drift: review.drift.iter().take(TEXTS_MAX).map(|one| cut(&one.address)).collect(),
        cost: review.cost.difference.clone(),
        unpriced: u32::try_from(review.cost.unpriced.len()).unwrap_or(u32::MAX),
        blocked: review.blocked.iter().take(TEXTS_MAX).map(|why| cut(why)).collect(),
    }
}
