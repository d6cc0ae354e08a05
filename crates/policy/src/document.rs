//! Documents of policies in YAML or JSON.

use mainstay_iac::{Node, Origin, json, yaml};
use mainstay_model::Diagnostic;
use std::collections::HashSet;

/// Reads the documents of a YAML or JSON file.
pub(crate) fn documents(path: &str, text: &str) -> (Vec<Node>, Vec<Diagnostic>) {
    if path.ends_with(".json") {
        return match json::parse(text, Origin::of(path)) {
            Ok(node) => (vec![node], Vec::new()),
            Err(diagnostic) => (Vec::new(), vec![*diagnostic]),
        };
    }
    let read = yaml::parse(text, Origin::of(path), yaml::Schema::Kubernetes);
    if read.diagnostics.is_empty() {
        return (read.documents, read.diagnostics);
    }
    // `kubectl` reads a quoted text though its next line is indented too little; so do we, where that is all that is wrong.
    let (moved_text, moved) = indented(text);
    let mut again = yaml::parse(&moved_text, Origin::of(path), yaml::Schema::Kubernetes);
    if !again.diagnostics.is_empty() {
        return (read.documents, read.diagnostics);
    }
    for document in &mut again.documents {
        document.visit_mut(&mut |node| {
            if moved.contains(&node.at.line) {
                node.at.column = node.at.column.saturating_sub(MOVED_COLUMNS);
            }
        });
    }
    (again.documents, again.diagnostics)
}

/// How far lines within quotes are moved: farther than any text that is indented too little would have to be.
const MOVED: &str = "        ";
const MOVED_COLUMNS: u32 = 8;

/// The text with the lines within double quotes moved to the right, where blanks are folded to one anyway; and which
/// lines, from 1 and as YAML counts them, were moved.
fn indented(text: &str) -> (String, HashSet<u32>) {
    let mut out = String::with_capacity(text.len());
    let mut moved = HashSet::new();
    let mut number = 1_u32;
    let mut quoted = false;
    for line in text.split_inclusive('\n') {
        if quoted {
            out.push_str(MOVED);
            moved.insert(number);
        }
        // A lone carriage return ends a line of YAML too.
        let lone = line.trim_end_matches(['\r', '\n']).matches('\r').count();
        number = number.saturating_add(u32::try_from(lone).unwrap_or(u32::MAX)).saturating_add(1);
        let mut escaped = false;
        let (mut last, mut opens) = (' ', quoted);
        for c in line.chars() {
            match c {
                '"' if opens && !escaped => opens = false,
                // A quote begins a text only where a value may begin.
                '"' if !opens && matches!(last, ' ' | '[' | '{' | ',') => opens = true,
                '#' if !opens && last == ' ' => break,
                _ => {}
            }
            escaped = c == '\\' && !escaped;
            last = c;
        }
        quoted = opens;
        out.push_str(line);
    }
    (out, moved)
}

#[cfg(test)]
mod tests {
    use super::documents;
    use mainstay_iac::Value;

    #[test]
    fn places_behind_a_text_that_is_indented_too_little_are_those_of_the_file() {
        let text = "spec:\n  a: [\"one\n two\", three]\n  b: {c: \"d\n e\"}\n";
        let (read, wrong) = documents("a.yaml", text);
        assert_eq!(wrong, []);
        assert_eq!(read[0].to_json(), serde_json::json!({"spec": {"a": ["one two", "three"], "b": {"c": "d e"}}}));
        let mut places = Vec::new();
        read[0].clone().visit_mut(&mut |node| {
            if let Value::String(text) = &node.value {
                places.push((text.to_string(), node.at.line, node.at.column));
            }
        });
        let expected = [("one two", 2, 7), ("three", 3, 8), ("d e", 4, 10)];
        assert_eq!(places, expected.map(|(text, line, column)| (text.to_owned(), line, column)));
    }
}
