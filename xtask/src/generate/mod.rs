//! `cargo xtask generate [--check]`: files that follow from others. Every generator is a function from the workspace to
//! texts by path; only this module writes, so that `--check` compares exactly what a run would write.

mod catalog;
mod facts;
pub mod history;

use crate::shell::{Outcome, files, read, root, write};
use serde_json::Value;
use std::collections::BTreeMap;

/// Files to be, by path from the root.
pub type Texts = BTreeMap<String, String>;

/// Folders that belong to a generator: what it does not write there is stale.
const OWNED: &[&str] = &["docs/reference/facts", "examples/estate/history"];

/// Writes all, or with `check` compares; `false` where something differs.
pub fn run(check: bool) -> Outcome<bool> {
    let mut texts = Texts::new();
    catalog::generate(&mut texts)?;
    facts::generate(&mut texts)?;
    history::generate(&mut texts)?;
    let mut differing = Vec::new();
    for (path, text) in &texts {
        if read(&root().join(path)).ok().as_ref() != Some(text) {
            differing.push(format!("{path} is not what would be generated"));
            if !check {
                write(&root().join(path), text)?;
            }
        }
    }
    for folder in OWNED {
        for file in files(&root().join(folder)) {
            let path = file.strip_prefix(root()).unwrap_or(&file).to_string_lossy().into_owned();
            if !texts.contains_key(&path) {
                differing.push(format!("{path} follows from nothing"));
                if !check {
                    std::fs::remove_file(&file).map_err(|e| format!("remove {path}: {e}"))?;
                }
            }
        }
    }
    if check {
        differing.iter().for_each(|line| println!("{line}"));
        return Ok(differing.is_empty());
    }
    println!("{} files, {} changed", texts.len(), differing.len());
    Ok(true)
}

/// The same value with every object's keys in order, whatever order the JSON library was built to keep.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<_, _> = map.into_iter().map(|(key, item)| (key, sorted(item))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain => plain,
    }
}
