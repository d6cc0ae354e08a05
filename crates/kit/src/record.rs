//! Operations on the ledger itself: facts in, facts out, proofs. They belong to no duty.

use crate::operation::{Method, Nothing, Operation};
use crate::{Call, Problem};
use mainstay_ledger::{Filter, Order, VerifyOptions, VerifyReport};
use mainstay_model::facts::{
    ApprovalAnswered, ApprovalRequested, FactRedacted, FindingWaived, PrincipalAdmitted, PrincipalDismissed, Role,
};
use mainstay_model::{Fact, FactData, Recorded, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One CloudEvents object, or a batch of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Statements {
    /// A batch.
    Many(Vec<Value>),
    /// One.
    One(Value),
}

/// What became of facts that were sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Added {
    /// Facts that the ledger did not know.
    pub new: u64,
    /// Facts that it knew already.
    pub known: u64,
    /// Facts that it refused, and why.
    pub refused: Vec<Refusal>,
}

/// A fact that was refused.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Position in the batch, from 0.
    pub index: u64,
    /// Why.
    pub reason: String,
}

/// Most facts in one request.
const BATCH_FACTS_MAX: usize = 50_000;

#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FactsAsk {
    /// Only these types, separated by commas.
    #[serde(default, rename = "type")]
    types: Vec<String>,
    /// Only about this subject.
    #[serde(default)]
    subject: Option<String>,
    /// Only from this source.
    #[serde(default)]
    source: Option<String>,
    /// Only positions below this one; the newest come first.
    #[serde(default)]
    before: Option<u64>,
    /// Most facts, at most 1000.
    #[serde(default)]
    limit: Option<u64>,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneFact {
    /// Position in the ledger, or the fact's id.
    id: String,
}

/// Facts, newest first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Facts {
    /// CloudEvents objects with `sequence` and `recorded`.
    facts: Vec<Value>,
    /// Entries in the ledger.
    size: u64,
    /// Send this as `before` for the next page.
    next: Option<u64>,
}

/// The ledger's head.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Head {
    /// Entries.
    size: u64,
    /// Root hash of the Merkle tree, hexadecimal.
    root: String,
    /// The signed note (C2SP tlog-checkpoint).
    checkpoint: String,
    /// The key that checks the signature (C2SP signed-note verifier key).
    verifier: String,
}

/// How many entries a rebuild folded.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Rebuilt {
    /// Entries.
    entries: u64,
}

/// The operations.
#[must_use]
pub fn operations() -> Vec<Operation> {
    let columns = &["sequence", "time", "type", "subject", "source"];
    vec![
        Operation::new(
            "fact.add",
            (Method::Post, "/v1/facts"),
            Role::Engineer,
            "Add facts: one CloudEvents 1.0 object, or an array of them",
            add,
        ),
        Operation::new("fact.list", (Method::Get, "/v1/facts"), Role::Viewer, "Facts, newest first", list)
            .with_columns(columns),
        Operation::new("fact.show", (Method::Get, "/v1/facts/{id}"), Role::Viewer, "One fact", show),
        Operation::new(
            "fact.prove",
            (Method::Get, "/v1/facts/{id}/proof"),
            Role::Viewer,
            "The proof that a fact is in the ledger",
            prove,
        ),
        Operation::new(
            "ledger.checkpoint",
            (Method::Get, "/v1/ledger/checkpoint"),
            Role::Viewer,
            "Size, root and signed checkpoint",
            head,
        ),
        Operation::new(
            "ledger.verify",
            (Method::Post, "/v1/ledger/verification"),
            Role::Engineer,
            "Check every entry against the tree and the signed checkpoint",
            verify,
        ),
        Operation::new(
            "ledger.rebuild",
            (Method::Post, "/v1/ledger/rebuild"),
            Role::Administrator,
            "Build every table anew from the facts",
            |call, _: Nothing| Ok(Rebuilt { entries: call.world.ledger.rebuild()? }),
        ),
    ]
}

fn add(call: &Call<'_>, statements: Statements) -> Result<Added, Problem> {
    let documents = match statements {
        Statements::Many(many) => many,
        Statements::One(one) => vec![one],
    };
    if documents.len() > BATCH_FACTS_MAX {
        return Err(Problem::too_large(format!("a batch may have at most {BATCH_FACTS_MAX} facts")));
    }
    add_documents(call, documents)
}

/// Facts that only an operation of ours may write, because it asks for the authority first: whoever may add facts could
/// otherwise approve their own request.
fn is_ours_to_say(fact: &Fact) -> bool {
    const TYPES: [&str; 6] = [
        ApprovalRequested::TYPE,
        ApprovalAnswered::TYPE,
        FindingWaived::TYPE,
        PrincipalAdmitted::TYPE,
        PrincipalDismissed::TYPE,
        FactRedacted::TYPE,
    ];
    TYPES.contains(&fact.fact_type.as_str()) || fact.source.starts_with("mainstay:")
}

/// Reads and appends CloudEvents objects; what is malformed is refused with its position, and the rest counts.
///
/// # Errors
/// The ledger fails.
pub fn add_documents(call: &Call<'_>, documents: Vec<Value>) -> Result<Added, Problem> {
    let mut facts = Vec::with_capacity(documents.len());
    let mut positions = Vec::with_capacity(documents.len());
    let mut refused = Vec::new();
    for (at, document) in documents.into_iter().enumerate() {
        match Fact::from_json(document, call.now) {
            Ok(fact) if is_ours_to_say(&fact) => {
                let reason =
                    format!("{} from {} is said by Mainstay alone; use its operation", fact.fact_type, fact.source);
                refused.push(Refusal { index: at as u64, reason });
            }
            Ok(fact) => {
                facts.push(fact);
                positions.push(at);
            }
            Err(error) => refused.push(Refusal { index: at as u64, reason: error.to_string() }),
        }
    }
    let report = call.append(facts)?;
    refused.extend(
        report
            .refused
            .into_iter()
            .map(|(at, reason)| Refusal { index: positions.get(at).map_or(0, |p| *p as u64), reason }),
    );
    refused.sort_by_key(|refusal| refusal.index);
    Ok(Added { new: report.new, known: report.known, refused })
}

fn list(call: &Call<'_>, ask: FactsAsk) -> Result<Facts, Problem> {
    let limit = ask.limit.unwrap_or(100).clamp(1, 1000);
    let mut filter =
        Filter { types: ask.types, source: ask.source, seq_to: ask.before, limit: Some(limit), ..Filter::new() };
    if let Some(text) = ask.subject {
        let subject = Subject::new(text).map_err(|e| Problem::malformed("fact.subject", e.to_string()))?;
        filter = filter.of_subject(subject);
    }
    let found = call.world.ledger.facts(&filter.order(Order::RecordedDesc))?;
    let full = found.len() as u64 == limit;
    let next = found.last().filter(|_| full).map(|last| last.seq).filter(|seq| *seq > 0);
    Ok(Facts { facts: found.iter().map(Recorded::to_json).collect(), size: call.world.ledger.size()?, next })
}

/// The fact at a position, or with an id.
///
/// # Errors
/// There is none, or several sources use the id, or the ledger fails.
pub fn find(call: &Call<'_>, id: &str) -> Result<Recorded, Problem> {
    let absent = || Problem::absent("fact.unknown", format!("there is no fact {id:?}"));
    if let Ok(seq) = id.parse::<u64>()
        && let Some(found) = call.world.ledger.fact(seq)?
    {
        return Ok(found);
    }
    let filter = Filter { id: Some(id.to_owned()), limit: Some(2), ..Filter::new() };
    let mut found = call.world.ledger.facts(&filter)?;
    if found.len() > 1 {
        let seqs: Vec<_> = found.iter().map(|r| r.seq.to_string()).collect();
        let detail =
            format!("several sources have a fact with this id; ask for one by its position: {}", seqs.join(", "));
        return Err(Problem::conflict("fact.ambiguous", detail));
    }
    found.pop().ok_or_else(absent)
}

fn show(call: &Call<'_>, ask: OneFact) -> Result<Value, Problem> {
    Ok(find(call, &ask.id)?.to_json())
}

fn prove(call: &Call<'_>, ask: OneFact) -> Result<Value, Problem> {
    let seq = find(call, &ask.id)?.seq;
    let proof = call.world.ledger.prove(seq)?;
    serde_json::to_value(proof).map_err(|e| Problem::ours("fact.proof", e.to_string()))
}

fn head(call: &Call<'_>, _: Nothing) -> Result<Head, Problem> {
    let ledger = &call.world.ledger;
    let (checkpoint, size) = (ledger.checkpoint()?, ledger.size()?);
    Ok(Head { size, root: ledger.root(Some(size))?.to_string(), checkpoint, verifier: ledger.verifier()?.to_text() })
}

fn verify(call: &Call<'_>, _: Nothing) -> Result<Verification, Problem> {
    Ok(Verification::of(call.world.ledger.verify(&VerifyOptions::default())?))
}

/// What checking every entry found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Verification {
    /// Whether nothing is wrong.
    pub intact: bool,
    /// Entries that were read.
    pub size: u64,
    /// Root hash that they give, hexadecimal.
    pub root: String,
    /// Entries whose data was erased on purpose.
    pub redacted: u64,
    /// What is wrong, by position; the first names the first bad entry.
    pub problems: Vec<BadEntry>,
}

/// One thing that is wrong with the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BadEntry {
    /// The entry; `null` where it is the log as a whole.
    pub sequence: Option<u64>,
    /// What is wrong with it.
    pub what: String,
}

impl Verification {
    /// The report in the form of the answer.
    #[must_use]
    pub fn of(report: VerifyReport) -> Self {
        Self {
            intact: report.problems.is_empty(),
            size: report.size,
            root: report.root.to_string(),
            redacted: report.redacted,
            problems: report.problems.into_iter().map(|p| BadEntry { sequence: p.seq, what: p.what }).collect(),
        }
    }
}
