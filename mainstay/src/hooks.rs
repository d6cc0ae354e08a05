//! A hook for every connector: deliveries over HTTP are read as files are.

use crate::collect::{Collecting, Tally};
use crate::config::Config;
use mainstay_connectors::{CONNECTORS, Connector, Document, Options, ReadContext};
use mainstay_kit::{Hook, Problem};
use mainstay_model::Level;
use mainstay_outside::{Outside, Secret};
use mainstay_policy::Engine;

/// The hooks, with the settings of the first source of each connector.
///
/// # Errors
/// A source names a secret that cannot be fetched.
pub fn hooks(outside: &Outside, config: &Config) -> Result<Vec<Hook>, Problem> {
    let of_connectors = CONNECTORS.iter().map(|connector| {
        let source = config.source.iter().find(|source| source.connector == connector.name);
        let options = source.map(|source| source.options.clone()).unwrap_or_default();
        let secret = options.secret.as_ref().map(|reference| outside.secret(reference)).transpose();
        let secret = secret.map_err(|e| Problem::malformed("hook.secret", e.to_string()))?;
        Ok(hook(connector, source.and_then(|source| source.name.clone()), options, secret))
    });
    let alerts = config.source.iter().find(|source| source.connector == "alertmanager");
    let posted = crate::intake::hook(alerts.map(|source| source.options.clone()).unwrap_or_default());
    of_connectors.chain([Ok(posted)]).collect()
}

fn hook(connector: &'static Connector, name: Option<String>, options: Options, secret: Option<Secret>) -> Hook {
    // Only GitHub's connector checks signatures; a secret of another does not stand for a token.
    let signed = connector.name == "github" && secret.is_some();
    let take = move |call: &mainstay_kit::Call<'_>, headers, body: Vec<u8>| {
        let mut context = ReadContext::at(call.now);
        context.source = name.clone();
        context.options = options.clone();
        context.secret = secret.clone();
        let document = Document { headers, ..Document::of(format!("hook/{}", connector.name), body) };
        let reading = (connector.read)(&document, &context);
        if let Some(wrong) = reading.diagnostics.iter().find(|d| d.code.ends_with(".signature")) {
            return Err(Problem::unauthenticated(wrong.summary.clone()));
        }
        let empty = reading.facts.is_empty() && reading.snapshots.is_empty();
        if let Some(wrong) = reading.diagnostics.iter().find(|d| empty && d.level == Level::Error) {
            return Err(Problem::malformed(&wrong.code, wrong.to_string()));
        }
        let mut tally = Tally { documents: 1, ..Tally::default() };
        let engine = Engine::default();
        Collecting { call, engine: &engine, progress: &|_| {} }.take(reading, &mut tally)?;
        serde_json::to_value(&tally).map_err(|e| Problem::ours("hook.answer", e.to_string()))
    };
    Hook { name: connector.name.to_owned(), signed, take: Box::new(take), path: None, tick: None }
}
