//! Walks a root and the modules below it, and hands out what was evaluated.

use super::eval::Scope;
use super::load::Folder;
use super::module::Module;
use super::resource::{self, Attributes, Expansion};
use super::{NODES_PER_RESOURCE_MAX, World};
use super::{providers, refactor};
use crate::hcl::{Block as HclBlock, Kind};
use crate::{Block, Dialect, Map, Reading, Reference, Resource};
use mainstay_model::Level;
use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

/// Evaluates a folder as a root.
pub(super) fn root<'w>(
    world: &'w World<'w>,
    folder: &'w Folder<'w>,
    reached: &mut HashSet<String>,
    reading: &mut Reading,
) {
    let module = Module::root(world, folder);
    let first = reading.resources.len();
    walk(&module, reached, reading);
    refactor::imports(&module, reading, first);
}

fn walk<'w>(module: &Rc<Module<'w>>, reached: &mut HashSet<String>, reading: &mut Reading) {
    reached.insert(module.folder.path.clone());
    for block in &module.folder.blocks {
        match &*block.kind {
            "provider" => provider(module, block, reading),
            "module" => call(module, block, reached, reading),
            kind => {
                let data = kind == "data";
                if module.folder.is_shadowed(block) {
                    // Declared twice, which is told: what it says itself is judged all the same.
                    resources(module, block, &Expansion::of(module, block, data), data, reading);
                } else if let Some(Ok(expansion)) = module.expansion(data, &block.labels[0], &block.labels[1]) {
                    resources(module, block, &expansion, data, reading);
                }
            }
        }
    }
    for name in module.folder.locals.keys() {
        // Their faults are to be told though nothing asks for them; an evaluated one costs a look-up.
        let _ = module.local(name);
    }
    refactor::validate(module);
    refactor::moves(module);
}

fn resources<'w>(
    module: &Rc<Module<'w>>,
    block: &'w HclBlock,
    expansion: &Expansion,
    data: bool,
    reading: &mut Reading,
) {
    let defaults = if data { None } else { providers::default_tags(module, block) };
    for instance in &expansion.instances {
        let mut body = map(module.world, &instance.body, block);
        if let Some(defaults) = &defaults {
            providers::add_tags(&mut body, defaults);
        }
        reading.resources.push(Resource {
            dialect: Dialect::Terraform,
            block: if data { Block::Data } else { Block::Resource },
            root: module.root.clone(),
            address: instance.address.to_string(),
            resource_type: block.labels[0].to_string(),
            api_version: String::new(),
            name: block.labels[1].to_string(),
            namespace: None,
            body,
            at: block.at,
            line_end: block.line_end,
            references: distinct(instance.references.take()),
            action: None,
            live_id: None,
        });
    }
}

fn distinct(mut references: Vec<Reference>) -> Vec<Reference> {
    references.sort_unstable();
    references.dedup();
    references
}

/// Attributes as the map that others see, within what is left of the nodes.
fn map(world: &World<'_>, attributes: &Attributes, block: &HclBlock) -> Map {
    let granted = world.nodes_left.get().min(NODES_PER_RESOURCE_MAX);
    let left = Cell::new(granted);
    let mut body = Map::default();
    for (key, item) in attributes {
        body.set(key.clone(), item.val.to_node(item.at, &left));
    }
    world.nodes_left.set(world.nodes_left.get() - (granted - left.get()));
    if left.get() == 0 {
        let help = "a list or map grows without measure; what is missing counts as unknown";
        world.say("terraform.nodes", Level::Error, "the attributes are too large to be read wholly", block.at, help);
    }
    body
}

fn provider<'w>(module: &Rc<Module<'w>>, block: &'w HclBlock, reading: &mut Reading) {
    let mut references = Vec::new();
    let attributes = resource::body(&mut Scope::of(module), &block.body, "", &mut references, None);
    let alias = match block.body.attribute("alias").map(|attribute| &attribute.value.kind) {
        Some(Kind::String(text)) => Some(text.to_string()),
        _ => None,
    };
    let name = &block.labels[0];
    let suffix = alias.as_ref().map_or_else(String::new, |alias| format!(".{alias}"));
    reading.resources.push(Resource {
        dialect: Dialect::Terraform,
        block: Block::Provider,
        root: module.root.clone(),
        address: format!("{}provider.{name}{suffix}", module.address),
        resource_type: name.to_string(),
        api_version: String::new(),
        name: alias.unwrap_or_else(|| "default".to_owned()),
        namespace: None,
        body: map(module.world, &attributes, block),
        at: block.at,
        line_end: block.line_end,
        references: distinct(references),
        action: None,
        live_id: None,
    });
}

fn call<'w>(module: &Rc<Module<'w>>, block: &'w HclBlock, reached: &mut HashSet<String>, reading: &mut Reading) {
    let name = &block.labels[0];
    let Some(Ok(children)) = module.children(name) else { return };
    for (nth, each) in children.each.iter().enumerate() {
        let mut scope = Scope { module: module.clone(), each: each.clone(), names: Vec::new() };
        let mut references = Vec::new();
        let attributes = resource::body(&mut scope, &block.body, "", &mut references, None);
        reading.resources.push(Resource {
            dialect: Dialect::Terraform,
            block: Block::Module,
            root: module.root.clone(),
            address: format!("{}module.{name}{}", module.address, children.keys.index(nth)),
            resource_type: "module".to_owned(),
            api_version: String::new(),
            name: name.to_string(),
            namespace: None,
            body: map(module.world, &attributes, block),
            at: block.at,
            line_end: block.line_end,
            references: distinct(references),
            action: None,
            live_id: None,
        });
    }
    for child in &children.modules {
        walk(child, reached, reading);
    }
}
