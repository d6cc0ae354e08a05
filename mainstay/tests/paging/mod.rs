//! What the tests of paging share: a server of ours over a folder, and somebody who takes what it sends.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// As long as a busy machine may need for what takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// A folder of a test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("mainstay-paging-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(folder.join("estate")).unwrap();
        Self(folder)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join("estate").join(name), text).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A process that ends with the test, by the signal that leaves it no time.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// `mainstay up` over a folder's ledger at an address.
pub fn up(folder: &Path, listen: &str) -> Running {
    let child = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .arg("--data")
        .arg(folder.join("data"))
        .arg("up")
        .arg(folder.join("estate"))
        .args(["--listen", listen])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Running(child)
}

/// The same, once it says that it serves.
pub fn ready(folder: &Path, listen: &str) -> Running {
    let mut running = up(folder, listen);
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.into_iter().any(|line| line.contains("http://")), "it ended before it served");
    running
}

/// What a command prints on the folder's ledger.
pub fn ask(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .arg("--data")
        .arg(folder.join("data"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (out.status.code(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap())
}

/// Status and body of an answer; status 0 where nobody answers.
pub fn send(address: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let Ok(mut stream) = TcpStream::connect(address) else { return (0, String::new()) };
    let length = body.len();
    let asked = write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    let mut answer = String::new();
    if asked.is_err() || stream.read_to_string(&mut answer).is_err() {
        return (0, String::new());
    }
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return (0, String::new()) };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, body.to_owned())
}

/// The JSON of an answer, which may come in chunks.
pub fn json(body: &str) -> Value {
    let (Some(from), Some(to)) = (body.find('{'), body.rfind('}')) else { return Value::Null };
    let whole: String =
        body[from..=to].split("\r\n").enumerate().filter(|(at, _)| at % 2 == 0).map(|(_, one)| one).collect();
    serde_json::from_str(&whole).or_else(|_| serde_json::from_str(&body[from..=to])).unwrap_or(Value::Null)
}

pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Somebody who takes messages over HTTP and keeps them.
#[derive(Clone)]
pub struct Receiver {
    pub address: String,
    taken: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Receiver {
    /// One that answers with these statuses first, and with 200 from then on.
    pub fn start(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut answers = answers.to_vec();
        answers.reverse();
        let out = Self {
            address: listener.local_addr().unwrap().to_string(),
            taken: Arc::default(),
            answers: Arc::new(Mutex::new(answers)),
        };
        let this = out.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let this = this.clone();
                std::thread::spawn(move || this.take(stream));
            }
        });
        out
    }

    fn take(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut length, mut key, mut path) = (0, String::new(), String::new());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if path.is_empty() {
                    path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                }
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if lower.starts_with("idempotency-key:") {
                    key = line[16..].trim().to_owned();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                return;
            }
            let status = self.answers.lock().unwrap().pop().unwrap_or(200);
            let body: Value = serde_json::from_slice(&body).unwrap();
            self.taken
                .lock()
                .unwrap()
                .push(serde_json::json!({"status": status, "key": key, "path": path, "body": body}));
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok");
            if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    /// What was taken so far, those that were answered with an error as well.
    pub fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().clone()
    }
}

/// An alert as Prometheus posts it, that began to fire now.
pub fn alert(name: &str, labels: &[(&str, &str)]) -> Value {
    let mut all = serde_json::json!({"alertname": name});
    for (label, value) in labels {
        all[*label] = Value::from(*value);
    }
    serde_json::json!([{"labels": all, "annotations": {"summary": "it fails", "runbook_url": "https://runbooks.example/it"}}])
}
