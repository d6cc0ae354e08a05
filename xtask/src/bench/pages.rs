//! Pages, KPIs, start and memory with many facts in the ledger: what a person waits for.
//!
//! The history is made up by a plain rule from a seed: a year of changes, incidents, alert episodes, backups and
//! vulnerabilities, in the proportions of a busy team.

use crate::generate::history::time::stamp;
use crate::shell::{Outcome, Scratch, capture, cargo, command, execute, target};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Times each page is asked for.
const ASKED: usize = 40;

/// The pages of the navigation, and the API's scorecard.
const PAGES: &[&str] = &[
    "/",
    "/estate",
    "/findings",
    "/changes",
    "/incidents",
    "/alerts",
    "/backups",
    "/vulnerabilities",
    "/spend",
    "/ledger",
    "/v1/kpis",
];

/// The end of the history, as seconds since 1970: 2026-11-15.
const NEWEST_S: u64 = 1_794_700_800;

/// Measures with so many facts, at a hundredth, a tenth and all of them.
pub fn run(facts: u64) -> Outcome<()> {
    let mut build = cargo();
    build.args(["build", "--quiet", "--release", "-p", "mainstay"]);
    execute(&mut build)?;
    for count in [facts / 100, facts / 10, facts] {
        measure(count)?;
    }
    Ok(())
}

fn measure(facts: u64) -> Outcome<()> {
    let scratch = Scratch::new("bench-pages")?;
    let program = target().join("release/mainstay");
    let data = scratch.path().join("data");
    let lines = scratch.path().join("facts.jsonl");
    write_history(&lines, facts)?;
    let begun = Instant::now();
    capture(command(&program).arg("--data").arg(&data).args(["ledger", "import"]).arg(&lines))?;
    let imported = begun.elapsed().as_secs_f64();
    println!("{facts} facts: imported and folded in {imported:.1} s ({:.0} a second)", facts as f64 / imported);
    let empty = scratch.path().join("empty");
    std::fs::create_dir(&empty).map_err(|e| format!("make {}: {e}", empty.display()))?;
    let begun = Instant::now();
    let mut up = command(&program);
    up.arg("--data").arg(&data).arg("up").arg(&empty).args(["--listen", "127.0.0.1:0"]);
    let mut server = Server(
        up.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|e| e.to_string())?,
    );
    let address = server.address()?;
    println!("  start to serving {:.0} ms", begun.elapsed().as_secs_f64() * 1000.0);
    let begun = Instant::now();
    get(&address, "/v1/kpis")?;
    println!("  first scorecard of all KPIs with twelve months {:.0} ms", begun.elapsed().as_secs_f64() * 1000.0);
    for page in PAGES {
        let times = asked(|| timed(|| get(&address, page)))?;
        println!("  {page:<18} {}", shown(&times));
    }
    println!("  one new fact before each request:");
    let mut new = 0;
    for page in PAGES {
        let times = asked(|| {
            // The server answers a bounded number of requests a second; what waits here is not measured.
            std::thread::sleep(Duration::from_millis(15));
            post(&address, &new_fact(new))?;
            new += 1;
            timed(|| get(&address, page))
        })?;
        println!("  {page:<18} {}", shown(&times));
    }
    std::thread::sleep(Duration::from_secs(2));
    let (all, files) = (server.memory_mb("VmRSS:"), server.memory_mb("RssFile:"));
    println!("  resident memory {all:.0} MB, of which the program's file and others {files:.0} MB");
    Ok(())
}

/// How long something took, in milliseconds.
fn timed(work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed().as_secs_f64() * 1000.0)
}

/// What asking several times took, ascending.
fn asked(mut once: impl FnMut() -> Outcome<f64>) -> Outcome<Vec<f64>> {
    let mut times = (0..ASKED).map(|_| once()).collect::<Outcome<Vec<_>>>()?;
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn shown(ascending: &[f64]) -> String {
    let at = |per_cent: usize| ascending.get(ascending.len() * per_cent / 100).copied().unwrap_or(f64::NAN);
    format!("median {:>7.1} ms, 95th percentile {:>7.1} ms", at(50), at(95))
}

/// A fact that arrives while the server runs: in turn of a change, an incident, a backup and an alert, at the end of the
/// history.
fn new_fact(number: u64) -> String {
    let entity = 1_000_000_000 + number * 10 + [0, 2, 3, 5][usize::try_from(number % 4).unwrap_or(0)];
    let (_, kind, data) = statements(entity).swap_remove(0);
    event(entity, kind, NEWEST_S - 3600 + number, &data)
}

struct Server(Child);

impl Server {
    fn address(&mut self) -> Outcome<String> {
        let out = self.0.stdout.take().ok_or("read the server's output")?;
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some(at) = line.find("http://") {
                return Ok(line[at + 7..].trim().to_owned());
            }
        }
        Err("see the server's address".to_owned())
    }

    /// What the system says of the process's memory.
    fn memory_mb(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn get(address: &str, path: &str) -> Outcome<()> {
    send(address, "GET", path, "")
}

/// Sends one fact, as any tool would.
fn post(address: &str, event: &str) -> Outcome<()> {
    send(address, "POST", "/v1/facts", event)
}

fn send(address: &str, method: &str, path: &str, body: &str) -> Outcome<()> {
    let failed = |e: std::io::Error| format!("{method} {path}: {e}");
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/cloudevents+json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(failed)?;
    if answer.starts_with(b"HTTP/1.1 20") {
        return Ok(());
    }
    Err(format!("{method} {path}: {}", String::from_utf8_lossy(&answer)))
}

/// Writes entities of several facts each until there are enough; about one alert episode in three facts, as in real life.
fn write_history(path: &std::path::Path, facts: u64) -> Outcome<()> {
    let failed = |e: std::io::Error| format!("write {}: {e}", path.display());
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
    let entities = facts / 3;
    let mut written = 0;
    for entity in 0..entities {
        // The entities spread evenly over the year that ends with 2026-11-15.
        let start_s = NEWEST_S - 31_536_000 + 31_536_000 * entity / entities;
        for (offset_s, kind, data) in statements(entity) {
            writeln!(out, "{}", event(entity, kind, start_s + offset_s, &data)).map_err(failed)?;
            written += 1;
            if written == facts {
                return out.flush().map_err(failed);
            }
        }
    }
    out.flush().map_err(failed)
}

fn event(entity: u64, kind: &str, second: u64, data: &str) -> String {
    let (noun, time) = (kind.split('.').next().unwrap_or_default(), stamp(i64::try_from(second).unwrap_or(i64::MAX)));
    format!(
        r#"{{"specversion":"1.0","id":"{entity}/{kind}","source":"/bench","type":"mainstay.{kind}.v1","subject":"{noun}:{entity}","time":"{time}","data":{data}}}"#
    )
}

/// The facts of one entity: seconds after its start, type, data.
fn statements(entity: u64) -> Vec<(u64, &'static str, String)> {
    let (service, team) = (entity % 40, entity % 7);
    let named = format!(r#""service":"service:s{service}","team":"team:t{team}""#);
    match entity % 10 {
        0 | 1 => vec![
            (0, "change.proposed", r#"{"title":"raise a limit"}"#.to_owned()),
            (600, "change.started", format!(r#"{{"environment":"production","service":"service:s{service}"}}"#)),
            (
                900,
                "change.completed",
                format!(r#"{{"environment":"production","kind":"infrastructure","outcome":"succeeded",{named}}}"#),
            ),
        ],
        2 => vec![
            (
                0,
                "incident.opened",
                format!(
                    r#"{{"title":"slow answers","severity":2,"services":["service:s{service}"],"team":"team:t{team}"}}"#
                ),
            ),
            (
                60,
                "incident.onset-established",
                format!(r#"{{"onset":"2026-01-01T00:00:{:02}Z","evidence":"metric"}}"#, entity % 60),
            ),
            (1800 + entity % 3600, "incident.restored", "{}".to_owned()),
        ],
        3 => vec![(
            0,
            "backup.finished",
            format!(r#"{{"job":"restic:db{service}","started":"2026-01-01T00:00:00Z","outcome":"complete"}}"#),
        )],
        _ => vec![
            (
                0,
                "alert.fired",
                format!(
                    r#"{{"rule":"HighLatency{}","fingerprint":"{entity:016x}","labels":{{"instance":"i-{service}"}},{named}}}"#,
                    entity % 90
                ),
            ),
            (1, "alert.notified", r#"{"receiver":"pager"}"#.to_owned()),
            (30, "alert.acted-on", r#"{"evidence":"useful"}"#.to_owned()),
            (300 + entity % 900, "alert.resolved", "{}".to_owned()),
        ],
    }
}
