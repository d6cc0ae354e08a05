//! Below HTTP: connections, TLS handshakes, questions to name servers, echoes; and single requests whose answer counts
//! whatever its status. Nothing is sent twice: who probes an endpoint wants to know of the failure.

mod echo;
mod handshake;

use crate::cassette::{bytes_from_json, bytes_to_json, digest_of};
use crate::{Mode, Outside, Request, replay};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest message of DNS over TCP.
const MESSAGE_BYTES_MAX: usize = 65_535;
/// The bit that says that an answer was cut off, in the third byte (RFC 1035, 4.1.1).
const CUT_OFF: u8 = 0b10;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The other side does not answer, or not as it should.
    #[error("{0}")]
    Failed(String),
    /// We could not ask: it says nothing about the other side.
    #[error("{0}")]
    Hindered(String),
}

/// A connection that stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected {
    /// Who answered.
    pub ip: IpAddr,
    /// How long it took.
    pub took: Duration,
}

/// A TLS handshake that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// Who answered.
    pub ip: IpAddr,
    /// How long connection and handshake took.
    pub took: Duration,
    /// The certificates that were shown, in DER, the host's own first.
    pub chain: Vec<Vec<u8>>,
    /// The answer of OCSP that was stapled, in DER; empty where there was none.
    pub stapled: Vec<u8>,
    /// Why the certificate is not to be trusted for the host's name, if it is not.
    pub mistrust: Option<String>,
}

/// An answer of HTTP, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// Its body, decompressed, up to the bytes that the request allows.
    pub body: Vec<u8>,
    /// How long it took until the body was read.
    pub took: Duration,
}

/// Whom certificates have to lead to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// A file of PEM with the authorities; the well-known ones where there is none.
    pub authorities: Option<PathBuf>,
    /// Nobody.
    pub anyone: bool,
}

impl Outside {
    /// Opens a connection to `host:port` and closes it.
    ///
    /// # Errors
    /// See [`WireError`].
    pub fn connect(&self, address: &str, timeout: Duration) -> Result<Connected, WireError> {
        self.wired(
            "connect",
            address,
            || {
                let begun = Instant::now();
                let stream = connect(address, timeout)?;
                let ip = stream.peer_addr().map_err(|error| failed(address, &error, timeout))?.ip();
                Ok(Connected { ip, took: begun.elapsed() })
            },
            |done| json!({"ip": done.ip, "took_us": micros(done.took)}),
            |json| Some(Connected { ip: ip_of(json)?, took: took_of(json)? }),
        )
    }

    /// Shakes hands with `host:port` and tells what it showed; a certificate that is not to be trusted is no error here.
    ///
    /// # Errors
    /// See [`WireError`].
    pub fn handshake(&self, address: &str, trust: &Trust, timeout: Duration) -> Result<Handshake, WireError> {
        self.wired(
            "handshake",
            address,
            || handshake::shake(self, address, trust, timeout),
            |done| {
                let chain: Vec<String> = done.chain.iter().map(|one| BASE64_STANDARD.encode(one)).collect();
                json!({"ip": done.ip, "took_us": micros(done.took), "chain": chain,
                    "stapled": BASE64_STANDARD.encode(&done.stapled), "mistrust": done.mistrust})
            },
            |json| {
                let bytes = |json: &Value| BASE64_STANDARD.decode(json.as_str()?).ok();
                Some(Handshake {
                    ip: ip_of(json)?,
                    took: took_of(json)?,
                    chain: json.get("chain")?.as_array()?.iter().map(bytes).collect::<Option<_>>()?,
                    stapled: bytes(json.get("stapled")?)?,
                    mistrust: json.get("mistrust")?.as_str().map(str::to_owned),
                })
            },
        )
    }

    /// Sends one message of DNS to `host:port`, by UDP and, where the answer is cut off, by TCP; gives the answer. The first two
    /// bytes, which are the number of the message, do not count for a recording.
    ///
    /// # Errors
    /// See [`WireError`].
    pub fn ask_name_server(&self, address: &str, message: &[u8], timeout: Duration) -> Result<Vec<u8>, WireError> {
        let key = format!("{address} sha256:{}", digest_of(message.get(2..).unwrap_or_default()));
        let numbered = |mut answer: Vec<u8>| {
            answer.iter_mut().zip(message.iter().take(2)).for_each(|(byte, of_message)| *byte = *of_message);
            answer
        };
        self.wired(
            "dns",
            &key,
            || name_server(address, message, timeout),
            |answer| bytes_to_json(answer),
            |json| bytes_from_json(json).map(numbered),
        )
    }

    /// Asks a host for an echo.
    ///
    /// # Errors
    /// See [`WireError`]; where the system does not permit it, that we are hindered.
    pub fn echo(&self, host: &str, timeout: Duration) -> Result<Connected, WireError> {
        self.wired(
            "echo",
            host,
            || echo::echo(host, timeout),
            |done| json!({"ip": done.ip, "took_us": micros(done.took)}),
            |json| Some(Connected { ip: ip_of(json)?, took: took_of(json)? }),
        )
    }

    /// Sends a request once and gives the answer whatever its status.
    ///
    /// # Errors
    /// See [`WireError`].
    pub fn ask_once(
        &self,
        method: &str,
        request: &Request,
        trust: &Trust,
        follow: bool,
    ) -> Result<Answered, WireError> {
        let key = format!("{method} as {}", request.identity());
        self.wired(
            "ask",
            &key,
            || {
                let authorities = self.authorities(trust)?;
                let begun = Instant::now();
                let once = crate::http::Once { method, trust, authorities: authorities.as_deref(), follow };
                let (status, body) = self.inner.agent.once(request, &once).map_err(WireError::Failed)?;
                Ok(Answered { status, body, took: begun.elapsed() })
            },
            |done| json!({"status": done.status, "body": bytes_to_json(&done.body), "took_us": micros(done.took)}),
            |json| {
                let status = u16::try_from(json.get("status")?.as_u64()?).ok()?;
                Some(Answered { status, body: bytes_from_json(json.get("body")?)?, took: took_of(json)? })
            },
        )
    }

    /// The authorities that a file holds.
    fn authorities(&self, trust: &Trust) -> Result<Option<Vec<u8>>, WireError> {
        let Some(path) = &trust.authorities else { return Ok(None) };
        let read = crate::files::read(path, crate::FILE_BYTES_MAX);
        read.map(Some).map_err(|error| WireError::Hindered(format!("the authorities cannot be read: {error}")))
    }

    fn wired<T>(
        &self,
        kind: &str,
        key: &str,
        live: impl FnOnce() -> Result<T, WireError>,
        to_json: impl Fn(&T) -> Value,
        from_json: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, WireError> {
        match &self.inner.mode {
            Mode::Live => live(),
            Mode::Recording(tape) => self.record(tape, kind, key, live(), to_json),
            Mode::Replaying(tape) => replay(tape, kind, key, from_json).map_err(|error| match error {
                crate::CassetteError::Recorded(text) => WireError::Failed(text),
                other => WireError::Hindered(other.to_string()),
            }),
        }
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

fn took_of(json: &Value) -> Option<Duration> {
    Some(Duration::from_micros(json.get("took_us")?.as_u64()?))
}

fn ip_of(json: &Value) -> Option<IpAddr> {
    json.get("ip")?.as_str()?.parse().ok()
}

/// The addresses of `host:port`; the port of another service where `port` says so.
fn resolve(address: &str) -> Result<Vec<SocketAddr>, WireError> {
    let found = address
        .to_socket_addrs()
        .map_err(|error| WireError::Failed(format!("the address of {address} is not known: {error}")))?;
    let found: Vec<SocketAddr> = found.collect();
    if found.is_empty() {
        return Err(WireError::Failed(format!("{address} has no address")));
    }
    Ok(found)
}

/// Tries the addresses one after the other.
fn connect(address: &str, timeout: Duration) -> Result<TcpStream, WireError> {
    let begun = Instant::now();
    let mut last = None;
    for one in resolve(address)? {
        let left = timeout.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
        match TcpStream::connect_timeout(&one, left) {
            Ok(stream) => {
                let bounded = stream.set_read_timeout(Some(left)).and_then(|()| stream.set_write_timeout(Some(left)));
                return bounded.map(|()| stream).map_err(|error| failed(address, &error, timeout));
            }
            Err(error) => last = Some(failed(address, &error, timeout)),
        }
    }
    Err(last.unwrap_or_else(|| WireError::Failed(format!("{address} has no address"))))
}

/// What went wrong, in our words where the system's say little.
fn failed(address: &str, error: &std::io::Error, timeout: Duration) -> WireError {
    WireError::Failed(match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => format!("{address} did not answer within {timeout:?}"),
        ErrorKind::ConnectionRefused => format!("{address} refused the connection"),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => format!("{address} closed the connection"),
        _ => format!("{address}: {error}"),
    })
}

fn name_server(address: &str, message: &[u8], timeout: Duration) -> Result<Vec<u8>, WireError> {
    let wrong = |error: std::io::Error| failed(address, &error, timeout);
    let server = *resolve(address)?.first().ok_or_else(|| WireError::Failed(format!("{address} has no address")))?;
    let here: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let hindered = |error: std::io::Error| WireError::Hindered(format!("no socket for {address}: {error}"));
    let socket = UdpSocket::bind(here).map_err(hindered)?;
    socket.connect(server).map_err(wrong)?;
    let begun = Instant::now();
    socket.send(message).map_err(wrong)?;
    let mut room = vec![0; MESSAGE_BYTES_MAX];
    loop {
        let left = timeout.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(failed(address, &ErrorKind::TimedOut.into(), timeout));
        }
        socket.set_read_timeout(Some(left)).map_err(wrong)?;
        let length = socket.recv(&mut room).map_err(wrong)?;
        // A late answer to a question before is not ours.
        if length >= 12 && room[..2] == message[..2] {
            if room[2] & CUT_OFF != 0 {
                return over_tcp(address, message, timeout);
            }
            room.truncate(length);
            return Ok(room);
        }
    }
}

fn over_tcp(address: &str, message: &[u8], timeout: Duration) -> Result<Vec<u8>, WireError> {
    let wrong = |error: std::io::Error| failed(address, &error, timeout);
    let mut stream = connect(address, timeout)?;
    let length =
        u16::try_from(message.len()).map_err(|_| WireError::Hindered("the question is too long".to_owned()))?;
    let framed = [&length.to_be_bytes()[..], message].concat();
    stream.write_all(&framed).map_err(wrong)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).map_err(wrong)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).map_err(wrong)?;
    Ok(answer)
}

/// The host of `host:port`, without the brackets of an address of six.
fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// A file, for messages.
fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests;
