//! What each channel gets, and what is said where one cannot work. The forms are those of the services' own documents: Slack's
//! incoming webhooks, Teams' adaptive cards, PagerDuty's Events API version 2, Opsgenie's Alert API, ntfy's publishing as JSON.

#![expect(clippy::unwrap_used, reason = "what a test cannot unwrap is a failure of the test")]

use mainstay_model::Severity;
use mainstay_notify::{Channel, Event, Message, Outcome, send};
use mainstay_outside::Outside;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

fn channel(text: &str) -> Channel {
    toml::from_str(text).unwrap()
}

fn message() -> Message {
    Message {
        key: "3f9a/0.0.0/ada".to_owned(),
        thread: "3f9a".to_owned(),
        event: Event::Trigger,
        title: "Errors <b> & more".to_owned(),
        lines: vec!["step 1 of the policy shop".to_owned()],
        severity: Some(Severity::High),
        service: Some("checkout".to_owned()),
        team: Some("commerce".to_owned()),
        person: "ada".to_owned(),
        to: Some("U123ABC".to_owned()),
        link: Some("https://mainstay.example/escalations/escalation:3f9a".to_owned()),
        runbook: Some("https://runbooks.example/errors".to_owned()),
        at: "2026-11-05T09:00:00Z".parse().unwrap(),
    }
}

/// What a service at an address of its own gets, and what became of the message where it answers so.
fn sent(channel_text: &str, message: &Message, answer: &str) -> (String, Value, Outcome) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let answer = answer.to_owned();
    let service = std::thread::spawn(move || {
        let mut reader = BufReader::new(listener.accept().unwrap().0);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
            head += &line;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
        (head, serde_json::from_slice(&body).unwrap())
    });
    let outcome = send(&Outside::live(), &channel(&channel_text.replace("URL", &url)), message);
    let (head, body) = service.join().unwrap();
    (head, body, outcome)
}

const OK: &str = "HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\n\r\ndone";

#[test]
fn slack_gets_blocks_in_which_nothing_of_the_alert_is_markup() {
    let (head, body, outcome) = sent("id = \"room\"\nkind = \"slack\"\nurl = \"URL\"", &message(), OK);
    assert_eq!(outcome, Outcome::Sent("202 done".to_owned()));
    assert!(head.contains("idempotency-key: 3f9a/0.0.0/ada"), "{head}");
    assert_eq!(body["blocks"][0]["text"]["text"], "<@U123ABC> *alert:* Errors &lt;b&gt; &amp; more");
    assert_eq!(body["blocks"][1]["text"]["type"], "plain_text");
    assert_eq!(body["blocks"][2]["elements"][0]["url"], message().link.unwrap());
}

#[test]
fn teams_gets_an_adaptive_card() {
    let (_, body, _) = sent("id = \"room\"\nkind = \"teams\"\nurl = \"URL\"", &message(), OK);
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(attachment["content"]["type"], "AdaptiveCard");
    assert_eq!(attachment["content"]["actions"][1]["url"], "https://runbooks.example/errors");
    assert_eq!(attachment["content"]["body"][1]["facts"][0]["title"], "severity");
}

#[test]
fn pagerduty_knows_all_messages_of_one_escalation_by_one_key_and_hears_of_its_end() {
    let text = "id = \"pd\"\nkind = \"pagerduty\"\nurl = \"URL\"\nsecret = \"cmd:echo routing-key\"";
    let (_, body, _) = sent(text, &message(), OK);
    assert_eq!((&body["routing_key"], &body["event_action"]), (&Value::from("routing-key"), &Value::from("trigger")));
    assert_eq!((&body["dedup_key"], &body["payload"]["severity"]), (&Value::from("3f9a"), &Value::from("error")));
    assert_eq!(body["payload"]["source"], "checkout");
    let (_, body, _) = sent(text, &Message { event: Event::Resolve, ..message() }, OK);
    assert_eq!((&body["event_action"], &body["payload"]), (&Value::from("resolve"), &Value::Null));
}

#[test]
fn opsgenie_gets_an_alert_by_its_alias_and_closes_it_by_that() {
    let text = "id = \"og\"\nkind = \"opsgenie\"\nurl = \"URL\"\nsecret = \"cmd:echo key-1\"";
    let long = Message { title: "ä".repeat(200), ..message() };
    let (head, body, _) = sent(text, &long, OK);
    assert!(head.starts_with("POST /in/v2/alerts HTTP") && head.contains("authorization: GenieKey key-1"), "{head}");
    assert_eq!(body["message"].as_str().unwrap().chars().count(), 130);
    assert_eq!((&body["alias"], &body["priority"]), (&Value::from("3f9a"), &Value::from("P2")));
    let (head, _, _) = sent(text, &Message { event: Event::Resolve, ..message() }, OK);
    assert!(head.starts_with("POST /in/v2/alerts/3f9a/close?identifierType=alias HTTP"), "{head}");
}

#[test]
fn ntfy_gets_the_topic_of_the_person_and_nothing_without_one() {
    let text = "id = \"push\"\nkind = \"ntfy\"\nurl = \"URL\"";
    let (_, body, _) = sent(text, &message(), OK);
    assert_eq!((&body["topic"], &body["priority"]), (&Value::from("U123ABC"), &Value::from(5)));
    assert_eq!(body["click"], message().link.unwrap());
    let outcome = send(&Outside::live(), &channel(text), &Message { to: None, ..message() });
    assert!(matches!(outcome, Outcome::Refused(why) if why.contains("to: TOPIC")));
}

#[test]
fn an_answer_tells_whether_to_come_again_and_an_address_that_is_secret_is_not_repeated() {
    let text = "id = \"hook\"\nkind = \"webhook\"\nurl = \"URL\"\nsecret = \"cmd:echo hunter2\"";
    let answered = |status: &str| {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 13\r\n\r\nnot hunter2 !");
        sent(text, &message(), &answer).2
    };
    assert_eq!(answered("404 Not Found"), Outcome::Refused("404: not [secret] !".to_owned()));
    assert_eq!(answered("429 Too Many"), Outcome::Failed("429: not [secret] !".to_owned()));
    assert_eq!(answered("500 Oops"), Outcome::Failed("500: not [secret] !".to_owned()));
    let secret = "id = \"room\"\nkind = \"slack\"\nsecret = \"cmd:echo http://127.0.0.1:1/services/T0/hunter2\"";
    let outcome = send(&Outside::live(), &channel(secret), &message());
    assert!(matches!(&outcome, Outcome::Failed(why) if !why.contains("hunter2")), "{outcome:?}");
}

#[test]
fn what_a_channel_lacks_is_named_with_its_mend() {
    for (text, lack) in [
        ("id = \"a\"\nkind = \"email\"", "server = "),
        ("id = \"a\"\nkind = \"email\"\nserver = \"localhost\"", "from = "),
        ("id = \"a\"\nkind = \"email\"\nserver = \"h\"\nfrom = \"a@b.c\"\nuser = \"x\"", "secret = "),
        ("id = \"a\"\nkind = \"webhook\"", "url = "),
        ("id = \"a\"\nkind = \"slack\"", "secret = "),
        ("id = \"a\"\nkind = \"pagerduty\"", "secret = "),
        ("id = \"a\"\nkind = \"opsgenie\"", "secret = "),
    ] {
        let said = channel(text).lacks().unwrap_or_default();
        assert!(said.contains("\"a\" lacks") && said.contains(lack), "{text}: {said}");
    }
    assert!(toml::from_str::<Channel>("id = \"a\"\nkind = \"pigeon\"").is_err());
}
