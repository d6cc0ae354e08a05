//! Alerts reach people: who is told, in which way, what they do, and what a process that dies leaves behind.

#![expect(clippy::disallowed_methods, reason = "a test starts programs and looks at its folder")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]
#![expect(clippy::print_stderr, reason = "a test says loudly what it skips")]

#[path = "paging/mod.rs"]
mod shared;

use serde_json::Value;
use shared::{Receiver, Running, Scratch, alert, ask, free_port, json, ready, send, up, wait_for};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const PEOPLE: &str = "version: oncall/v1
people:
  - {id: ada, name: Ada Marlow, contact: [hook]}
  - {id: ben, name: Ben Okoro, contact: [hook, {channel: other, after: 1s}]}
  - {id: gone, until: 2026-01-01}
schedules:
  - {id: shop, zone: UTC, answers: [{team: shop}], layers: [{every: week, start: 2026-01-05T09:00, people: [ada]}]}
  - {id: empty, zone: UTC, answers: [{team: nobody}], layers: [{every: week, start: 2026-01-05T09:00, until: 2026-01-12T09:00, people: [ada]}]}
";

fn policy(steps: &str) -> String {
    format!(
        "version: oncall/v1\npolicies:\n  - id: shop\n    answers: [{{team: shop}}]\n    repeat: 1\n    steps:\n{steps}"
    )
}

fn channels(hook: &str, other: &str) -> String {
    let one = |id: &str, address: &str| {
        format!("[[channel]]\nid = \"{id}\"\nkind = \"webhook\"\nurl = \"http://{address}/in\"\n")
    };
    format!("url = \"https://mainstay.example\"\n{}{}", one("hook", hook), one("other", other))
}

fn escalations(address: &str) -> Vec<Value> {
    let (_, body) = send(address, "GET", "/v1/escalations?limit=500", "");
    json(&body)["items"].as_array().cloned().unwrap_or_default()
}

fn findings(address: &str) -> Vec<(String, String)> {
    let (_, body) = send(address, "GET", "/v1/findings?search=respond.", "");
    let rows = json(&body)["items"].as_array().cloned().unwrap_or_default();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (text(row, "id"), text(row, "state"))).collect()
}

#[test]
fn an_alert_reaches_one_after_the_other_until_somebody_has_it() {
    let scratch = Scratch::new("reaches");
    let (hook, other) = (Receiver::start(&[503, 200, 400]), Receiver::start(&[]));
    scratch.write("people.yaml", PEOPLE);
    scratch.write(
        "policy.yaml",
        &policy("      - {notify: [schedule: shop], wait: 8s}\n      - {notify: [person: gone], wait: 1m}\n      - {notify: [person: ben], wait: 1h}\n"),
    );
    scratch.write("mainstay.toml", &channels(&hook.address, &other.address));
    let address = format!("127.0.0.1:{}", free_port());
    let _mainstay = ready(&scratch.0, &address);
    let labels = [("team", "shop"), ("service", "checkout"), ("severity", "critical")];
    let post = |alert: Value| send(&address, "POST", "/api/v2/alerts", &alert.to_string());
    assert_eq!(post(alert("ItFails", &labels)).0, 200);
    // The hook is down for the first attempt; the second has the same key.
    wait_for("Ada is told", || hook.taken().len() == 2);
    let taken = hook.taken();
    assert_eq!((taken[0]["status"].as_u64(), taken[1]["status"].as_u64()), (Some(503), Some(200)));
    assert_eq!(taken[0]["key"], taken[1]["key"]);
    let body = &taken[1]["body"];
    assert_eq!((&body["person"], &body["title"]), (&Value::from("ada"), &Value::from("ItFails: it fails")));
    assert!(body["link"].as_str().unwrap().starts_with("https://mainstay.example/escalations/escalation:"), "{body}");
    // Whoever left is passed over at once. Ben's first way refuses, so that the second one, a second later, reaches him.
    wait_for("Ben is told", || other.taken().len() == 1);
    assert_eq!(hook.taken().len(), 3);
    let rows = escalations(&address);
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["state"], &rows[0]["told"]), (&Value::from("running"), &Value::from("ada ben")));
    let id = rows[0]["id"].as_str().unwrap().to_owned();
    let (status, body) = send(&address, "POST", &format!("/v1/escalations/{id}/acknowledgement"), "{}");
    assert_eq!(
        (status, json(&body)["state"].as_str().map(str::to_owned)),
        (200, Some("acknowledged".to_owned())),
        "{body}"
    );
    let (_, body) = send(&address, "GET", &format!("/v1/escalations/{id}"), "");
    let state = json(&body)["state"].clone();
    let outcomes: Vec<(&str, &str)> = state["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one[1]["person"].as_str().unwrap(), one[1]["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(outcomes, [("ada", "failed"), ("ada", "sent"), ("ben", "refused"), ("ben", "sent")], "{state}");
    assert_eq!(state["receipts"][2][1]["answer"], "400: ok");
    let (_, body) = send(&address, "GET", "/v1/alerts", "");
    assert_eq!(json(&body)["items"][0]["class"], "unclassified", "told, seen, and nobody has acted yet: {body}");
    // It is over: nothing is left to acknowledge.
    let mut over = alert("ItFails", &labels);
    let now = jiff_now();
    over[0]["startsAt"] = Value::from(json(&body)["items"][0]["fired"].as_str().unwrap());
    over[0]["endsAt"] = Value::from(now);
    assert_eq!(post(over).0, 200);
    wait_for("it is over", || escalations(&address)[0]["state"] == "resolved");
    let (status, body) = send(&address, "POST", &format!("/v1/escalations/{id}/acknowledgement"), "{}");
    assert_eq!(status, 409, "{body}");
    let (status, body) = send(&address, "POST", "/v1/escalations/none/step", "{}");
    assert!(status == 404 && body.contains("mainstay escalation list"), "{body}");
    assert_eq!(findings(&address), []);
}

/// Now, as the ledger writes times.
fn jiff_now() -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    mainstay_time(seconds)
}

fn mainstay_time(seconds: u64) -> String {
    jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap().to_string()
}

#[test]
fn an_alert_that_reaches_nobody_is_a_finding() {
    let scratch = Scratch::new("nobody");
    scratch.write("people.yaml", PEOPLE);
    // Nothing takes what is sent to this address, and no channel is called other.
    scratch.write("mainstay.toml", &channels("127.0.0.1:1", "127.0.0.1:1"));
    let address = format!("127.0.0.1:{}", free_port());
    let _mainstay = ready(&scratch.0, &address);
    let post = |alert: Value| assert_eq!(send(&address, "POST", "/api/v2/alerts", &alert.to_string()).0, 200);
    post(alert("Empty", &[("team", "nobody")]));
    post(alert("Unanswered", &[("team", "other"), ("severity", "critical")]));
    post(alert("Quiet", &[("team", "other"), ("severity", "info")]));
    let expected = [
        ("finding:respond.alert-without-policy/Unanswered".to_owned(), "open".to_owned()),
        ("finding:respond.escalation-reaches-nobody/schedule/empty".to_owned(), "open".to_owned()),
    ];
    wait_for("both are found", || {
        let mut found = findings(&address);
        found.sort();
        found == expected
    });
    assert_eq!(escalations(&address)[0]["reached"], "nobody");
}

/// A mail server in the given mode: the process, its port, and the messages that it takes. Nothing where it is not installed.
fn mail_server(mode: &str) -> Option<(Running, u16, mpsc::Receiver<Value>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let python = root.join("target/tools/venv/bin/python");
    let has = Command::new(&python).args(["-c", "import aiosmtpd"]).status();
    if !has.is_ok_and(|status| status.success()) {
        eprintln!(
            "SKIPPED: aiosmtpd is not installed, so that no mail server took anything; cargo xtask setup installs it"
        );
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/paging/smtp.py");
    let mut child = Command::new(python).arg(script).arg(mode).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.next().unwrap().parse().unwrap();
    let (taken, messages) = mpsc::channel();
    std::thread::spawn(move || lines.for_each(|line| drop(taken.send(serde_json::from_str(&line).unwrap()))));
    Some((Running(child), port, messages))
}

fn mail_channel(port: u16) -> String {
    format!(
        "[[channel]]\nid = \"mail\"\nkind = \"email\"\nserver = \"127.0.0.1:{port}\"\ntls = \"none\"\nfrom = \"mainstay@lumen.example\"\n"
    )
}

#[test]
fn a_real_mail_server_takes_the_mail_of_whoever_has_an_address_and_no_other_wish() {
    let Some((_server, port, messages)) = mail_server("later") else { return };
    let scratch = Scratch::new("mail");
    scratch.write(
        "people.yaml",
        "version: oncall/v1\npeople: [{id: zoë, name: Zoë Ådahl, email: zoe@lumen.example}]\n\
         schedules:\n  - {id: shop, zone: UTC, layers: [{every: week, start: 2026-01-05T09:00, people: [zoë]}]}\n",
    );
    scratch.write("mainstay.toml", &mail_channel(port));
    let address = format!("127.0.0.1:{}", free_port());
    let _mainstay = ready(&scratch.0, &address);
    let mut over = alert("Größe", &[("severity", "critical"), ("service", "checkout")]);
    over[0]["annotations"]["summary"] = Value::from("Speicher voll\r\nBcc: everybody@lumen.example");
    assert_eq!(send(&address, "POST", "/api/v2/alerts", &over.to_string()).0, 200);
    let mail = messages.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(mail["to"], serde_json::json!(["zoe@lumen.example"]));
    assert_eq!(mail["subject"], "[alert critical] Größe: Speicher voll  Bcc: everybody@lumen.example");
    let (id, key) = (mail["id"].as_str().unwrap(), mail["key"].as_str().unwrap());
    assert!(id.ends_with("@mainstay>") && key.ends_with("/0.0.0/zoë"), "{mail}");
    assert!(mail["text"].as_str().unwrap().contains("what to do: https://runbooks.example/it"), "{mail}");
    wait_for("the receipt is written", || {
        let receipts = receipts(&address);
        // The server wanted it later; then it took it.
        receipts.len() == 2 && receipts[0].0 == "failed" && receipts[0].1.contains("451") && receipts[1].0 == "sent"
    });
}

#[test]
fn an_address_that_the_mail_server_does_not_know_is_refused_once_and_found() {
    let Some((_server, port, _messages)) = mail_server("refuse") else { return };
    let scratch = Scratch::new("refused");
    scratch.write(
        "people.yaml",
        "version: oncall/v1\npeople: [{id: ada, email: ada@lumen.example}]\n\
         schedules:\n  - {id: shop, zone: UTC, layers: [{every: week, start: 2026-01-05T09:00, people: [ada]}]}\n",
    );
    scratch.write("mainstay.toml", &mail_channel(port));
    let address = format!("127.0.0.1:{}", free_port());
    let _mainstay = ready(&scratch.0, &address);
    assert_eq!(send(&address, "POST", "/api/v2/alerts", &alert("Fails", &[]).to_string()).0, 200);
    wait_for("it is found", || findings(&address).len() == 1);
    let receipts = receipts(&address);
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    assert!(receipts[0].0 == "refused" && receipts[0].1.contains("nobody of this name"), "{receipts:?}");
}

/// Outcome and answer of every receipt of the one escalation.
fn receipts(address: &str) -> Vec<(String, String)> {
    let rows = escalations(address);
    let Some(id) = rows.first().and_then(|row| row["id"].as_str()) else { return Vec::new() };
    let (_, body) = send(address, "GET", &format!("/v1/escalations/{id}"), "");
    let all = json(&body)["state"]["receipts"].as_array().cloned().unwrap_or_default();
    let text = |one: &Value, name: &str| one[1][name].as_str().unwrap_or_default().to_owned();
    all.iter().map(|one| (text(one, "outcome"), text(one, "answer"))).collect()
}

/// Numbers that look as if by chance, the same in every run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// How often the process is killed, at the least.
const KILLS: usize = 12;
const ALERTS: usize = 4;

#[test]
fn a_process_that_is_killed_again_and_again_takes_every_step_once_and_sends_under_the_same_keys() {
    let scratch = Scratch::new("killed");
    let hook = Receiver::start(&[]);
    scratch.write("people.yaml", PEOPLE);
    let step = "      - {notify: [schedule: shop, person: ben], wait: 2s}\n";
    scratch.write("policy.yaml", &policy(&step.repeat(3)));
    scratch.write("mainstay.toml", &channels(&hook.address, &hook.address));
    let address = format!("127.0.0.1:{}", free_port());
    let mainstay = ready(&scratch.0, &address);
    for at in 0..ALERTS {
        let alert = alert(&format!("Fails{at}"), &[("team", "shop")]);
        assert_eq!(send(&address, "POST", "/api/v2/alerts", &alert.to_string()).0, 200);
    }
    drop(mainstay);
    let mut chance = Chance(7);
    for _ in 0..KILLS {
        let running = up(&scratch.0, &address);
        std::thread::sleep(Duration::from_millis(150 + chance.below(1_800)));
        drop(running);
    }
    let mainstay = ready(&scratch.0, &address);
    let begun = Instant::now();
    wait_for("all is done", || {
        let rows = escalations(&address);
        rows.len() == ALERTS && rows.iter().all(|row| row["state"] == "exhausted")
    });
    // Messages of the last step may still be under way.
    std::thread::sleep(Duration::from_secs(4));
    println!("after the last start it took {:?}", begun.elapsed());
    let rows = escalations(&address);
    let mut keys: BTreeMap<(String, String), usize> = BTreeMap::new();
    for message in hook.taken() {
        assert_eq!(message["key"], message["body"]["key"]);
        // Both channels lead to the same hook: for one key there are two messages to Ben, and one to Ada.
        let person = message["body"]["person"].as_str().unwrap().to_owned();
        *keys.entry((message["key"].as_str().unwrap().to_owned(), person)).or_default() += 1;
    }
    let mut expected = Vec::new();
    for row in &rows {
        let (_, body) = send(&address, "GET", &format!("/v1/escalations/{}", row["id"].as_str().unwrap()), "");
        let state = json(&body)["state"].clone();
        let course = state["course"].as_array().unwrap();
        let numbers: Vec<u64> = course.iter().map(|one| one[1]["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=u64::try_from(course.len()).unwrap()).collect::<Vec<_>>(), "a decision is missing");
        let mut steps = Vec::new();
        for said in course.iter().flat_map(|one| one[1]["said"].as_array().cloned().unwrap_or_default()) {
            if said["what"] == "notify" {
                let text = |name: &str| said[name].as_str().unwrap().to_owned();
                steps.push((said["round"].as_u64().unwrap(), said["step"].as_u64().unwrap(), text("person")));
                expected.push((text("key"), text("person")));
            }
        }
        let all: Vec<(u64, u64, String)> = (1..=2)
            .flat_map(|round| (1..=3).flat_map(move |step| ["ada", "ben"].map(|who| (round, step, who.to_owned()))))
            .collect();
        assert_eq!(steps, all, "every step is taken once, in order");
        let sent = state["receipts"].as_array().unwrap().iter().filter(|one| one[1]["outcome"] == "sent").count();
        assert_eq!(sent, 18, "six steps, one message to Ada and two to Ben");
    }
    expected.sort();
    assert_eq!(keys.keys().cloned().collect::<Vec<_>>(), expected, "nobody is left out, and no key is of another step");
    let messages: usize = keys.values().sum();
    println!("{} messages for {} to be sent; the others had the same keys", messages, ALERTS * 18);
    assert!(messages >= ALERTS * 18, "{messages}");
    drop(mainstay);
    let list = || ask(&scratch.0, &["escalation", "list", "--format", "json"]).1;
    let before = list();
    assert_eq!(ask(&scratch.0, &["ledger", "verify"]).0, Some(0));
    assert_eq!(ask(&scratch.0, &["ledger", "rebuild"]).0, Some(0));
    assert_eq!(list(), before, "what is folded anew is the same");
}
