//! How fast the ledger is, beside the raw limit of the same database for the same bytes, in one run.
//!
//! `cargo run --release -p mainstay-ledger --example bench -- [LARGEST [FOLDER]]`: measures at 1 %, 10 % and 100 % of
//! LARGEST facts (default 1,000,000), in FOLDER (default the system's folder for temporary files). Prints one JSON object.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench reads the clock and prints what it measured"
)]

use mainstay_ledger::{Filter, Ledger, LedgerError, Options, Result, VerifyOptions};
use mainstay_model::{Fact, FactId, Subject, Timestamp};
use serde_json::json;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Facts of one batch, as a collector sends them.
const BATCH: u64 = 10_000;
/// Inserts into a table with a unique index that are measured: they are slow, and become slower.
const UNIQUE_MAX: u64 = 1_000_000;
/// Threads that append at once: what one of them makes ready, and waits for, the others fill.
const CALLERS: usize = 4;
/// Batches that are made before the clock runs.
const ROUND: u64 = 40;

type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A fact of about 300 bytes with a random id, one of 20,000 subjects and one of 30 types.
fn fact(n: u64) -> Option<Fact> {
    let random = mix(n);
    Some(Fact {
        id: FactId::new(format!("{random:016x}{:016x}", mix(random))).ok()?,
        source: "bench:envs/production".to_owned(),
        fact_type: format!("com.example.observed{}.v1", random % 30),
        subject: Subject::new(format!("aws:ec2:instance/i-{:08x}", mix(random % 20_000) as u32)).ok(),
        time: Timestamp::from_microsecond(1_780_000_000_000_000 + n as i64 * 500 + (random % 1_000_000) as i64).ok()?,
        data: json!({
            "environment": "production", "region": "eu-central-1", "state": "running", "size": "m6i.large",
            "cpu": random % 100, "owner": "team:platform", "checksum": format!("{:032x}", u128::from(random) * 3),
        }),
        extensions: serde_json::Map::new(),
    })
}

fn facts(from: u64, until: u64) -> Vec<Fact> {
    (from..until).filter_map(fact).collect()
}

/// Processor time of this process, in seconds: what a busy machine cannot distort. Linux counts it in steps of 10 ms.
fn processor_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(11) + ticks(12)) / 100.0
}

/// Time by the clock and by the processor.
#[derive(Clone, Copy, Default)]
struct Spent {
    clock: Duration,
    processor_s: f64,
}

impl Spent {
    fn add(&mut self, clock: Instant, processor_s_before: f64) {
        self.clock += clock.elapsed();
        self.processor_s += processor_s() - processor_s_before;
    }

    fn join(&mut self, other: Self) {
        self.clock += other.clock;
        self.processor_s += other.processor_s;
    }

    fn rate(self, count: u64) -> f64 {
        count as f64 / self.clock.as_secs_f64()
    }

    fn processor_us(self, count: u64) -> f64 {
        self.processor_s * 1e6 / count as f64
    }
}

/// Appends `[from, until)` and gives the time that appending took. Each caller makes its facts before the clock runs, as a
/// collector or a request makes its own, and appends them batch by batch.
fn append(ledger: &Ledger, from: u64, until: u64) -> Result<Spent> {
    let now = Timestamp::from_second(1_790_000_000).unwrap_or_default();
    let mut spent = Spent::default();
    let (made, done) = (Barrier::new(CALLERS + 1), Barrier::new(CALLERS + 1));
    let work = |caller: usize| -> Result<()> {
        let mine = (from..until).step_by(BATCH as usize).skip(caller).step_by(CALLERS);
        let batches: Vec<Vec<Fact>> = mine.map(|at| facts(at, (at + BATCH).min(until))).collect();
        made.wait();
        let outcome = batches.into_iter().try_for_each(|batch| ledger.append(batch, now).map(drop));
        done.wait();
        outcome
    };
    std::thread::scope(|scope| {
        let work = &work;
        let callers: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(move || work(caller))).collect();
        made.wait();
        let (clock, before) = (Instant::now(), processor_s());
        done.wait();
        spent.add(clock, before);
        callers.into_iter().try_for_each(|caller| caller.join().map_err(|_| LedgerError::Closed)?)
    })?;
    Ok(spent)
}

/// The raw limit: the same rows, read back from the ledger, inserted into a plain table of the same database with the
/// same settings, with one hash a row as the tree has, in transactions of the size of a batch.
struct Raw {
    from: rusqlite::Connection,
    to: rusqlite::Connection,
    /// Whether the table has the index that it needs to refuse a known source and id, as the ledger does.
    unique: bool,
    count: u64,
    spent: Spent,
}

impl Raw {
    fn new(folder: &Path, unique: bool) -> Outcome<Self> {
        let from = rusqlite::Connection::open(folder.join("ledger.db"))?;
        let to = rusqlite::Connection::open(folder.join(if unique { "unique.db" } else { "raw.db" }))?;
        to.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384;
            CREATE TABLE raw (seq INTEGER PRIMARY KEY, entry TEXT, data TEXT, extensions TEXT, salt BLOB, hash BLOB, id TEXT)",
        )?;
        if unique {
            to.execute_batch("CREATE UNIQUE INDEX raw_id ON raw (id)")?;
        }
        Ok(Self { from, to, unique, count: 0, spent: Spent::default() })
    }

    /// Inserts the rows of `[first, behind)`.
    fn insert(&mut self, first: u64, behind: u64) -> Outcome<()> {
        let mut read = self
            .from
            .prepare("SELECT entry, data, salt FROM ledger_facts WHERE seq >= ?1 AND seq < ?2 ORDER BY seq")?;
        for start in (first..behind).step_by(BATCH as usize) {
            let end = (start + BATCH).min(behind);
            let rows: Vec<(String, String, Vec<u8>)> = read
                .query_map([start as i64, end as i64], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect::<std::result::Result<_, _>>()?;
            let (clock, before) = (Instant::now(), processor_s());
            self.to.execute_batch("BEGIN IMMEDIATE")?;
            {
                let mut insert = self.to.prepare_cached("INSERT INTO raw VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6)")?;
                for ((entry, data, salt), seq) in rows.iter().zip(start as i64..) {
                    let identity = if self.unique { entry.lines().nth(2) } else { None };
                    insert.execute(rusqlite::params![seq, entry, data, salt, [7_u8; 32], identity])?;
                }
            }
            self.to.execute_batch("COMMIT")?;
            self.spent.add(clock, before);
            self.count += end - start;
        }
        Ok(())
    }

    fn rate(&self) -> f64 {
        self.spent.rate(self.count)
    }
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let largest: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.replace('_', "").parse())?;
    let folder = arguments
        .next()
        .map_or_else(std::env::temp_dir, Into::into)
        .join(format!("mainstay-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = measure(&folder, largest);
    std::fs::remove_dir_all(&folder)?;
    println!("{:#}", outcome?);
    Ok(())
}

fn measure(folder: &Path, largest: u64) -> Outcome<serde_json::Value> {
    let ledger = Ledger::open(Options::in_folder(folder))?;
    let (mut plain, mut unique) = (Raw::new(folder, false)?, Raw::new(folder, true)?);
    let mut stages = Vec::new();
    let mut size = 0;
    for stage in [largest / 100, largest / 10, largest] {
        // The whole way since the last stage counts, with all that was merged on it. The plain inserts take turns with
        // it, so that what else the machine does meanwhile falls upon both.
        let (mut spent, first) = (Spent::default(), size);
        while size < stage {
            let end = (size + BATCH * ROUND).min(stage);
            spent.join(append(&ledger, size, end)?);
            if stage == largest {
                plain.insert(size, end)?;
            }
            if stage == largest && unique.count < UNIQUE_MAX {
                unique.insert(size, end)?;
            }
            size = end;
        }
        stages.push(json!({
            "size": size, "append_per_s": spent.rate(size - first), "append_processor_us": spent.processor_us(size - first),
        }));
        checked(&ledger, size, &mut stages)?;
    }
    let bytes = std::fs::metadata(folder.join("ledger.db"))?.len() as f64 / size as f64;
    drop(ledger);
    let clock = Instant::now();
    drop(Ledger::open(Options::in_folder(folder))?);
    let open_ms = clock.elapsed().as_secs_f64() * 1e3;
    let figure = |at: usize, name: &str| stages[at][name].as_f64().unwrap_or(f64::NAN);
    let rate = figure(2, "append_per_s");
    Ok(json!({
        "raw_inserts_per_s": plain.rate(), "raw_processor_us": plain.spent.processor_us(plain.count),
        "unique_inserts_per_s": unique.rate(), "unique_processor_us": unique.spent.processor_us(unique.count),
        "append_to_raw": rate / plain.rate(), "append_to_unique": rate / unique.rate(),
        "append_cost_growth": figure(1, "append_per_s") / rate,
        "append_processor_growth": figure(2, "append_processor_us") / figure(1, "append_processor_us"),
        "open_ms": open_ms, "database_bytes_per_fact": bytes, "stages": stages,
    }))
}

/// Verifies and looks a subject up, and adds what that took to the last stage.
fn checked(ledger: &Ledger, size: u64, stages: &mut [serde_json::Value]) -> Outcome<()> {
    let mut verify = Spent::default();
    let (clock, before) = (Instant::now(), processor_s());
    let report = ledger.verify(&VerifyOptions::default())?;
    verify.add(clock, before);
    let clock = Instant::now();
    let subject = Subject::new(format!("aws:ec2:instance/i-{:08x}", mix(7) as u32))?;
    let found = ledger.facts(&Filter::new().of_subject(subject))?.len();
    let lookup_ms = clock.elapsed().as_secs_f64() * 1e3;
    if let Some(stage) = stages.last_mut() {
        eprintln!(
            "at {size}: append {:.0}/s, verify {:.0}/s",
            stage["append_per_s"].as_f64().unwrap_or(f64::NAN),
            verify.rate(size)
        );
        stage["verify_per_s"] = json!(verify.rate(size));
        stage["verify_processor_us"] = json!(verify.processor_us(size));
        stage["problems"] = json!(report.problems.len());
        stage["subject_facts"] = json!(found);
        stage["subject_lookup_ms"] = json!(lookup_ms);
    }
    Ok(())
}
