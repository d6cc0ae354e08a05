//! Sending a message once, and what the other side said.

use crate::{Channel, Kind, Message, bodies};
use mainstay_outside::{Auth, HttpError, Mail, MailError, Method, Outside, Request, Secret, SecretError, sha256_hex};
use std::time::Duration;

/// Longest exchange with a channel: whoever is to be woken does not wait for a server that hangs.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of an answer that is looked at.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// Longest text of an answer that is kept.
const ANSWER_CHARS_MAX: usize = 300;

const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
const OPSGENIE: &str = "https://api.opsgenie.com";
const NTFY: &str = "https://ntfy.sh";

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other side took it; what it said.
    Sent(String),
    /// The other side does not want it, and would not the next time.
    Refused(String),
    /// It did not get through, and may the next time.
    Failed(String),
}

/// Sends a message once.
#[must_use]
pub fn send(outside: &Outside, channel: &Channel, message: &Message) -> Outcome {
    if let Some(lack) = channel.lacks() {
        return Outcome::Refused(lack);
    }
    let secret = match channel.secret.as_ref().map(|reference| outside.secret(reference)).transpose() {
        Ok(secret) => secret,
        // A variable that is not set is not set the next time; a file or a command may be back.
        Err(error @ SecretError::Environment(_)) => return Outcome::Refused(error.to_string()),
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    if channel.kind == Kind::Email {
        return mail(outside, channel, secret, message);
    }
    match request(channel, secret.as_ref(), message) {
        Ok(request) => post(outside, &request, secret.as_ref()),
        Err(lack) => Outcome::Refused(lack),
    }
}

fn mail(outside: &Outside, channel: &Channel, secret: Option<Secret>, message: &Message) -> Outcome {
    let Some(to) = &message.to else {
        return Outcome::Refused(format!("no address of {} is known", message.person));
    };
    // The same message has the same id, so that a mailbox which gets it twice can show it once.
    let id = |text: &str| format!("<{}@mainstay>", &sha256_hex(text.as_bytes())[..32]);
    let mail = Mail {
        server: channel.server.clone().unwrap_or_default(),
        tls: channel.tls,
        login: channel.user.clone().zip(secret),
        from: channel.from.clone().unwrap_or_default(),
        to: to.clone(),
        subject: bodies::mail_subject(message),
        text: bodies::mail_text(message),
        id: id(&message.key),
        thread: id(&message.thread),
        headers: vec![("X-Mainstay-Key".to_owned(), message.key.clone())],
        at: message.at,
        timeout: TIMEOUT,
    };
    match outside.mail(&mail) {
        Ok(answer) => Outcome::Sent(short(&answer)),
        Err(MailError::Refused(why)) => Outcome::Refused(short(&why)),
        Err(error) => Outcome::Failed(short(&error.to_string())),
    }
}

fn request(channel: &Channel, secret: Option<&Secret>, message: &Message) -> Result<Request, String> {
    let exposed = secret.map(|secret| secret.expose().to_owned());
    let url = |usual: &str| channel.url.clone().unwrap_or_else(|| usual.to_owned());
    let bearer = || secret.map_or(Auth::None, |secret| Auth::Bearer(secret.clone()));
    let (url, auth, body) = match channel.kind {
        Kind::Slack | Kind::Teams => {
            let body = if channel.kind == Kind::Slack { bodies::slack(message) } else { bodies::teams(message) };
            (exposed.or_else(|| channel.url.clone()).unwrap_or_default(), Auth::None, body)
        }
        Kind::Pagerduty => (url(PAGERDUTY), Auth::None, bodies::pagerduty(message, &exposed.unwrap_or_default())),
        Kind::Opsgenie => {
            let (path, body) = bodies::opsgenie(message);
            let auth = secret.map_or(Auth::None, |secret| Auth::Scheme("GenieKey", secret.clone()));
            (format!("{}/v2/alerts{path}", url(OPSGENIE).trim_end_matches('/')), auth, body)
        }
        Kind::Ntfy if message.to.is_none() => {
            return Err(format!("no topic of {} is known; write `to: TOPIC` beside the channel", message.person));
        }
        Kind::Ntfy => (url(NTFY), bearer(), bodies::ntfy(message)),
        Kind::Webhook | Kind::Email => (url(""), bearer(), bodies::webhook(message)),
    };
    let request = Request::new(Method::Post, url)
        .auth(auth)
        .timeout(TIMEOUT)
        .response_bytes_max(ANSWER_BYTES_MAX)
        .header("idempotency-key", message.key.clone())
        .body("application/json", body.to_string());
    Ok(request)
}

fn post(outside: &Outside, request: &Request, secret: Option<&Secret>) -> Outcome {
    // An address can be the secret itself: of what went wrong only what does not repeat it is kept.
    let clean = |text: &str| {
        let text = secret.map_or_else(|| text.to_owned(), |secret| text.replace(secret.expose(), "[secret]"));
        short(&text)
    };
    match outside.send(request) {
        Ok(answer) => Outcome::Sent(clean(&format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)))),
        Err(HttpError::Status(_, status, said)) => {
            let text = clean(&format!("{status}{said}"));
            let passes = matches!(status, 408 | 425 | 429 | 500..);
            if passes { Outcome::Failed(text) } else { Outcome::Refused(text) }
        }
        Err(HttpError::Transport(_, why)) => Outcome::Failed(clean(&format!("not reached: {why}"))),
        Err(HttpError::TooLarge(..)) => Outcome::Sent("with an answer too large to keep".to_owned()),
        Err(HttpError::Request(_, why)) => Outcome::Refused(clean(&format!("the request cannot be made: {why}"))),
        Err(error @ HttpError::Replayed(..)) => Outcome::Failed(clean(&error.to_string())),
    }
}

/// What somebody said in a line, shortened.
fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(ANSWER_CHARS_MAX).collect();
    line.trim().to_owned()
}
