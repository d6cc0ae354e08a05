//! Where in a YAML file a place inside of a query is.

use mainstay_iac::{At, Node, Value};
use mainstay_model::{Diagnostic, Place};

/// A YAML text and its path, to say where things are.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    pub(crate) fn place(&self, at: At) -> Place {
        Place::at(self.path, at.line, at.column)
    }

    pub(crate) fn error(&self, code: &str, at: At, summary: impl Into<String>, help: &str) -> Diagnostic {
        Diagnostic::error(code, summary, self.place(at), help)
    }

    /// The place of a byte of a scalar's value. Where the scalar is written in a way that cannot be followed back, it is that
    /// of the scalar.
    pub(crate) fn inside(&self, at: At, value: &str, offset: usize) -> Place {
        let line_index = usize::try_from(at.line).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(at.column).unwrap_or(1).saturating_sub(1);
        let mut lines = self.text.lines().skip(line_index);
        let Some(rest) = lines.next().and_then(|line| line.get(column..)) else { return self.place(at) };
        let before = value.get(..offset).unwrap_or(value);
        if rest.starts_with(['|', '>']) {
            return self.in_block(at, lines, offset);
        }
        // The place of a block may also be that of its first line.
        let line = rest.trim_end();
        if !line.is_empty() && value.len() > line.len() && value.starts_with(line) {
            let above = At { line: at.line.saturating_sub(1), ..at };
            return self.in_block(above, self.text.lines().skip(line_index), offset);
        }
        let quoted = usize::from(rest.starts_with(['"', '\'']));
        let first_line = value.lines().next().unwrap_or_default();
        let same = rest.get(quoted..).is_some_and(|written| written.starts_with(first_line))
            && first_line.len() == value.len();
        if !same {
            return self.place(at);
        }
        let column = column + quoted + before.chars().count() + 1;
        Place::at(self.path, at.line, u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// Lines of a block stand one under the other, each without the indentation of the first.
    fn in_block<'t>(&self, at: At, lines: impl Iterator<Item = &'t str>, offset: usize) -> Place {
        let (mut indent, mut left) = (None, offset);
        for (index, line) in lines.enumerate() {
            let blanks = line.len() - line.trim_start().len();
            if indent.is_none() && line.trim().is_empty() {
                continue;
            }
            let indent = *indent.get_or_insert(blanks);
            let length = line.len().saturating_sub(indent);
            if left <= length {
                let before = line.get(..indent + left).unwrap_or(line);
                let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
                return Place::at(self.path, at.line + number(index) + 1, number(before.chars().count()) + 1);
            }
            left -= length + 1;
        }
        self.place(at)
    }
}

/// A scalar as text, however YAML reads it: `5` and `true` are texts where a text is asked for.
pub(crate) fn text(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_mistake_in_a_block_has_its_own_line_and_column() {
        for (style, expr) in [("|", "sum(foo)\n        + by"), (">", "sum(foo)\n      + by"), ("|-", "1 + by")] {
            let text = format!("groups:\n- name: a\n  rules:\n  - record: x\n    expr: {style}\n      {expr}\n");
            let place = crate::rules::read(&text, "a.yaml").diagnostics.remove(0).place;
            let line = text.lines().position(|line| line.contains("by")).unwrap();
            let column = text.lines().nth(line).unwrap().find("by").unwrap();
            assert_eq!((place.line as usize, place.column as usize), (line + 1, column + 1), "{style}");
        }
    }
}
