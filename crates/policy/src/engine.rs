//! Loads controls and judges what was read.

mod share;

use crate::catalog::{self, BuiltIn};
use crate::control::{self, Control, ControlFile};
use crate::controls::{Controls, Held};
use crate::foreign::{Foreign, Policy};
use crate::judge::{Arena, Batch, Evaluation, Reason, Relations, Truth, type_key, why};
use crate::secret::Secrets;
use crate::suppress::Waiver;
use mainstay_iac::{Dialect, Reading, Resource};
use mainstay_model::{Diagnostic, Place, Severity, Verdict};
use serde::Serialize;
use share::Share;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// Controls, ready to judge.
#[derive(Debug, Default)]
pub struct Engine {
    controls: Controls,
    /// Policies in other languages.
    foreign: Foreign,
    /// What the controls for files look for; their pages are read when a file is first looked through.
    secrets: OnceLock<Secrets>,
}

/// Which verdicts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All of them.
    All,
    /// Those that somebody has to look at: all but passes.
    Findings,
}

/// What a control says of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The control's id.
    pub control: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Ids of the same check in other tools.
    pub aliases: Arc<[String]>,
    /// The address: `module.web.aws_s3_bucket.logs[0]`.
    pub resource: Arc<str>,
    /// Terraform: the folder of the root module, within which addresses are unique; plan and state: the file.
    #[serde(skip_serializing_if = "is_empty")]
    pub root: Arc<str>,
    /// The type: `aws_s3_bucket`, for Kubernetes the kind.
    #[serde(rename = "type")]
    pub resource_type: Arc<str>,
    /// The name within the type.
    pub name: Arc<str>,
    /// Kubernetes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Arc<str>>,
    /// Kubernetes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Arc<str>>,
    /// The file that holds the resource.
    pub file: Arc<str>,
    /// The resource's first line.
    pub line: u32,
    /// Its last line.
    pub line_end: u32,
    /// How bad a break is.
    pub severity: Severity,
    /// Whether the control counts for the KPI of key controls.
    pub key: bool,
    /// What the control says.
    pub verdict: Verdict,
    /// Which attributes, with which values and where, decided.
    pub why: String,
    /// The places of those attributes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// Who accepted it and why, where the verdict is `waived`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
    /// How to mend it, Markdown.
    #[serde(skip)]
    pub fix: Arc<str>,
}

/// An attribute that decided a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// `ingress[2].cidr_blocks`
    pub attribute: String,
    /// The file in which it was written.
    pub file: Arc<str>,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

fn is_empty(text: &Arc<str>) -> bool {
    text.is_empty()
}

/// All judgements of a reading that were wanted, and how many there are of each.
#[derive(Debug, Default)]
pub struct Judging {
    /// Those that were wanted, in the order of resources and then of control ids.
    pub judgements: Vec<Judgement>,
    /// How many of every verdict, wanted or not.
    pub summary: Summary,
    /// Addresses among the judgements that several roots have: only with its root does one name a resource.
    pub ambiguous: HashSet<Arc<str>>,
}

/// How many verdicts of each kind, on how many resources.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Resources that were read.
    pub resources: u64,
    /// Controls that were loaded.
    pub controls: u64,
    /// Verdicts `pass`.
    pub pass: u64,
    /// Verdicts `fail`.
    pub fail: u64,
    /// Verdicts `unknown`.
    pub unknown: u64,
    /// Verdicts `waived`.
    pub waived: u64,
    /// Verdicts `fail` and `unknown` that the base of a comparison has too, and that are not listed.
    #[serde(skip_serializing_if = "is_none")]
    pub before: u64,
}

impl Summary {
    /// Adds the verdicts that were counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.unknown += other.unknown;
        self.waived += other.waived;
    }

    /// Counts one more verdict.
    pub fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail => self.fail += 1,
            Verdict::Unknown => self.unknown += 1,
            Verdict::Waived => self.waived += 1,
        }
    }
}

impl Engine {
    /// Reads controls, and policies in the other languages that are known. A broken one is reported and left out; of
    /// two with one id the first counts.
    #[must_use]
    pub fn load<'f>(files: impl IntoIterator<Item = &'f ControlFile>) -> (Self, Vec<Diagnostic>) {
        Self::of(files, &[])
    }

    /// The built-in controls and those of files, of which one takes the place of ours with its id.
    #[must_use]
    pub fn with_built_in<'f>(files: impl IntoIterator<Item = &'f ControlFile>) -> (Self, Vec<Diagnostic>) {
        Self::of(files, catalog::PAGES)
    }

    fn of<'f>(files: impl IntoIterator<Item = &'f ControlFile>, pages: &'static [BuiltIn]) -> (Self, Vec<Diagnostic>) {
        let (mut controls, mut wrong, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for file in files {
            if !file.path.ends_with(".md") {
                others.push(file);
                continue;
            }
            match control::read(file) {
                Ok(control) => controls.push((Held::Read(Box::new(control)), None)),
                Err(mut found) => wrong.append(&mut found),
            }
        }
        let foreign = crate::foreign::read(&others, &mut wrong).into_iter();
        controls.extend(foreign.map(|(control, policy)| (Held::Read(Box::new(control)), Some(policy))));
        let given: HashSet<String> = controls.iter().map(|(held, _)| held.id().to_owned()).collect();
        let pages = pages.iter().map(|page| (Held::Listed(page, OnceLock::new()), None));
        controls.extend(pages.filter(|(held, _)| !given.contains(held.id())));
        // Stable, so that of two with one id the first stays first.
        controls.sort_by(|a, b| a.0.id().cmp(b.0.id()));
        let mut kept: Vec<(Held, Option<Policy>)> = Vec::with_capacity(controls.len());
        for (held, policy) in controls {
            match kept.last() {
                Some((Held::Read(first), _)) if *first.id == *held.id() => wrong.push(twice(first, &held)),
                _ => kept.push((held, policy)),
            }
        }
        let (controls, policies): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
        let foreign = Foreign::of((0u32..).zip(policies).filter_map(|(at, policy)| Some((at, policy?))));
        (Self { controls: Controls::of(controls), foreign, secrets: OnceLock::new() }, wrong)
    }

    /// The controls, in the order of their ids. Each is read for this; whoever wants one asks for it by its id.
    #[must_use]
    pub fn controls(&self) -> Vec<&Control> {
        self.controls.all()
    }

    pub(crate) fn held(&self) -> &Controls {
        &self.controls
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        self.secrets.get_or_init(|| Secrets::of(&self.controls))
    }

    /// The control with an id, or with an alias of that id.
    #[must_use]
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.named(id)
    }

    /// The controls that have an id, here or in another tool.
    #[must_use]
    pub fn controls_named(&self, id: &str) -> Vec<&Control> {
        self.controls.all_named(id)
    }

    /// The ids of all controls, here and in other tools.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.controls.names()
    }

    /// Judges every resource by every control for its type.
    #[must_use]
    pub fn judge(&self, reading: &Reading) -> Vec<Judgement> {
        self.judge_wanted(reading, Wanted::All).judgements
    }

    /// Judges every resource by every control for its type, and keeps the verdicts that are wanted.
    #[must_use]
    pub fn judge_wanted(&self, reading: &Reading, wanted: Wanted) -> Judging {
        let relations = Relations::of(reading);
        let files: Vec<Arc<str>> = reading.files.iter().map(|file| Arc::from(file.as_str())).collect();
        let mut foreign = self.foreign.judge(reading, &relations);
        let mut shares = Vec::new();
        for range in share::ranges(reading.resources.len()) {
            let behind = foreign.split_off(&range.end);
            shares.push(Share { engine: self, reading, relations: &relations, files: &files, wanted, range, foreign });
            foreign = behind;
        }
        let mut out = Judging::default();
        out.summary.resources = reading.resources.len() as u64;
        out.summary.controls = self.controls.len() as u64;
        for (judgements, summary) in share::judge(shares) {
            out.judgements.extend(judgements);
            out.summary.add(&summary);
        }
        out.ambiguous = ambiguous(reading, &out.judgements);
        out
    }

    /// Judges one resource by one control; `None` where that says nothing of it.
    pub(crate) fn judge_one(&self, reading: &Reading, control: &Control, index: usize) -> Option<Judgement> {
        let files: Vec<Arc<str>> = reading.files.iter().map(|file| Arc::from(file.as_str())).collect();
        with_evaluation(reading, control, index, |evaluation| {
            let truth = verdict_of(evaluation)?;
            let shared = Shared::of(&reading.resources[index], &files);
            Some(shared.judgement(control, truth, why(evaluation, truth), &files))
        })
    }

    /// How many verdicts there are of each kind, without their reasons.
    #[must_use]
    pub fn count(&self, reading: &Reading) -> Summary {
        self.judge_wanted(reading, Wanted::Findings).summary
    }
}

fn twice(first: &Control, other: &Held) -> Diagnostic {
    Diagnostic::error(
        "control.duplicate-id",
        format!("`{}` is the id of {} already", first.id, first.path),
        Place::at(other.path(), 2, 1),
        "give it an id of its own",
    )
}

/// What a control says of a resource.
pub(crate) fn verdict_of_resource(reading: &Reading, control: &Control, index: usize) -> Option<Verdict> {
    with_evaluation(reading, control, index, |evaluation| verdict_of(evaluation).map(verdict))
}

fn with_evaluation<T>(
    reading: &Reading,
    control: &Control,
    index: usize,
    run: impl FnOnce(&Evaluation<'_, '_>) -> Option<T>,
) -> Option<T> {
    let resource = reading.resources.get(index).filter(|resource| is_judged(resource))?;
    let rule = control.rule_for(&type_key(resource))?;
    let relations = Relations::of(reading);
    let arena = Arena::default();
    let batch = Batch::new(reading, &relations, &arena);
    run(&Evaluation::new(&batch, &control.rules[rule].rule, u32::try_from(index).ok()?))
}

/// Addresses of judgements that resources of other roots have too.
fn ambiguous(reading: &Reading, judgements: &[Judgement]) -> HashSet<Arc<str>> {
    let several = reading.resources.windows(2).any(|pair| pair[0].root != pair[1].root);
    if !several {
        return HashSet::new();
    }
    let mut roots: HashMap<&str, (&Arc<str>, bool)> = HashMap::new();
    for judgement in judgements {
        roots.entry(&judgement.resource).or_insert((&judgement.root, false));
    }
    for resource in &reading.resources {
        if let Some((root, twice)) = roots.get_mut(resource.address.as_str()) {
            *twice |= **root != resource.root;
        }
    }
    let mut out = HashSet::new();
    for judgement in judgements {
        if roots.get(&*judgement.resource).is_some_and(|(_, twice)| *twice) {
            out.insert(judgement.resource.clone());
        }
    }
    out
}

/// What will be gone after apply is not judged.
fn is_judged(resource: &Resource) -> bool {
    resource.action.as_deref() != Some("delete")
}

/// `None` where the control does not apply. Where nobody knows whether it applies, what it demands decides if it holds.
fn verdict_of(evaluation: &Evaluation<'_, '_>) -> Option<Truth> {
    match evaluation.applies() {
        Truth::False => None,
        Truth::True => Some(evaluation.holds()),
        Truth::Unknown => Some(match evaluation.holds() {
            Truth::True => Truth::True,
            _ => Truth::Unknown,
        }),
    }
}

fn verdict(truth: Truth) -> Verdict {
    match truth {
        Truth::True => Verdict::Pass,
        Truth::False => Verdict::Fail,
        Truth::Unknown => Verdict::Unknown,
    }
}

/// What all judgements of one resource share.
struct Shared {
    resource: Arc<str>,
    root: Arc<str>,
    resource_type: Arc<str>,
    name: Arc<str>,
    namespace: Option<Arc<str>>,
    kind: Option<Arc<str>>,
    file: Arc<str>,
    line: u32,
    line_end: u32,
}

impl Shared {
    fn of(resource: &Resource, files: &[Arc<str>]) -> Self {
        let resource_type: Arc<str> = resource.resource_type.as_str().into();
        Self {
            resource: resource.address.as_str().into(),
            root: resource.root.clone(),
            name: resource.name.as_str().into(),
            namespace: resource.namespace.as_deref().map(Arc::from),
            kind: (resource.dialect == Dialect::Kubernetes).then(|| resource_type.clone()),
            file: files.get(resource.at.file as usize).cloned().unwrap_or_else(|| Arc::from("")),
            line: resource.at.line,
            line_end: resource.line_end,
            resource_type,
        }
    }

    fn judgement(&self, control: &Control, truth: Truth, reasons: Vec<Reason>, files: &[Arc<str>]) -> Judgement {
        let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
        let why = texts.join("; ");
        let causes = reasons.into_iter().filter_map(|reason| {
            let (attribute, at) = reason.cause?;
            let file = files.get(at.file as usize)?.clone();
            Some(Cause { attribute, file, line: at.line, column: at.column })
        });
        Judgement {
            control: control.id.clone(),
            title: control.title.clone(),
            aliases: control.aliases.clone(),
            resource: self.resource.clone(),
            root: self.root.clone(),
            resource_type: self.resource_type.clone(),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            kind: self.kind.clone(),
            file: self.file.clone(),
            line: self.line,
            line_end: self.line_end,
            severity: control.severity,
            key: control.key,
            verdict: verdict(truth),
            why,
            causes: causes.collect(),
            waiver: None,
            fix: control.fix.clone(),
        }
    }
}
