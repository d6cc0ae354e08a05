//! A hook for every connector: deliveries over HTTP are read as files are.

mod pagerduty;
mod sns;

use crate::collect::{Collecting, Tally};
use crate::config::{Config, Source};
use mainstay_connectors::{CONNECTORS, Connector, Document, Options, Part, ReadContext, Reading};
use mainstay_kit::{Call, Hook, Manners, Problem};
use mainstay_model::Level;
use mainstay_outside::{FILE_BYTES_MAX, Outside, Secret};
use mainstay_policy::Engine;
use std::path::Path;

/// The hooks, with the settings of the first source of each connector, and one for each named source that has a mapping.
///
/// # Errors
/// A source names a secret or a mapping that cannot be fetched.
pub fn hooks(outside: &Outside, config: &Config, folder: &Path) -> Result<Vec<Hook>, Problem> {
    let first = |name: &str| config.source.iter().find(|source| source.connector == name);
    let mut hooks = Vec::new();
    for connector in CONNECTORS {
        hooks.push(hook(delivery(outside, connector, first(connector.name), folder)?));
    }
    for source in config.source.iter().filter(|source| source.options.mapping.is_some()) {
        let Some(name) = source.name.as_ref().filter(|name| hooks.iter().all(|hook| hook.name != **name)) else {
            continue;
        };
        let Some(connector) = mainstay_connectors::connector(&source.connector) else { continue };
        let named = delivery(outside, connector, Some(source), folder)?;
        hooks.push(Hook { name: name.clone(), ..hook(named) });
    }
    hooks.push(crate::intake::hook(first("alertmanager").map(|source| source.options.clone()).unwrap_or_default()));
    Ok(hooks)
}

/// What deliveries to one hook are read with.
struct Delivery {
    connector: &'static Connector,
    name: Option<String>,
    options: Options,
    secret: Option<Secret>,
    /// The mapping file, for the connector that needs one.
    mapping: Option<Part>,
}

fn delivery(
    outside: &Outside,
    connector: &'static Connector,
    source: Option<&Source>,
    folder: &Path,
) -> Result<Delivery, Problem> {
    let options = source.map(|source| source.options.clone()).unwrap_or_default();
    let secret = options.secret.as_ref().map(|reference| outside.secret(reference)).transpose();
    let secret = secret.map_err(|e| Problem::malformed("hook.secret", e.to_string()))?;
    let mapping = match options.mapping.as_ref().filter(|_| connector.name == "mapping") {
        None => None,
        Some(file) => {
            let bytes = outside.read(folder.join(file), FILE_BYTES_MAX);
            Some(Part::new(file, bytes.map_err(|e| Problem::malformed("hook.mapping", e.to_string()))?))
        }
    };
    Ok(Delivery { connector, name: source.and_then(|source| source.name.clone()), options, secret, mapping })
}

fn hook(of: Delivery) -> Hook {
    let name = of.connector.name.to_owned();
    let plain = |signed: bool, take| Hook { name, signed, take, path: None, tick: None, manners: Manners::default() };
    match of.connector.name {
        "pagerduty" => pagerduty::hook(of),
        "cloudwatch" => sns::hook(of),
        // A secret of another connector does not stand for a token.
        "github" if of.secret.is_some() => {
            plain(true, Box::new(move |call, headers, body| of.take(call, headers, body)))
        }
        _ => plain(false, Box::new(move |call, headers, body| of.take(call, headers, body))),
    }
}

impl Delivery {
    fn take(
        &self,
        call: &Call<'_>,
        headers: std::collections::BTreeMap<String, String>,
        body: Vec<u8>,
    ) -> Result<serde_json::Value, Problem> {
        let reading = self.read(call, headers, body);
        if let Some(wrong) = reading.diagnostics.iter().find(|d| d.code.ends_with(".signature")) {
            return Err(Problem::unauthenticated(wrong.summary.clone()));
        }
        let empty = reading.facts.is_empty() && reading.snapshots.is_empty() && reading.signals.is_empty();
        if let Some(wrong) = reading.diagnostics.iter().find(|d| empty && d.level == Level::Error) {
            return Err(Problem::malformed(&wrong.code, wrong.to_string()));
        }
        let tally = self.append(call, reading)?;
        serde_json::to_value(&tally).map_err(|e| Problem::ours("hook.answer", e.to_string()))
    }

    fn read(&self, call: &Call<'_>, headers: std::collections::BTreeMap<String, String>, body: Vec<u8>) -> Reading {
        let mut context = ReadContext::at(call.now);
        context.source = self.name.clone();
        context.options = self.options.clone();
        context.secret = self.secret.clone();
        context.who = Some(call.principal.id.clone());
        let mut document = Document { headers, ..Document::of(format!("hook/{}", self.connector.name), body) };
        if let Some(mapping) = &self.mapping {
            // A mapping says of which format its data are, or their name does.
            "hook/delivery.json".clone_into(&mut document.parts[0].path);
            document.parts.push(mapping.clone());
        }
        (self.connector.read)(&document, &context)
    }

    fn append(&self, call: &Call<'_>, reading: Reading) -> Result<Tally, Problem> {
        let mut tally = Tally { documents: 1, ..Tally::default() };
        let engine = Engine::default();
        Collecting { call, engine: &engine, progress: &|_| {} }.take(reading, &mut tally)?;
        Ok(tally)
    }
}
