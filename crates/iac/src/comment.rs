//! Comments that speak to scanners: `checkov:skip=`, `tfsec:ignore:`, `trivy:ignore:`, `#nosec`. All others are passed over.
//!
//! A comment is found by the lexer of its format, so that the same words in a string or a heredoc are no comment.

use crate::source::{Origin, text_of};
use crate::{At, SourceFile};
use saphyr_parser::{Event, Parser};
use std::sync::Arc;

/// A comment that speaks to scanners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Where it begins.
    pub at: At,
    /// Its text with the sign that begins it.
    pub text: Arc<str>,
    /// The line that it speaks of: its own where code stands before it, else the next one after it and the comments that
    /// follow at once. `None` where no code follows without a gap.
    pub about: Option<u32>,
}

/// The words that make a comment one for scanners.
const WORDS: [&str; 5] = ["checkov:skip", "bridgecrew:skip", "tfsec:ignore", "trivy:ignore", "nosec"];

/// Most comments that are kept of one file.
const COMMENTS_MAX: usize = 10_000;

/// Whether a text speaks to scanners.
pub(crate) fn is_directive(text: &str) -> bool {
    WORDS.iter().any(|word| text.contains(word))
}

/// The comments of a file that is YAML or a Dockerfile by its name. Files without such a word cost one look at them.
pub(crate) fn of_file(file: &SourceFile, index: u32) -> Vec<Comment> {
    let name = file.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    let is_docker = name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile");
    if !is_yaml && !is_docker {
        return Vec::new();
    }
    // What is wrong with the bytes is said by the reader of the format.
    let Ok(text) = text_of(&file.bytes, &file.path) else { return Vec::new() };
    if !is_directive(text) {
        return Vec::new();
    }
    let origin = Origin::nth(&file.path, index);
    let mut comments = if is_yaml { of_yaml(text, origin) } else { of_dockerfile(text, origin) };
    comments.truncate(COMMENTS_MAX);
    finish(text, origin, &mut comments);
    comments
}

/// `#` begins a comment where it is neither within a scalar nor within a word.
fn of_yaml(text: &str, origin: Origin<'_>) -> Vec<Comment> {
    let mut scalars = Vec::new();
    for event in Parser::new_from_str(text) {
        // Behind an error nobody knows what is a comment; what came before counts.
        let Ok((event, span)) = event else { break };
        if matches!(event, Event::Scalar(..)) {
            scalars.push(((span.start.line(), span.start.col()), (span.end.line(), span.end.col())));
        }
    }
    let within = |line: usize, column: usize| {
        let after = scalars.partition_point(|(start, _)| *start <= (line, column));
        after > 0 && scalars[after - 1].1 > (line, column)
    };
    let mut comments = Vec::new();
    for (line, content) in (1usize..).zip(text.lines()).filter(|(_, content)| is_directive(content)) {
        let mut before = ' ';
        for (column, (offset, character)) in content.char_indices().enumerate() {
            if character == '#' && before.is_whitespace() && !within(line, column) {
                comments.push(comment(origin, line, column, &content[offset..]));
                break;
            }
            before = character;
        }
    }
    comments.retain(|comment| is_directive(&comment.text));
    comments
}

/// A Dockerfile has comments on lines of their own, and none within the heredoc of an instruction.
fn of_dockerfile(text: &str, origin: Origin<'_>) -> Vec<Comment> {
    let mut comments = Vec::new();
    let mut heredocs: Vec<&str> = Vec::new();
    for (line, content) in (1usize..).zip(text.lines()) {
        let trimmed = content.trim();
        if let Some(end) = heredocs.first() {
            if trimmed == *end {
                heredocs.remove(0);
            }
        } else if trimmed.starts_with('#') {
            if is_directive(trimmed) {
                let column = content.chars().take_while(|c| c.is_whitespace()).count();
                comments.push(comment(origin, line, column, trimmed));
            }
        } else {
            heredocs = heredocs_of(trimmed);
        }
    }
    comments
}

/// The words that end the heredocs which a line opens.
fn heredocs_of(line: &str) -> Vec<&str> {
    let opens = |rest: &'_ str| rest.trim_start_matches('-').trim_start_matches(['"', '\'']).len();
    line.match_indices("<<")
        .filter_map(|(at, sign)| {
            let rest = &line[at + sign.len()..];
            let word = &rest[rest.len() - opens(rest)..];
            let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
            (end > 0).then(|| &word[..end])
        })
        .collect()
}

fn comment(origin: Origin<'_>, line: usize, column: usize, text: &str) -> Comment {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Comment { at: origin.at(number(line), number(column + 1)), text: Arc::from(text.trim_end()), about: None }
}

/// Says which line each comment speaks of. The comments are in the order of their lines.
pub(crate) fn finish(text: &str, origin: Origin<'_>, comments: &mut Vec<Comment>) {
    comments.dedup_by_key(|comment| comment.at);
    if comments.is_empty() {
        return;
    }
    let lines: Vec<&str> = text.lines().collect();
    for comment in comments {
        let here = comment.at.line.saturating_sub(origin.line) as usize;
        let is_first = lines.get(here).is_some_and(|line| is_comment(line.trim_start()));
        comment.about = if is_first {
            // A comment of several lines ends on a later one.
            let after = here + comment.text.matches('\n').count() + 1;
            let rest = lines.iter().enumerate().skip(after).find(|(_, line)| !is_comment(line.trim_start()));
            rest.filter(|(_, line)| !line.trim().is_empty() && !matches!(line.trim_end(), "---" | "..."))
                .and_then(|(at, _)| u32::try_from(at).ok())
                .map(|at| at.saturating_add(origin.line))
        } else {
            Some(comment.at.line)
        };
    }
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#') || line.starts_with("//") || line.starts_with("/*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<(u32, Option<u32>)> {
        let file = SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
        of_file(&file, 0).iter().map(|comment| (comment.at.line, comment.about)).collect()
    }

    #[test]
    fn a_comment_of_yaml_is_none_within_a_scalar() {
        let text = "# checkov:skip=A:above\nkind: Pod\ntext: |\n  # checkov:skip=B\nquoted: \"# checkov:skip=C\"\n\
                    plain: a # checkov:skip=D\nword: a#nosec\n# checkov:skip=E\n---\nkind: Pod\n";
        assert_eq!(lines("a.yaml", text), [(1, Some(2)), (6, Some(6)), (8, None)]);
    }

    #[test]
    fn a_comment_of_a_dockerfile_is_none_within_a_heredoc() {
        let text = "FROM a\n# checkov:skip=A\nRUN <<EOF\n# checkov:skip=B\nEOF\nRUN x # checkov:skip=C\n";
        assert_eq!(lines("web/Dockerfile", text), [(2, Some(3))]);
    }
}
