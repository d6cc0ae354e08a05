//! One resource as a fact says it: name, tags, owner, environment, references.

use crate::{Options, ReadContext, attributes, subjects};
use mainstay_iac::{Node, Resource, Value};
use mainstay_model::facts::{Aspect, ResourceObserved};
use mainstay_model::{Place, Subject};
use std::collections::BTreeMap;

/// Attributes that hold the name people use, the most telling first.
const NAMES: &[&str] =
    &["name", "bucket", "identifier", "cluster_identifier", "function_name", "display_name", "title"];

/// Folder names that say which environment their resources are of.
const ENVIRONMENTS: &[&str] =
    &["prod", "production", "prd", "live", "staging", "stage", "test", "dev", "development", "qa", "sandbox"];

/// Most references that one resource states; a graph with more is drawn by nobody.
const REFERENCES_MAX: usize = 200;

/// What a resource's attributes, tags and folder say of it.
pub(super) fn observed(
    resource: &Resource,
    aspect: Aspect,
    folder: &str,
    place: Place,
    ctx: &ReadContext,
) -> ResourceObserved {
    let mut tags = tags(resource);
    let Belongs { service, owner, environment } = told(&tags, folder, &ctx.options);
    let named = NAMES.iter().find_map(|key| text(resource, key));
    let tag = |key: &str| tags.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
    let name =
        tag("Name").map(str::to_owned).or_else(|| named.map(str::to_owned)).unwrap_or_else(|| resource.name.clone());
    tags.retain(|_, value| value.len() <= 256);
    let mut kept = attributes::keep(&resource.resource_type, &resource.body);
    for key in ["tags", "tags_all", "labels", "effective_labels", "timeouts"] {
        kept.remove(key);
    }
    ResourceObserved {
        aspect,
        resource_type: resource.resource_type.clone(),
        name,
        address: Some(resource.address.clone()),
        same_as: None,
        environment,
        service,
        owner,
        controlled_by: None,
        managed_by: None,
        provider_default: resource.resource_type.starts_with("aws_default_"),
        tags,
        references: Vec::new(),
        place: Some(place),
        attributes: kept,
        action: None,
    }
}

/// To whom a resource belongs, as far as its tags or labels tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belongs {
    /// The service.
    pub service: Option<Subject>,
    /// The team.
    pub owner: Option<Subject>,
    /// The environment; every name for production is `production`.
    pub environment: Option<String>,
}

/// To whom a resource of a plan or state belongs: its tags, and for the environment the folder of its root.
#[must_use]
pub fn belongs(resource: &Resource, options: &Options) -> Belongs {
    let folder = resource.root.rsplit_once('/').map_or(".", |(folder, _)| folder);
    told(&tags(resource), folder, options)
}

fn told(tags: &BTreeMap<String, String>, folder: &str, options: &Options) -> Belongs {
    let tag = |key: &str| tags.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
    Belongs {
        service: tag(options.service_tag()).map(subjects::service),
        owner: tag(options.team_tag()).or_else(|| tag("owner")).map(subjects::team),
        environment: environment(tags, folder, options),
    }
}

/// References to resources of the same folder; `resolve` gives the subjects of a plain address.
pub(super) fn references(resource: &Resource, resolve: impl Fn(&str) -> Vec<Subject>) -> Vec<Subject> {
    let mut found: Vec<Subject> = resource.references.iter().flat_map(|reference| resolve(&reference.target)).collect();
    found.sort();
    found.dedup();
    found.truncate(REFERENCES_MAX);
    found
}

/// The live thing behind a state or plan entry; `body` holds its attributes as they are.
#[must_use]
pub fn live_subject(resource: &Resource, body: &mainstay_iac::Map) -> Option<Subject> {
    let text = |key: &str| body.get(key).and_then(node_text).filter(|text| !text.is_empty());
    let arn = text("arn").filter(|arn| arn.starts_with("arn:"));
    let id = text("id").or(resource.live_id.as_deref()).unwrap_or_default();
    let id = if resource.resource_type.starts_with("google_") { text("self_link").unwrap_or(id) } else { id };
    let account = text("owner_id").or_else(|| text("account_id")).filter(|id| id.chars().all(|c| c.is_ascii_digit()));
    subjects::live(&resource.resource_type, id, arn, text("region"), account)
}

/// An address without the keys of `count` and `for_each`.
pub(super) fn plain(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    let (mut depth, mut quoted) = (0_u32, false);
    for c in address.chars() {
        match c {
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted && depth > 0 => depth -= 1,
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

fn tags(resource: &Resource) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for key in ["tags_all", "labels", "tags"] {
        tags.extend(attributes::texts(resource.body.get(key)));
    }
    tags
}

fn environment(tags: &BTreeMap<String, String>, folder: &str, options: &Options) -> Option<String> {
    let tagged = ["environment", "env", "Environment", "Env", "stage"].iter().find_map(|key| tags.get(*key));
    let named = tagged.cloned().or_else(|| options.environment.clone());
    let by_folder = || folder.rsplit('/').find(|part| ENVIRONMENTS.contains(&&*part.to_lowercase())).map(str::to_owned);
    named.or_else(by_folder).map(|name| options.environment_of(&name))
}

fn text<'r>(resource: &'r Resource, key: &str) -> Option<&'r str> {
    resource.body.get(key).and_then(node_text).filter(|text| !text.is_empty() && text.len() <= 256)
}

fn node_text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
