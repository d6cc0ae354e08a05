//! Lists the controls of the catalog, so that they are part of the binary. A list of `include_str!` compiles in a
//! fraction of what a procedural macro over a thousand files takes, and cargo sees every change.

#![expect(clippy::disallowed_methods, reason = "a build script reads the tree that it is part of")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let folder = root.join("../../catalog/guard/controls");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut list = String::from("&[\n");
    for path in controls(&folder)? {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let whole = path.display().to_string();
        writeln!(list, "    ({:?}, include_str!({whole:?})),", format!("catalog/guard/controls/{name}"))
            .map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("controls.rs"), list)
}

fn controls(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path.canonicalize()?);
        }
    }
    paths.sort();
    Ok(paths)
}
