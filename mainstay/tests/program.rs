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

/// Rows of a list, without what depends on the database's own order of equal ones.
fn rows(place: &Place, arguments: &[&str]) -> (Value, Vec<Value>) {
    let answer = place.json(&[arguments, &["--limit", "1000"]].concat());
    (answer["total"].clone(), answer["items"].as_array().unwrap().clone())
}

#[test]
fn a_list_as_of_all_that_is_known_is_the_list_and_as_of_nothing_is_empty() {
    for place in Place::each("as_of") {
        assert!(place.run(&["collect"]).status.success());
        let size = place.json(&["ledger", "checkpoint"])["size"].to_string();
        let asked: [&[&str]; 9] = [
            &["finding", "list", "--sort", "severity", "--search", "BUCKET"],
            &["finding", "list", "--sort=-due", "--where", "state=open", "--where", "rule~S3-"],
            &["change", "list"],
            &["change", "list", "--sort=-failures", "--where", "environment=production"],
            &["incident", "list", "--sort", "restored"],
            &["alert", "list", "--where", "class=noise", "--sort", "id"],
            &["vulnerability", "list", "--sort=-facts", "--where", "severity=critical", "--where", "severity=high"],
            &["spend", "list", "--where", "service~lambda"],
            &["estate", "list", "--sort", "name", "--search", "checkout"],
        ];
        for arguments in asked {
            let now = rows(&place, arguments);
            assert!(!now.1.is_empty(), "{arguments:?} gives nothing, so it shows nothing");
            assert_eq!(rows(&place, &[arguments, &["--as-of", &size]].concat()), now, "{arguments:?}");
            assert_eq!(rows(&place, &[arguments, &["--as-of", "2020-01-01"]].concat()).0, 0, "{arguments:?}");
        }
        for wrong in [&["--as-of", "someday"][..], &["--as-of", &size, "--sort", "nonsense"]] {
            assert_eq!(place.run(&[&["change", "list"], wrong].concat()).status.code(), Some(2), "{wrong:?}");
        }
    }
}

/// What a command says where it refuses.
fn refusal(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_cannot_be_answered_is_refused_with_what_can() {
    let place = Place::sqlite("refused");
    assert!(refusal(&place, &["ledger", "verify"]).contains("mainstay collect makes one"));
    assert!(!place.data.exists(), "asking must not make a folder");
    assert!(place.run(&["collect"]).status.success());
    let cases: [(&[&str], &str); 9] = [
        (&["kpi", "mttr", "--by", "planet"], "service, team, tier"),
        (&["kpi", "--format", "sarif"], "table, json and csv"),
        (&["finding", "list", "--format", "junit"], "table, json and csv"),
        (&["--server", "nowhere", "kpi"], "http://127.0.0.1:8080"),
        (&["--database", "mysql://x/y", "kpi"], "postgres://USER@HOST/NAME"),
        (&["--database", "env:MAINSTAY_NO_SUCH_VARIABLE", "kpi"], "MAINSTAY_NO_SUCH_VARIABLE"),
        (&["finding", "show", "nosuch"], "list names"),
        (&["up", "README.md"], "not a folder"),
        (&["up", "--listen", "nowhere"], "127.0.0.1:8080"),
    ];
    for (arguments, mend) in cases {
        let said = refusal(&place, arguments);
        assert!(said.contains(mend), "{arguments:?}: {said}");
    }
    let spend = place.run(&["kpi", "--format", "csv"]);
    let text = String::from_utf8(spend.stdout).unwrap();
    assert!(!text.contains('{') && text.contains("pending="), "{text}");
}

#[test]
fn services_are_listed_and_shown_as_what_exists() {
    let place = Place::sqlite("services");
    assert!(place.run(&["collect"]).status.success());
    let all = place.json(&["service", "list", "--where", "kind=Component"]);
    assert!(all["items"].as_array().unwrap().iter().any(|row| row["id"] == "service:checkout"), "{all}");
    for noun in ["estate", "service"] {
        assert_eq!(place.json(&[noun, "show", "service:checkout"])["state"]["declared"]["title"], "Checkout");
    }
}

#[test]
fn a_reader_that_has_enough_is_no_failure_of_the_export() {
    let place = Place::sqlite("enough");
    assert!(place.run(&["collect"]).status.success());
    let mut export = place.command();
    let mut export = export.args(["ledger", "export"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    // Dropped unread: far more is written than a pipe holds.
    drop(export.stdout.take());
    assert_eq!(export.wait().unwrap().code(), Some(0));
}

#[test]
fn credentials_in_an_address_never_reach_the_ledger() {
    let place = Place::sqlite("credentials");
    let output = place.run(&["collect", "alertmanager", "http://ada:geheim@127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let exported = String::from_utf8(place.run(&["ledger", "export"]).stdout).unwrap();
    assert!(exported.contains("http://127.0.0.1:1"), "{exported}");
    assert!(!exported.contains("geheim") && !said.contains("geheim"), "{said}\n{exported}");
}

#[test]
fn rights_that_cannot_be_read_are_not_replaced_by_others() {
    let place = Place::sqlite("rights");
    std::fs::create_dir_all(&place.data).unwrap();
    let config = place.data.join("mainstay.toml");
    std::fs::write(&config, "rights = \"rights.toml\"\n").unwrap();
    let rights = place.data.join("rights.toml");
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.arg("--data").arg(&place.data).arg("--config").arg(&config).args(["finding", "list"]).output().unwrap()
    };
    for (text, said) in [
        ("[finding.waive\n", "rights.toml:1"),
        ("[finding.waiv]\nneeds = \"manager\"\n", "finding.waive"),
        ("[finding.waive]\nneeds = \"nobody\"\n", "auto, peer, lead or manager"),
    ] {
        std::fs::write(&rights, text).unwrap();
        let output = run();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains(said), "{text}: {told}");
    }
    std::fs::write(&rights, "[finding.waive]\nneeds = \"manager\"\n").unwrap();
    assert!(run().status.success());
}

/// Runs `user add` at a terminal of its own, as somebody who types the lines given does, and gives what the terminal showed.
fn typed_at_a_terminal(place: &Place, name: &str, lines: &[&str]) -> (i32, String) {
    const TYPIST: &str = r"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], [sys.argv[1], '--data', sys.argv[2], 'user', 'add', sys.argv[3]])
shown = b''
def wait_for(text):
    global shown
    start = len(shown)
    while text not in shown[start:]:
        shown += os.read(terminal, 4096)
for question, line in zip([b'then return:', b'the same again:'], sys.argv[4:]):
    wait_for(question)
    os.write(terminal, line.encode() + b'\n')
try:
    while more := os.read(terminal, 4096):
        shown += more
except OSError:
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";
    let mut command = Command::new("python3");
    command.args(["-c", TYPIST, env!("CARGO_BIN_EXE_mainstay")]).arg(&place.data).arg(name).args(lines);
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_password_that_is_typed_is_asked_for_twice_and_never_shown() {
    let place = Place::sqlite("typed");
    let (status, shown) = typed_at_a_terminal(&place, "ada", &["correct horse battery", "correct horse batterz"]);
    assert!(status != 0 && shown.contains("the two passwords differ"), "{status} {shown}");
    let (status, shown_again) = typed_at_a_terminal(&place, "ada", &["correct horse battery", "correct horse battery"]);
    assert_eq!(status, 0, "{shown_again}");
    assert!(!shown.contains("horse") && !shown_again.contains("horse"), "{shown}{shown_again}");
    let users = place.json(&["user", "list"]);
    assert!(users.to_string().contains("ada"), "{users}");
}
