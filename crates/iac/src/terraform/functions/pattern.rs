//! Regular expressions of Terraform, which are Go's RE2, as the `regex` crate reads them.
//!
//! The two agree on most. Where they do not, a pattern is written anew: `\d`, `\w`, `\s` and `\b` mean ASCII, `\Q...\E`
//! and octal escapes exist, `[` in a class and a `{` that begins no repetition are literal, and a class has no set
//! operators. What RE2 refuses is refused: repeating a repetition, more than 1,000 of anything, flags that it lacks.

use std::iter::Peekable;
use std::str::Chars;

/// How often a part may be repeated.
const REPEAT_MAX: u32 = 1000;

/// The pattern for the `regex` crate; `None` where RE2 has no such pattern.
pub(super) fn translated(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    // Whether what was written last is a repetition, which cannot be repeated.
    let mut repeated = false;
    while let Some(next) = rest.next() {
        let mut repeats = false;
        match next {
            '\\' => escape(&mut rest, false, &mut out)?,
            '[' => class(&mut rest, &mut out)?,
            '(' if rest.peek() == Some(&'?') => group(&mut rest, &mut out)?,
            '*' | '+' | '?' => {
                repeats = true;
                out.push(next);
            }
            '{' => match bounds(&rest) {
                Some((text, least, most)) => {
                    if least > REPEAT_MAX || most > REPEAT_MAX {
                        return None;
                    }
                    repeats = true;
                    out.push('{');
                    out.push_str(&text);
                    rest.by_ref().take(text.chars().count()).for_each(drop);
                }
                None => out.push_str("\\{"),
            },
            other => out.push(other),
        }
        if repeats {
            if repeated {
                return None;
            }
            if rest.next_if_eq(&'?').is_some() {
                out.push('?');
            }
        }
        repeated = repeats;
    }
    Some(out)
}

/// The text of a repetition up to its `}`, with the least and most of it.
fn bounds(rest: &Peekable<Chars<'_>>) -> Option<(String, u32, u32)> {
    let text: String = rest.clone().take_while(|c| *c != '}').collect();
    let closed = rest.clone().any(|c| c == '}');
    let (least, most) = text.split_once(',').unwrap_or((&text, &text));
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u32>().unwrap_or(u32::MAX))
    };
    let least = number(least)?;
    let most = if most.is_empty() { least } else { number(most)? };
    closed.then(|| (format!("{text}}}"), least, most))
}

/// What follows `(?`: RE2 has the flags `i`, `m`, `s` and `U`, and names.
fn group(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('(');
    let ahead: String = rest.clone().skip(1).take_while(|c| !matches!(c, ')' | ':' | '<')).collect();
    let named = matches!(ahead.as_str(), "P" | "") && rest.clone().nth(1 + ahead.len()) == Some('<');
    (named || ahead.chars().all(|c| matches!(c, 'i' | 'm' | 's' | 'U' | '-'))).then_some(())
}

/// What follows a backslash.
fn escape(rest: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) -> Option<()> {
    let letter = rest.next()?;
    let ascii = match letter {
        'd' | 'D' => "0-9",
        'w' | 'W' => "0-9A-Za-z_",
        's' | 'S' => "\\t\\n\\f\\r ",
        _ => "",
    };
    match letter {
        'd' | 'w' | 's' if in_class => out.push_str(ascii),
        'd' | 'w' | 's' => out.push_str(&format!("[{ascii}]")),
        'D' | 'W' | 'S' => out.push_str(&format!("[^{ascii}]")),
        'b' if !in_class => out.push_str("(?-u:\\b)"),
        'Q' => {
            let text: String = rest.collect();
            let (literal, after) = text.split_once("\\E").unwrap_or((&text, ""));
            out.push_str(&regex::escape(literal));
            // The rest is a pattern of its own; a class cannot begin within quoted text.
            out.push_str(&if in_class { after.to_owned() } else { translated(after)? });
        }
        '0'..='7' => {
            let mut value = letter.to_digit(8)?;
            let mut len = 1;
            while let Some(digit) = rest.peek().and_then(|c| c.to_digit(8)).filter(|_| len < 3) {
                value = value * 8 + digit;
                len += 1;
                rest.next();
            }
            // `\1` would be a reference to a group, which RE2 has not.
            if len == 1 && letter != '0' {
                return None;
            }
            out.push_str(&format!("\\x{{{value:x}}}"));
        }
        'x' | 'p' | 'P' if rest.peek() == Some(&'{') => {
            out.push('\\');
            out.push(letter);
            for c in rest.by_ref() {
                out.push(c);
                if c == '}' {
                    break;
                }
            }
        }
        other => {
            out.push('\\');
            out.push(other);
        }
    }
    Some(())
}

/// A class, from behind its `[` to its `]`.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
    while let Some(next) = rest.next() {
        match next {
            ']' => {
                out.push(']');
                return Some(());
            }
            '\\' => escape(rest, true, out)?,
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                for c in rest.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '[' => out.push_str("\\["),
            '&' | '~' if rest.peek() == Some(&next) => {
                out.push('\\');
                out.push(next);
            }
            other => out.push(other),
        }
    }
    None
}
