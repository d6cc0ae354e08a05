//! Asking an endpoint once.

use mainstay_outside::{Outside, Request, SecretRef, Trust, WireError};
use mainstay_probe::{Certificate, Probe, Sample, Target, dns};
use std::path::PathBuf;
use std::time::Duration;

/// Bytes of an answer that are read.
const BODY_BYTES_MAX: u64 = 1 << 20;

/// Asks once.
pub fn take(outside: &Outside, probe: &Probe) -> Sample {
    let trust = Trust { authorities: probe.authorities.as_ref().map(PathBuf::from), anyone: probe.insecure };
    let mut sample = Sample::default();
    if let Err(error) = fill(outside, probe, &trust, &mut sample) {
        match error {
            WireError::Failed(why) => sample.failure = Some(why),
            WireError::Hindered(why) => sample.trouble = Some(why),
        }
    }
    sample
}

fn fill(outside: &Outside, probe: &Probe, trust: &Trust, sample: &mut Sample) -> Result<(), WireError> {
    match &probe.target {
        Target::Http { url, method, headers, body, follow } => {
            let url = filled(outside, url)?;
            let (address, is_secure) = host_and_port(&url);
            if !is_secure {
                sample.ip = Some(outside.connect(&address, probe.timeout)?.ip);
            } else {
                shake(outside, &address, trust, probe.timeout, sample)?;
                let mistrusted = sample.certificate.as_ref().is_some_and(mainstay_probe::Certificate::is_mistrusted);
                if mistrusted && !probe.insecure {
                    // Whoever answers there is told nothing.
                    return Ok(());
                }
            }
            let mut request = Request::get(url).timeout(probe.timeout).response_bytes_max(BODY_BYTES_MAX);
            for (name, value) in headers {
                request = request.header(name, filled(outside, value)?);
            }
            if !body.is_empty() {
                request = request.content(filled(outside, body)?);
            }
            let answered = outside.ask_once(method, &request, trust, *follow)?;
            (sample.status, sample.body, sample.took) = (Some(answered.status), answered.body, answered.took);
        }
        Target::Tcp { address } => {
            let done = outside.connect(address, probe.timeout)?;
            (sample.ip, sample.took) = (Some(done.ip), done.took);
        }
        Target::Tls { address } => shake(outside, address, trust, probe.timeout, sample)?,
        Target::Dns { address, name, kind } => ask(outside, address, name, kind, probe.timeout, sample)?,
        Target::Icmp { host } => {
            let done = outside.echo(host, probe.timeout)?;
            (sample.ip, sample.took) = (Some(done.ip), done.took);
        }
    }
    Ok(())
}

fn shake(
    outside: &Outside,
    address: &str,
    trust: &Trust,
    timeout: Duration,
    sample: &mut Sample,
) -> Result<(), WireError> {
    let done = outside.handshake(address, trust, timeout)?;
    (sample.ip, sample.took) = (Some(done.ip), done.took);
    let certificate = Certificate::read(&done.chain, done.mistrust, &done.stapled).map_err(WireError::Failed)?;
    sample.certificate = Some(certificate);
    Ok(())
}

fn ask(
    outside: &Outside,
    address: &str,
    name: &str,
    kind: &str,
    timeout: Duration,
    sample: &mut Sample,
) -> Result<(), WireError> {
    let mut id = [0; 2];
    outside.random().fill(&mut id).map_err(|error| WireError::Hindered(error.to_string()))?;
    let id = u16::from_be_bytes(id);
    let question = dns::question(id, name, kind).map_err(WireError::Hindered)?;
    let begun = outside.clock().elapsed();
    let bytes = outside.ask_name_server(address, &question, timeout)?;
    sample.took = outside.clock().elapsed().saturating_sub(begun);
    let answer = dns::answer(&bytes, id, kind).map_err(WireError::Failed)?;
    sample.rcode = Some(answer.rcode);
    sample.body = answer.records.first().cloned().unwrap_or_default().into_bytes();
    Ok(())
}

/// `host:port` of an address, and whether it is one of HTTPS.
fn host_and_port(url: &str) -> (String, bool) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let is_secure = scheme.eq_ignore_ascii_case("https");
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(before, port)| port.parse::<u16>().is_ok() && (!before.contains(':') || before.ends_with(']')));
    let usual = if is_secure { 443 } else { 80 };
    (if has_port { host.to_owned() } else { format!("{host}:{usual}") }, is_secure)
}

/// A text with the variables of the environment that it names as `${NAME}`.
fn filled(outside: &Outside, text: &str) -> Result<String, WireError> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let Some((name, after)) = behind.split_once('}') else { break };
        let secret = outside.secret(&SecretRef::Environment(name.to_owned()));
        let secret = secret.map_err(|error| WireError::Hindered(error.to_string()))?;
        out.push_str(before);
        out.push_str(secret.expose());
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn the_host_and_port_of_an_address_are_told() {
        for (url, wanted) in [
            ("https://shop.example/health?a=b:1", "shop.example:443"),
            ("https://user:word@shop.example:8443/", "shop.example:8443"),
            ("https://[2001:db8::1]/", "[2001:db8::1]:443"),
            ("https://[2001:db8::1]:444", "[2001:db8::1]:444"),
        ] {
            assert_eq!(host_and_port(url), (wanted.to_owned(), true), "{url}");
        }
        assert_eq!(host_and_port("http://shop.example"), ("shop.example:80".to_owned(), false));
    }
}
