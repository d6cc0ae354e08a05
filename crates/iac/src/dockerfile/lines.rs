//! From the text of a Dockerfile to its instructions: parser directives, comments, continued lines and heredocs.

use std::borrow::Cow;

/// One instruction as it is written, continued lines joined.
#[derive(Debug)]
pub(super) struct Written<'t> {
    /// The line on which it begins, from 1.
    pub line: u32,
    /// The last line of it, heredocs included.
    pub line_end: u32,
    /// The column of the keyword, from 1.
    pub column: u32,
    /// The keyword as it is written.
    pub keyword: &'t str,
    /// What follows the keyword.
    pub rest: Cow<'t, str>,
    /// The bodies of the heredocs that it opens, in order.
    pub heredocs: Vec<Heredoc>,
}

/// A text that stands below an instruction.
#[derive(Debug)]
pub(super) struct Heredoc {
    /// The word that ends it, which is the name of the file for `COPY`.
    pub name: String,
    pub body: String,
    /// Whether its end was found.
    pub ended: bool,
}

/// All instructions of a text, and the escape character that its directive sets.
pub(super) fn instructions(text: &str) -> (Vec<Written<'_>>, char) {
    let escape = escape_of(text);
    let mut lines = (1u32..).zip(text.lines()).peekable();
    let mut found = Vec::new();
    while let Some((number, line)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let column = u32::try_from(line.chars().count() - trimmed.chars().count()).unwrap_or(0) + 1;
        let (mut whole, mut last) = (Cow::Borrowed(trimmed.trim_end()), number);
        while let Some(kept) = continued(&whole, escape) {
            let mut joined = kept.to_owned();
            // Comments and empty lines within a continued instruction are passed over.
            let next = loop {
                match lines.next() {
                    Some((number, line)) if line.trim().is_empty() || line.trim_start().starts_with('#') => {
                        last = number
                    }
                    Some((number, line)) => {
                        last = number;
                        break Some(line);
                    }
                    None => break None,
                }
            };
            let Some(next) = next else {
                whole = Cow::Owned(joined);
                break;
            };
            joined.push_str(next.trim_end());
            whole = Cow::Owned(joined);
        }
        let length = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
        let length = if whole.len() < length { whole.len() } else { length };
        let keyword = trimmed[..length].trim_end_matches(escape);
        let rest = match whole {
            Cow::Borrowed(whole) => Cow::Borrowed(whole[keyword.len()..].trim()),
            Cow::Owned(whole) => Cow::Owned(whole[keyword.len()..].trim().to_owned()),
        };
        let mut heredocs = opened(keyword, &rest);
        for heredoc in &mut heredocs {
            for (number, line) in lines.by_ref() {
                last = number;
                let stripped = if heredoc.1 { line.trim_start_matches('\t') } else { line };
                if stripped == heredoc.0.name {
                    heredoc.0.ended = true;
                    break;
                }
                heredoc.0.body.push_str(stripped);
                heredoc.0.body.push('\n');
            }
        }
        let heredocs = heredocs.into_iter().map(|(heredoc, _)| heredoc).collect();
        found.push(Written { line: number, line_end: last, column, keyword, rest, heredocs });
    }
    (found, escape)
}

/// `# escape=` stands before everything else, among other directives.
fn escape_of(text: &str) -> char {
    for line in text.lines() {
        let Some(directive) = line.trim().strip_prefix('#') else { break };
        let Some((name, value)) = directive.split_once('=') else { break };
        match (name.trim().to_ascii_lowercase().as_str(), value.trim()) {
            ("escape", "`") => return '`',
            ("escape", _) => return '\\',
            ("syntax" | "check", _) => {}
            _ => break,
        }
    }
    '\\'
}

/// The line without the escape character that continues it.
fn continued(line: &str, escape: char) -> Option<&str> {
    line.trim_end().strip_suffix(escape)
}

/// The heredocs that an instruction opens, and whether tabs before their lines are taken away.
fn opened(keyword: &str, rest: &str) -> Vec<(Heredoc, bool)> {
    if !["RUN", "COPY", "ADD"].iter().any(|known| keyword.eq_ignore_ascii_case(known)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut quote = None;
    let mut characters = rest.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '<') if rest[at..].starts_with("<<") && !rest[at..].starts_with("<<<") => {
                characters.next();
                let word = &rest[at + 2..];
                let (word, tabs) = word.strip_prefix('-').map_or((word, false), |word| (word, true));
                let word = word.trim_start_matches(['\'', '"']);
                let end = word.find(|c: char| !c.is_ascii_alphanumeric() && !"_.-".contains(c)).unwrap_or(word.len());
                if end > 0 {
                    let name = word[..end].to_owned();
                    found.push((Heredoc { name, body: String::new(), ended: false }, tabs));
                }
            }
            (None, '<') if rest[at..].starts_with("<<<") => {
                characters.next();
                characters.next();
            }
            _ => {}
        }
    }
    found
}
