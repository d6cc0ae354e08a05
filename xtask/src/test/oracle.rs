//! Independent second computations: `tests/oracle/*.py` of any crate or duty, Python with its standard library only.
//! Each checks itself and ends with 0 where both agree.

use crate::bench::manifests;
use crate::shell::{Outcome, command, execute, files, mainstay};
use std::path::PathBuf;

fn scripts() -> Vec<PathBuf> {
    let folders = manifests().into_iter().filter_map(|manifest| Some(manifest.parent()?.join("tests/oracle")));
    folders.flat_map(|folder| files(&folder)).filter(|path| is_check(path)).collect()
}

/// A script that runs by itself; a module that others import starts with an underscore.
fn is_check(path: &std::path::Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".py") && !name.starts_with('_')
}

/// Whether there are any.
pub fn any() -> bool {
    !scripts().is_empty()
}

/// Runs all; the program under test is in `MAINSTAY`.
pub fn run() -> Outcome<String> {
    let scripts = scripts();
    let mut failed = Vec::new();
    for script in &scripts {
        if let Err(error) = execute(command("python3").arg(script).env("MAINSTAY", mainstay())) {
            failed.push(error);
        }
    }
    if failed.is_empty() { Ok(format!("{} scripts", scripts.len())) } else { Err(failed.join("\n")) }
}
