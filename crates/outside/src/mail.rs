//! Mail over SMTP: one message to one address, with time-outs, and what the server said.

use crate::Secret;
use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as Protection, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use std::time::{Duration, SystemTime};

/// The port where nothing is said (RFC 6409, submission).
const PORT: u16 = 587;

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// The connection begins open and must become protected before anything is said (port 587).
    #[default]
    Starttls,
    /// Protected from the first byte (port 465).
    Tls,
    /// Not at all: for a relay on the same machine.
    None,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Server, with its port where that is not 587.
    pub server: String,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Name and password.
    pub login: Option<(String, Secret)>,
    /// The sender.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its id, in angle brackets.
    pub id: String,
    /// The id that messages of one matter refer to.
    pub thread: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Its date.
    pub at: Timestamp,
    /// Longest wait for an answer of the server.
    pub timeout: Duration,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server does not want it, or it cannot be written; the next time would be no different.
    #[error("{0}")]
    Refused(String),
    /// It may be taken the next time.
    #[error("{0}")]
    Passing(String),
}

impl Mail {
    /// What tells this message from others on a cassette.
    pub(crate) fn identity(&self) -> String {
        format!("{} {} {}", self.server, self.to, self.id)
    }

    fn message(&self) -> Result<Message, MailError> {
        let refused = |what: &str, why: String| MailError::Refused(format!("{what} cannot be used: {why}"));
        let from = self.from.parse().map_err(|e| refused("the sender", format!("{e}")))?;
        let to = self.to.parse().map_err(|e| refused("the address", format!("{e}")))?;
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(self.at.as_second()).unwrap_or(0));
        let mut builder = Message::builder()
            .from(from)
            .to(to)
            .subject(self.subject.clone())
            .message_id(Some(self.id.clone()))
            .in_reply_to(self.thread.clone())
            .references(self.thread.clone())
            .date(date)
            .header(ContentType::TEXT_PLAIN);
        for (name, value) in &self.headers {
            let name = HeaderName::new_from_ascii(name.clone()).map_err(|e| refused("a header", e.to_string()))?;
            builder = builder.raw_header(HeaderValue::new(name, value.clone()));
        }
        builder.body(self.text.clone()).map_err(|e| refused("the message", e.to_string()))
    }

    fn transport(&self) -> Result<SmtpTransport, MailError> {
        let (host, port) = match self.server.rsplit_once(':') {
            Some((host, port)) => {
                let port = port.parse().map_err(|_| {
                    MailError::Refused(format!("{:?} is no server and port such as smtp.example.org:587", self.server))
                })?;
                (host, port)
            }
            None => (self.server.as_str(), PORT),
        };
        let protection = match self.tls {
            MailTls::None => Protection::None,
            MailTls::Starttls | MailTls::Tls => {
                let parameters = TlsParameters::new(host.to_owned())
                    .map_err(|e| MailError::Refused(format!("TLS cannot be set up: {e}")))?;
                match self.tls {
                    MailTls::Tls => Protection::Wrapper(parameters),
                    MailTls::Starttls | MailTls::None => Protection::Required(parameters),
                }
            }
        };
        let mut builder = SmtpTransport::builder_dangerous(host).port(port).tls(protection).timeout(Some(self.timeout));
        if let Some((user, password)) = &self.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(builder.build())
    }
}

/// Sends a message; what the server said.
pub(crate) fn send(mail: &Mail) -> Result<String, MailError> {
    let message = mail.message()?;
    match mail.transport()?.send(&message) {
        Ok(answer) => {
            let said: Vec<&str> = answer.message().collect();
            Ok(format!("{} {}", answer.code(), said.join(" ")))
        }
        Err(error) if error.is_permanent() => Err(MailError::Refused(error.to_string())),
        Err(error) => Err(MailError::Passing(error.to_string())),
    }
}
