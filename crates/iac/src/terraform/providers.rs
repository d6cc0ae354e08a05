//! Which provider configuration a resource uses, and the tags that it adds to every resource (`default_tags` of AWS).

use super::NODES_PER_RESOURCE_MAX;
use super::eval::Scope;
use super::module::{From, Module};
use crate::hcl::{Block, Expr, Key, Kind};
use crate::{Map, Node, Value};
use std::cell::Cell;
use std::rc::Rc;

/// The only provider that has `default_tags`; its resources state the sum as `tags_all`.
const AWS: &str = "aws";

/// How many modules up a provider configuration is looked for.
const MODULES_MAX: usize = 64;

/// The tags that the provider of a resource adds.
pub(super) fn default_tags<'w>(module: &Rc<Module<'w>>, block: &'w Block) -> Option<Node> {
    if !block.labels[0].starts_with("aws_") {
        return None;
    }
    let name = match block.body.attribute("provider") {
        Some(provider) => source(module, &provider.value),
        None => AWS.to_owned(),
    };
    let (module, provider) = configuration(module.clone(), name)?;
    let tags = provider.body.blocks("default_tags").next()?.body.attribute("tags")?;
    let val = module.evaluated(&mut Scope::of(&module), &tags.value);
    Some(val.to_node(tags.value.at, &Cell::new(NODES_PER_RESOURCE_MAX)))
}

/// The block that configures a provider such as `aws` or `aws.west`, and the module in which it stands.
fn configuration<'w>(mut module: Rc<Module<'w>>, mut name: String) -> Option<(Rc<Module<'w>>, &'w Block)> {
    for _ in 0..MODULES_MAX {
        let (label, alias) = name.split_once('.').map_or((name.as_str(), None), |(label, alias)| (label, Some(alias)));
        if label != AWS {
            return None;
        }
        let own = module
            .folder
            .providers
            .iter()
            .find(|block| block.labels.first().is_some_and(|known| &**known == label) && alias_of(block) == alias);
        if let Some(block) = own {
            return Some((module, block));
        }
        let From::Call { module: parent, block: call, .. } = &module.from else { return None };
        let passed = call.body.attribute("providers").and_then(|providers| passed(parent, &providers.value, &name));
        let parent = parent.clone();
        match passed {
            Some(theirs) => name = theirs,
            // A module inherits the configuration without an alias only.
            None if alias.is_none() => {}
            None => return None,
        }
        module = parent;
    }
    None
}

fn alias_of(block: &Block) -> Option<&str> {
    match &block.body.attribute("alias")?.value.kind {
        Kind::String(text) => Some(text),
        _ => None,
    }
}

/// What `providers = { aws = aws.west }` passes under a name.
fn passed(module: &Module<'_>, providers: &Expr, name: &str) -> Option<String> {
    let Kind::Object(items) = &providers.kind else { return None };
    items.iter().find_map(|(key, value)| {
        let key = match key {
            Key::Name(name, _) => name.to_string(),
            Key::Expr(expr) => source(module, expr),
        };
        (key == name).then(|| source(module, value))
    })
}

fn source(module: &Module<'_>, expr: &Expr) -> String {
    match &expr.kind {
        Kind::String(text) => text.to_string(),
        _ => module.world.source_text(expr.at, expr.start, expr.end),
    }
}

/// States `tags_all`: the provider's tags, and over them the resource's own. Where either is unknown so is what it would
/// have given.
pub(super) fn add_tags(body: &mut Map, defaults: &Node) {
    let all = match (&defaults.value, body.get("tags").map(|node| &node.value)) {
        (_, Some(Value::Unknown(_))) => body.get("tags").cloned(),
        (Value::Map(defaults_map), Some(Value::Map(own))) => {
            let mut all = defaults_map.clone();
            own.iter().for_each(|(key, node)| all.set(key, node.clone()));
            Some(Node { value: Value::Map(all), at: defaults.at })
        }
        _ => Some(defaults.clone()),
    };
    if let (Some(all), None) = (all, body.get("tags_all")) {
        body.set("tags_all", all);
    }
}
