//! Descriptions of HTTP APIs: OpenAPI 3 and its predecessor Swagger 2, in JSON or YAML.
//!
//! A description gives a resource for itself (`openapi`), and one for each of its parts that is judged by itself, of the
//! type `openapi.PART`. A part is there although the description leaves it out, because leaving it out is what is wrong
//! then. It holds itself and those other parts that its meaning depends on.

use crate::source::{Origin, text_of};
use crate::yaml::{self, Schema};
use crate::{Block, Dialect, Map, Node, Reading, Resource, SourceFile, Value, json};
use std::sync::Arc;

/// The parts of Swagger 2, each with the members that it is judged by.
const SWAGGER: [(&str, &[&str]); 4] = [
    ("paths", &["swagger", "paths", "security", "securityDefinitions", "schemes", "consumes", "produces"]),
    ("schemes", &["swagger", "schemes", "host"]),
    ("security", &["swagger", "security", "securityDefinitions", "schemes", "paths"]),
    ("securityDefinitions", &["swagger", "securityDefinitions"]),
];

/// The parts of OpenAPI 3.
const OPENAPI: [(&str, &[&str]); 3] = [
    ("components", &["openapi", "components", "servers"]),
    ("paths", &["openapi", "paths", "security", "components", "servers"]),
    ("security", &["openapi", "security", "components"]),
];

/// Whether a text says of itself that it is a description, at the beginning of a line.
fn declares(text: &str, json: bool) -> bool {
    let key = |line: &str| {
        let line = if json { line.trim_start_matches(['{', ' ', '\t', '"']) } else { line.trim_start_matches('"') };
        let rest = line.strip_prefix("openapi").or_else(|| line.strip_prefix("swagger"));
        rest.is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with(':'))
    };
    text.lines().any(key)
}

/// Whether a file may be a description, by its name and by what it holds.
pub(crate) fn may_be(file: &SourceFile, path: &str) -> bool {
    let json = path.ends_with(".json");
    (json || path.ends_with(".yaml") || path.ends_with(".yml"))
        && text_of(&file.bytes, &file.path).is_ok_and(|text| declares(text, json))
}

/// Adds the description that a file holds. `shown` is the path by which it is named.
pub(crate) fn read_file(file: &SourceFile, index: u32, shown: &str, reading: &mut Reading) {
    let Ok(text) = text_of(&file.bytes, &file.path) else { return };
    let origin = Origin::nth(&file.path, index);
    let document = if file.path.to_ascii_lowercase().ends_with(".json") {
        match json::parse(text, origin) {
            Ok(document) => Some(document),
            Err(diagnostic) => return reading.diagnostics.push(*diagnostic),
        }
    } else {
        let mut read = yaml::parse(text, origin, Schema::Core);
        reading.diagnostics.append(&mut read.diagnostics);
        read.documents.into_iter().next()
    };
    let Some(Node { value: Value::Map(map), at }) = document else { return };
    let is_text = |key: &str| matches!(map.get(key).map(|node| &node.value), Some(Value::String(_) | Value::Number(_)));
    let parts: &[(&str, &[&str])] = match (is_text("swagger"), is_text("openapi")) {
        (true, _) => &SWAGGER,
        (_, true) => &OPENAPI,
        _ => return,
    };
    let root: Arc<str> = Arc::from(&*file.path);
    let mut add = |resource_type: String, name: String, body: Map, at| {
        reading.resources.push(Resource {
            dialect: Dialect::OpenApi,
            block: Block::Resource,
            root: root.clone(),
            address: name.clone(),
            resource_type,
            api_version: String::new(),
            name,
            namespace: None,
            body,
            at,
            line_end: at.line,
            references: Vec::new(),
            action: None,
            live_id: None,
        });
    };
    for (part, members) in parts {
        let mut body = Map::default();
        for member in *members {
            if let Some(node) = map.get(member) {
                body.set((*member).to_owned(), node.clone());
            }
        }
        let place = map.get(part).map_or(at, |node| node.at);
        add(format!("openapi.{part}"), (*part).to_owned(), body, place);
    }
    add("openapi".to_owned(), format!("/{shown}"), map, at);
}

#[cfg(test)]
mod tests {
    use crate::terraform::Options;
    use crate::{SourceFile, read};

    fn types(path: &str, text: &str) -> Vec<(String, String)> {
        let files = [SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }];
        let reading = read(&files, &Options { folder: Some(String::new()), ..Options::default() });
        let mut found: Vec<_> = reading.resources.into_iter().map(|one| (one.resource_type, one.name)).collect();
        found.sort();
        found
    }

    #[test]
    fn a_description_gives_itself_and_its_parts() {
        let found = types("api/v1.yaml", "swagger: \"2.0\"\npaths:\n  /:\n    get: {}\n");
        let names: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
        let all = ["openapi", "openapi.paths", "openapi.schemes", "openapi.security", "openapi.securityDefinitions"];
        assert_eq!(names, all);
        assert_eq!(found[0].1, "/api/v1.yaml");
        let found = types("v3.json", r#"{"openapi": "3.1.0", "paths": {}}"#);
        assert_eq!(found[1], ("openapi.components".to_owned(), "components".to_owned()));
    }

    #[test]
    fn what_only_speaks_of_one_is_none() {
        assert_eq!(types("a.yaml", "text: see openapi 3.1\n"), []);
        assert_eq!(types("a.json", r#"{"openapi": {"url": "x"}}"#), []);
    }

    #[test]
    fn a_broken_description_is_reported() {
        for (path, text) in [("a.yaml", "openapi: 3.0.0\npaths: {\n"), ("a.json", "{\n  \"swagger\": \"2.0\",\n")] {
            let files = [SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }];
            assert_eq!(read(&files, &Options::default()).diagnostics.len(), 1, "{path}");
        }
    }
}
