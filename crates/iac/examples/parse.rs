//! Reads and parses the Terraform files below a folder and does nothing with them: the limit that a scan of the folder can
//! come near to and never pass. `cargo xtask bench iac` measures it.
//!
//! `cargo run --release -p mainstay-iac --example parse -- FOLDER`
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench reads files and prints")]

use mainstay_iac::{Origin, hcl, text_of};
use std::path::PathBuf;

fn main() {
    let mut open: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut parsed = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|end| end == "tf" || end == "tfvars") {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let shown = path.to_string_lossy();
            parsed.extend(text_of(&bytes, &shown).ok().map(|text| hcl::parse(text, Origin::of(&shown))));
        }
    }
    let items: usize = parsed.iter().map(|file| file.body.items.len()).sum();
    println!("{} files, {items} blocks and arguments", parsed.len());
}
