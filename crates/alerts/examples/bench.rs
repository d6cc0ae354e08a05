//! An inhibition rule with 16,000 sources and as many targets: posted, grouped and listed, beside Alertmanager where it is
//! installed; and a year of history through the whole pipeline.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench reads the clock, runs its peer and prints"
)]

use jiff::{SignedDuration, Timestamp};
use mainstay_alerts::{Labels, Options, Posted, Simulation, read};
use mainstay_outside::{self as door, Command, Method, Outside, Request};
use std::time::{Duration, Instant};

const PAIRS: usize = 16_000;
/// The goal: seconds for posting, grouping and listing them.
const SECONDS_MAX: f64 = 1.0;
/// How long Alertmanager is waited for.
const PEER_SECONDS_MAX: u64 = 300;
/// How many alerts one request to it has.
const BATCH: usize = 2_000;
const EPISODES: i64 = 100_000;

const CONFIG: &str = "\
route: {receiver: a, group_by: [alertname], group_wait: 1h}
receivers: [{name: a}]
inhibit_rules: [{source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [instance]}]
";

const HISTORY: &str = "\
route: {receiver: a, group_by: [alertname, service], routes: [{matchers: [severity=critical], receiver: b, continue: true}, {}]}
receivers: [{name: a, webhook_configs: [{url: 'http://a'}]}, {name: b, webhook_configs: [{url: 'http://b'}]}]
inhibit_rules: [{source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [service]}]
";

fn main() -> std::process::ExitCode {
    let config = read(CONFIG, "alertmanager.yml").config.expect("it is good");
    let begun = Timestamp::UNIX_EPOCH;
    let (seconds, listed) = timed(|| {
        let mut simulation = Simulation::new(&config, Options::started(begun));
        simulation
            .post(begun, pairs().map(|labels| Posted { labels: Labels::new(labels), starts_at: None, ends_at: None }));
        simulation.groups()
    });
    let inhibited: usize =
        listed.iter().flat_map(|group| &group.alerts).filter(|a| a.suppression.inhibited_by.is_some()).count();
    println!("{PAIRS} sources, {PAIRS} targets: posted, grouped and listed in {seconds:.2} s, {inhibited} inhibited");
    match peer() {
        Some(Ok(theirs)) => {
            println!("Alertmanager on the same alerts: {theirs:.1} s; ours : Alertmanager 1 : {:.0}", theirs / seconds)
        }
        Some(Err(why)) => println!("Alertmanager on the same alerts: {why}"),
        None => println!("SKIPPED: prometheus-alertmanager is not installed"),
    }
    let (year, sent) = timed(history);
    println!(
        "{EPISODES} episodes in a year: {sent} messages in {year:.2} s, {:.0} episodes a second",
        EPISODES as f64 / year
    );
    std::process::ExitCode::from(u8::from(seconds > SECONDS_MAX || inhibited != PAIRS))
}

fn timed<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let out = run();
    (start.elapsed().as_secs_f64(), out)
}

fn pairs() -> impl Iterator<Item = [(&'static str, String); 3]> {
    let alert = |severity: &'static str, n: usize| {
        [("alertname", format!("A{}", n % 20)), ("severity", severity.to_owned()), ("instance", format!("host-{n}"))]
    };
    (0..PAIRS).map(move |n| alert("critical", n)).chain((0..PAIRS).map(move |n| alert("warning", n)))
}

/// Seconds that Alertmanager takes for the same, or why it gave no answer; nothing where it is not installed.
fn peer() -> Option<Result<f64, String>> {
    let outside = Outside::live();
    outside.run(&Command::new("prometheus-alertmanager").args(["--version"])).ok()?;
    let root = std::env::temp_dir().join(format!("mainstay-alerts-bench-{}", std::process::id()));
    door::files::make_folder(&root).expect("it can be made");
    let file = root.join("alertmanager.yml");
    door::files::write_atomic(&file, CONFIG.as_bytes()).expect("it can be written");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port is free").port();
    let base = format!("http://127.0.0.1:{port}");
    let _running = Command::new("prometheus-alertmanager")
        .args([
            format!("--config.file={}", file.display()),
            format!("--storage.path={}", root.join("data").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--cluster.listen-address=".to_owned(),
            "--log.level=error".to_owned(),
        ])
        .start()
        .expect("it starts");
    let ready = || {
        std::thread::sleep(Duration::from_millis(50));
        outside.send(&Request::get(format!("{base}/-/ready"))).is_ok()
    };
    assert!((0..200).any(|_| ready()), "it did not start");
    let limit = Duration::from_secs(PEER_SECONDS_MAX);
    let start = Instant::now();
    let all: Vec<_> = pairs().collect();
    for batch in all.chunks(BATCH) {
        let body: Vec<_> = batch
            .iter()
            .map(|labels| {
                let labels: serde_json::Map<String, serde_json::Value> =
                    labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
                serde_json::json!({ "labels": labels })
            })
            .collect();
        let request = Request::new(Method::Post, format!("{base}/api/v2/alerts")).timeout(limit);
        if let Err(error) = outside.send(&request.body("application/json", serde_json::json!(body).to_string())) {
            return Some(Err(error.to_string()));
        }
    }
    let answer = outside.send(&Request::get(format!("{base}/api/v2/alerts/groups")).timeout(limit));
    Some(
        answer
            .map(|_| start.elapsed().as_secs_f64())
            .map_err(|error| format!("no answer within {PEER_SECONDS_MAX} s: {error}")),
    )
}

/// A year of episodes, each of 5 to 64 minutes; the number of messages.
fn history() -> usize {
    let config = read(HISTORY, "alertmanager.yml").config.expect("it is good");
    let begun = Timestamp::UNIX_EPOCH;
    let at = |seconds: i64| begun + SignedDuration::from_secs(seconds);
    let mut posts: Vec<(i64, i64, i64)> = Vec::new();
    for n in 0..EPISODES {
        let start = n * (365 * 86_400 / EPISODES);
        posts.push((start, n, i64::MAX));
        posts.push((start + 60 * (5 + n % 60), n, start + 60 * (5 + n % 60)));
    }
    posts.sort_unstable();
    let mut simulation = Simulation::new(&config, Options::started(begun));
    for (now, n, end) in posts {
        let severity = if n % 3 == 0 { "critical" } else { "warning" };
        let labels = [
            ("alertname", format!("Rule{}", n % 50)),
            ("service", format!("service-{}", n % 40)),
            ("severity", severity.to_owned()),
            ("instance", format!("host-{}", n % 1000)),
        ];
        let ends_at = if end == i64::MAX { Timestamp::MAX } else { at(end) };
        let start = at(n * (365 * 86_400 / EPISODES));
        simulation
            .post(at(now), [Posted { labels: Labels::new(labels), starts_at: Some(start), ends_at: Some(ends_at) }]);
    }
    simulation.run(at(366 * 86_400));
    simulation.take_sent().len()
}
