//! Forms of single values: durations, addresses, hosts with ports.

use super::shape::Kind;
use jiff::SignedDuration;
use mainstay_promql::duration;

/// An address of http or https.
pub const ADDRESS: Kind = Kind::Read(is_link, "write it as in https://example.com/path");
/// Such an address that is secret: `<secret>` stands for one that was taken out.
pub const SECRET_ADDRESS: Kind = Kind::Read(is_secret_link, "write it as in https://example.com/path");
/// Any address.
pub const ANY_ADDRESS: Kind = Kind::Read(is_any_link, "write it as in http://proxy.example.com:3128");
/// A host with its port.
pub const HOST_PORT: Kind = Kind::Read(is_host_port, "write it as in mail.example.com:587");
/// A duration as Prometheus writes it.
pub const SPAN: Kind = Kind::Read(is_span, "write whole numbers with units, large ones first, as in 1h30m");
/// A duration as Go writes it.
pub const GO_SPAN: Kind = Kind::Read(is_go_span, "write numbers with units of at most hours, as in 1h30m");

/// Longest duration that Alertmanager can hold: 2^63 nanoseconds.
const DURATION_MS_MAX: i64 = i64::MAX / 1_000_000;

/// A duration as Prometheus writes it: `1h30m`.
///
/// # Errors
/// Why it is none.
pub fn span(text: &str) -> Result<SignedDuration, String> {
    if text.is_empty() {
        return Err("empty duration string".to_owned());
    }
    match duration::parse(text) {
        Some(ms) if ms <= DURATION_MS_MAX => Ok(SignedDuration::from_millis(ms)),
        Some(_) => Err(format!("{text:?} is out of range")),
        None => Err(format!("{text:?} is not a valid duration")),
    }
}

fn is_span(text: &str) -> Result<(), String> {
    span(text).map(|_| ())
}

fn is_go_span(text: &str) -> Result<(), String> {
    let wrong = || Err(format!("{text:?} is not a duration"));
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(());
    }
    if rest.is_empty() {
        return wrong();
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, behind) = rest.split_at(number);
        let unit = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let is_number = digits.matches('.').count() <= 1 && digits.contains(|c: char| c.is_ascii_digit());
        if !is_number || !["ns", "us", "µs", "μs", "ms", "s", "m", "h"].contains(&&behind[..unit]) {
            return wrong();
        }
        rest = &behind[unit..];
    }
    Ok(())
}

fn is_link(text: &str) -> Result<(), String> {
    let rest = parse_link(text)?;
    let scheme = text.split(':').next().filter(|_| text.contains(':')).unwrap_or_default().to_ascii_lowercase();
    if scheme != "http" && scheme != "https" {
        return Err(format!("unsupported scheme {scheme:?} for URL"));
    }
    match rest {
        Some(host) if !host.is_empty() => Ok(()),
        _ => Err("missing host for URL".to_owned()),
    }
}

fn is_secret_link(text: &str) -> Result<(), String> {
    if text == "<secret>" { Ok(()) } else { is_link(text) }
}

fn is_any_link(text: &str) -> Result<(), String> {
    parse_link(text).map(|_| ())
}

/// The host of an address, with what Go's parser of addresses refuses.
fn parse_link(text: &str) -> Result<Option<&str>, String> {
    if text.chars().any(|c| c.is_ascii_control()) {
        return Err(format!("parse {text:?}: invalid control character in URL"));
    }
    if text.starts_with(':') {
        return Err(format!("parse {text:?}: missing protocol scheme"));
    }
    let scheme =
        text.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).filter(|at| text[*at..].starts_with(':'));
    let rest = match scheme {
        Some(at) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => &text[at + 1..],
        Some(_) => return Err(format!("parse {text:?}: first path segment in URL cannot contain colon")),
        None => text,
    };
    let path_of = |rest: &str| rest.split(['?', '#']).next().unwrap_or_default().to_owned();
    let Some(rest) = rest.strip_prefix("//") else {
        valid_escapes(&path_of(rest), text)?;
        return Ok(None);
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    valid_escapes(&path_of(&rest[end..]), text)?;
    let host = rest[..end].rsplit('@').next().unwrap_or_default();
    let (name, port) = match host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((name, behind)) => (name, behind),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    if !is_port {
        return Err(format!("parse {text:?}: invalid port {port:?} after host"));
    }
    if name.contains([' ', '"', '<', '>', '^', '`', '{', '|', '}', '\\']) {
        return Err(format!("parse {text:?}: invalid character in host name"));
    }
    Ok(Some(host))
}

fn valid_escapes(path: &str, text: &str) -> Result<(), String> {
    let wrong = path.split('%').skip(1).find(|rest| {
        let digits = rest.as_bytes().get(..2);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    match wrong {
        None => Ok(()),
        Some(rest) => {
            Err(format!("parse {text:?}: invalid URL escape \"%{}\"", rest.chars().take(2).collect::<String>()))
        }
    }
}

fn is_host_port(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let wrong = |why: &str| Err(format!("address {text}: {why}"));
    let (host, port) = match text.strip_prefix('[') {
        Some(inner) => match inner.split_once("]:") {
            Some((host, port)) => (host, port),
            None => return wrong("missing port in address"),
        },
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, port),
            None => return wrong("missing port in address"),
        },
    };
    if host.contains(':') && !text.starts_with('[') || port.contains(':') {
        return wrong("too many colons in address");
    }
    if port.is_empty() { wrong("port cannot be empty") } else { Ok(()) }
}

/// The name of a label.
pub fn is_label(name: &str) -> bool {
    name.chars().enumerate().all(|(at, c)| c.is_ascii_alphabetic() || c == '_' || at > 0 && c.is_ascii_digit())
        && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_what_go_takes_for_them() {
        for good in ["http://a", "https://a:1/b?c#d", "HTTP://[::1]:80/", "http://u:p@h/x%20y", "http://a:"] {
            assert_eq!(is_link(good), Ok(()), "{good}");
        }
        for bad in ["", "a", "ftp://a", "http:", "http:///x", "http://a:b", "http://a b", "http://a/%zz", ":a", "a\tb"]
        {
            assert!(is_link(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hosts_have_ports() {
        for good in ["", "mail:25", ":25", "[::1]:25", "mail:smtp"] {
            assert_eq!(is_host_port(good), Ok(()), "{good}");
        }
        for bad in ["mail", "mail:", "::1:25", "[::1]"] {
            assert!(is_host_port(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_of_go_and_of_prometheus_differ() {
        assert!(is_go_span("1.5h").is_ok() && is_span("1.5h").is_err());
        assert!(is_go_span("1d").is_err() && is_span("1d").is_ok());
        assert!(is_span("0").is_ok() && is_span("30").is_err() && is_span("").is_err() && is_span("300y").is_err());
        assert!(is_go_span("").is_err() && is_go_span("-1m").is_ok() && is_go_span("1").is_err());
    }
}
