//! Alerts that other tools deliver in their own forms.

#![expect(clippy::disallowed_methods, reason = "a test starts programs and looks at its folder")]
#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

mod served;

use serde_json::{Value, json};
use served::{Scratch, episodes, send, up};

/// What is known of every episode, oldest facts first.
fn shown(address: &str) -> Vec<Value> {
    let value = |path: &str| -> Value {
        let (status, body) = send(address, "GET", path, "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body[body.find('{').unwrap()..=body.rfind('}').unwrap()]).unwrap()
    };
    let ids = value("/v1/alerts");
    let ids = ids["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
    ids.map(|id| value(&format!("/v1/alerts/{}", id.replace('/', "%2F")))).collect()
}

fn enqueue(address: &str, key: &str, action: &str, dedup_key: &str) -> (u16, Value) {
    let payload = json!({"summary": "web-3: / is full", "source": "web-3", "severity": "critical", "class": "DiskFull",
        "custom_details": {"service": "shop"}});
    let event = json!({"routing_key": key, "event_action": action, "dedup_key": dedup_key, "payload": payload});
    let (status, body) = send(address, "POST", "/v2/enqueue", &event.to_string());
    (status, serde_json::from_str(&body[body.find('{').unwrap()..=body.rfind('}').unwrap()]).unwrap())
}

#[test]
fn what_can_send_to_pagerduty_triggers_acknowledges_and_resolves_one_episode() {
    let scratch = Scratch::new("pagerduty");
    let (_mainstay, address) = up(&scratch.0);
    let (status, token) =
        send(&address, "POST", "/v1/tokens", r#"{"name": "sensors", "role": "engineer", "days": 30}"#);
    assert_eq!(status, 200, "{token}");
    let key = token.split('"').find(|word| word.starts_with("mst_")).unwrap();
    let taken = json!({"status": "success", "message": "Event processed", "dedup_key": "web-3/disk"});
    for action in ["trigger", "trigger", "acknowledge"] {
        assert_eq!(enqueue(&address, key, action, "web-3/disk"), (202, taken.clone()), "{action}");
    }
    assert_eq!(episodes(&address), [("DiskFull".to_owned(), "service:shop".to_owned(), false)]);
    let seen = shown(&address).remove(0).to_string();
    assert!(seen.contains("token:sensors"), "who acknowledged it stands in the episode: {seen}");
    assert_eq!(enqueue(&address, key, "resolve", "web-3/disk").0, 202);
    assert_eq!(episodes(&address), [("DiskFull".to_owned(), "service:shop".to_owned(), true)]);
    // What ended begins anew.
    assert_eq!(enqueue(&address, key, "trigger", "web-3/disk").0, 202);
    assert_eq!(episodes(&address).len(), 2);
    // An end of what does not fire is no mistake, as at PagerDuty.
    assert_eq!(enqueue(&address, key, "resolve", "unheard-of").0, 202);
    let (status, said) = enqueue(&address, key, "explode", "web-3/disk");
    assert_eq!((status, said["status"].as_str()), (400, Some("invalid event")), "{said}");
    for nonsense in ["", "[]", "{", "<html>"] {
        let (status, said) = send(&address, "POST", "/v2/enqueue", nonsense);
        assert!(status == 400 && said.contains("invalid event"), "{status} {said}");
    }
    // Once somebody was admitted, a key that is no token delivers nothing.
    let (status, said) = send(
        &address,
        "POST",
        "/v1/users",
        r#"{"name": "ada", "role": "administrator", "password": "correct horse battery"}"#,
    );
    assert_eq!(status, 200, "{said}");
    let (status, said) = enqueue(&address, "mst_guessed", "trigger", "other");
    assert_eq!((status, said["status"].as_str()), (401, Some("invalid key")), "{said}");
    assert_eq!(enqueue(&address, key, "resolve", "web-3/disk").0, 202);
}

#[test]
fn a_tool_without_a_connector_delivers_by_its_mapping() {
    let scratch = Scratch::new("mapped");
    let estate = scratch.0.join("estate");
    let fact = |kind: &str, rest: &str| {
        format!(
            "[[fact]]\ntype = \"mainstay.alert.{kind}.v1\"\nsubject = \"alert:{{check}}\"\nepisode = true\n\
             when = \"status={kind}\"\n{rest}\n"
        )
    };
    let mapping = format!(
        "source = \"sensors\"\n{}{}{}",
        fact("fired", "fields = { rule = \"check\", service = { template = \"service:{service}\" } }"),
        fact("acknowledged", "fields = { by = \"user\" }"),
        fact("resolved", "")
    );
    std::fs::write(estate.join("sensors.mapping.toml"), mapping).unwrap();
    let config = "[[source]]\nconnector = \"mapping\"\nname = \"sensors\"\nmapping = \"sensors.mapping.toml\"\n";
    std::fs::write(estate.join("mainstay.toml"), config).unwrap();
    let (_mainstay, address) = up(&scratch.0);
    let deliver = |body: Value| send(&address, "POST", "/v1/hooks/sensors", &body.to_string());
    let problem = json!({"check": "tls/shop", "service": "shop", "status": "fired"});
    for _ in 0..2 {
        assert_eq!(deliver(problem.clone()).0, 200);
    }
    assert_eq!(deliver(json!({"check": "tls/shop", "user": "grace", "status": "acknowledged"})).0, 200);
    assert_eq!(episodes(&address), [("tls/shop".to_owned(), "service:shop".to_owned(), false)]);
    assert!(shown(&address)[0].to_string().contains("grace"));
    assert_eq!(deliver(json!([{"check": "tls/shop", "status": "resolved"}])).0, 200);
    assert_eq!(episodes(&address), [("tls/shop".to_owned(), "service:shop".to_owned(), true)]);
    let (status, said) = deliver(json!({"check": "tls/shop", "status": "acknowledged"}));
    assert!(status == 400 && said.contains("mapping.episode"), "{status} {said}");
}

#[test]
fn alertmanagers_event_recorder_says_who_was_told_when_and_what_was_silenced() {
    let scratch = Scratch::new("recorder");
    let (_mainstay, address) = up(&scratch.0);
    let events = include_str!("../../crates/connectors/src/eventrecorder/fixtures/events.jsonl");
    // Each by itself, as its webhook posts them, and all again, as it does after a failure.
    for event in events.lines().chain(events.lines()) {
        let (status, said) = send(&address, "POST", "/v1/hooks/eventrecorder", event);
        assert!(status == 200 && said.contains("\"refused\":0"), "{status} {said}");
    }
    let all = shown(&address);
    assert_eq!(all.len(), 2);
    let of = |rule: &str| all.iter().find(|one| one.to_string().contains(rule)).unwrap().to_string();
    assert!(of("BasketErrors").contains("2026-11-01T09:15:30.3Z"), "{}", of("BasketErrors"));
    let silenced = of("QueueGrows");
    assert!(silenced.contains(r#""silences":[["2026-11-01T10:01:00Z",{"by":"ada""#), "{silenced}");
}

#[test]
fn a_message_of_sns_counts_only_with_its_signature_and_of_a_named_topic() {
    let scratch = Scratch::new("sns");
    let topic = "arn:aws:sns:eu-west-1:123456789012:alarms";
    let config = format!("[[source]]\nconnector = \"cloudwatch\"\ntopics = [\"{topic}\"]\n");
    std::fs::write(scratch.0.join("estate/mainstay.toml"), config).unwrap();
    let (_mainstay, address) = up(&scratch.0);
    let messages = include_str!("../../crates/connectors/src/cloudwatch/fixtures/notifications.jsonl");
    let message = messages.lines().next().unwrap();
    let deliver = |body: &str| send(&address, "POST", "/v1/hooks/cloudwatch", body);
    let (status, said) = deliver(&message.replace(topic, &format!("{topic}-of-somebody-else")));
    assert!(status == 403 && said.contains("topics"), "{status} {said}");
    assert_eq!(deliver(&message.replace("https://sns.", "https://evil.example/sns.")).0, 403);
    // The alarm by itself, as with raw message delivery, is not signed.
    assert_eq!(deliver("{\"AlarmName\": \"a\", \"NewStateValue\": \"ALARM\"}").0, 400);
    assert!(episodes(&address).is_empty());
}
