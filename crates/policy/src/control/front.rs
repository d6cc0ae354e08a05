//! The front matter of a control.

use super::markdown::Page;
use mainstay_iac::{At, Map, Node, Origin, Value, yaml};
use mainstay_model::{Diagnostic, Place, Severity};
use std::sync::Arc;

/// The fields of the front matter.
pub(crate) struct Front {
    pub id: String,
    pub title: String,
    pub severity: Severity,
    pub key: bool,
    pub types: Vec<Arc<str>>,
    pub dialects: Vec<String>,
    pub frameworks: Vec<(String, Vec<String>)>,
    pub aliases: Vec<String>,
}

const FIELDS: [&str; 8] = ["id", "title", "severity", "key", "types", "dialects", "frameworks", "aliases"];

/// The line on which the front matter's text begins.
const FIRST_LINE: u32 = 2;

struct Reader<'r> {
    path: &'r str,
    wrong: &'r mut Vec<Diagnostic>,
}

/// Reads the front matter; what is missing or wrong is reported and stands as something empty.
pub(crate) fn read(page: &Page<'_>, path: &str, wrong: &mut Vec<Diagnostic>) -> Front {
    let text = page.front.as_deref().unwrap_or_default();
    let mut read = yaml::parse(text, Origin { path, file: 0, line: FIRST_LINE }, yaml::Schema::Core);
    wrong.append(&mut read.diagnostics);
    let empty = Map::default();
    let map = match read.documents.first() {
        Some(Node { value: Value::Map(map), .. }) => map,
        _ => &empty,
    };
    let mut reader = Reader { path, wrong };
    for (name, node) in map.iter().filter(|(name, _)| !FIELDS.contains(name)) {
        reader.error(node.at, format!("`{name}` is no field of a control"), format!("use {}", FIELDS.join(", ")));
    }
    let types: Vec<Arc<str>> = reader.list(map, "types").into_iter().map(Arc::from).collect();
    if types.is_empty() {
        reader.missing("types", "types: [aws_s3_bucket]");
    }
    let id = reader.text(map, "id", "id: aws.s3-bucket-public-acl");
    let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    if !id.is_empty() && (!id.contains('.') || !id.chars().all(well_formed)) {
        let at = map.get("id").map_or(At::default(), |node| node.at);
        reader.error(
            at,
            format!("`{id}` is no id"),
            "write a provider, a point and words in lower case with hyphens: aws.s3-bucket-public-acl",
        );
    }
    Front {
        id,
        title: reader.text(map, "title", "title: S3 bucket is not public"),
        severity: reader.severity(map),
        key: reader.truth(map, "key"),
        dialects: reader.dialects(map, &types),
        frameworks: reader.frameworks(map),
        aliases: reader.list(map, "aliases"),
        types,
    }
}

impl Reader<'_> {
    fn error(&mut self, at: At, summary: impl Into<String>, help: impl Into<String>) {
        let place = Place::at(self.path, at.line.max(1), at.column.max(1));
        self.wrong.push(Diagnostic::error("control.front-matter", summary, place, help));
    }

    fn missing(&mut self, name: &str, example: &str) {
        self.error(
            At::default(),
            format!("`{name}` is missing in the front matter"),
            format!("add a line such as `{example}`"),
        );
    }

    fn text(&mut self, map: &Map, name: &str, example: &str) -> String {
        match map.get(name) {
            Some(Node { value: Value::String(text), .. }) if !text.is_empty() => text.to_string(),
            Some(node) => {
                self.error(node.at, format!("`{name}` is not a text"), format!("write it as `{example}`"));
                String::new()
            }
            None => {
                self.missing(name, example);
                String::new()
            }
        }
    }

    fn truth(&mut self, map: &Map, name: &str) -> bool {
        match map.get(name).map(|node| (&node.value, node.at)) {
            Some((Value::Bool(known), _)) => *known,
            Some((_, at)) => {
                self.error(
                    at,
                    format!("`{name}` is neither true nor false"),
                    format!("write `{name}: true` or leave it out"),
                );
                false
            }
            None => false,
        }
    }

    fn severity(&mut self, map: &Map) -> Severity {
        let word = self.text(map, "severity", "severity: high");
        match Severity::ALL.into_iter().find(|severity| severity.as_str() == word) {
            Some(severity) => severity,
            None => {
                if let Some(node) = map.get("severity") {
                    self.error(node.at, format!("`{word}` is no severity"), "use critical, high, medium, low or info");
                }
                Severity::Info
            }
        }
    }

    /// A list of texts; a text alone is a list of one.
    fn list(&mut self, map: &Map, name: &str) -> Vec<String> {
        map.get(name).map(|node| self.texts(name, node)).unwrap_or_default()
    }

    fn texts(&mut self, name: &str, node: &Node) -> Vec<String> {
        match &node.value {
            Value::String(text) => vec![text.to_string()],
            Value::Number(number) => vec![number.to_string()],
            Value::List(items) => items.iter().flat_map(|item| self.texts(name, item)).collect(),
            _ => {
                self.error(
                    node.at,
                    format!("`{name}` holds something that is no text"),
                    format!("write `{name}: [first, second]`"),
                );
                Vec::new()
            }
        }
    }

    fn dialects(&mut self, map: &Map, types: &[Arc<str>]) -> Vec<String> {
        let written = self.list(map, "dialects");
        if !written.is_empty() {
            return written;
        }
        let mut derived: Vec<String> = types.iter().map(|name| dialect_of(name).to_owned()).collect();
        derived.sort_unstable();
        derived.dedup();
        derived
    }

    fn frameworks(&mut self, map: &Map) -> Vec<(String, Vec<String>)> {
        match map.get("frameworks") {
            None => Vec::new(),
            Some(Node { value: Value::Map(frameworks), .. }) => {
                frameworks.iter().map(|(name, node)| (name.to_owned(), self.texts(name, node))).collect()
            }
            Some(node) => {
                self.error(node.at, "`frameworks` is no map", "write a line for each, such as `  nist-800-53: [AC-3]`");
                Vec::new()
            }
        }
    }
}

/// Where types of such a name come from.
fn dialect_of(resource_type: &str) -> &'static str {
    if resource_type == crate::secret::FILE_TYPE {
        "file"
    } else if resource_type.contains("::") {
        "cloudformation"
    } else if resource_type.contains('/') {
        "arm"
    } else if resource_type.starts_with(|c: char| c.is_ascii_uppercase()) {
        "kubernetes"
    } else {
        "terraform"
    }
}
