//! What the tests share: ledgers on both databases, facts, and a fold.

use mainstay_ledger::{Database, Fold, Ledger, Options, Result, Tx, Value};
use mainstay_model::{Fact, FactId, Recorded, Subject, Timestamp};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A ledger's place: a folder, and for PostgreSQL a database of its own; both vanish with it.
pub struct Place {
    pub folder: PathBuf,
    pub database: Database,
    admin: Option<(String, String)>,
}

impl Place {
    pub fn sqlite() -> Self {
        let folder = folder();
        let database = Database::Sqlite(folder.join("ledger.db"));
        Self { folder, database, admin: None }
    }

    /// A fresh database on the server of `MAINSTAY_TEST_POSTGRES`, or nothing, said loudly.
    pub fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var("MAINSTAY_TEST_POSTGRES") else {
            eprintln!("SKIPPED: MAINSTAY_TEST_POSTGRES is not set, so PostgreSQL is not tested");
            return None;
        };
        let folder = folder();
        let name = format!("mainstay_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = postgres::Client::connect(&url, postgres::NoTls).expect("the PostgreSQL of the tests answers");
        admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let (head, query) = url.split_once('?').map_or((url.as_str(), String::new()), |(h, q)| (h, format!("?{q}")));
        let at = head.rfind('/').unwrap();
        let database = Database::Postgres(format!("{}/{name}{query}", &head[..at]));
        Some(Self { folder, database, admin: Some((url, name)) })
    }

    /// One of each database that is there.
    pub fn each() -> Vec<Self> {
        [Some(Self::sqlite()), Self::postgres()].into_iter().flatten().collect()
    }

    pub fn options(&self) -> Options {
        Options { database: self.database.clone(), ..Options::in_folder(&self.folder) }
    }

    pub fn open(&self) -> Ledger {
        Ledger::open(self.options()).unwrap()
    }

    pub fn open_with_notes(&self) -> Ledger {
        Ledger::open(self.options().folds(vec![Arc::new(Notes)])).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
        if let Some((url, name)) = &self.admin
            && let Ok(mut admin) = postgres::Client::connect(url, postgres::NoTls)
        {
            let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn folder() -> PathBuf {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("mainstay-ledger-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.path().is_dir() {
            continue;
        }
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// A fact of somebody else's type: note `id` about `subject`, at a second, with a text.
pub fn note(id: u64, subject: &str, second: i64, text: &str) -> Fact {
    Fact {
        id: FactId::new(format!("note-{id}")).unwrap(),
        source: "/test".to_owned(),
        fact_type: "com.example.note".to_owned(),
        subject: Some(Subject::new(subject).unwrap()),
        time: at(second),
        data: json!({"text": text, "number": id}),
        extensions: serde_json::Map::new(),
    }
}

/// Folds notes into one row a subject: how many, the last text by time, and a sum.
pub struct Notes;

impl Fold for Notes {
    fn name(&self) -> &'static str {
        "notes"
    }
    fn migrations(&self) -> &[&str] {
        &[
            "CREATE TABLE notes (subject TEXT PRIMARY KEY, count BIGINT NOT NULL, latest TEXT, mean DOUBLE PRECISION, raw BYTEA)",
        ]
    }
    fn tables(&self) -> Vec<&str> {
        vec!["notes"]
    }
    fn fold(&self, facts: &[Recorded], tx: &mut Tx<'_>) -> Result<()> {
        let mut subjects: Vec<Subject> = facts.iter().filter_map(|fact| fact.fact.subject.clone()).collect();
        subjects.sort();
        subjects.dedup();
        let mut rows = Vec::new();
        for subject in &subjects {
            let all = tx.facts_of_subject(subject)?;
            let notes: Vec<&Recorded> = all.iter().filter(|fact| fact.fact.fact_type == "com.example.note").collect();
            let last = notes.iter().max_by_key(|fact| (fact.fact.time, fact.fact.id.as_str().to_owned()));
            let Some(last) = last else { continue };
            let sum: f64 = notes.iter().filter_map(|fact| fact.fact.data["number"].as_f64()).sum();
            rows.push(vec![
                Value::from(subject),
                Value::from(notes.len() as u64),
                Value::from(last.fact.data["text"].as_str()),
                Value::from(sum / notes.len() as f64),
                Value::from(last.fact.id.as_str().as_bytes()),
            ]);
        }
        tx.execute_many(
            "INSERT INTO notes (subject, count, latest, mean, raw) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (subject) DO UPDATE SET count = excluded.count, latest = excluded.latest, mean = excluded.mean, raw = excluded.raw",
            &rows,
        )?;
        Ok(())
    }
}
