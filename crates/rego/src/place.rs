//! Places of the interpreter as places in the text of the user: it counts four columns for a tab, none for a carriage
//! return and the bytes of a text in quotes, and it sees the text as the rewrite left it, which keeps lines but not columns.

use crate::token::{Kind, tokens};

/// The columns that a tab takes for the interpreter.
const TAB: u32 = 4;

/// Line and column, from 1 and in characters, of what the interpreter tells of `rewritten`.
pub(crate) fn told(original: &str, rewritten: &str, line: u32, column: u32) -> (u32, u32) {
    let nth = |text: &'_ str| -> Option<(usize, usize)> {
        let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        let start = starts.nth(usize::try_from(line.checked_sub(1)?).ok()?)?;
        Some((start, text[start..].find('\n').map_or(text.len(), |length| start + length)))
    };
    let Some((start, end)) = nth(original) else { return end_of(original) };
    let was: Vec<char> = original[start..end].chars().collect();
    let Some((start, end)) = nth(rewritten) else { return (line, counted(was.len())) };
    let now: Vec<char> = rewritten[start..end].chars().collect();
    (line, counted(before(&was, &now, character(rewritten, start, end, column))))
}

/// The place one behind the last character.
fn end_of(text: &str) -> (u32, u32) {
    let last = text.rsplit('\n').next().unwrap_or_default();
    let lines = u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX);
    (lines.saturating_add(1), counted(last.chars().count()))
}

/// A column, from 1, of the character at a position from 0.
fn counted(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)
}

/// Which character of a line, from 0, the interpreter means by a column.
fn character(text: &str, start: usize, end: usize, column: u32) -> usize {
    let quoted: Vec<(usize, usize)> = tokens(text)
        .iter()
        .filter(|token| token.kind == Kind::Text && token.text.starts_with('"') && token.end() > start)
        .map(|token| (token.start, token.end()))
        .collect();
    let mut passed = 1;
    for (count, (at, c)) in text[start..end].char_indices().enumerate() {
        if passed >= column {
            return count;
        }
        passed += match c {
            '\t' => TAB,
            '\r' => 0,
            c if quoted.iter().any(|(from, to)| (*from..*to).contains(&(start + at))) => {
                u32::try_from(c.len_utf8()).unwrap_or(1)
            }
            _ => 1,
        };
    }
    text[start..end].trim_end_matches('\r').chars().count()
}

/// Where a character of a rewritten line stood before: of what was put in, where it was put in.
fn before(was: &[char], now: &[char], at: usize) -> usize {
    let alike = was.iter().zip(now).take_while(|(was, now)| was == now).count();
    if at <= alike {
        return at;
    }
    let most = was.len().min(now.len()) - alike;
    let behind = was.iter().rev().zip(now.iter().rev()).take(most).take_while(|(was, now)| was == now).count();
    if at >= now.len() - behind { at + was.len() - now.len() } else { alike }
}
