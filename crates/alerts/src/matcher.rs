//! Conditions on labels, in the syntax of `matchers:` and of Alertmanager's query fields.

use mainstay_promql::{Labels, whole_line_regex};
use regex::Regex;
use std::cmp::Ordering;
use std::fmt;

/// How a matcher compares, in the order in which Alertmanager sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compare {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Like,
    /// `!~`
    NotLike,
}

impl Compare {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Like => "=~",
            Self::NotLike => "!~",
        }
    }
}

/// A condition on one label. A label that is missing has an empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// How it compares.
    pub compare: Compare,
    /// The value, or the expression that a whole value must match.
    pub value: String,
    regex: Option<Regex>,
}

impl Matcher {
    /// A condition.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn new(name: &str, compare: Compare, value: &str) -> Result<Self, String> {
        let regex = match compare {
            Compare::Equal | Compare::NotEqual => None,
            Compare::Like | Compare::NotLike => Some(whole_line_regex(value)?),
        };
        Ok(Self { name: name.to_owned(), compare, value: value.to_owned(), regex })
    }

    /// Whether the labels meet it.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.holds(labels.get(&self.name))
    }

    /// Whether a value meets it.
    #[must_use]
    pub fn holds(&self, value: &str) -> bool {
        let found = self.regex.as_ref().map_or_else(|| value == self.value, |regex| regex.is_match(value));
        found == matches!(self.compare, Compare::Equal | Compare::Like)
    }

    fn rank(&self) -> (&str, &str, Compare) {
        (&self.name, &self.value, self.compare)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Matcher {}

/// The order in which Alertmanager writes matchers into the key of a group: name, value, and only then the sign.
impl Ord for Matcher {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Matcher {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"");
        write!(f, "{}{}\"{value}\"", self.name, self.compare.as_str())
    }
}

/// Matchers as Alertmanager writes them: `{a="b",c=~"d"}`.
pub(crate) fn shown(matchers: &[Matcher]) -> String {
    let parts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", parts.join(","))
}

/// Reads a list of matchers, with or without braces: `{foo="bar", dings!=bums}`.
///
/// # Errors
/// What is wrong with one of them.
pub fn parse_matchers(text: &str) -> Result<Vec<Matcher>, String> {
    let text = text.strip_prefix('{').unwrap_or(text);
    let text = text.strip_suffix('}').unwrap_or(text);
    let (mut quoted, mut escaped) = (false, false);
    let (mut token, mut tokens) = (String::new(), Vec::new());
    for c in text.chars() {
        match c {
            ',' if !quoted => {
                tokens.push(std::mem::take(&mut token));
                continue;
            }
            // As in Alertmanager, a comma does not end what a backslash before it began.
            ',' => {}
            '"' if escaped => escaped = false,
            '"' => quoted = !quoted,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
        token.push(c);
    }
    if !token.trim().is_empty() {
        tokens.push(token.trim().to_owned());
    }
    tokens.iter().map(|token| parse_matcher(token)).collect()
}

/// Reads one matcher. The value may stand in double quotes, in which `\"`, `\n` and `\\` have their meaning; any other
/// backslash stands for itself.
///
/// # Errors
/// What is wrong with it.
pub fn parse_matcher(text: &str) -> Result<Matcher, String> {
    let malformed = || format!("bad matcher format: {text}");
    let rest = text.trim_start_matches(is_space);
    let is_name = |at: usize, c: char| c.is_ascii_alphabetic() || "_:".contains(c) || at > 0 && c.is_ascii_digit();
    let length = rest.char_indices().find(|(at, c)| !is_name(*at, *c)).map_or(rest.len(), |(at, _)| at);
    let (name, rest) = rest.split_at(length);
    if name.is_empty() {
        return Err(malformed());
    }
    let rest = rest.trim_start_matches(is_space);
    // `=~` comes before `=`, which would leave the tilde to the value.
    let signs = [Compare::Like, Compare::Equal, Compare::NotEqual, Compare::NotLike];
    let found = signs.into_iter().find_map(|sign| Some((sign, rest.strip_prefix(sign.as_str())?)));
    let (compare, value) = found.ok_or_else(malformed)?;
    let value = unescaped(value.trim_matches(is_space))?;
    Matcher::new(name, compare, &value)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

fn unescaped(raw: &str) -> Result<String, String> {
    let stray = || format!("matcher value contains unescaped double quote: {raw}");
    let (body, mut open) = match raw.strip_prefix('"') {
        Some(body) => (body, true),
        None => (raw, false),
    };
    let mut value = String::with_capacity(body.len());
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('"' | '\\'))) => value.push(c),
                Some((_, other)) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            '"' if open && at + 1 == body.len() => open = false,
            '"' => return Err(stray()),
            _ => value.push(c),
        }
    }
    if open { Err(stray()) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_of(text: &str) -> Result<String, String> {
        parse_matchers(text).map(|matchers| shown(&matchers))
    }

    #[test]
    fn lists_are_read_as_alertmanager_documents_them() {
        // The examples of the documentation of `ParseMatchers`, prometheus/alertmanager 0.25, pkg/labels/parse.go.
        assert_eq!(shown_of(r#"{foo = "bar", dings != "bums", }"#).unwrap(), r#"{foo="bar",dings!="bums"}"#);
        assert_eq!(shown_of("foo=bar,dings!=bums").unwrap(), r#"{foo="bar",dings!="bums"}"#);
        let quote = r#"{quote="She said: \"Hi, ladies! That's gender-neutral…\""}"#;
        assert_eq!(shown_of(quote).unwrap(), quote);
        assert_eq!(shown_of(r#"statuscode=~"5..""#).unwrap(), r#"{statuscode=~"5.."}"#);
    }

    #[test]
    fn a_sign_takes_its_tilde_and_a_missing_label_is_empty() {
        let labels = Labels::new([("a", "xyz")]);
        for (text, meets) in [
            ("a=xyz", true),
            ("a=~x.*", true),
            ("a=~y", false),
            ("a!~x.*", false),
            ("a!=x", true),
            ("b=", true),
            ("b!=\"\"", false),
            ("b=~.*", true),
            ("a==xyz", false),
        ] {
            assert_eq!(parse_matcher(text).unwrap().matches(&labels), meets, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "a", "a b", "1a=b", "a-b=c", "a=\"b", "a=b\"", "a=\"b\"c\"", "a=~("] {
            assert!(parse_matcher(text).is_err(), "{text}");
        }
        assert!(parse_matchers("a=b,,c=d").is_err());
        assert!(parse_matchers("").unwrap().is_empty());
    }

    #[test]
    fn a_dot_does_not_match_the_end_of_a_line() {
        let one = Matcher::new("a", Compare::Like, "x.y").unwrap();
        assert!(one.holds("x y") && !one.holds("x\ny"));
    }
}
