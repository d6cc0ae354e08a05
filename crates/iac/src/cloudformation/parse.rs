//! Text to a tree, with as much of a damaged template as can be trusted.

use crate::source::{Origin, text_of};
use crate::yaml::{self, Schema};
use crate::{Node, SourceFile, json};
use mainstay_model::{Diagnostic, Level};

/// How many damaged resources are cut out of one YAML template before the rest is given up.
const MENDS_MAX: usize = 8;

/// Reads a template. What is damaged is reported and left out; of the rest whole resources are kept.
pub(super) fn parse(file: &SourceFile, index: u32, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let origin = Origin::nth(&file.path, index);
    let text = match text_of(&file.bytes, &file.path) {
        Ok(text) => text,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return None;
        }
    };
    // A `.template` may be either; only JSON begins with a brace.
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        match json::parse(text, origin) {
            Ok(node) => return Some(node),
            Err(diagnostic) => {
                let whole = before_damage(text, &diagnostic);
                diagnostics.push(*diagnostic);
                return whole.and_then(|whole| json::parse(&whole, origin).ok());
            }
        }
    }
    parse_yaml(text, origin, diagnostics)
}

/// The JSON text up to the last section, or entry of a section, that is complete before the damage; closed.
fn before_damage(text: &str, damage: &Diagnostic) -> Option<String> {
    let (mut depth, mut in_text, mut escaped) = (0u32, false, false);
    let (mut line, mut column) = (1u32, 0u32);
    let mut end = None;
    for (offset, c) in text.char_indices() {
        column += 1;
        if (line, column) >= (damage.place.line, damage.place.column) {
            break;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '\n' => (line, column) = (line + 1, 0),
            _ if in_text => {}
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if matches!(depth, 1 | 2) {
                    end = Some((offset + 1, depth));
                }
            }
            _ => {}
        }
    }
    let (end, open) = end?;
    Some(format!("{}{}", &text[..end], if open == 2 { "}}" } else { "}" }))
}

fn parse_yaml(text: &str, origin: Origin<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut read = yaml::parse(text, origin, Schema::CloudFormation);
    let mut mended = None::<String>;
    let mut found = Vec::new();
    for _ in 0..MENDS_MAX {
        let Some(line) = failed_line(&read.diagnostics) else { break };
        let present = mended.as_deref().unwrap_or(text);
        let Some((better, next)) = without_damage(present, origin, line) else { break };
        found.append(&mut read.diagnostics);
        (mended, read) = (Some(better), next);
    }
    found.append(&mut read.diagnostics);
    diagnostics.append(&mut found);
    read.documents.into_iter().next()
}

/// The line of the error that ended the reading of a document.
fn failed_line(diagnostics: &[Diagnostic]) -> Option<u32> {
    let ends = |d: &&Diagnostic| d.level == Level::Error && !matches!(d.code.as_str(), "yaml.key");
    diagnostics.iter().find(ends).map(|d| d.place.line)
}

/// The text with one resource blanked, such that its reading gets beyond the line, and that reading. The damage lies in
/// the resource of the line, or in the one before, which was not closed.
fn without_damage(text: &str, origin: Origin<'_>, line: u32) -> Option<(String, yaml::Documents)> {
    let entries = resource_lines(text);
    let holding = entries.iter().rposition(|(start, _)| *start <= line)?;
    for index in [Some(holding), holding.checked_sub(1)].into_iter().flatten() {
        let (start, end) = entries[index];
        let blanked: String = (1u32..)
            .zip(text.split_inclusive('\n'))
            .map(|(number, content)| if (start..end).contains(&number) { ending(content) } else { content })
            .collect();
        let read = yaml::parse(&blanked, origin, Schema::CloudFormation);
        if failed_line(&read.diagnostics).is_none_or(|failed| failed > line.max(end)) {
            return Some((blanked, read));
        }
    }
    None
}

/// What ends a line; the last one of a file may have no end, and must not get one: it would be a line that is not there.
fn ending(line: &str) -> &str {
    if line.ends_with('\n') { "\n" } else { "" }
}

/// First line of each entry of the section `Resources` in block style, and the line after its last.
fn resource_lines(text: &str) -> Vec<(u32, u32)> {
    let mut entries: Vec<(u32, u32)> = Vec::new();
    let mut indent = None::<usize>;
    let mut within = false;
    let mut last = 0;
    for (number, line) in (1u32..).zip(text.lines()) {
        last = number;
        let depth = line.len() - line.trim_start_matches(' ').len();
        let content = &line[depth..];
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if depth == 0 {
            if within {
                close(&mut entries, number);
            }
            let key = content.trim_end().trim_end_matches(':').trim_matches(['"', '\'']);
            within = key == "Resources";
            continue;
        }
        if within && depth <= *indent.get_or_insert(depth) {
            close(&mut entries, number);
            entries.push((number, u32::MAX));
        }
    }
    if within {
        close(&mut entries, last + 1);
    }
    entries
}

fn close(entries: &mut [(u32, u32)], line: u32) {
    if let Some((_, end)) = entries.last_mut()
        && *end == u32::MAX
    {
        *end = line;
    }
}
