//! A stream through a real Alertmanager, whose webhooks come here.

use super::scenario::{Message, Outcome, Scenario, Step, after, alert, config, seconds};
use jiff::Timestamp;
use mainstay_alerts::Labels;
use mainstay_outside::{self as door, Command, Method, Outside, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Received = Arc<Mutex<Vec<(Timestamp, String, Value)>>>;

pub fn run(scenario: &Scenario) -> Outcome {
    let outside = Outside::live();
    let received: Received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let hooks = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (sink, clock) = (received.clone(), outside.clock().clone());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (sink, clock) = (sink.clone(), clock.clone());
            std::thread::spawn(move || serve(stream, &sink, &clock));
        }
    });
    let name: String = scenario.name.chars().filter(char::is_ascii_alphabetic).collect();
    let root = std::env::temp_dir().join(format!("mainstay-alerts-{name}-{}", std::process::id()));
    door::files::make_folder(&root).expect("it can be made");
    let file = root.join("alertmanager.yml");
    door::files::write_atomic(&file, config(scenario, &hooks).as_bytes()).expect("it can be written");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port is free").port();
    let base = format!("http://127.0.0.1:{port}");
    let command = Command::new("prometheus-alertmanager").args([
        format!("--config.file={}", file.display()),
        format!("--storage.path={}", root.join("data").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--cluster.listen-address=".to_owned(),
        "--log.level=error".to_owned(),
    ]);
    let started = outside.clock().now();
    let _running = command.start().expect("it starts");
    let ready = (0..300).any(|_| {
        outside.clock().sleep(Duration::from_millis(20));
        outside.send(&Request::get(format!("{base}/-/ready"))).is_ok()
    });
    assert!(ready, "{}: it did not start", scenario.name);
    let begun = outside.clock().now();
    play(scenario, &outside, &base, begun);
    let groups = groups(&outside, &base);
    let received = received.lock().expect("nobody panicked").clone();
    let mut messages: BTreeMap<(String, String), Vec<Message>> = BTreeMap::new();
    for (at, hook, body) in received {
        let key = (hook, body["groupKey"].as_str().unwrap_or_default().to_owned());
        let at_ms = i64::try_from(at.duration_since(begun).as_millis()).expect("it is near");
        messages.entry(key).or_default().push(Message { at_ms, what: said(&body, begun) });
    }
    Outcome { started, begun, messages, groups }
}

fn play(scenario: &Scenario, outside: &Outside, base: &str, begun: Timestamp) {
    let wait = |ms: i64| {
        let left = after(begun, ms).duration_since(outside.clock().now());
        outside.clock().sleep(Duration::try_from(left).unwrap_or_default());
    };
    let mut silences: BTreeMap<&str, String> = BTreeMap::new();
    for (at, step) in scenario.steps {
        wait(*at);
        match step {
            Step::Post(alerts) => {
                let body: Vec<Value> = alerts.iter().map(|text| posted(text, begun)).collect();
                let request = Request::new(Method::Post, format!("{base}/api/v2/alerts"));
                outside.send(&request.body("application/json", json!(body).to_string())).expect("it takes alerts");
            }
            Step::Silence(name, matchers, until) => {
                let matchers = mainstay_alerts::parse_matchers(matchers).expect("they are good");
                let matchers: Vec<Value> = matchers
                    .iter()
                    .map(|m| {
                        let sign = m.compare.as_str();
                        let (is_regex, is_equal) = (sign.contains('~'), !sign.contains('!'));
                        json!({"name": m.name, "value": m.value, "isRegex": is_regex, "isEqual": is_equal})
                    })
                    .collect();
                let body = json!({"matchers": matchers, "createdBy": "test", "comment": *name,
                    "startsAt": after(begun, *at).to_string(), "endsAt": after(begun, *until).to_string()});
                let request = Request::new(Method::Post, format!("{base}/api/v2/silences"));
                let answer = outside.send(&request.body("application/json", body.to_string())).expect("it silences");
                let answer: Value = serde_json::from_slice(&answer.body).expect("it is JSON");
                silences.insert(name, answer["silenceID"].as_str().expect("it has an id").to_owned());
            }
            Step::Expire(name) => {
                let request = Request::new(Method::Delete, format!("{base}/api/v2/silence/{}", silences[name]));
                outside.send(&request).expect("it ends the silence");
            }
        }
    }
    wait(scenario.ends_ms);
}

fn posted(text: &str, begun: Timestamp) -> Value {
    let (labels, start, end) = alert(text);
    let labels: BTreeMap<&str, &str> = labels.into_iter().collect();
    let mut body = json!({ "labels": labels });
    for (key, ms) in [("startsAt", start), ("endsAt", end)] {
        if let Some(ms) = ms {
            body[key] = json!(after(begun, ms).to_string());
        }
    }
    body
}

fn labels_of(value: &Value) -> Labels {
    let pairs = value.as_object().into_iter().flatten();
    Labels::new(pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())))
}

fn said(body: &Value, begun: Timestamp) -> String {
    let alerts = body["alerts"].as_array().into_iter().flatten().map(|alert| {
        let time = |key: &str| {
            let at: Timestamp = alert[key].as_str().unwrap_or_default().parse().expect("it is a time");
            seconds(at, begun)
        };
        let state = alert["status"].as_str().unwrap_or_default();
        let ended = if state == "resolved" { format!("-{}", time("endsAt")) } else { String::new() };
        format!("{state}{} {}{ended}", labels_of(&alert["labels"]), time("startsAt"))
    });
    let status = body["status"].as_str().unwrap_or_default();
    format!("{status} {} +{}", alerts.collect::<Vec<_>>().join(" "), body["truncatedAlerts"])
}

fn groups(outside: &Outside, base: &str) -> Vec<String> {
    let answer = outside.send(&Request::get(format!("{base}/api/v2/alerts/groups"))).expect("it lists groups");
    let groups: Value = serde_json::from_slice(&answer.body).expect("it is JSON");
    let shown = |group: &Value| {
        let alerts = group["alerts"].as_array().into_iter().flatten().map(|alert| {
            let by = |key: &str| alert["status"][key].as_array().map_or(0, Vec::len);
            let inhibited = by("inhibitedBy") > 0;
            format!("{} silenced={} inhibited={inhibited}", labels_of(&alert["labels"]), by("silencedBy"))
        });
        let alerts: Vec<String> = alerts.collect();
        let receiver = group["receiver"]["name"].as_str().unwrap_or_default();
        format!("{receiver} {} {}", labels_of(&group["labels"]), alerts.join(" "))
    };
    groups.as_array().into_iter().flatten().map(shown).collect()
}

/// Answers each POST on a connection with 200 and keeps its body.
fn serve(mut stream: TcpStream, sink: &Received, clock: &door::Clock) {
    let mut buffer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(n) => buffer.extend_from_slice(&chunk[..n]),
            }
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let length = length.unwrap_or(0);
        while buffer.len() < end + 4 + length {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(n) => buffer.extend_from_slice(&chunk[..n]),
            }
        }
        let body = serde_json::from_slice(&buffer[end + 4..end + 4 + length]).expect("a webhook is JSON");
        sink.lock().expect("nobody panicked").push((clock.now(), path, body));
        buffer.drain(..end + 4 + length);
        if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}
