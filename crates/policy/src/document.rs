//! Documents of policies in YAML or JSON.

use mainstay_iac::{Node, Origin, json, yaml};
use mainstay_model::Diagnostic;

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
    let again = yaml::parse(&indented(text), Origin::of(path), yaml::Schema::Kubernetes);
    if again.diagnostics.is_empty() { (again.documents, Vec::new()) } else { (read.documents, read.diagnostics) }
}

/// The text with the lines within double quotes moved to the right; blanks there are folded to one anyway.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quoted = false;
    for line in text.split_inclusive('\n') {
        if quoted {
            out.push_str("        ");
        }
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
    out
}
