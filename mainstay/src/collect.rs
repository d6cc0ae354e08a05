//! Collecting: documents through connectors into the ledger, and what the guard says of the code among them.

use crate::config::Config;
use crate::known;
use jiff::SignedDuration;
use mainstay_connectors::{
    Connector, Heard, Options, Origin, ReadContext, Reading, Request, Signal, Snapshot, reconcile,
};
use mainstay_guard::judge::{Judged, snapshots};
use mainstay_iac::{Dialect, SourceFile};
use mainstay_kit::{Call, Collection, Problem};
use mainstay_model::facts::{CollectionFinished, ResourceObserved};
use mainstay_model::{Diagnostic, Fact, FactData, Level, Subject, Timestamp};
use mainstay_outside::{FILE_BYTES_MAX, Outside, files, relative};
use mainstay_policy::{Engine, Judgement};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// One thing to collect.
#[derive(Clone)]
pub struct Errand {
    /// How to read it.
    pub connector: &'static Connector,
    /// Where it is.
    pub origin: Origin,
    /// The facts' `source`, where the connector's own is not wanted.
    pub name: Option<String>,
    /// Settings.
    pub options: Options,
}

/// What a collection did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Documents read.
    pub documents: u64,
    /// Facts that the ledger did not know.
    pub new: u64,
    /// Facts that it knew already.
    pub known: u64,
    /// Facts that it refused.
    pub refused: u64,
    /// What could not be read, or not wholly.
    pub diagnostics: Vec<Diagnostic>,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.new += other.new;
        self.known += other.known;
        self.refused += other.refused;
        self.diagnostics.extend(other.diagnostics);
    }

    /// Diagnostics by level: notes, warnings, errors.
    pub fn levels(&self) -> [u64; 3] {
        let count = |level| self.diagnostics.iter().filter(|d| d.level == level).count() as u64;
        [count(Level::Note), count(Level::Warning), count(Level::Error)]
    }
}

/// What collecting needs.
pub struct Collecting<'a> {
    /// Who collects, and into which ledger.
    pub call: &'a Call<'a>,
    /// The controls that judge code.
    pub engine: &'a Engine,
    /// Told what is being read.
    pub progress: &'a dyn Fn(&str),
}

/// Held while signals are compared with the episodes that are open.
static HEARING: Mutex<()> = Mutex::new(());

/// Facts handed to the ledger at once while streaming.
const BATCH_FACTS: usize = 5_000;

impl Collecting<'_> {
    /// Runs one errand. What fails is a diagnostic of it; the next errand runs all the same.
    ///
    /// # Errors
    /// The ledger fails.
    pub fn run(&self, errand: &Errand) -> Result<Tally, Problem> {
        let at = self.moment(errand)?;
        let mut context = ReadContext::at(at);
        context.source = errand.name.clone();
        context.options = errand.options.clone();
        let outside = &self.call.world.outside;
        let mut tally = Tally::default();
        if let Some(reference) = &errand.options.secret {
            match outside.secret(reference) {
                Ok(secret) => context.secret = Some(secret),
                Err(error) => {
                    let tally = failed(errand, &error.to_string());
                    self.finished(errand, at, &tally)?;
                    return Ok(tally);
                }
            }
        }
        let told = |document: &str| (self.progress)(&format!("{} {document}", errand.connector.name));
        let request = Request { origin: errand.origin.clone(), context, progress: &told };
        let mut owners = BTreeMap::new();
        let mut trouble = None;
        (errand.connector.collect)(outside, &request, &mut |reading| {
            if trouble.is_none() {
                tally.documents += 1;
                note_owners(&reading, &mut owners);
                trouble = self.take(reading, &mut tally).err();
            }
        });
        if let Some(problem) = trouble {
            return Err(problem);
        }
        if let ("terraform" | "kubernetes", Origin::Files(root, paths)) = (errand.connector.name, &errand.origin) {
            self.judge(errand, at, (root, paths), &owners, &mut tally)?;
        }
        if let ("objectives", Origin::Files(root, paths)) = (errand.connector.name, &errand.origin) {
            let files = sources(&self.call.world.outside, root, paths).0;
            let measured = crate::budgets::measure(self.call, errand, &files, at)?;
            tally.diagnostics.extend(measured.diagnostics);
            self.append(measured.facts, &mut tally)?;
        }
        if errand.connector.name == "probes" {
            let facts = crate::probing::ask(self.call, &crate::probing::probes_of(self.call, errand))?;
            self.append(facts, &mut tally)?;
        }
        self.finished(errand, at, &tally)?;
        Ok(tally)
    }

    /// The time of what an errand sees. It is the clock's, except where the configuration says that the scorecard is for
    /// a day of the past: then what is collected belongs to the end of that day's eve, each collection of an origin a
    /// moment behind the one before, so that the newer one counts. When the ledger learned it stays the clock's to say.
    fn moment(&self, errand: &Errand) -> Result<Timestamp, Problem> {
        let today = self.call.today();
        if today >= self.call.now {
            return Ok(self.call.now);
        }
        let before = self.call.reader(None)?.one::<Collection>(subject_of_collection(errand).as_str())?;
        let first = today.checked_sub(SignedDuration::from_hours(1)).unwrap_or(today);
        let next = before.and_then(|one| one.entity.at.checked_add(SignedDuration::from_millis(1)).ok());
        Ok(next.filter(|next| *next > first && *next < today).unwrap_or(first))
    }

    /// Appends what a reading says that the ledger does not know.
    ///
    /// # Errors
    /// The ledger fails.
    pub fn take(&self, reading: Reading, tally: &mut Tally) -> Result<(), Problem> {
        tally.diagnostics.extend(reading.diagnostics);
        self.append(reading.facts, tally)?;
        // One after the other: a snapshot is compared with what the one before it left.
        for snapshot in &reading.snapshots {
            let facts = self.transitions(snapshot)?;
            self.append(facts, tally)?;
        }
        if !reading.signals.is_empty() {
            self.hear(&reading.signals, tally)?;
        }
        Ok(())
    }

    /// Appends what signals change of the episodes that are open.
    fn hear(&self, signals: &[Signal], tally: &mut Tally) -> Result<(), Problem> {
        // Two deliveries at once would both find that nothing fires, and open two episodes.
        let _one_at_a_time = HEARING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open: BTreeMap<(&str, &str), Option<Timestamp>> = BTreeMap::new();
        let mut facts = Vec::new();
        for signal in signals {
            let key = (signal.source.as_str(), signal.key.as_str());
            let since = match open.get(&key) {
                Some(since) => *since,
                None => known::open_since(&self.call.world.ledger, key.0, key.1)?,
            };
            tally.diagnostics.extend(signal.missed(since));
            let fact = signal.fact(since).map_err(|e| Problem::ours("alerts.fact", e.to_string()))?;
            let now = match (&signal.heard, &fact) {
                (Heard::Fires(_), Some(fact)) => Some(fact.time),
                (Heard::Ends, Some(_)) => None,
                _ => since,
            };
            open.insert(key, now);
            facts.extend(fact);
        }
        self.append(facts, tally)
    }

    fn transitions(&self, snapshot: &Snapshot) -> Result<Vec<Fact>, Problem> {
        let known = known::of_source(&self.call.world.ledger, &snapshot.scope, &snapshot.family)?;
        Ok(reconcile(snapshot, &known))
    }

    fn append(&self, facts: Vec<Fact>, tally: &mut Tally) -> Result<(), Problem> {
        for batch in facts.chunks(BATCH_FACTS) {
            let report = self.call.append(batch.to_vec())?;
            tally.new += report.new;
            tally.known += report.known;
            tally.refused += report.refused.len() as u64;
            for (at, reason) in report.refused {
                let fact = &batch[at.min(batch.len() - 1)];
                let place = mainstay_model::Place::file(fact.source.clone());
                let summary = format!("fact {} was refused: {reason}", fact.id);
                tally.diagnostics.push(Diagnostic::error(
                    "ledger.refused",
                    summary,
                    place,
                    "what the ledger knows stays; mend the source",
                ));
            }
        }
        Ok(())
    }

    /// Judges the code of an errand and says what changed of it.
    fn judge(
        &self,
        errand: &Errand,
        at: Timestamp,
        (root, paths): (&Path, &[PathBuf]),
        owners: &BTreeMap<Subject, Subject>,
        tally: &mut Tally,
    ) -> Result<(), Problem> {
        let (mut sources, all) = sources(&self.call.world.outside, root, paths);
        let mut complete = tally.levels()[2] == 0 && all;
        // Plans and states describe the same resources again; what is judged here is what the code declares.
        sources.retain(|file| {
            !file.path.ends_with(".tfstate") && !file.path.ends_with(".json") || file.path.ends_with(".tf.json")
        });
        let mut reading = mainstay_iac::read(&sources, &mainstay_iac::terraform::Options::default());
        // Templates of other formats may lie beside; the connector knows no subjects for their resources.
        let own = if errand.connector.name == "kubernetes" { Dialect::Kubernetes } else { Dialect::Terraform };
        reading.resources.retain(|resource| resource.dialect == own);
        complete &= !reading.diagnostics.iter().any(|d| d.level == Level::Error);
        let judgements = self.engine.judge(&reading);
        let scope = format!("{}:{}", errand.connector.name, errand.origin.shown());
        let roots: BTreeMap<&str, &str> = reading.resources.iter().map(|r| (r.address.as_str(), &*r.root)).collect();
        let subject = |j: &Judgement| subject_of(errand, &roots, j);
        let owner = |subject: &Subject| owners.get(subject).cloned();
        let judged = Judged { scope: &scope, at, complete, subject: &subject, owner: &owner };
        let (verdicts, findings) = snapshots(&judged, &judgements);
        let mut facts = self.transitions(&verdicts)?;
        facts.extend(self.transitions(&findings)?);
        self.append(facts, tally)
    }

    /// Says that a collection ended. Collections repeat every few minutes, so an unchanged one is said once an hour.
    fn finished(&self, errand: &Errand, at: Timestamp, tally: &Tally) -> Result<(), Problem> {
        let origin = errand.origin.shown();
        let finished = CollectionFinished {
            connector: errand.connector.name.to_owned(),
            origin: origin.clone(),
            complete: tally.levels()[2] == 0,
            documents: tally.documents,
            new: tally.new,
            known: tally.known,
            refused: tally.refused,
            diagnostics: tally.levels(),
            problems: gravest(&tally.diagnostics),
        };
        let hour = self.call.now.as_second() / 3600;
        let changed = if tally.new > 0 { at.to_string() } else { format!("hour {hour}") };
        let wrong = serde_json::to_string(&finished.problems).unwrap_or_default();
        let id = format!("{}/{origin}/{changed}/{:?}/{wrong}", errand.connector.name, finished.diagnostics);
        let fact = finished
            .fact(
                "mainstay:collect",
                &mainstay_connectors::fact_id(&[&id]).to_string(),
                subject_of_collection(errand),
                at,
            )
            .map_err(|e| Problem::ours("collect.fact", e.to_string()))?;
        let seen = self.call.world.ledger.fact_by_id(&fact.source, fact.id.as_str())?;
        if seen.is_none() {
            self.call.append(vec![fact])?;
        }
        Ok(())
    }
}

fn subject_of_collection(errand: &Errand) -> Subject {
    Subject::of("collection", &format!("{}/{}", errand.connector.name, errand.origin.shown()))
}

/// Diagnostics that a collection keeps.
const PROBLEMS_MAX: usize = 50;

/// Longest text of one of them, in characters.
const PROBLEM_CHARS_MAX: usize = 500;

/// The gravest diagnostics, in the order in which they came.
fn gravest(diagnostics: &[Diagnostic]) -> Vec<Diagnostic> {
    let mut all: Vec<&Diagnostic> = diagnostics.iter().collect();
    all.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.level));
    let short = |text: &str| text.chars().take(PROBLEM_CHARS_MAX).collect::<String>();
    let kept = |d: &Diagnostic| Diagnostic { summary: short(&d.summary), help: short(&d.help), ..d.clone() };
    all.into_iter().take(PROBLEMS_MAX).map(kept).collect()
}

/// The subject that the connectors give the resource of a judgement.
fn subject_of(errand: &Errand, roots: &BTreeMap<&str, &str>, j: &Judgement) -> Subject {
    match &j.kind {
        Some(kind) => {
            let folder = Path::new(&*j.file).parent().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
            let cluster = errand.options.cluster.clone().unwrap_or(folder);
            mainstay_connectors::subjects::kubernetes(&cluster, j.namespace.as_deref(), kind, &j.name)
        }
        None => {
            mainstay_connectors::subjects::terraform(roots.get(&*j.resource).copied().unwrap_or_default(), &j.resource)
        }
    }
}

/// Who answers for what a reading declares: its owner, else the service that it belongs to.
fn note_owners(reading: &Reading, owners: &mut BTreeMap<Subject, Subject>) {
    for item in reading.snapshots.iter().flat_map(|snapshot| &snapshot.items) {
        if item.fact_type == ResourceObserved::TYPE {
            let named = |field: &str| item.data[field].as_str().and_then(|text| Subject::new(text).ok());
            if let Some(owner) = named("owner").or_else(|| named("service")) {
                owners.insert(item.subject.clone(), owner);
            }
        }
    }
}

fn failed(errand: &Errand, reason: &str) -> Tally {
    let place = mainstay_model::Place::file(errand.origin.shown());
    let diagnostic = Diagnostic::error("collect.failed", reason.to_owned(), place, "what was known before stays");
    Tally { diagnostics: vec![diagnostic], ..Tally::default() }
}

/// The files that paths mean: a folder means every file below it.
fn expand(outside: &Outside, root: &Path, paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for path in paths {
        let path = if path.is_absolute() || path.starts_with(root) { path.clone() } else { root.join(path) };
        if files::is_folder(&path) {
            out.extend(outside.walk(&path).map(|walk| walk.files).unwrap_or_default());
        } else {
            out.push(path);
        }
    }
    out
}

/// The files of an errand with their texts, and whether all could be read.
pub fn sources(outside: &Outside, root: &Path, paths: &[PathBuf]) -> (Vec<SourceFile>, bool) {
    let (mut sources, mut complete) = (Vec::new(), true);
    for path in expand(outside, root, paths) {
        match outside.read(&path, FILE_BYTES_MAX) {
            Ok(bytes) => sources.push(SourceFile { path: relative(root, &path), bytes }),
            Err(_) => complete = false,
        }
    }
    (sources, complete)
}

/// All that a folder's configuration names, and what discovery finds besides.
///
/// # Errors
/// The folder cannot be listed.
pub fn errands(outside: &Outside, dir: &Path, config: &Config) -> Result<(Vec<Errand>, Vec<Diagnostic>), Problem> {
    let mut errands = Vec::new();
    let mut taken: Vec<PathBuf> = Vec::new();
    for source in &config.source {
        let Some(connector) = mainstay_connectors::connector(&source.connector) else { continue };
        let mut files = Vec::new();
        for path in &source.paths {
            match Origin::of(path) {
                Origin::Files(_, _) => files.push(dir.join(path)),
                address => errands.push(Errand {
                    connector,
                    origin: address,
                    name: source.name.clone(),
                    options: source.options.clone(),
                }),
            }
        }
        taken.extend(files.iter().cloned());
        if let Some(mapping) = &source.options.mapping {
            taken.push(dir.join(mapping));
        }
        if !files.is_empty() {
            let mut options = source.options.clone();
            options.mapping = options.mapping.map(|mapping| dir.join(mapping).to_string_lossy().into_owned());
            errands.push(Errand {
                connector,
                origin: Origin::Files(dir.to_owned(), files),
                name: source.name.clone(),
                options,
            });
        }
    }
    let (found, wrong) = mainstay_connectors::discover(outside, dir, &taken)
        .map_err(|d| Problem::malformed("collect.folder", d.to_string()))?;
    for found in found {
        let Some(connector) = mainstay_connectors::connector(found.connector) else { continue };
        errands.push(Errand { connector, origin: found.origin, name: None, options: Options::default() });
    }
    Ok((errands, wrong))
}
