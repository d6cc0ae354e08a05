//! How risky a plan is: a sum of factors, each shown, and the gate's decision. docs/plan-review.md lists the points.

use super::Review;
use super::steps::{Action, Step};
use mainstay_model::{Severity, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Most things that one factor names.
const NAMED_MAX: usize = 5;

/// How risky, in a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// Below 20 points.
    #[default]
    Low,
    /// 20 to 44.
    Medium,
    /// 45 to 69.
    High,
    /// 70 and more.
    Critical,
}

impl RiskLevel {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    const fn of(score: u32) -> Self {
        match score {
            0..=19 => Self::Low,
            20..=44 => Self::Medium,
            45..=69 => Self::High,
            _ => Self::Critical,
        }
    }
}

/// How risky a plan is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Risk {
    /// The sum of the factors' points, at most 100.
    pub score: u32,
    /// The same in a word.
    pub level: RiskLevel,
    /// What it is made of, the most points first.
    pub factors: Vec<Factor>,
}

/// One factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Factor {
    /// `data-loss`
    pub name: String,
    /// What it adds.
    pub points: u32,
    /// What makes it.
    pub why: String,
}

/// What stops a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gate {
    /// Stop from this many points on.
    pub risk: u32,
    /// Stop where data would be lost that nothing keeps.
    pub data_loss: bool,
    /// Stop where an object is destroyed that seems to be made anew under another address.
    pub renamed: bool,
    /// Stop where the plan brings a failed control of at least this severity.
    pub severity: Severity,
}

impl Default for Gate {
    fn default() -> Self {
        Self { risk: 70, data_loss: true, renamed: true, severity: Severity::High }
    }
}

fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.collect();
    let mut text = all.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    if all.len() > NAMED_MAX {
        let _ = write!(text, " and {} more", all.len() - NAMED_MAX);
    }
    text
}

/// `first` points for the first, `each` for every further one, at most `most`.
fn growing(count: usize, first: u32, each: u32, most: u32) -> u32 {
    match u32::try_from(count).unwrap_or(u32::MAX) {
        0 => 0,
        count => first.saturating_add(each.saturating_mul(count - 1)).min(most),
    }
}

/// Sums up.
pub(super) fn risk(review: &Review) -> Risk {
    let mut factors = Vec::new();
    let mut add = |name: &str, points: u32, why: String| {
        if points > 0 {
            factors.push(Factor { name: name.to_owned(), points, why });
        }
    };
    let steps = |wanted: &dyn Fn(&Step) -> bool| -> Vec<&str> {
        review.steps.iter().filter(|step| wanted(step)).map(|step| step.address.as_str()).collect()
    };
    let lost = steps(&|step| step.data.as_ref().is_some_and(|data| data.kept.is_none()));
    add("data-loss", growing(lost.len(), 45, 5, 60), format!("data goes with {}", names(lost.into_iter())));
    let kept = steps(&|step| step.data.as_ref().is_some_and(|data| data.kept.is_some()));
    add(
        "data-kept",
        growing(kept.len(), 15, 2, 20),
        format!("data is kept, but moved, with {}", names(kept.into_iter())),
    );
    let out = steps(&|step| step.action.is_gone() && step.outage.as_ref().is_some_and(|outage| !outage.shortened));
    add("outage", growing(out.len(), 25, 3, 40), format!("people notice while {} goes", names(out.into_iter())));
    let short =
        steps(&|step| step.outage.as_ref().is_some_and(|outage| outage.shortened || step.action == Action::Update));
    add(
        "interruption",
        growing(short.len(), 8, 2, 15),
        format!("people may notice the change of {}", names(short.into_iter())),
    );
    let other = steps(&|step| step.action.is_gone() && step.data.is_none() && step.outage.is_none());
    add("gone", growing(other.len(), 5, 1, 15), format!("it takes away {}", names(other.into_iter())));
    let far = review.reached.iter().filter(|one| one.by.is_gone());
    let far: Vec<&str> = far.map(|one| one.address.as_str()).collect();
    add("blast-radius", growing(far.len(), 3, 1, 20), format!("what goes is needed by {}", names(far.into_iter())));
    services(review, &mut add);
    let production =
        steps(&|step| step.place.environment.as_deref() == Some("production") && step.action <= Action::Update);
    add(
        "production",
        growing(production.len(), 10, 0, 10),
        format!("it changes production: {}", names(production.into_iter())),
    );
    for (severity, points) in [(Severity::Critical, 25), (Severity::High, 15), (Severity::Medium, 4)] {
        let new = review
            .verdicts
            .iter()
            .filter(|one| one.introduced && one.verdict == Verdict::Fail && one.severity == severity);
        let new: Vec<String> = new.map(|one| format!("{} ({})", one.resource, one.control)).collect();
        let why = format!("it breaks {} controls: {}", severity.as_str(), names(new.iter().map(String::as_str)));
        add(&format!("controls-{}", severity.as_str()), growing(new.len(), points, points / 4, points * 2), why);
    }
    let undone: Vec<&str> = review.drift.iter().filter(|one| one.undone).map(|one| one.address.as_str()).collect();
    add(
        "drift",
        growing(undone.len(), 6, 1, 12),
        format!("it undoes what was changed outside: {}", names(undone.into_iter())),
    );
    let size = review.steps.iter().filter(|step| step.action <= Action::Update).count();
    add(
        "size",
        if size > 200 {
            10
        } else if size > 50 {
            5
        } else {
            0
        },
        format!("{size} objects change at once"),
    );
    if !review.complete {
        add("incomplete", 20, "the plan is not whole, so that there may be more".to_owned());
    }
    factors.sort_by(|a, b| b.points.cmp(&a.points).then(a.name.cmp(&b.name)));
    let score = factors.iter().map(|factor| factor.points).sum::<u32>().min(100);
    Risk { score, level: RiskLevel::of(score), factors }
}

fn services(review: &Review, add: &mut dyn FnMut(&str, u32, String)) {
    for (tier, points) in [("1", 15), ("2", 8)] {
        let hit = review.services.iter().filter(|one| one.by.is_gone() && one.tier.as_deref() == Some(tier));
        let hit: Vec<&str> = hit.map(|one| one.service.as_str()).collect();
        let why = format!("services of tier {tier} need what goes: {}", names(hit.iter().copied()));
        add(&format!("tier-{tier}"), growing(hit.len(), points, 2, points + 10), why);
    }
}

/// Why the gate does not let it through.
pub(super) fn blocked(review: &Review, gate: &Gate) -> Vec<String> {
    let mut why = Vec::new();
    if gate.data_loss {
        let lost = review.steps.iter().filter_map(|step| {
            let data = step.data.as_ref().filter(|data| data.kept.is_none())?;
            Some(format!("{} of {} loses {}", step.action.as_str(), step.address, data.what))
        });
        why.extend(lost);
    }
    if gate.renamed {
        let renamed = review.steps.iter().filter(|step| step.action == Action::Destroy);
        why.extend(renamed.filter_map(|step| {
            let other = step.same_as.as_ref()?;
            Some(format!("{} is destroyed and made anew as {other}: a moved block is missing", step.address))
        }));
    }
    let broken = review
        .verdicts
        .iter()
        .filter(|one| one.introduced && one.verdict == Verdict::Fail && one.severity >= gate.severity);
    why.extend(broken.map(|one| format!("{} breaks {} ({})", one.resource, one.control, one.severity.as_str())));
    if review.risk.score >= gate.risk {
        why.push(format!("the risk is {} points, and the gate closes at {}", review.risk.score, gate.risk));
    }
    why
}
