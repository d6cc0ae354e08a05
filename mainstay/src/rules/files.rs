//! Finding and reading the files that were named.

use crate::Context;
use mainstay_model::{Diagnostic, Place};
use mainstay_outside::FILE_BYTES_MAX;
use mainstay_promql::rules::{self, Group};
use std::path::{Path, PathBuf};

/// The code of a file that could not be read.
pub const UNREADABLE: &str = "rules.unreadable";

/// Rules files that were read.
#[derive(Default)]
pub struct Loaded {
    /// Their groups.
    pub groups: Vec<Group>,
    /// What is wrong with them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Reads a rules file; gives how many groups and rules it has.
    pub fn rules(&mut self, context: &Context, path: &Path) -> (usize, usize) {
        let Some(text) = text(context, path, &mut self.diagnostics) else { return (0, 0) };
        let read = rules::read(&text, &path.to_string_lossy());
        self.diagnostics.extend(read.diagnostics);
        let counts = (read.groups.len(), read.groups.iter().map(|group| group.rules.len()).sum());
        self.groups.extend(read.groups);
        counts
    }
}

/// The text of a file.
pub fn text(context: &Context, path: &Path, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let bytes = match context.outside.read(path, FILE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) => {
            let place = Place::file(path.to_string_lossy());
            diagnostics.push(Diagnostic::error(
                UNREADABLE,
                error.to_string(),
                place,
                "check the path and its permissions",
            ));
            return None;
        }
    };
    match mainstay_iac::text_of(&bytes, &path.to_string_lossy()) {
        Ok(text) => Some(text.to_owned()),
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            None
        }
    }
}

/// The files of paths, of which the last part may have `*`; a folder stands for the YAML files directly in it.
pub fn matching(context: &Context, paths: &[PathBuf], diagnostics: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_folder = mainstay_outside::files::is_folder(path);
        if !is_folder && !name.contains('*') {
            found.push(path.clone());
            continue;
        }
        let folder = if is_folder { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        let root = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        match context.outside.walk(root) {
            Ok(walk) => {
                let direct = walk.files.into_iter().filter(|file| file.parent() == Some(root));
                let wanted = |file: &PathBuf| {
                    let file = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                    if is_folder { file.ends_with(".yaml") || file.ends_with(".yml") } else { fits(&name, &file) }
                };
                found.extend(direct.filter(wanted));
            }
            Err(error) => {
                let place = Place::file(root.to_string_lossy());
                diagnostics.push(Diagnostic::error(
                    UNREADABLE,
                    error.to_string(),
                    place,
                    "check the path and its permissions",
                ));
            }
        }
    }
    found
}

/// Whether a name fits a pattern, in which `*` is any text.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, name, is) in [
            ("*.yaml", "a.yaml", true),
            ("*.yaml", "a.yml", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "ac", false),
            ("a.yaml", "a.yaml", true),
            ("a.yaml", "a.yaml2", false),
            ("*", "x", true),
        ] {
            assert_eq!(fits(pattern, name), is, "{pattern} {name}");
        }
    }
}
