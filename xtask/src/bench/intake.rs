//! Alerts that are posted, beside Debian's Alertmanager in the same run: how many a second, first as new ones and then as
//! repetitions. Ours are in the ledger when they are answered; an Alertmanager keeps them in memory.

use super::server::{Server, send};
use crate::shell::{Outcome, Scratch, cargo, command, execute, target, write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Alerts that fire at once, each with its own labels.
const ALERTS: usize = 50_000;
/// Alerts of one request.
const BATCH: usize = 2_000;
/// Requests that are sent at once.
const SENDERS: usize = 4;
/// Rounds of repetitions.
const REPEATED: usize = 3;
const PATH: &str = "/api/v2/alerts";

/// Measures ours, and an Alertmanager where one is installed.
pub fn run() -> Outcome<()> {
    let mut build = cargo();
    build.args(["build", "--quiet", "--release", "-p", "mainstay"]);
    execute(&mut build)?;
    let scratch = Scratch::new("bench-intake")?;
    let empty = scratch.path().join("empty");
    std::fs::create_dir(&empty).map_err(|e| format!("make {}: {e}", empty.display()))?;
    println!("{ALERTS} alerts, {BATCH} a request, {SENDERS} requests at once");
    let mut ours = Server::start(&target().join("release/mainstay"), &scratch.path().join("data"), &empty)?;
    let address = ours.address()?;
    measure("mainstay", &address, &ours)?;
    drop(ours);
    let config = scratch.path().join("alertmanager.yml");
    write(&config, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")?;
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let address = address.map_err(|e| format!("find a free port: {e}"))?.to_string();
    let mut peer = command("prometheus-alertmanager");
    peer.arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", scratch.path().join("peer").display()))
        .args([format!("--web.listen-address={address}"), "--cluster.listen-address=".to_owned()])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(peer) = Server::of(&mut peer) else {
        println!("SKIPPED: prometheus-alertmanager is not installed; cargo xtask setup installs it");
        return Ok(());
    };
    let begun = Instant::now();
    while TcpStream::connect(&address).is_err() {
        if begun.elapsed() > Duration::from_secs(30) {
            return Err("see the Alertmanager listen".to_owned());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    measure("Alertmanager", &address, &peer)
}

fn measure(name: &str, address: &str, server: &Server) -> Outcome<()> {
    let new = round(address, 0)?;
    let mut again = 0.0;
    for number in 1..=REPEATED {
        again += round(address, number)? / REPEATED as f64;
    }
    let memory = server.memory_mb("VmRSS:");
    println!("  {name:<13} new {new:>8.0} a second, again {again:>8.0} a second, resident memory {memory:.0} MB");
    Ok(())
}

/// Posts every alert once; how many a second. A repetition says a later end.
fn round(address: &str, number: usize) -> Outcome<f64> {
    let bodies: Vec<String> = (0..ALERTS).step_by(BATCH).map(|from| body(from, number)).collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let bodies = &bodies;
        let sender = |first: usize| {
            let mine = bodies.iter().skip(first).step_by(SENDERS);
            mine.map(|body| send(address, ("POST", PATH), "application/json", body)).collect::<Outcome<Vec<()>>>()
        };
        let senders: Vec<_> = (0..SENDERS).map(|first| scope.spawn(move || sender(first))).collect();
        senders.into_iter().try_for_each(|one| one.join().map_err(|_| "end a sender".to_owned())?.map(drop))
    })?;
    Ok(ALERTS as f64 / begun.elapsed().as_secs_f64())
}

fn body(from: usize, number: usize) -> String {
    let alert = |n: usize| {
        format!(
            "{{\"labels\":{{\"alertname\":\"Rule{}\",\"instance\":\"node-{n}\",\"job\":\"node\",\"severity\":\"page\",\"service\":\"s{}\"}},\
             \"annotations\":{{\"summary\":\"it is slow\"}},\"startsAt\":\"2026-11-01T10:00:00Z\",\"endsAt\":\"2099-01-01T00:0{number}:00Z\"}}",
            n % 200,
            n % 50
        )
    };
    let alerts: Vec<String> = (from..from + BATCH).map(alert).collect();
    format!("[{}]", alerts.join(","))
}
