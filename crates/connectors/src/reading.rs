//! What a connector takes and gives: documents and a context in, facts, snapshots and diagnostics out.

use crate::identity::digest;
use crate::options::Options;
use crate::signal::Signal;
use jiff::Timestamp;
use mainstay_model::facts::*;
use mainstay_model::{Diagnostic, FACT_SOURCE_BYTES_MAX, Fact, FactData, Place, PrincipalId, Severity, Subject};
use mainstay_outside::Secret;
use serde_json::Value;
use std::collections::BTreeMap;

/// Largest document that is read whole, in bytes. Larger inputs are refused, or streamed by connectors that can.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Most diagnostics that one reading holds; a file with more is broken as a whole, and a person reads the first ones.
pub const DIAGNOSTICS_MAX: usize = 200;

/// One or more files, or answers of one API, that are read together: a Terraform folder, all catalog files, a delivery.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The file, folder or address that it came from.
    pub origin: String,
    /// Its parts.
    pub parts: Vec<Part>,
    /// Headers of a delivery over HTTP, names in lower case; empty for files.
    pub headers: BTreeMap<String, String>,
}

/// One file or answer of a document.
#[derive(Debug, Clone)]
pub struct Part {
    /// Path as the user would write it, for diagnostics.
    pub path: String,
    /// Its bytes, in whatever encoding they came.
    pub bytes: Vec<u8>,
    /// The line of the file on which the bytes begin: 1, unless a large file is read piece by piece.
    pub line: u32,
}

/// What a reader needs besides the document: time and settings, never the outside world.
#[derive(Debug, Clone)]
pub struct ReadContext {
    /// When the document was fetched; what has no time of its own happened then.
    pub now: Timestamp,
    /// The `source` that facts get, where the settings name one; else each connector has a default.
    pub source: Option<String>,
    /// Settings of the `[[source]]` entry.
    pub options: Options,
    /// The key that deliveries must be signed with, where there is one.
    pub secret: Option<Secret>,
    /// Who delivered it, where it was delivered.
    pub who: Option<PrincipalId>,
}

/// What reading a document gave.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Statements about events, with ids that are the same however often the document is read.
    pub facts: Vec<Fact>,
    /// What exists, as a whole; [`crate::reconcile`] makes facts of what changed.
    pub snapshots: Vec<Snapshot>,
    /// What is said of alerts by senders that do not name the episode; [`Signal::fact`] makes facts of them.
    pub signals: Vec<Signal>,
    /// What could not be read, or not wholly.
    pub diagnostics: Vec<Diagnostic>,
}

/// All things of one family that a source saw at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The facts' `source`; what it does not list vanished from this scope alone.
    pub scope: String,
    /// Which statements replace each other; see [`crate::family_of`].
    pub family: String,
    /// Nothing was missing: what is absent is gone. False after a damaged or partial collection.
    pub complete: bool,
    /// When things were as it says.
    pub at: Timestamp,
    /// The things.
    pub items: Vec<SnapshotItem>,
    /// What to say of a thing that vanished; `None` where nothing vanishes.
    pub gone: Option<Gone>,
    /// The severities that it can show, where that is not all: what has another one is unseen and not gone.
    pub shows: Option<Vec<Severity>>,
}

/// One thing of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotItem {
    /// The thing.
    pub subject: Subject,
    /// Type of the fact to write when it is new or changed.
    pub fact_type: String,
    /// Its data.
    pub data: Value,
    /// Since when it is as it says, where the source knows; else since the snapshot.
    pub since: Option<Timestamp>,
}

/// The statement that a thing vanished.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    /// Type of the fact.
    pub fact_type: String,
    /// Its data.
    pub data: Value,
}

impl Part {
    /// A whole file or answer.
    #[must_use]
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into(), line: 1 }
    }
}

impl Document {
    /// A document of one file.
    #[must_use]
    pub fn of(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let path = path.into();
        Self { origin: path.clone(), parts: vec![Part::new(path, bytes)], headers: BTreeMap::new() }
    }

    /// A document of several files.
    #[must_use]
    pub fn folder(origin: impl Into<String>, parts: Vec<Part>) -> Self {
        Self { origin: origin.into(), parts, headers: BTreeMap::new() }
    }
}

impl ReadContext {
    /// A context with no settings.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, source: None, options: Options::default(), secret: None, who: None }
    }

    /// The configured source, or the connector's default.
    #[must_use]
    pub fn source_or(&self, default: impl Into<String>) -> String {
        as_source(self.source.clone().unwrap_or_else(|| default.into()))
    }

    /// The source for one of many scopes that a connector reads: the configured source, or the default name, in front.
    #[must_use]
    pub fn scoped(&self, default: &str, scope: &str) -> String {
        as_source(format!("{}:{scope}", self.source.as_deref().unwrap_or(default)))
    }
}

/// How many characters of a text that cannot be a source are kept for people.
const SHOWN_MAX: usize = 200;

/// A text as the `source` of facts. Names of files, accounts and repositories may hold what a source may not: then a digest
/// of the whole tells it from others, because what vanishes from one source must not vanish from another.
fn as_source(text: String) -> String {
    if !text.is_empty() && text.len() <= FACT_SOURCE_BYTES_MAX && !text.chars().any(char::is_control) {
        return text;
    }
    let shown = text.chars().take(SHOWN_MAX).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    format!("{}#{}", shown.collect::<String>(), digest(&[text.as_bytes()]))
}

impl Reading {
    /// Adds a fact about an event, after checking it; one that the ledger would refuse becomes a diagnostic.
    pub fn say(
        &mut self,
        data: &impl FactData,
        source: &str,
        id: &str,
        subject: Subject,
        time: Timestamp,
        at: &At<'_>,
    ) {
        match data.fact(source, id, subject, time) {
            Ok(fact) => self.take(fact, at),
            Err(error) => self.refuse(&error.to_string(), at),
        }
    }

    /// Adds a fact as it came, after checking it.
    pub fn take(&mut self, fact: Fact, at: &At<'_>) {
        match fact.check(at.now) {
            Ok(()) => self.facts.push(fact),
            Err(error) => self.refuse(&error.to_string(), at),
        }
    }

    /// Adds a diagnostic, up to [`DIAGNOSTICS_MAX`].
    pub fn note(&mut self, diagnostic: Diagnostic) {
        match self.diagnostics.len() {
            0..DIAGNOSTICS_MAX => self.diagnostics.push(diagnostic),
            DIAGNOSTICS_MAX => self.diagnostics.push(Diagnostic::error(
                "document.diagnostics",
                format!("there are more than {DIAGNOSTICS_MAX} diagnostics; the others are left out"),
                Place::file(diagnostic.place.file),
                "mend the first ones; the file may be of another kind than it seems",
            )),
            _ => {}
        }
    }

    /// Adds all that another reading gave.
    pub fn merge(&mut self, other: Self) {
        self.facts.extend(other.facts);
        self.snapshots.extend(other.snapshots);
        self.signals.extend(other.signals);
        other.diagnostics.into_iter().for_each(|diagnostic| self.note(diagnostic));
    }

    /// Whether a diagnostic says that something does not count.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.level == mainstay_model::Level::Error)
    }

    pub(crate) fn refuse(&mut self, reason: &str, at: &At<'_>) {
        self.note(Diagnostic::error("fact.refused", reason, at.place(), "mend the record at its source"));
    }
}

/// Where in a document a record stands, and the time to check it against.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// When the document was fetched.
    pub now: Timestamp,
    /// The file.
    pub path: &'a str,
    /// Line, from 1; 0 where unknown.
    pub line: u32,
    /// Column, from 1; 0 where unknown.
    pub column: u32,
}

impl At<'_> {
    /// The place.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::at(self.path, self.line, self.column)
    }
}

impl Snapshot {
    /// An empty, complete snapshot of one family, with the statement that belongs to what vanishes.
    #[must_use]
    pub fn new(scope: impl Into<String>, kind: Family, at: Timestamp) -> Self {
        let gone = kind.gone();
        Self {
            scope: scope.into(),
            family: kind.name().to_owned(),
            complete: true,
            at,
            items: Vec::new(),
            gone,
            shows: None,
        }
    }

    /// Adds a thing, after checking what the ledger would check; one that it would refuse becomes a diagnostic and makes
    /// the snapshot incomplete, since the thing is there all the same.
    pub fn add(&mut self, subject: Subject, data: &impl FactData, reading: &mut Reading, at: &At<'_>) {
        self.push(subject, data, None, reading, at);
    }

    /// As [`Snapshot::add`], for a thing that is known to be as it is since a time before the snapshot.
    pub fn add_since(
        &mut self,
        subject: Subject,
        data: &impl FactData,
        since: Timestamp,
        reading: &mut Reading,
        at: &At<'_>,
    ) {
        self.push(subject, data, Some(since), reading, at);
    }

    fn push(
        &mut self,
        subject: Subject,
        data: &impl FactData,
        since: Option<Timestamp>,
        reading: &mut Reading,
        at: &At<'_>,
    ) {
        let time = since.unwrap_or(self.at);
        let fact = data.fact(&self.scope, "checked", subject, time).and_then(|fact| fact.check(at.now).map(|()| fact));
        match fact {
            Ok(Fact { subject: Some(subject), fact_type, data, .. }) => {
                self.items.push(SnapshotItem { subject, fact_type, data, since });
            }
            Ok(_) => self.complete = false,
            Err(error) => {
                self.complete = false;
                reading.refuse(&error.to_string(), at);
            }
        }
    }
}

/// The families: statements that replace each other, and what ends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// One side of a resource.
    Resource(Aspect),
    /// Drift of a live resource.
    Drift,
    /// An entity of the catalog.
    Entity,
    /// A vulnerability on an asset.
    Vulnerability,
    /// A promise.
    Promise,
    /// A policy for error budgets.
    BudgetPolicy,
    /// What a file of on-call schedules says.
    Oncall,
    /// An endpoint that is asked.
    Probe,
    /// An alert that fires.
    Alert,
    /// Whether a backup run was found whole.
    Verification,
    /// What one day cost in one place.
    Spend,
    /// A bill.
    Bill,
}

impl Family {
    /// The family's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resource(Aspect::Declared) => "resource.declared",
            Self::Resource(Aspect::Planned) => "resource.planned",
            Self::Resource(Aspect::Live) => "resource.live",
            Self::Drift => "drift",
            Self::Entity => "entity",
            Self::Vulnerability => "vulnerability",
            Self::Promise => "promise",
            Self::BudgetPolicy => "budget-policy",
            Self::Oncall => "oncall",
            Self::Probe => "probe",
            Self::Alert => "alert",
            Self::Verification => "verification",
            Self::Spend => "spend",
            Self::Bill => "bill",
        }
    }

    /// The family of a fact type; resources have three, told apart by `data.aspect`.
    #[must_use]
    pub fn of(fact_type: &str, data: &Value) -> Option<Self> {
        Some(match fact_type {
            ResourceObserved::TYPE | ResourceGone::TYPE => match data.get("aspect")?.as_str()? {
                "declared" => Self::Resource(Aspect::Declared),
                "planned" => Self::Resource(Aspect::Planned),
                "live" => Self::Resource(Aspect::Live),
                _ => return None,
            },
            ResourceDrifted::TYPE | ResourceReconciled::TYPE => Self::Drift,
            EntityDeclared::TYPE | EntityGone::TYPE => Self::Entity,
            VulnerabilityFound::TYPE | VulnerabilityFixed::TYPE => Self::Vulnerability,
            PromiseMade::TYPE | PromiseWithdrawn::TYPE => Self::Promise,
            BudgetPolicyDeclared::TYPE | BudgetPolicyWithdrawn::TYPE => Self::BudgetPolicy,
            OncallDeclared::TYPE | OncallWithdrawn::TYPE => Self::Oncall,
            ProbeDeclared::TYPE | ProbeWithdrawn::TYPE => Self::Probe,
            AlertFired::TYPE | AlertResolved::TYPE => Self::Alert,
            BackupVerified::TYPE => Self::Verification,
            SpendMeasured::TYPE | SpendWithdrawn::TYPE => Self::Spend,
            BillRead::TYPE => Self::Bill,
            _ => return None,
        })
    }

    /// What to say of a thing that vanished; `None` for families of which nothing vanishes.
    fn gone(self) -> Option<Gone> {
        Some(match self {
            Self::Resource(aspect) => gone(&ResourceGone { aspect }),
            Self::Drift => gone(&ResourceReconciled {}),
            Self::Entity => gone(&EntityGone {}),
            Self::Vulnerability => gone(&VulnerabilityFixed { verified: true }),
            Self::Promise => gone(&PromiseWithdrawn {}),
            Self::BudgetPolicy => gone(&BudgetPolicyWithdrawn {}),
            Self::Oncall => gone(&OncallWithdrawn {}),
            Self::Probe => gone(&ProbeWithdrawn {}),
            Self::Alert => gone(&AlertResolved {}),
            Self::Spend => gone(&SpendWithdrawn {}),
            Self::Verification | Self::Bill => return None,
        })
    }
}

fn gone<T: FactData>(data: &T) -> Gone {
    let data = serde_json::to_value(data).expect("our own plain types become JSON");
    Gone { fact_type: T::TYPE.to_owned(), data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_one_that_a_fact_may_have_and_two_stay_two() {
        let context = ReadContext::at(Timestamp::UNIX_EPOCH);
        assert_eq!(context.scoped("focus", "aws/1"), "focus:aws/1");
        let (long, longer) = ("ä".repeat(2000), "ä".repeat(2001));
        let sources = ["a\nb", "a\u{7}b", &long, &longer].map(|scope| context.scoped("focus", scope));
        for source in &sources {
            assert!(source.len() <= FACT_SOURCE_BYTES_MAX && !source.chars().any(char::is_control), "{source:?}");
        }
        assert!((1..sources.len()).all(|at| !sources[..at].contains(&sources[at])), "{sources:?}");
    }
}
