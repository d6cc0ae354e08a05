//! What the controls say of code that was read, as statements to compare with what was said before.

use mainstay_connectors::{Gone, Snapshot, SnapshotItem};
use mainstay_model::facts::{Aspect, FindingOpened, FindingResolved, ResourceJudged};
use mainstay_model::{FactData, Place, Subject, Timestamp, Verdict};
use mainstay_policy::Judgement;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The family of judgements among the statements that replace each other.
pub const FAMILY_JUDGED: &str = "judged";

/// The family of findings.
pub const FAMILY_FINDING: &str = "finding";

/// Days for which one statement about a resource stands before it is made anew. What is unchanged is not said again and
/// again; but a statement that is too old is stale (KPI 8 takes seven days), so it is renewed well before.
const RENEWED_DAYS: i64 = 3;

/// What judging needs to know besides the judgements.
pub struct Judged<'a> {
    /// The facts' `source`.
    pub scope: &'a str,
    /// When the code was read.
    pub at: Timestamp,
    /// Whether every file could be read; else nothing that is missing counts as mended.
    pub complete: bool,
    /// The subject of a resource.
    pub subject: &'a dyn Fn(&Judgement) -> Subject,
    /// Who answers for a subject.
    pub owner: &'a dyn Fn(&Subject) -> Option<Subject>,
}

/// The judgements of every resource, and a finding for every failed control.
///
/// A finding's id comes from what failed and on what, so that neither an order nor a line number opens or closes one.
#[must_use]
pub fn snapshots(judged: &Judged<'_>, judgements: &[Judgement]) -> (Snapshot, Snapshot) {
    let grid_s = RENEWED_DAYS * 86_400;
    let observed = Timestamp::from_second(judged.at.as_second().div_euclid(grid_s) * grid_s).unwrap_or(judged.at);
    let mut by_subject: BTreeMap<Subject, (ResourceJudged, Vec<&Judgement>)> = BTreeMap::new();
    for judgement in judgements {
        let entry = by_subject.entry((judged.subject)(judgement)).or_insert_with(|| {
            let none = BTreeMap::new();
            (ResourceJudged { aspect: Aspect::Declared, verdicts: none, key: Vec::new(), observed }, Vec::new())
        });
        let control = judgement.control.to_string();
        if judgement.key && !entry.0.key.contains(&control) {
            entry.0.key.push(control.clone());
        }
        entry.0.verdicts.insert(control, judgement.verdict);
        entry.1.push(judgement);
    }
    // A resource that is gone needs no last judgement: its own facts say that it is gone.
    let mut verdicts = empty(judged, FAMILY_JUDGED, None, false);
    let gone = FindingResolved { reason: "mended, or what it was about is gone".to_owned() };
    let mut findings = empty(judged, FAMILY_FINDING, Some(&gone), judged.complete);
    for (subject, (mut state, all)) in by_subject {
        state.key.sort_unstable();
        for judgement in all.into_iter().filter(|j| j.verdict == Verdict::Fail) {
            let opened = FindingOpened {
                rule: judgement.control.to_string(),
                about: subject.clone(),
                summary: judgement.title.to_string(),
                severity: judgement.severity,
                owner: (judged.owner)(&subject),
                due: None,
                place: Some(Place::at(judgement.file.to_string(), judgement.line, 1)),
            };
            push(&mut findings, Subject::of("finding", &finding_id(&opened.rule, &subject)), &opened);
        }
        push(&mut verdicts, subject, &state);
    }
    (verdicts, findings)
}

/// The id of the finding that a rule is broken on a subject: 16 hexadecimal digits of a digest.
#[must_use]
pub fn finding_id(rule: &str, about: &Subject) -> String {
    let mut hash = Sha256::new();
    hash.update(rule.as_bytes());
    hash.update([0]);
    hash.update(about.as_str().as_bytes());
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn empty(judged: &Judged<'_>, family: &str, gone: Option<&FindingResolved>, complete: bool) -> Snapshot {
    let data = gone.and_then(|gone| serde_json::to_value(gone).ok());
    let gone = data.map(|data| Gone { fact_type: FindingResolved::TYPE.to_owned(), data });
    let (scope, family) = (judged.scope.to_owned(), family.to_owned());
    Snapshot { scope, family, complete, at: judged.at, items: Vec::new(), gone, shows: None }
}

fn push<T: FactData>(snapshot: &mut Snapshot, subject: Subject, data: &T) {
    if let Ok(data) = serde_json::to_value(data) {
        snapshot.items.push(SnapshotItem { subject, fact_type: T::TYPE.to_owned(), data, since: None });
    }
}
