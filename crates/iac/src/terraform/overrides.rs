//! Override files (`override.tf`, `*_override.tf`): their blocks are merged into those of the folder's other files.
//!
//! The rules are those of Terraform's documentation of override files: an argument takes the place of the same argument;
//! nested blocks of a type take the place of all blocks of that type; `lifecycle` is merged argument by argument; `locals`
//! value by value. A block that overrides nothing is an error there; here it is told, and counts as a block of its own.

use super::load::folder_of;
use crate::SourceFile;
use crate::hcl::{Block, Body, Item, Kind};
use mainstay_model::{Diagnostic, Place};
use std::collections::HashMap;
use std::sync::Arc;

/// Whether a file's blocks override those of others.
pub(super) fn is_override(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or_default();
    name == "override" || name.ends_with("_override")
}

/// What names a block within its folder.
type Key = (String, Arc<str>, Vec<Arc<str>>, Option<Arc<str>>);

/// Merges; what remains of the override files is what had nothing to override.
pub(super) fn merge(bodies: &mut [(usize, Body)], files: &[SourceFile], diagnostics: &mut Vec<Diagnostic>) {
    if !bodies.iter().any(|(index, _)| is_override(&files[*index].path)) {
        return;
    }
    let mut places: HashMap<Key, (usize, usize)> = HashMap::new();
    for (nth, (index, body)) in bodies.iter().enumerate().filter(|(_, (index, _))| !is_override(&files[*index].path)) {
        for (item, block) in blocks(body) {
            places.insert(key(&files[*index].path, block), (nth, item));
        }
    }
    // Terraform takes override files in the order of their names.
    let mut overriding: Vec<usize> = (0..bodies.len()).filter(|nth| is_override(&files[bodies[*nth].0].path)).collect();
    overriding.sort_by_key(|nth| &files[bodies[*nth].0].path);
    for nth in overriding {
        let path = &files[bodies[nth].0].path;
        for item in std::mem::take(&mut bodies[nth].1.items) {
            let found = match &item {
                Item::Block(block) => places.get(&key(path, block)).copied(),
                Item::Attribute(_) => None,
            };
            match (item, found) {
                (Item::Block(block), Some((other, place))) => {
                    if let Some(Item::Block(base)) = bodies[other].1.items.get_mut(place) {
                        merge_block(base, block);
                    }
                }
                (item, _) => {
                    if let Item::Block(block) = &item
                        && overrides_one(block)
                    {
                        let name = format!("{} {}", block.kind, block.labels.join(" "));
                        let summary = format!("`{}` overrides nothing", name.trim_end());
                        let help = "declare the block in a file that is no override file, or correct its name";
                        let place = Place::at(path, block.at.line, block.at.column);
                        diagnostics.push(Diagnostic::warning("terraform.override", summary, place, help));
                    }
                    bodies[nth].1.items.push(item);
                }
            }
        }
    }
}

fn blocks(body: &Body) -> impl Iterator<Item = (usize, &Block)> {
    body.items.iter().enumerate().filter_map(|(nth, item)| match item {
        Item::Block(block) if overrides_one(block) => Some((nth, block)),
        _ => None,
    })
}

/// Kinds of which an override needs the very block; `locals` and `terraform` go together however many there are.
fn overrides_one(block: &Block) -> bool {
    matches!(&*block.kind, "resource" | "data" | "module" | "variable" | "output" | "provider")
}

fn key(path: &str, block: &Block) -> Key {
    let alias = match block.body.attribute("alias").map(|attribute| &attribute.value.kind) {
        Some(Kind::String(text)) if &*block.kind == "provider" => Some(text.clone()),
        _ => None,
    };
    (folder_of(path).to_owned(), block.kind.clone(), block.labels.clone(), alias)
}

/// The type of a nested block, whether it is written or generated.
fn nested_type(block: &Block) -> &str {
    match block.labels.first() {
        Some(label) if &*block.kind == "dynamic" => label,
        _ => &block.kind,
    }
}

fn merge_block(base: &mut Block, over: Block) {
    let replaced: Vec<String> = over
        .body
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Block(block) if &*block.kind != "lifecycle" => Some(nested_type(block).to_owned()),
            _ => None,
        })
        .collect();
    base.body.items.retain(|item| match item {
        Item::Block(block) => !replaced.iter().any(|name| name == nested_type(block)),
        Item::Attribute(_) => true,
    });
    for item in over.body.items {
        match item {
            Item::Attribute(attribute) => {
                let same = base.body.items.iter_mut().find_map(|item| match item {
                    Item::Attribute(known) if known.name == attribute.name => Some(known),
                    _ => None,
                });
                match same {
                    Some(known) => *known = attribute,
                    None => base.body.items.push(Item::Attribute(attribute)),
                }
            }
            Item::Block(block) => {
                let same = base.body.items.iter_mut().find_map(|item| match item {
                    Item::Block(known) if &*known.kind == "lifecycle" && &*block.kind == "lifecycle" => Some(known),
                    _ => None,
                });
                match same {
                    Some(known) => merge_block(known, block),
                    None => base.body.items.push(Item::Block(block)),
                }
            }
        }
    }
}
