//! Texts: in single quotes with `${...}` in them, and of several lines in three quotes.

use super::Parsed;
use super::cursor::Cursor;
use super::expression::expression;
use crate::arm::expr::{Expr, Kind};

/// A text; the cursor stands at its first quote.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    let at = cursor.at();
    if cursor.rest().starts_with("'''") {
        return multi_line(cursor);
    }
    cursor.advance(1);
    let (mut parts, mut known) = (Vec::new(), String::new());
    loop {
        let rest = cursor.rest();
        let Some(next) = rest.find(['\'', '\\', '$', '\n']) else {
            return cursor
                .fault("a text is not closed by a single quote", "close it, or write ''' around several lines");
        };
        known.push_str(&rest[..next]);
        cursor.advance(next);
        let rest = cursor.rest();
        if rest.starts_with('\'') {
            cursor.advance(1);
            break;
        } else if rest.starts_with('\\') {
            known.push(escape(cursor)?);
        } else if rest.starts_with("${") {
            cursor.advance(2);
            if !known.is_empty() {
                parts.push(Expr::text(at, std::mem::take(&mut known)));
            }
            parts.push(expression(cursor)?);
            cursor.lines();
            if !cursor.symbol("}") {
                return cursor.fault("a `}` should close the expression in the text", "write '${expression}'");
            }
        } else if rest.starts_with('$') {
            known.push('$');
            cursor.advance(1);
        } else {
            return cursor
                .fault("a text is not closed by a single quote", "close it, or write ''' around several lines");
        }
    }
    if parts.is_empty() {
        return Ok(Expr::text(at, known));
    }
    if !known.is_empty() {
        parts.push(Expr::text(at, known));
    }
    // A text of one expression is a text all the same.
    if parts.len() == 1 {
        parts.insert(0, Expr::text(at, ""));
    }
    Ok(Expr::new(at, Kind::Text(parts)))
}

fn escape(cursor: &mut Cursor<'_>) -> Parsed<char> {
    cursor.advance(1);
    let next = cursor.peek();
    cursor.advance(next.map_or(0, char::len_utf8));
    Ok(match next {
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some(same @ ('\'' | '\\' | '$')) => same,
        Some('u') => {
            let rest = cursor.rest();
            let digits = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
            let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
            match (digits, code) {
                (Some(digits), Some(code)) => {
                    cursor.advance(digits.len() + 2);
                    code
                }
                _ => return cursor.fault("this is no code of a character", "write it as \\u{1f600}"),
            }
        }
        _ => return cursor.fault("unknown escape", "after a backslash write one of ' \\ $ n r t u{...}"),
    })
}

/// Everything up to three quotes as it stands, without the first line break.
fn multi_line(cursor: &mut Cursor<'_>) -> Parsed<Expr> {
    let at = cursor.at();
    cursor.advance(3);
    let rest = cursor.rest();
    let Some(mut end) = rest.find("'''") else {
        return cursor.fault("a text of several lines is not closed", "close it with '''");
    };
    // Further quotes at the end belong to the text.
    while rest[end + 3..].starts_with('\'') {
        end += 1;
    }
    let text = rest[..end].strip_prefix("\r\n").or_else(|| rest[..end].strip_prefix('\n')).unwrap_or(&rest[..end]);
    cursor.advance(end + 3);
    Ok(Expr::text(at, text))
}
