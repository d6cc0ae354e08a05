//! Plan JSON (`terraform show -json PLAN`), every format from Terraform 0.12 on, and OpenTofu's.
//!
//! A value that the plan marks as sensitive never leaves this module: it is replaced where it is read, before and after
//! alike. Values of variables and outputs are not read at all.

mod configuration;
mod mask;

use crate::source::{Origin, text_of};
use crate::{At, Block, Dialect, Map, Node, Reading, Reference, Resource, SourceFile, Value, json};
use mainstay_model::{Diagnostic, Place};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use mask::redact_path;
use mask::{mark_sensitive, mark_unknown};

/// The major versions of the format that are read.
pub const FORMAT_MAJOR_MAX: u32 = 1;

/// A plan.
#[derive(Debug, Default)]
pub struct Plan {
    /// What would be done, in the order of the plan; objects that stay as they are have the action `no-op`.
    pub changes: Vec<Change>,
    /// What changed outside Terraform since it last looked.
    pub drift: Vec<Change>,
    /// Who depends on whom according to the state before, by address without index; complete as far as it goes, because
    /// Terraform resolved it itself.
    pub dependencies: HashMap<String, Vec<String>>,
    /// `format_version`
    pub format_version: String,
    /// `terraform_version`, empty where the plan does not say.
    pub terraform_version: String,
    /// Whether planning itself failed; the changes are incomplete then.
    pub errored: bool,
    /// What could not be read, or not wholly.
    pub diagnostics: Vec<Diagnostic>,
}

/// One planned change.
#[derive(Debug, Clone)]
pub struct Change {
    /// The object as it would be; for a deletion as it is.
    pub resource: Resource,
    /// The object as it is; empty for a creation.
    pub before: Map,
    /// Paths of the attributes that force a replacement: `ami`, `rule.0.port`.
    pub replace_paths: Vec<String>,
    /// Whether a replacement creates the new object first.
    pub create_before_destroy: bool,
    /// `action_reason` of the plan.
    pub reason: Option<String>,
    /// The key of an object that was left over when its replacement was made first.
    pub deposed: Option<String>,
    /// The address before a `moved` block.
    pub previous_address: Option<String>,
    /// The id under which the object would be imported.
    pub importing: Option<String>,
}

/// Reads a plan.
#[must_use]
pub fn read_plan(file: &SourceFile) -> Plan {
    match text_of(&file.bytes, &file.path).and_then(|text| json::parse(text, Origin::of(&file.path))) {
        Ok(node) => plan(&node, &file.path),
        Err(diagnostic) => Plan { diagnostics: vec![*diagnostic], ..Plan::default() },
    }
}

/// Adds the planned resources of a document to a reading.
pub(crate) fn read_node(node: &Node, path: &str, reading: &mut Reading) {
    let plan = plan(node, path);
    reading.resources.extend(plan.changes.into_iter().map(|change| change.resource));
    reading.diagnostics.extend(plan.diagnostics);
}

/// Adds the resources of `terraform show -json` without a plan: what is live.
pub(crate) fn read_state_output(node: &Node, path: &str, reading: &mut Reading) {
    let root: Arc<str> = Arc::from(path);
    if let Some(module) = get(node, "values").and_then(|values| get(values, "root_module")) {
        let mut resources = Vec::new();
        module_resources(module, Dialect::State, &root, &mut resources);
        reading.resources.extend(resources);
    }
}

fn plan(node: &Node, path: &str) -> Plan {
    let mut plan = Plan {
        format_version: text(node, "format_version").unwrap_or_default(),
        terraform_version: text(node, "terraform_version").unwrap_or_default(),
        errored: matches!(get(node, "errored").map(|flag| &flag.value), Some(Value::Bool(true))),
        ..Plan::default()
    };
    if get(node, "resource_changes").is_none() && get(node, "planned_values").is_none() {
        plan.diagnostics.push(no_plan(node, path));
        return plan;
    }
    let major = plan.format_version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major > FORMAT_MAJOR_MAX) {
        let summary = format!("the plan has format version `{}`", plan.format_version);
        let help = "formats 0.x and 1.x are known; write the plan with `terraform show -json`";
        plan.diagnostics.push(Diagnostic::warning(
            "plan.format",
            summary,
            Place::at(path, node.at.line, node.at.column),
            help,
        ));
    }
    if plan.errored {
        let help = "mend the errors that `terraform plan` printed, and plan again";
        plan.diagnostics.push(Diagnostic::warning(
            "plan.errored",
            "planning failed, so the plan is incomplete",
            Place::file(path),
            help,
        ));
    }
    let root: Arc<str> = Arc::from(path);
    let references = configuration::references(node);
    match get(node, "resource_changes") {
        Some(changes) => {
            plan.changes = items(changes).iter().filter_map(|entry| change(entry, &root, &references)).collect()
        }
        None => {
            let mut resources = Vec::new();
            if let Some(module) = get(node, "planned_values").and_then(|values| get(values, "root_module")) {
                module_resources(module, Dialect::Plan, &root, &mut resources);
            }
            plan.changes = resources.into_iter().map(unchanged).collect();
        }
    }
    let prior = get(node, "prior_state").and_then(|state| get(state, "values"));
    if let Some(module) = prior.and_then(|values| get(values, "root_module")) {
        dependencies(module, &mut plan.dependencies);
    }
    if let Some(drift) = get(node, "resource_drift") {
        plan.drift = items(drift).iter().filter_map(|entry| change(entry, &root, &references)).collect();
    }
    plan
}

/// Says that a document is no plan. An empty change and no plan at all must not look alike.
fn no_plan(node: &Node, path: &str) -> Diagnostic {
    let place = Place::at(path, node.at.line, node.at.column);
    let (summary, help) = if get(node, "values").is_some() || get(node, "lineage").is_some() {
        (
            "the document is a state and no plan",
            "write the plan with `terraform plan -out FILE` and `terraform show -json FILE`",
        )
    } else {
        ("the document holds no plan", "write the plan with `terraform show -json FILE`")
    };
    Diagnostic::error("plan.none", summary, place, help)
}

fn unchanged(resource: Resource) -> Change {
    Change {
        resource,
        before: Map::default(),
        replace_paths: Vec::new(),
        create_before_destroy: false,
        reason: None,
        deposed: None,
        previous_address: None,
        importing: None,
    }
}

fn change(entry: &Node, root: &Arc<str>, references: &HashMap<String, Vec<Reference>>) -> Option<Change> {
    let change = get(entry, "change")?;
    let actions: Vec<&str> = get(change, "actions").map(items).unwrap_or_default().iter().filter_map(string).collect();
    let action = match actions.as_slice() {
        ["delete", "create"] | ["create", "delete"] | ["forget", "create"] => "replace",
        [one] => one,
        _ => "no-op",
    };
    let address = text(entry, "address")?;
    let sensitive = ["before_sensitive", "after_sensitive"];
    let side = |name: &str| {
        let node = get(change, name).filter(|node| matches!(node.value, Value::Map(_))).cloned();
        // What is sensitive on one side is hidden on the other too.
        node.map(|node| sensitive.iter().filter_map(|mask| get(change, mask)).fold(node, mark_sensitive))
    };
    let before = side("before");
    let after = side("after").map(|node| match get(change, "after_unknown") {
        Some(mask) => mark_unknown(node, mask, &address),
        None => node,
    });
    let live_id = before.as_ref().and_then(live_id);
    let body = after.or_else(|| before.clone());
    let resource = Resource {
        action: Some(action.to_owned()),
        live_id,
        ..resource(entry, Dialect::Plan, body, root, references)?
    };
    Some(Change {
        resource,
        before: before.map(into_map).unwrap_or_default(),
        replace_paths: get(change, "replace_paths").map(items).unwrap_or_default().iter().map(dotted).collect(),
        create_before_destroy: actions == ["create", "delete"],
        reason: text(entry, "action_reason"),
        deposed: text(entry, "deposed"),
        previous_address: text(entry, "previous_address"),
        importing: get(change, "importing").and_then(|importing| text(importing, "id")),
    })
}

/// What a resource of a plan or of printed state is, whatever it holds.
fn resource(
    entry: &Node,
    dialect: Dialect,
    body: Option<Node>,
    root: &Arc<str>,
    references: &HashMap<String, Vec<Reference>>,
) -> Option<Resource> {
    let address = text(entry, "address")?;
    let references = references.get(&configuration::plain(&address)).cloned().unwrap_or_default();
    Some(Resource {
        dialect,
        block: if text(entry, "mode").as_deref() == Some("data") { Block::Data } else { Block::Resource },
        root: root.clone(),
        address,
        resource_type: text(entry, "type")?,
        api_version: String::new(),
        name: text(entry, "name")?,
        namespace: None,
        body: body.map(into_map).unwrap_or_default(),
        at: entry.at,
        line_end: entry.at.line,
        references,
        action: None,
        live_id: None,
    })
}

/// Resources of a module and of the modules below it (`planned_values`, `values`).
fn module_resources(module: &Node, dialect: Dialect, root: &Arc<str>, out: &mut Vec<Resource>) {
    for entry in get(module, "resources").map(items).unwrap_or_default() {
        let body = get(entry, "values").cloned().map(|node| match get(entry, "sensitive_values") {
            Some(mask) => mark_sensitive(node, mask),
            None => node,
        });
        let live_id = if dialect == Dialect::State { body.as_ref().and_then(live_id) } else { None };
        out.extend(
            resource(entry, dialect, body, root, &HashMap::new()).map(|resource| Resource { live_id, ..resource }),
        );
    }
    for child in get(module, "child_modules").map(items).unwrap_or_default() {
        module_resources(child, dialect, root, out);
    }
}

fn dependencies(module: &Node, out: &mut HashMap<String, Vec<String>>) {
    for entry in get(module, "resources").map(items).unwrap_or_default() {
        let targets = get(entry, "depends_on").map(items).unwrap_or_default().iter().filter_map(string);
        let mut targets: Vec<String> = targets.map(configuration::plain).collect();
        if let (Some(address), false) = (text(entry, "address"), targets.is_empty()) {
            let known = out.entry(configuration::plain(&address)).or_default();
            known.append(&mut targets);
            known.sort_unstable();
            known.dedup();
        }
    }
    for child in get(module, "child_modules").map(items).unwrap_or_default() {
        dependencies(child, out);
    }
}

/// An address without the keys of `count` and `for_each`: `module.a["x"].b.c[0]` is `module.a.b.c`.
#[must_use]
pub fn plain_address(address: &str) -> String {
    configuration::plain(address)
}

/// The provider's id of an object: `id`, or what stands for it.
pub(crate) fn live_id(node: &Node) -> Option<String> {
    ["id", "arn", "self_link"].iter().find_map(|key| text(node, key).filter(|id| !id.is_empty()))
}

pub(crate) fn into_map(node: Node) -> Map {
    if let Value::Map(map) = node.value { map } else { Map::default() }
}

pub(crate) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    if let Value::Map(map) = &node.value { map.get(key) } else { None }
}

pub(crate) fn text(node: &Node, key: &str) -> Option<String> {
    get(node, key).and_then(string).map(str::to_owned)
}

fn string(node: &Node) -> Option<&str> {
    if let Value::String(text) = &node.value { Some(text) } else { None }
}

pub(crate) fn items(node: &Node) -> &[Node] {
    if let Value::List(items) = &node.value { items } else { &[] }
}

/// `["rule", 0, "port"]` as `rule.0.port`.
fn dotted(path: &Node) -> String {
    let parts = items(path).iter().map(|part| match &part.value {
        Value::String(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        _ => "*".to_owned(),
    });
    parts.collect::<Vec<_>>().join(".")
}

/// A value that must not be read.
pub(crate) fn secret(at: At) -> Node {
    Node { value: Value::Unknown(crate::Unknown::new("sensitive")), at }
}
