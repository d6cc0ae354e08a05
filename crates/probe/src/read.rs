//! From files to probes.

use crate::value::milliseconds;
use crate::{Condition, Probe, Target, dns};
use mainstay_iac::fields::{Document, field};
use mainstay_iac::{Node, Origin, SourceFile, Value, yaml};
use mainstay_model::{Diagnostic, Place};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often is asked, and how long an answer may take, where nothing is said (the defaults of Gatus).
const EVERY: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Samples in a row that fail, or pass, before the state turns (the defaults of Gatus' alerts).
const FAILS_AFTER: u32 = 3;
const MENDS_AFTER: u32 = 2;
/// Probes that one process is to run at most.
const PROBES_MAX: usize = 10_000;

/// Fields of an endpoint that say something to us, and those that only say something to others.
const KNOWN: &[&str] = &[
    "name",
    "group",
    "enabled",
    "service",
    "url",
    "method",
    "headers",
    "body",
    "interval",
    "conditions",
    "dns",
    "client",
    "certificate-authority",
    "fails-after",
    "mends-after",
    "alerts",
    "ui",
    "extra-labels",
    "maintenance-windows",
];
const CLIENT_KNOWN: &[&str] = &["insecure", "ignore-redirect", "timeout"];

/// What some files say.
#[derive(Debug, Default)]
pub struct Reading {
    /// The probes that can be run, in the order of the files.
    pub probes: Vec<Probe>,
    /// What is wrong. An error costs the probe that it speaks of, and no other.
    pub diagnostics: Vec<Diagnostic>,
    /// How many documents were read that say something about endpoints.
    pub documents: usize,
}

/// Reads files of YAML as one batch: a name may be there once.
#[must_use]
pub fn read(files: &[SourceFile]) -> Reading {
    let mut reading = Reading::default();
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    for file in files {
        let text = String::from_utf8_lossy(&file.bytes);
        let parsed = yaml::parse(&text, Origin::of(&file.path), yaml::Schema::Core);
        reading.diagnostics.extend(parsed.diagnostics);
        for node in &parsed.documents {
            let mut document = Document { path: &file.path, about: "probe", diagnostics: Vec::new() };
            if field(node, "endpoints").is_none() {
                let mend = "list them below `endpoints:`, each with `name`, `url` and `conditions`";
                document.warn(node, "no endpoints are listed here", mend);
            } else {
                reading.documents += 1;
                let endpoints = document.list(node, "endpoints").iter();
                let probes: Vec<Probe> = endpoints.filter_map(|node| endpoint(&mut document, node)).collect();
                add(&mut reading.probes, probes, &mut seen, &mut document);
            }
            reading.diagnostics.append(&mut document.diagnostics);
        }
    }
    reading
}

fn add(all: &mut Vec<Probe>, probes: Vec<Probe>, seen: &mut BTreeMap<String, Place>, document: &mut Document<'_>) {
    for probe in probes {
        if all.len() == PROBES_MAX {
            let what =
                format!("there are more than {PROBES_MAX} endpoints; {} and those behind it are left out", probe.name);
            document.diagnostics.push(Diagnostic::error(
                "probe.many",
                what,
                probe.place,
                "give them to several processes",
            ));
            return;
        }
        match seen.get(&probe.name) {
            Some(first) => {
                let what = format!("{:?} is there already, at {first}", probe.name);
                let mend = "give each endpoint a name of its own, or another group";
                document.diagnostics.push(Diagnostic::error("probe.twice", what, probe.place, mend));
            }
            None => {
                seen.insert(probe.name.clone(), probe.place.clone());
                all.push(probe);
            }
        }
    }
}

fn endpoint(document: &mut Document<'_>, node: &Node) -> Option<Probe> {
    let before = document.errors();
    if !matches!(node.value, Value::Map(_)) {
        document.error(
            node,
            "an endpoint must be a mapping",
            "write its `name`, `url` and `conditions` below the dash",
        );
        return None;
    }
    document.only(node, KNOWN);
    if field(node, "enabled").is_some() && !document.truth(node, "enabled") {
        return None;
    }
    let name = document.required(node, "name");
    let name = match document.text(node, "group") {
        Some(group) => format!("{group}/{name}"),
        None => name,
    };
    let conditions = conditions(document, node);
    let target = target(document, node);
    let client = document.map(node, "client");
    if let Some(client) = client {
        document.only(client, CLIENT_KNOWN);
    }
    let timeout = client.and_then(|client| length(document, client, "timeout")).unwrap_or(TIMEOUT);
    let probe = Probe {
        service: document.text(node, "service"),
        target: target?,
        every: length(document, node, "interval").unwrap_or(EVERY),
        timeout,
        insecure: client.is_some_and(|client| document.truth(client, "insecure")),
        authorities: document.text(node, "certificate-authority"),
        conditions,
        fails_after: count(document, node, "fails-after", "failure-threshold").unwrap_or(FAILS_AFTER),
        mends_after: count(document, node, "mends-after", "success-threshold").unwrap_or(MENDS_AFTER),
        place: document.place(node),
        name,
    };
    (document.errors() == before).then_some(probe)
}

fn conditions(document: &mut Document<'_>, node: &Node) -> Vec<Condition> {
    let list = document.list(node, "conditions");
    if list.is_empty() {
        let mend = "say what has to hold, as in `conditions: [\"[STATUS] == 200\"]`";
        document.error(node, "an endpoint without conditions passes whatever it answers", mend);
    }
    let mut read = Vec::new();
    for item in list {
        let Value::String(text) = &item.value else {
            document.error(item, "a condition must be a text", "write it in quotes: \"[STATUS] == 200\"");
            continue;
        };
        match Condition::parse(text) {
            Ok(condition) => read.push(condition),
            Err(why) => document.error(item, why, "the conditions are those of Gatus; see docs/probes.md"),
        }
    }
    read
}

fn target(document: &mut Document<'_>, node: &Node) -> Option<Target> {
    let url = document.required(node, "url");
    if let Some(dns) = document.map(node, "dns") {
        return question(document, dns, &url);
    }
    let at = field(node, "url").unwrap_or(node);
    let (scheme, rest) = url.split_once("://").unwrap_or(("", &url));
    let host_and_port = |document: &mut Document<'_>| {
        let address = rest.trim_end_matches('/');
        let has_port =
            address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !has_port {
            document.error(at, format!("{url:?} names no port"), format!("write it as in {scheme}://host:443"));
        }
        has_port.then(|| address.to_owned())
    };
    Some(match scheme {
        "http" | "https" if !rest.is_empty() => {
            let method = document.text(node, "method").unwrap_or_else(|| "GET".to_owned()).to_ascii_uppercase();
            let headers = document.texts(node, "headers").into_iter().collect();
            let body = document.text(node, "body").unwrap_or_default();
            let client = field(node, "client");
            let follow = !client.is_some_and(|client| document.truth(client, "ignore-redirect"));
            Target::Http { url: url.clone(), method, headers, body, follow }
        }
        "tcp" => Target::Tcp { address: host_and_port(document)? },
        "tls" => Target::Tls { address: host_and_port(document)? },
        "icmp" if !rest.is_empty() => Target::Icmp { host: rest.trim_end_matches('/').to_owned() },
        _ if url.is_empty() => return None,
        _ => {
            let mend = "write http://, https://, tcp://, tls://, icmp://, or a name server with `dns:` below it";
            document.error(at, format!("{url:?} is no address that can be asked here"), mend);
            return None;
        }
    })
}

fn question(document: &mut Document<'_>, node: &Node, server: &str) -> Option<Target> {
    let (name, kind) = (document.required(node, "query-name"), document.required(node, "query-type"));
    if name.is_empty() || kind.is_empty() {
        return None;
    }
    if let Err(why) = dns::question(0, &name, &kind) {
        document.error(node, why, "write `query-name: example.com` and `query-type: A`");
        return None;
    }
    let bare = server.strip_prefix("dns://").unwrap_or(server);
    // An address of six with several colons is one without a port, unless brackets say where it ends.
    let has_port =
        bare.ends_with(|c: char| c.is_ascii_digit()) && (bare.matches(':').count() == 1 || bare.contains("]:"));
    let address = match (has_port, bare.contains(':') && !bare.starts_with('[')) {
        (true, _) => bare.to_owned(),
        (false, true) => format!("[{bare}]:53"),
        (false, false) => format!("{bare}:53"),
    };
    Some(Target::Dns { address, name, kind: kind.to_ascii_uppercase() })
}

fn length(document: &mut Document<'_>, node: &Node, key: &str) -> Option<Duration> {
    let text = document.text(node, key)?;
    let ms = milliseconds(&text).filter(|ms| (1.0..=86_400e3).contains(ms));
    if ms.is_none() {
        let at = field(node, key).unwrap_or(node);
        document.error(at, format!("{text:?} is no length of time of up to a day"), format!("write `{key}: 30s`"));
    }
    ms.map(|ms| Duration::from_secs_f64(ms / 1e3))
}

/// A count of samples: our own field, else that of the first alert.
fn count(document: &mut Document<'_>, node: &Node, key: &str, of_alert: &str) -> Option<u32> {
    let (holder, key) = match (field(node, key), field(node, "alerts")) {
        (Some(_), _) => (node, key),
        (None, Some(Node { value: Value::List(alerts), .. })) => (alerts.first()?, of_alert),
        _ => return None,
    };
    let number = document.number(holder, key)?;
    if number.fract() == 0.0 && (1.0..=1_000.0).contains(&number) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of 1 to 1,000")]
        return Some(number as u32);
    }
    let at = field(holder, key).unwrap_or(holder);
    document.error(at, format!("`{key}` must be a whole number of 1 to 1000"), format!("write `{key}: 3`"));
    None
}
