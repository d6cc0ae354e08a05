//! A Prometheus with the samples of the test as its history.

use super::answers::{self, Answer};
use crate::Asked;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running Prometheus; it ends, and its folder goes, when this is dropped.
pub struct Peer {
    folder: PathBuf,
    address: String,
    process: Child,
}

impl Peer {
    /// Starts one on the samples; `None` where it is not installed.
    pub fn start(openmetrics: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("mainstay-promql-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("samples.txt"), openmetrics).unwrap();
        std::fs::write(folder.join("prometheus.yml"), "global: {evaluation_interval: 1m}\n").unwrap();
        let mut blocks = Command::new("promtool");
        blocks
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([folder.join("samples.txt"), folder.join("data")]);
        let Ok(made) = blocks.output() else {
            std::fs::remove_dir_all(&folder).ok();
            return None;
        };
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .args(["--storage.tsdb.retention.time=100y", &format!("--web.listen-address={address}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let peer = Self { folder, address, process };
        let ready = (0..300).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            peer.send("GET", "/-/ready", "").is_some_and(|(status, _)| status == 200)
        });
        assert!(ready, "Prometheus did not start at {}", peer.address);
        Some(peer)
    }

    pub fn ask(&self, query: &str, asked: &Asked) -> Answer {
        let query = encoded(query);
        let (path, form) = match asked {
            Asked::Instant(at) => ("/api/v1/query", format!("query={query}&time={at}")),
            Asked::Range { start, end, step } => {
                ("/api/v1/query_range", format!("query={query}&start={start}&end={end}&step={step}"))
            }
        };
        let (_, body) = self.send("POST", path, &form).unwrap();
        answers::theirs(&serde_json::from_str(&body).unwrap_or_else(|e| panic!("{query}: {e}: {body}")))
    }

    /// One exchange, after which the other side closes.
    fn send(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let length = body.len();
        let head = "Content-Type: application/x-www-form-urlencoded";
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}",
            self.address
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
