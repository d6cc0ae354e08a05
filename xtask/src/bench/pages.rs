//! Pages, KPIs, start and memory with many facts in the ledger: what a person waits for.
//!
//! The history is a year that ends now (see `busy`), so that the last thirty days and the present month are full.

use super::busy::Year;
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
    let year = Year { end_s: now_s()? };
    year.write(&lines, facts)?;
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
        let before = server.processor_ms();
        let times = asked(|| timed(|| get(&address, page)))?;
        println!("  {page:<18} {}", shown(&times, server.processor_ms() - before));
    }
    println!("  one new fact before each request:");
    let mut new = 0;
    for page in PAGES {
        let before = server.processor_ms();
        let times = asked(|| {
            // The server answers a bounded number of requests a second; what waits here is not measured.
            std::thread::sleep(Duration::from_millis(15));
            post(&address, &year.new_fact(new))?;
            new += 1;
            timed(|| get(&address, page))
        })?;
        println!("  {page:<18} {}", shown(&times, server.processor_ms() - before));
    }
    // A window that ends now moves on with the minute, and nothing that is remembered is of the new one.
    std::thread::sleep(Duration::from_secs(61 - now_s()? % 60));
    println!("  the scorecard in a new minute {:.0} ms", timed(|| get(&address, "/v1/kpis"))?);
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

/// Median and 95th percentile by the clock, and the mean by the server's processor, which a busy machine distorts less.
fn shown(ascending: &[f64], processor_ms: f64) -> String {
    let at = |per_cent: usize| ascending.get(ascending.len() * per_cent / 100).copied().unwrap_or(f64::NAN);
    let each_ms = processor_ms / ascending.len() as f64;
    format!("median {:>7.1} ms, 95th percentile {:>7.1} ms, processor {each_ms:>6.1} ms each", at(50), at(95))
}

/// Seconds since 1970.
fn now_s() -> Outcome<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ok(since.map_err(|e| format!("read the clock: {e}"))?.as_secs())
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

    /// Processor time of the process, which Linux counts in steps of 10 ms.
    fn processor_ms(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
        (ticks(11) + ticks(12)) * 10.0
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
