//! Requests against a small server of our own that says what it was told to say, and notes what it was asked.

use super::*;
use crate::Outside;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

/// Serves the answers one after the other, each on a connection of its own; returns the address and what was asked.
fn serve(answers: Vec<String>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut asked, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = text.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
                asked.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            asked.push_str(&String::from_utf8(body).unwrap());
            tell.send(asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (address, told)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn send(request: &Request, clock: &Clock) -> Result<Response, HttpError> {
    Client::new().send(request, clock, &Random::seeded(1))
}

fn clock() -> Clock {
    Clock::fixed("2026-11-01T00:00:00Z".parse().unwrap())
}

#[test]
fn an_answer_has_its_body_and_the_headers_that_paging_needs() {
    let (url, told) = serve(vec![answer("200 OK", "Link: <http://x/2>; rel=\"next\"\r\nSet-Cookie: a=b\r\n", "hello")]);
    let auth = Auth::Basic("ada".to_owned(), Secret::new("hunter2".to_owned()));
    let response = send(&Request::get(format!("{url}/a?page=1")).auth(auth), &clock()).unwrap();
    assert_eq!(response.body, b"hello");
    assert_eq!(response.headers["link"], "<http://x/2>; rel=\"next\"");
    assert!(!response.headers.contains_key("set-cookie"));
    let asked = told.recv().unwrap().to_lowercase();
    // base64 of ada:hunter2
    assert!(asked.contains("authorization: basic ywrhomh1bnrlcji="), "{asked}");
}

#[test]
fn a_passing_failure_is_tried_again_with_pauses_and_a_lasting_one_is_not() {
    let busy = || answer("503 Service Unavailable", "Retry-After: 7\r\n", "busy");
    let (url, _told) = serve(vec![busy(), busy(), answer("200 OK", "", "ok")]);
    let time = clock();
    assert_eq!(send(&Request::get(&url), &time).unwrap().body, b"ok");
    assert_eq!(time.elapsed().as_secs(), 14, "the server asked twice for seven seconds");

    let (url, _told) = serve(vec![answer("404 Not Found", "", "no such thing\nmore"), answer("200 OK", "", "ok")]);
    let error = send(&Request::get(&url), &clock()).unwrap_err();
    assert!(error.to_string().ends_with("answered 404: no such thing"), "{error}");
}

#[test]
fn what_is_not_safe_to_repeat_is_sent_once() {
    let (url, told) = serve(vec![answer("503 Service Unavailable", "", ""), answer("200 OK", "", "ok")]);
    let request = Request::new(Method::Post, &url).body("application/json", "{}");
    assert!(matches!(send(&request, &clock()), Err(HttpError::Status(_, 503, _))));
    assert!(told.recv().unwrap().ends_with("{}"));
    assert!(told.try_recv().is_err());
}

#[test]
fn an_answer_past_the_limit_is_refused_and_redirects_end() {
    let (url, _told) = serve(vec![answer("200 OK", "", "123456")]);
    let error = send(&Request::get(&url).response_bytes_max(5), &clock()).unwrap_err();
    assert!(matches!(error, HttpError::TooLarge(_, 5)), "{error}");
    let (url, _told) = serve(vec![answer("200 OK", "", "12345")]);
    assert_eq!(send(&Request::get(&url).response_bytes_max(5), &clock()).unwrap().body, b"12345");

    let around = (0..10).map(|_| answer("302 Found", "Location: /again\r\n", "")).collect();
    let (url, told) = serve(around);
    assert!(matches!(send(&Request::get(&url), &clock()), Err(HttpError::Transport(..))));
    assert_eq!(told.try_iter().count(), 6, "the first and five redirects");
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    let (other, told) = serve(vec![answer("200 OK", "", "there")]);
    let (url, _first) = serve(vec![answer("302 Found", &format!("Location: {other}/\r\n"), "")]);
    let request = Request::get(&url).auth(Auth::Bearer(Secret::new("hunter2".to_owned())));
    assert_eq!(send(&request, &clock()).unwrap().body, b"there");
    assert!(!told.recv().unwrap().contains("hunter2"));
}

#[test]
fn nobody_there_is_an_error_that_names_the_address_without_credentials() {
    let error = send(&Request::get("http://ada:hunter2@127.0.0.1:1/a?token=hunter3&page=2"), &clock()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("http://127.0.0.1:1/a?token=[struck]&page=2"), "{text}");
    assert!(!text.contains("hunter"), "{text}");
}

#[test]
fn a_recording_replays_the_exchange_and_holds_no_secret() {
    let (url, _told) = serve(vec![answer("200 OK", "", "you sent hunter2"), answer("404 Not Found", "", "gone")]);
    let outside = Outside::recording();
    let secret = outside.secret(&crate::SecretRef::parse("cmd:echo hunter2").unwrap()).unwrap();
    let ask = |path: &str| Request::get(format!("{url}{path}")).auth(Auth::Bearer(secret.clone()));
    assert_eq!(outside.send(&ask("/a")).unwrap().body, b"you sent hunter2");
    outside.send(&ask("/b")).unwrap_err();
    outside.run(&crate::Command::new("echo").args(["hi"])).unwrap();

    let path = std::env::temp_dir().join(format!("mainstay-cassette-{}.json", std::process::id()));
    outside.cassette().unwrap().save(&path).unwrap();
    let text = String::from_utf8(crate::files::read(&path, 1_000_000).unwrap()).unwrap();
    assert!(!text.contains("hunter2"), "{text}");

    let again = Outside::replaying(crate::Cassette::load(&path).unwrap(), clock());
    assert_eq!(again.send(&ask("/a")).unwrap().body, b"you sent [struck]");
    assert!(again.send(&ask("/b")).unwrap_err().to_string().contains("404"));
    assert_eq!(again.run(&crate::Command::new("echo").args(["hi"])).unwrap().stdout, b"hi\n");
    assert!(again.send(&ask("/a")).unwrap_err().to_string().contains("no further http"));
    assert!(again.send(&ask("/c")).is_err());
}
