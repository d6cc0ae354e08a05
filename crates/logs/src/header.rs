//! What stands before the message: time, level, process, thread, component. Known by its form and not by its origin, so
//! that a log of a program that nobody heard of is read like any other. What is not certain stays in the message.

/// How bad a line says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For who looks for a mistake.
    Debug,
    /// As it should be.
    Info,
    /// Something to look at.
    Warning,
    /// Something failed.
    Error,
    /// The program cannot go on.
    Fatal,
}

impl Level {
    /// `debug`, `info`, `warning`, `error`, `fatal`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// The level that a word names, where it names one.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let lower = word.to_ascii_lowercase();
        Some(match lower.as_str() {
            "trace" | "debug" | "fine" | "finer" | "finest" | "verbose" | "dbg" => Self::Debug,
            "info" | "information" | "notice" | "config" | "inf" => Self::Info,
            "warn" | "warning" | "wrn" => Self::Warning,
            "error" | "err" | "severe" | "failure" => Self::Error,
            "fatal" | "critical" | "crit" | "alert" | "emerg" | "emergency" | "panic" => Self::Fatal,
            _ => return None,
        })
    }

    /// The level of one letter, as Android and klog write it.
    fn of_letter(word: &str) -> Option<Self> {
        Some(match word {
            "V" | "D" => Self::Debug,
            "I" => Self::Info,
            "W" => Self::Warning,
            "E" => Self::Error,
            "F" => Self::Fatal,
            _ => return None,
        })
    }
}

/// A line in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header<'a> {
    /// The time as it is written.
    pub time: Option<&'a str>,
    /// How bad the line says it is.
    pub level: Option<Level>,
    /// The program, class or logger that wrote it, without the number of its process.
    pub component: Option<&'a str>,
    /// The rest.
    pub message: &'a str,
}

/// How many words a header has at most.
const WORDS_MAX: usize = 12;

impl<'a> Header<'a> {
    /// Reads a line. Without a time there is no header, and all of the line is message.
    #[must_use]
    pub fn of(line: &'a str) -> Self {
        let line = line.trim_end();
        let mut rest = Rest { text: line.trim_start(), time: None, level: None, component: None, syslog: false };
        rest.priority();
        for _ in 0..WORDS_MAX {
            if !rest.take() {
                break;
            }
        }
        if rest.time.is_none() {
            return Self { message: line, ..Self::default() };
        }
        rest.program();
        Self { time: rest.time, level: rest.level, component: rest.component, message: rest.text }
    }
}

/// What of a line is still to be read, and what was found.
struct Rest<'a> {
    text: &'a str,
    time: Option<&'a str>,
    level: Option<Level>,
    component: Option<&'a str>,
    /// Whether the time is written as syslog writes it: a host and a program follow.
    syslog: bool,
}

impl<'a> Rest<'a> {
    /// `<13>`, with which syslog's lines begin on the wire.
    fn priority(&mut self) {
        if let Some((number, behind)) = self.text.strip_prefix('<').and_then(|text| text.split_once('>'))
            && (1..=3).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit())
        {
            self.text = behind.strip_prefix("1 ").unwrap_or(behind);
        }
    }

    /// Takes one part of the header; `false` where the message begins.
    fn take(&mut self) -> bool {
        if self.time.is_none() {
            return self.take_time();
        }
        let Some((word, behind)) = next_word(self.text) else { return false };
        let bare = word.trim_matches(['[', ']', '(', ')', ',', ':', '|']);
        if self.level.is_none()
            && let Some(level) = Level::of(bare).or_else(|| Level::of_letter(word))
        {
            self.level = Some(level);
            self.text = behind;
            return true;
        }
        let is_number = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit());
        // Numbers of processes and threads stand before the level or between brackets, never at the end of a line.
        if (is_number && !behind.is_empty() && self.component.is_none() && !self.syslog)
            || matches!(word, "-" | "|" | "--" | "---")
        {
            self.text = behind;
            return true;
        }
        if let Some(length) = bracketed(self.text)
            && !self.syslog
            && length < self.text.len()
        {
            self.component = self.component.or(Some(&self.text[1..length - 1]));
            self.text = self.text[length..].trim_start();
            return true;
        }
        false
    }

    /// The time, or a number before it.
    fn take_time(&mut self) -> bool {
        let inner = self.text.strip_prefix('[').unwrap_or(self.text);
        if let Some(length) = time_length(inner) {
            self.time = Some(&inner[..length]);
            self.syslog = inner.as_bytes()[0].is_ascii_alphabetic()
                && !inner.as_bytes()[..length].ends_with(b"]")
                && inner.len() == self.text.len();
            self.text = inner[length..].trim_start_matches([']', ',', ':', ' ', '\t']);
            return true;
        }
        false
    }

    /// The program behind the time: `host program[123]:` of syslog, `Component:`, or a column that ends with two spaces.
    fn program(&mut self) {
        if self.syslog
            && self.level.is_none()
            && let Some((_, behind)) = next_word(self.text)
            && let Some((program, behind)) = named(behind)
        {
            self.component = Some(program);
            self.text = behind;
            return;
        }
        if let Some((program, behind)) = named(self.text) {
            self.component = Some(program);
            self.text = behind;
        } else if let Some((word, behind)) = self.text.split_once("  ")
            && !word.is_empty()
            && !word.contains(' ')
            && self.level.is_some()
        {
            self.component = Some(word);
            self.text = behind.trim_start();
        }
    }
}

/// `program[123]: message`, `a.b.Class: message`.
fn named(text: &str) -> Option<(&str, &str)> {
    let (word, behind) = text.split_once(": ").or_else(|| Some((text.strip_suffix(':')?, "")))?;
    let name = word.split('[').next().unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '$' | '#' | '(' | ')' | '@');
    (!name.is_empty() && name.chars().all(plain) && !word.contains(' ')).then(|| (name, behind.trim_start()))
}

fn next_word(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        return None;
    }
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    Some((&text[..end], text[end..].trim_start()))
}

/// The length of a balanced `[...]` at the start.
fn bracketed(text: &str) -> Option<usize> {
    if !text.starts_with('[') {
        return None;
    }
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        depth += usize::from(byte == b'[');
        depth -= usize::from(byte == b']');
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Forms of times: `9` stands for a digit, `a` for a letter of a month's or day's name, `.` for a fraction of any length,
/// `_` for a digit or a space, `z` for an optional zone.
const TIMES: &[&str] = &[
    "9999-99-99T99:99:99.z",
    "9999-99-99 99:99:99.z",
    "9999/99/99 99:99:99.z",
    "9999-99-99-99.99.99.",
    "9999.99.99 99:99:99.",
    "aaa aaa _9 99:99:99. 9999",
    "aaa _9 9999 99:99:99.",
    "aaa _9 99:99:99.z",
    "99/aaa/9999:99:99:99.z",
    "99-aaa-9999 99:99:99.",
    "99 aaa 9999 99:99:99.",
    "99-99 99:99:99.",
    "99/99/99 99:99:99.",
    "99/99/9999 99:99:99.",
    "[99.99 99:99:99",
    "99.99 99:99:99",
    "99999999-99:99:99.",
    "99999999-9:9:9.",
    "9999999999.",
    "999999 999999",
    "99:99:99.",
];

/// The length of a time at the start of the text.
fn time_length(text: &str) -> Option<usize> {
    TIMES.iter().find_map(|form| matched(form.as_bytes(), text.as_bytes()))
}

fn matched(form: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in form {
        match part {
            b'9' => at += usize::from(text.get(at)?.is_ascii_digit()).checked_sub(1)? + 1,
            b'a' => at += usize::from(text.get(at)?.is_ascii_alphabetic()).checked_sub(1)? + 1,
            b'_' => at += usize::from(text.get(at)?.is_ascii_digit() || text[at] == b' ').checked_sub(1)? + 1,
            b'.' => at += fraction(text.get(at..).unwrap_or_default()),
            b'z' => at += zone(text.get(at..).unwrap_or_default()),
            other => at += usize::from(text.get(at)? == other).checked_sub(1)? + 1,
        }
    }
    // A longer number or word is something else.
    text.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric()).then_some(at)
}

/// `.123`, `,123`, `:123`.
fn fraction(text: &[u8]) -> usize {
    let digits = text.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 && matches!(text[0], b'.' | b',' | b':') { digits + 1 } else { 0 }
}

/// `Z`, `+02:00`, ` +0200`, ` UTC`.
fn zone(text: &[u8]) -> usize {
    let start = usize::from(text.first() == Some(&b' '));
    let behind = &text[start..];
    match behind.first() {
        Some(b'Z') if start == 0 => 1,
        Some(b'+' | b'-') => {
            let length = behind.iter().skip(1).take_while(|byte| byte.is_ascii_digit() || **byte == b':').count();
            if length >= 4 { start + 1 + length } else { 0 }
        }
        Some(b'U') if behind.starts_with(b"UTC") => start + 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, time: &str, level: Option<Level>, component: Option<&str>, message: &str) {
        let expected = Header { time: (!time.is_empty()).then_some(time), level, component, message };
        assert_eq!(Header::of(line), expected, "{line}");
    }

    #[test]
    fn headers_are_known_by_their_form() {
        let (info, error, warning) = (Some(Level::Info), Some(Level::Error), Some(Level::Warning));
        check(
            "2026-11-28T09:12:01.123Z INFO shop.Cart: added 3",
            "2026-11-28T09:12:01.123Z",
            info,
            Some("shop.Cart"),
            "added 3",
        );
        check(
            "2026-11-28 09:12:01,123 - WARN  [main:Disk@42] - disk full",
            "2026-11-28 09:12:01,123",
            warning,
            Some("main:Disk@42"),
            "disk full",
        );
        check(
            "Nov  8 09:12:01 web-1 sshd[411]: Connection closed",
            "Nov  8 09:12:01",
            None,
            Some("sshd"),
            "Connection closed",
        );
        check("<34>Nov 28 09:12:01 web-1 su: denied for ann", "Nov 28 09:12:01", None, Some("su"), "denied for ann");
        check(
            "[Sat Nov 28 09:12:01 2026] [error] child 12 died",
            "Sat Nov 28 09:12:01 2026",
            error,
            None,
            "child 12 died",
        );
        check(
            "11-28 09:12:01.811  1702  2395 E Power: lost lock=3",
            "11-28 09:12:01.811",
            error,
            Some("Power"),
            "lost lock=3",
        );
        check(
            "2026-11-28 09:12:01, Info                  SYS    loaded v6",
            "2026-11-28 09:12:01",
            info,
            Some("SYS"),
            "loaded v6",
        );
    }

    #[test]
    fn a_line_without_a_time_is_all_message() {
        check("ERROR: nothing to do at 10:00", "", None, None, "ERROR: nothing to do at 10:00");
        check("", "", None, None, "");
    }

    #[test]
    fn a_number_that_ends_a_line_is_its_message() {
        check("09:12:01 42", "09:12:01", None, None, "42");
    }
}
