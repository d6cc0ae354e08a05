//! Ninety days of a small company, for `examples/estate/history`, and what the KPIs truly were.
//!
//! Each module makes up what happened as plain values (a change that broke something, an alert that nobody answered) and
//! from those values both the facts that sources would have written and the figures. Nothing here folds a fact, so that
//! the figures are a second opinion on what the program folds. Every trap of the definitions is built in by hand, on a
//! background drawn from a fixed seed.

mod alerts;
mod backups;
mod changes;
mod company;
mod estate;
mod incidents;
pub mod time;
mod truth;
mod vulnerabilities;

use super::Texts;
use crate::shell::Outcome;
use mainstay_model::{Fact, FactData, Subject};
use time::stamp;
use truth::Truth;

/// Where the files go.
const FOLDER: &str = "examples/estate/history";

/// The seed of everything that is drawn.
const SEED: u64 = 20_261_115;

/// Adds the history and its truth.
pub fn generate(texts: &mut Texts) -> Outcome<()> {
    let mut rng = Rng(SEED);
    let incidents = incidents::make(&mut rng);
    let estate = estate::make(&mut rng, &incidents);
    let changes = changes::make(&mut rng, &incidents);
    let alerts = alerts::make(&mut rng, &incidents);
    let vulnerabilities = vulnerabilities::make(&mut rng);
    let backups = backups::make(&mut rng);
    let mut truths: Vec<Truth> = Vec::new();
    for period in truth::periods() {
        truths.push(changes::failure_rate(&changes, &estate, &period));
        truths.push(incidents::time_to_detect(&incidents, &period));
        truths.push(incidents::time_to_restore(&incidents, &period));
        truths.push(alerts::actionable(&alerts, &period));
        truths.push(estate::adoption(&estate, &period));
        truths.push(estate::compliance(&estate, &period));
        truths.push(vulnerabilities::kept(&vulnerabilities, &period));
        truths.push(backups::success(&backups, &period));
    }
    truths.sort_by_key(|truth| truth.kpi);
    let mut add = |name: &str, log: Log| -> Outcome<()> {
        texts.insert(format!("{FOLDER}/{name}.jsonl"), log.lines()?);
        Ok(())
    };
    add("incidents", incidents::facts(&incidents)?)?;
    add("estate", estate::facts(&estate)?)?;
    add("changes", changes::facts(&changes, &estate)?)?;
    add("alerts", alerts::facts(&alerts)?)?;
    add("vulnerabilities", vulnerabilities::facts(&vulnerabilities)?)?;
    add("backups", backups::facts(&backups)?)?;
    texts.insert(format!("{FOLDER}/truth.json"), truth::text(&truths)?);
    Ok(())
}

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same on every machine and for ever.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both possible.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low) + 1;
        low + i64::try_from(self.next() % span).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    fn percent(&mut self, share: i64) -> bool {
        self.between(1, 100) <= share
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[usize::try_from(self.next() % items.len() as u64).unwrap_or(0)]
    }

    /// Hexadecimal digits.
    fn hex(&mut self, digits: usize) -> String {
        let text = format!("{:016x}{:016x}{:016x}", self.next(), self.next(), self.next());
        text.chars().take(digits).collect()
    }
}

/// Facts of one file, as their sources wrote them.
struct Log {
    source: &'static str,
    facts: Vec<Fact>,
}

impl Log {
    fn new(source: &'static str) -> Self {
        Self { source, facts: Vec::new() }
    }

    /// Adds a fact; its id is the subject, the type's verb and the time, which no other statement of the source shares.
    fn say<T: FactData>(&mut self, subject: &str, at: i64, data: &T) -> Outcome<()> {
        let verb = T::TYPE.split('.').nth(2).unwrap_or_default();
        let id = format!("{subject}/{verb}/{}", stamp(at));
        let subject = subject_of(subject)?;
        let fact = data.fact(self.source, &id, subject, stamp(at)).map_err(|e| format!("make fact {id}: {e}"))?;
        fact.check(stamp(time::END)).map_err(|e| format!("make fact {id}: {e}"))?;
        self.facts.push(fact);
        Ok(())
    }

    /// The file: one CloudEvent a line, in the order in which they happened.
    fn lines(mut self) -> Outcome<String> {
        self.facts.sort_by(|a, b| (a.time, a.id.as_str()).cmp(&(b.time, b.id.as_str())));
        let twice = self.facts.windows(2).find(|pair| pair[0].id == pair[1].id);
        if let Some([first, _]) = twice {
            return Err(format!("write the history: {} stands twice", first.id));
        }
        Ok(self.facts.iter().map(|fact| format!("{}\n", super::sorted(fact.to_json()))).collect())
    }
}

fn subject_of(text: &str) -> Outcome<Subject> {
    Subject::new(text).map_err(|e| format!("name {text:?}: {e}"))
}

fn principal(name: &str) -> Outcome<mainstay_model::PrincipalId> {
    mainstay_model::PrincipalId::new(name).map_err(|e| format!("name {name:?}: {e}"))
}
