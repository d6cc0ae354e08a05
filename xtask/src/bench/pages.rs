//! Pages, KPIs, start and memory with many facts in the ledger: what a person waits for.
//!
//! The history is a year that ends now (see `busy`), so that the last thirty days and the present month are full.

use super::busy::Year;
use super::server::{Server, get, send};
use crate::shell::{Outcome, Scratch, capture, cargo, command, execute, target};
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
    let mut server = Server::start(&program, &data, &empty)?;
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

/// Sends one fact, as any tool would.
fn post(address: &str, event: &str) -> Outcome<()> {
    send(address, ("POST", "/v1/facts"), "application/cloudevents+json", event)
}
