//! A server to be measured, and what is asked of it.

use crate::shell::{Outcome, command};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server that ends with the bench.
pub(super) struct Server(Child);

impl Server {
    /// `mainstay up` over a folder of data, on a port of its own.
    pub(super) fn start(program: &Path, data: &Path, folder: &Path) -> Outcome<Self> {
        let mut up = command(program);
        up.arg("--data").arg(data).arg("up").arg(folder).args(["--listen", "127.0.0.1:0"]);
        Self::of(up.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()))
    }

    /// A server that a command starts.
    pub(super) fn of(command: &mut Command) -> Outcome<Self> {
        command.spawn().map(Self).map_err(|e| format!("start a server: {e}"))
    }

    /// Where it serves, as it says.
    pub(super) fn address(&mut self) -> Outcome<String> {
        let out = self.0.stdout.take().ok_or("read the server's output")?;
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some(at) = line.find("http://") {
                return Ok(line[at + 7..].trim().to_owned());
            }
        }
        Err("see the server's address".to_owned())
    }

    /// Processor time of the process, which Linux counts in steps of 10 ms.
    pub(super) fn processor_ms(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
        (ticks(11) + ticks(12)) * 10.0
    }

    /// What the system says of the process's memory.
    pub(super) fn memory_mb(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Asks for a page.
pub(super) fn get(address: &str, path: &str) -> Outcome<()> {
    send(address, ("GET", path), "text/plain", "")
}

/// Sends a request, and fails where the answer does.
pub(super) fn send(address: &str, (method, path): (&str, &str), kind: &str, body: &str) -> Outcome<()> {
    let failed = |e: std::io::Error| format!("{method} {path}: {e}");
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(failed)?;
    if answer.starts_with(b"HTTP/1.1 20") {
        return Ok(());
    }
    Err(format!("{method} {path}: {}", String::from_utf8_lossy(&answer)))
}
