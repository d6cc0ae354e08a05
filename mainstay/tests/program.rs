//! The program as a whole on the example, on SQLite and on PostgreSQL: collect, answer, collect again, rebuild, verify,
//! and a kill in the middle.

#![expect(clippy::disallowed_methods, reason = "a test starts the program and looks at its folder")]
#![expect(clippy::print_stderr, reason = "a test that is left out says so loudly")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// A folder for a ledger, and a database of PostgreSQL where that is tested; both go when dropped.
struct Place {
    data: PathBuf,
    database: Option<(String, String, String)>,
}

impl Place {
    fn sqlite(name: &str) -> Self {
        let data = std::env::temp_dir().join(format!("mainstay-program-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&data).ok();
        Self { data, database: None }
    }

    fn postgres(name: &str) -> Option<Self> {
        let Ok(url) = std::env::var("MAINSTAY_TEST_POSTGRES") else {
            eprintln!("SKIPPED: MAINSTAY_TEST_POSTGRES is not set, so the program is not tested on PostgreSQL");
            return None;
        };
        let database = format!("mainstay_program_{name}_{}", std::process::id());
        let mut admin = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {database}")).unwrap();
        let (head, query) = url.split_once('?').map_or((url.as_str(), String::new()), |(h, q)| (h, format!("?{q}")));
        let server = &head[..head.rfind('/').unwrap()];
        let own = format!("{server}/{database}{query}");
        let mut place = Self::sqlite(&format!("{name}-pg"));
        place.database = Some((url.clone(), database, own));
        Some(place)
    }

    fn each(name: &str) -> Vec<Self> {
        [Some(Self::sqlite(name)), Self::postgres(name)].into_iter().flatten().collect()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
        command.arg("--quiet").arg("--data").arg(&self.data).args(["--config", "examples/estate/mainstay.toml"]);
        if let Some((_, _, own)) = &self.database {
            command.args(["--database", own]);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
            panic!("{arguments:?} gave no JSON ({e}): {}", String::from_utf8_lossy(&output.stderr));
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.data).ok();
        if let Some((url, name, _)) = &self.database {
            let mut admin = postgres::Client::connect(url, postgres::NoTls).unwrap();
            admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).ok();
        }
    }
}

/// What a figure is, without what depends on when the facts were collected: their positions.
fn figures(place: &Place) -> Vec<(String, Value, Value, Value)> {
    let answer = place.json(&["kpi", "--from", "2026-10-01", "--to", "2026-11-01"]);
    let kpis = answer["kpis"].as_array().unwrap();
    assert!(kpis.len() >= 19, "{} KPIs", kpis.len());
    kpis.iter()
        .map(|kpi| (kpi["id"].to_string(), kpi["value"].clone(), kpi["denominator"].clone(), kpi["excluded"].clone()))
        .collect()
}

#[test]
fn both_databases_give_the_same_figures_and_a_second_collection_and_a_rebuild_change_none() {
    let mut all = Vec::new();
    for place in Place::each("figures") {
        assert!(place.run(&["collect"]).status.success());
        let first = figures(&place);
        assert_eq!(place.json(&["collect"])["new"], 0, "the same again must bring nothing");
        assert_eq!(figures(&place), first);
        assert!(place.run(&["ledger", "rebuild"]).status.success());
        assert_eq!(figures(&place), first);
        let open = place.json(&["finding", "list", "--where", "state=open", "--sort", "-due", "--search", "bucket"]);
        assert!(open["total"].as_u64().unwrap() > 3, "the example's buckets have findings: {open}");
        assert!(place.run(&["ledger", "verify"]).status.success());
        all.push(first);
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_kill_during_collection_loses_nothing_that_a_later_collection_would_not_bring() {
    let whole = Place::sqlite("whole");
    assert!(whole.run(&["collect"]).status.success());
    let wanted = figures(&whole);
    for place in Place::each("killed") {
        for pause_ms in [40, 120, 200, 300, 450] {
            let mut collecting = place.command().arg("collect").spawn().unwrap();
            std::thread::sleep(Duration::from_millis(pause_ms));
            collecting.kill().ok();
            collecting.wait().unwrap();
        }
        assert!(place.run(&["collect"]).status.success());
        assert!(place.run(&["ledger", "verify"]).status.success());
        assert_eq!(figures(&place), wanted);
    }
}

#[test]
fn a_changed_entry_is_found_and_named() {
    let place = Place::sqlite("tampered");
    assert!(place.run(&["collect"]).status.success());
    // What lies in the write-ahead log counts as well, so both files are searched for the text of one entry.
    let mut changed = 0;
    for name in ["ledger.db", "ledger.db-wal"] {
        let path = place.data.join(name);
        let Ok(mut bytes) = std::fs::read(&path) else { continue };
        let text = b"checkout does not answer";
        let places: Vec<usize> =
            (0..bytes.len().saturating_sub(text.len())).filter(|at| bytes[*at..].starts_with(text)).collect();
        for at in &places {
            bytes[*at] ^= 1;
        }
        changed += places.len();
        std::fs::write(&path, bytes).unwrap();
    }
    assert!(changed > 0, "the example has an incident of checkout");
    let output = place.run(&["ledger", "verify"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("entry "), "{said}");
}
