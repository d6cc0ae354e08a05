//! Labels of series, and what selects them.

use regex::{Regex, RegexBuilder};
use std::fmt;
use std::sync::Arc;

/// The label that holds a metric's name.
pub const NAME: &str = "__name__";
/// How large one compiled expression of a matcher may be.
const REGEX_BYTES_MAX: usize = 4 << 20;

/// The labels of a series, by name in order. A label with an empty value is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// Labels of pairs in any order; of two of a name the later counts.
    #[must_use]
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut builder = Builder::default();
        for (name, value) in pairs {
            builder.set(name, value);
        }
        builder.finish()
    }

    /// The value of a label, empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.binary_search_by(|(other, _)| (**other).cmp(name)).map_or("", |at| &self.0[at].1)
    }

    /// The metric's name, empty where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.get(NAME)
    }

    /// Names and values in order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Names and values to be shared instead of copied.
    pub(crate) fn shared(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that a test of their names lets through.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| keep(name)) {
            return self.clone();
        }
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// Without the metric's name.
    #[must_use]
    pub fn without_name(&self) -> Self {
        self.filter(|name| name != NAME)
    }

    /// With the metric's name among the others: `{__name__="name", label="value"}`.
    #[must_use]
    pub fn in_braces(&self) -> String {
        let parts: Vec<String> = self.iter().map(|(label, value)| format!("{label}={value:?}")).collect();
        format!("{{{}}}", parts.join(", "))
    }

    /// To be changed.
    #[must_use]
    pub fn builder(&self) -> Builder {
        Builder(self.0.to_vec())
    }
}

/// As Prometheus writes a series: `name{label="value", other="value"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        f.write_str(name)?;
        if self.0.len() == usize::from(!name.is_empty()) && !name.is_empty() {
            return Ok(());
        }
        let others = self.iter().filter(|(label, _)| *label != NAME);
        let parts: Vec<String> = others.map(|(label, value)| format!("{label}={value:?}")).collect();
        write!(f, "{{{}}}", parts.join(", "))
    }
}

/// Labels that are being put together.
#[derive(Debug, Clone, Default)]
pub struct Builder(Vec<(Arc<str>, Arc<str>)>);

impl Builder {
    /// Sets a label; an empty value takes it away.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) {
        let (name, value) = (name.into(), value.into());
        let at = self.0.binary_search_by(|(other, _)| other.cmp(&name));
        match at {
            Ok(at) if value.is_empty() => drop(self.0.remove(at)),
            Ok(at) => self.0[at].1 = value,
            Err(_) if value.is_empty() => {}
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// Takes a label away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| &**other != name);
    }

    /// The labels.
    #[must_use]
    pub fn finish(self) -> Labels {
        Labels(self.0.into())
    }
}

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Like,
    /// `!~`
    NotLike,
}

/// A condition on one label.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label.
    pub label: Arc<str>,
    how: Match,
    value: Arc<str>,
    regex: Option<Regex>,
}

impl Matcher {
    /// A condition; the text of an expression must match whole values.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn new(label: &str, how: Match, value: &str) -> Result<Self, String> {
        let regex = match how {
            Match::Equal | Match::NotEqual => None,
            Match::Like | Match::NotLike => Some(whole_regex(value)?),
        };
        Ok(Self { label: label.into(), how, value: value.into(), regex })
    }

    /// `label="value"`
    #[must_use]
    pub fn equal(label: &str, value: &str) -> Self {
        Self { label: label.into(), how: Match::Equal, value: value.into(), regex: None }
    }

    /// Whether a value meets the condition. A missing label has an empty value.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let found = match &self.regex {
            Some(regex) => regex.is_match(value),
            None => *self.value == *value,
        };
        found == matches!(self.how, Match::Equal | Match::Like)
    }

    /// The value that is demanded, where only one is.
    #[must_use]
    pub fn equal_to(&self) -> Option<&str> {
        (self.how == Match::Equal).then_some(&*self.value)
    }

    /// The value or expression as written.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Matcher {
    /// As in a query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.how {
            Match::Equal => "=",
            Match::NotEqual => "!=",
            Match::Like => "=~",
            Match::NotLike => "!~",
        };
        write!(f, "{}{how}{:?}", self.label, self.value)
    }
}

/// An expression that must match a whole text, in the syntax of Go.
///
/// # Errors
/// What is wrong with it.
pub fn whole_regex(pattern: &str) -> Result<Regex, String> {
    compiled(pattern, "^(?s:", ")$")
}

/// As [`whole_regex`], but a dot does not match the end of a line, as in Alertmanager and in Prometheus before 3.0.
///
/// # Errors
/// What is wrong with it.
pub fn whole_line_regex(pattern: &str) -> Result<Regex, String> {
    compiled(pattern, "^(?:", ")$")
}

fn compiled(pattern: &str, before: &str, behind: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!("{before}{}{behind}", from_go(pattern)))
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| format!("error parsing regexp {pattern:?}: {}", reason(&error)))
}

/// The last line of the library's message is the reason; those before it draw the place.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// Go's classes are those of ASCII, and inside of brackets it knows no operations on sets: written so that the library, which
/// differs in both, reads what Go reads.
fn from_go(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    let mut class_start: Option<usize> = None;
    while let Some(c) = chars.next() {
        let in_class = class_start.is_some();
        match c {
            '\\' => match chars.next() {
                Some('d') => out.push_str(if in_class { "0-9" } else { "[0-9]" }),
                Some('w') => out.push_str(if in_class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
                Some('s') => out.push_str(if in_class { "\\t\\n\\f\\r " } else { "[\\t\\n\\f\\r ]" }),
                Some('D') => out.push_str("[^0-9]"),
                Some('W') => out.push_str("[^0-9A-Za-z_]"),
                Some('S') => out.push_str("[^\\t\\n\\f\\r ]"),
                Some('b') if !in_class => out.push_str("(?-u:\\b)"),
                Some('Q') if !in_class => quote(&mut chars, &mut out),
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            },
            '[' if !in_class => {
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                class_start = Some(out.len());
                if chars.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            '[' if chars.peek() != Some(&':') => out.push_str("\\["),
            '[' => {
                // A named class such as [:alpha:] is the same in both.
                out.push('[');
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            ']' if in_class => {
                class_start = None;
                out.push(']');
            }
            '&' | '~' if in_class => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

/// What stands between `\Q` and `\E` is meant as it is written.
fn quote(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek() == Some(&'E') {
            chars.next();
            break;
        }
        text.push(c);
    }
    out.push_str(&regex::escape(&text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_without_empty_values() {
        let labels = Labels::new([("b", "2"), ("a", "1"), ("c", ""), (NAME, "up")]);
        assert_eq!(labels.to_string(), "up{a=\"1\", b=\"2\"}");
        assert_eq!(Labels::new([(NAME, "up")]).to_string(), "up");
        assert_eq!(Labels::default().to_string(), "{}");
        assert_eq!(labels.without_name().get("b"), "2");
    }

    #[test]
    fn expressions_mean_what_they_mean_in_go() {
        for (pattern, text, matches) in [
            (r"\d+", "12", true),
            // Digits of other scripts are none in Go.
            (r"\d+", "١٢", false),
            (r"[\w.]+", "a_b.c", true),
            ("[a&&b]+", "&b", true),
            ("[[a]", "[", true),
            ("[]a]", "]", true),
            ("[[:alpha:]]+", "ab", true),
            (r"\Qa.b\E.", "a.bc", true),
            (r"\Qa.b\E.", "axbc", false),
            ("a.b", "a\nb", true),
            ("a|ab", "ab", true),
            ("", "", true),
        ] {
            assert_eq!(whole_regex(pattern).unwrap().is_match(text), matches, "{pattern} {text}");
        }
        assert!(whole_regex("(").unwrap_err().contains("error parsing regexp \"(\""));
        assert!(whole_regex("((a{1000}){1000}){1000}").is_err());
    }
}
