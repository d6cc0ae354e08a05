//! Words of an instruction: quotes, escapes, and variables that are filled in.

use std::collections::HashMap;

/// How deep the default of a variable may hold variables with defaults.
const DEPTH_MAX: u32 = 8;
/// How many variables a stage takes over from the one that it begins with. Beyond it they are taken for unknown.
const INHERITED_MAX: usize = 256;

/// What the variables hold where an instruction stands. `None` is a variable that only the build knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    environment: HashMap<String, Option<String>>,
    arguments: HashMap<String, Option<String>>,
    /// Whether what is not set here may be set in the image that the stage begins with.
    pub inherits: bool,
}

impl Variables {
    /// No variables, on an image that may set some.
    pub(super) fn inheriting(inherits: bool) -> Self {
        Self { inherits, ..Self::default() }
    }

    pub(super) fn set_environment(&mut self, name: &str, value: Option<String>) {
        self.environment.insert(name.to_owned(), value);
    }

    pub(super) fn set_argument(&mut self, name: &str, value: Option<String>) {
        self.arguments.insert(name.to_owned(), value);
    }

    /// An `ENV` hides an `ARG` of its name.
    pub(super) fn get(&self, name: &str) -> Option<&Option<String>> {
        self.environment.get(name).or_else(|| self.arguments.get(name))
    }

    /// What a stage begins with that is built on this one: its environment, and none of its arguments.
    pub(super) fn handed_on(&self) -> Self {
        if self.environment.len() > INHERITED_MAX {
            return Self { inherits: true, ..Self::default() };
        }
        Self { environment: self.environment.clone(), inherits: self.inherits, ..Self::default() }
    }
}

/// A text with variables filled in, or the name of the variable that nobody knows.
pub(super) type Filled = Result<String, String>;

/// Splits at blanks outside of quotes. The words keep their quotes.
pub(super) fn split(text: &str, escape: char) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut escaped) = (None, None, false);
    for (at, character) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, character) {
            (None | Some('"'), sign) if sign == escape => escaped = true,
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, blank) if blank.is_whitespace() => {
                if let Some(start) = start.take() {
                    words.push(&text[start..at]);
                }
                continue;
            }
            _ => {}
        }
        start.get_or_insert(at);
    }
    words.extend(start.map(|start| &text[start..]));
    words
}

/// Whether a quote is opened and not closed.
pub(super) fn is_open(text: &str, escape: char) -> bool {
    let (mut quote, mut escaped) = (None, false);
    for character in text.chars() {
        match (quote, character) {
            _ if escaped => escaped = false,
            (None | Some('"'), sign) if sign == escape => escaped = true,
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            _ => {}
        }
    }
    quote.is_some()
}

/// A word without quotes and with its variables filled in.
pub(super) fn fill(word: &str, variables: &Variables, escape: char) -> Filled {
    fill_at(word, variables, escape, 0)
}

fn fill_at(word: &str, variables: &Variables, escape: char, depth: u32) -> Filled {
    let mut out = String::with_capacity(word.len());
    let mut at = 0;
    let mut quote = None;
    while let Some(character) = word[at..].chars().next() {
        let next = at + character.len_utf8();
        match (quote, character) {
            (None | Some('"'), sign) if sign == escape => {
                let Some(escaped) = word[next..].chars().next() else { break };
                out.push(escaped);
                at = next + escaped.len_utf8();
                continue;
            }
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None | Some('"'), '$') => {
                at = variable(word, at, variables, (escape, depth), &mut out)?;
                continue;
            }
            _ => out.push(character),
        }
        at = next;
    }
    Ok(out)
}

/// `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+instead}`; gives where the text goes on.
fn variable(
    word: &str,
    at: usize,
    variables: &Variables,
    (escape, depth): (char, u32),
    out: &mut String,
) -> Result<usize, String> {
    let rest = &word[at + 1..];
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let Some(braced) = rest.strip_prefix('{') else {
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if length == 0 {
            out.push('$');
            return Ok(at + 1);
        }
        out.push_str(&value(&rest[..length], variables)?.unwrap_or_default());
        return Ok(at + 1 + length);
    };
    let (inner, end) = match braced.find('}') {
        Some(end) => (&braced[..end], at + 2 + end + 1),
        None => (braced, word.len()),
    };
    let length = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
    let (name, operation) = inner.split_at(length);
    let held = value(name, variables);
    if depth > DEPTH_MAX {
        return Err(name.to_owned());
    }
    let text = match operation.trim_start_matches(':').chars().next() {
        None => held?.unwrap_or_default(),
        // A variable that only the base image could set is taken for not set: that is what a default is for.
        Some('-') => match variables.get(name) {
            Some(None) => return Err(name.to_owned()),
            Some(Some(text)) if !text.is_empty() => text.clone(),
            _ => fill_at(&operation.trim_start_matches(':')[1..], variables, escape, depth + 1)?,
        },
        Some('+') => match held?.filter(|text| !text.is_empty()) {
            Some(_) => fill_at(&operation.trim_start_matches(':')[1..], variables, escape, depth + 1)?,
            None => String::new(),
        },
        // `${NAME#pattern}` and its like are computed by the build.
        Some(_) => return Err(name.to_owned()),
    };
    out.push_str(&text);
    Ok(end)
}

fn value(name: &str, variables: &Variables) -> Result<Option<String>, String> {
    match variables.get(name) {
        Some(Some(text)) => Ok(Some(text.clone())),
        Some(None) => Err(name.to_owned()),
        None if variables.inherits => Err(name.to_owned()),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(word: &str) -> Filled {
        let mut variables = Variables::default();
        variables.set_argument("A", Some("1".to_owned()));
        variables.set_environment("E", Some(String::new()));
        variables.set_argument("U", None);
        fill(word, &variables, '\\')
    }

    #[test]
    fn variables_are_filled_in_outside_of_single_quotes() {
        assert_eq!(filled("x$A-${A}").as_deref(), Ok("x1-1"));
        assert_eq!(filled("'$A' \"$A\" \\$A").as_deref(), Ok("$A 1 $A"));
        assert_eq!(filled("${N:-d$A} ${A:+y} ${E:-e} ${N:+n}").as_deref(), Ok("d1 y e "));
        assert_eq!(filled("a$U"), Err("U".to_owned()));
        assert_eq!(filled("${U:-x}"), Err("U".to_owned()));
    }

    #[test]
    fn words_part_at_blanks_outside_of_quotes() {
        assert_eq!(split("a  'b c' d\\ e", '\\'), ["a", "'b c'", "d\\ e"]);
        assert!(is_open("a 'b", '\\') && !is_open("a \\'b", '\\'));
    }
}
