//! Lists the controls of the catalog, so that they are part of the binary. A list of `include_str!` compiles in a
//! fraction of what a procedural macro over a thousand files takes, and cargo sees every change.
//!
//! Beside each text stand its id, types, aliases and the keywords of its `secret` blocks, so that a scan reads only the
//! pages whose types or keywords occur. This is an
//! index and no second format: what is not plainly to be seen here is left out of it and read whole when controls are
//! loaded, and a test compares the index with what the pages say.

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
        let index = match index(&fs::read_to_string(&path)?) {
            Some(Index { id, types, aliases, keywords }) => {
                let keywords: String = keywords.iter().map(|block| format!("&{block:?}, ")).collect();
                format!(
                    "Some(Index {{ id: {id:?}, types: &{types:?}, aliases: &{aliases:?}, keywords: &[{keywords}] }})"
                )
            }
            None => "None".to_owned(),
        };
        let shown = format!("catalog/guard/controls/{name}");
        writeln!(list, "    BuiltIn {{ path: {shown:?}, text: include_str!({whole:?}), index: {index} }},")
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

struct Index {
    id: String,
    types: Vec<String>,
    aliases: Vec<String>,
    /// Those of each `secret` block.
    keywords: Vec<Vec<String>>,
}

/// What the index holds of a page; `None` where some of it is written in a way that only a reader of YAML understands.
fn index(page: &str) -> Option<Index> {
    let front: Vec<&str> = page.strip_prefix("---\n")?.lines().take_while(|line| line.trim_end() != "---").collect();
    let [id] = texts(&front, "id")?.try_into().ok()?;
    let types = texts(&front, "types")?;
    if types.is_empty() {
        return None;
    }
    let aliases = texts(&front, "aliases")?;
    let keywords = page.split("\n```secret\n").skip(1).map(keywords).collect::<Option<_>>()?;
    Some(Index { id, types, aliases, keywords })
}

/// The keywords of the `secret` block that a text begins with, which stand on one line: `keywords: [a, 'b=']`.
fn keywords(block: &str) -> Option<Vec<String>> {
    let list = block.lines().take_while(|line| *line != "```").find_map(|line| line.strip_prefix("keywords: ["))?;
    let word = |written: &str| {
        let written = written.trim();
        let bare = written.strip_prefix('\'').map_or(Some(written), |rest| rest.strip_suffix('\''))?;
        let is_plain = bare.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '\'' | '"' | '\\' | '#' | ','));
        (is_plain && !bare.is_empty()).then(|| bare.to_ascii_lowercase())
    };
    list.strip_suffix(']')?.split(',').map(word).collect()
}

/// The texts of a field: `key: one`, `key: [one, "two"]`, or a line `- one` for each; none where there is no such field.
fn texts(front: &[&str], key: &str) -> Option<Vec<String>> {
    let found = front.iter().zip(1..).find_map(|(line, next)| Some((line.strip_prefix(key)?.strip_prefix(':')?, next)));
    let Some((first, next)) = found else { return Some(Vec::new()) };
    let first = first.trim();
    let more: Vec<&str> =
        front[next..].iter().take_while(|line| line.starts_with([' ', '-', ']'])).map(|line| line.trim()).collect();
    if first.is_empty() {
        return more.iter().map(|line| text(line.strip_prefix("- ")?)).collect();
    }
    let whole = [&[first], more.as_slice()].concat().join(" ");
    match whole.strip_prefix('[') {
        Some(list) => {
            let list = list.strip_suffix(']')?.trim();
            let list = list.strip_suffix(',').unwrap_or(list);
            if list.is_empty() { Some(Vec::new()) } else { list.split(',').map(text).collect() }
        }
        None => Some(vec![text(&whole)?]),
    }
}

/// A text that stands for itself, plain or in double quotes.
fn text(written: &str) -> Option<String> {
    let written = written.trim();
    let bare = written.strip_prefix('"').map_or(Some(written), |rest| rest.strip_suffix('"'))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/') || c == ':' || c == '*';
    let is_text = bare.contains(|c: char| c.is_ascii_alphabetic()) && !bare.ends_with(':') && !bare.starts_with('*');
    let is_word = matches!(bare.to_ascii_lowercase().as_str(), "null" | "true" | "false");
    (bare.chars().all(plain) && is_text && !is_word).then(|| bare.to_owned())
}
