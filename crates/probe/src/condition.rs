//! Conditions: `[STATUS] == 200`, `[BODY].status == pat(UP*)`, `[CERTIFICATE_EXPIRATION] > 14d`, with the words, functions
//! and meaning that Gatus gives them (<https://github.com/TwiN/gatus#conditions>). Beyond these: `[CERTIFICATE_STATUS]`, what
//! the certificate's authority says of it in the answer that the server staples to the handshake.

use crate::path::{Step, follow, steps};
use crate::value::{Resolved, matches};
use crate::{Sample, certificate};
use jiff::Timestamp;
use serde_json::Value;

/// Longest part of a value that a sentence repeats.
const SHOWN_CHARS: usize = 60;

/// Something that has to hold of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// As it is written.
    pub text: String,
    left: Operand,
    sign: Sign,
    right: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [(&str, Sign); 6] = [
    ("==", Sign::Equal),
    ("!=", Sign::Unequal),
    ("<=", Sign::LessOrEqual),
    (">=", Sign::MoreOrEqual),
    ("<", Sign::Less),
    (">", Sign::More),
];

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Literal(String),
    Word(Word),
    Body(Vec<Step>),
    Length(Vec<Step>),
    Has(Vec<Step>),
    Pattern(String),
    Any(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Status,
    Took,
    Ip,
    Connected,
    Rcode,
    Expiration,
    Stapled,
}

const WORDS: [(&str, Word); 7] = [
    ("[STATUS]", Word::Status),
    ("[RESPONSE_TIME]", Word::Took),
    ("[IP]", Word::Ip),
    ("[CONNECTED]", Word::Connected),
    ("[DNS_RCODE]", Word::Rcode),
    ("[CERTIFICATE_EXPIRATION]", Word::Expiration),
    ("[CERTIFICATE_STATUS]", Word::Stapled),
];

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// It is none; the sentence says why, and how to mend it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let found = SIGNS.iter().filter_map(|(word, sign)| Some((text.find(&format!(" {word} "))?, *word, *sign)));
        let Some((at, word, sign)) = found.min_by_key(|(at, ..)| *at) else {
            return Err(format!(
                "{text:?} compares nothing; write it as in `[STATUS] == 200`, with spaces around the sign"
            ));
        };
        let (left, right) = (operand(&text[..at])?, operand(&text[at + word.len() + 2..])?);
        let ordered = !matches!(sign, Sign::Equal | Sign::Unequal);
        if ordered && [&left, &right].into_iter().any(|side| matches!(side, Operand::Pattern(_) | Operand::Any(_))) {
            return Err(format!("pat() and any() can be equal or not, and not `{word}`"));
        }
        Ok(Self { text: text.to_owned(), left, sign, right })
    }

    /// Whether it speaks of a certificate.
    #[must_use]
    pub fn needs_certificate(&self) -> bool {
        let needs = |side: &Operand| matches!(side, Operand::Word(Word::Expiration | Word::Stapled));
        needs(&self.left) || needs(&self.right)
    }

    /// `Ok` where it holds; else the condition with the values that it met.
    pub(crate) fn holds(&self, sample: &Sample, body: Option<&Value>, now: Timestamp) -> Result<(), String> {
        let resolve = |side: &Operand| resolve(side, sample, body, now);
        let (left, right) = (resolve(&self.left), resolve(&self.right));
        let holds = match (&self.left, &self.right) {
            (Operand::Pattern(_) | Operand::Any(_), other) => self.is_met(&self.left, &resolve(other)),
            (_, special) => self.is_met(special, &left),
        };
        let met = match holds {
            Some(equal) => Some(equal == (self.sign == Sign::Equal)),
            None => left.as_ref().zip(right.as_ref()).and_then(|(left, right)| self.compared(left, right)),
        };
        if met == Some(true) {
            return Ok(());
        }
        Err(format!("{} {} {}", shown(&self.left, left.as_ref()), self.word(), shown(&self.right, right.as_ref())))
    }

    /// Whether a value is what pat() or any() say; nothing for other operands.
    fn is_met(&self, special: &Operand, value: &Option<Resolved>) -> Option<bool> {
        let is_one = |text: &str| {
            let value = value.as_ref()?;
            Some(match text.strip_prefix("pat(").and_then(|inner| inner.strip_suffix(')')) {
                Some(pattern) => matches(pattern, &value.text),
                None => Resolved::of(text).equals(value),
            })
        };
        match special {
            Operand::Pattern(pattern) => Some(value.as_ref().is_some_and(|value| matches(pattern, &value.text))),
            Operand::Any(texts) => Some(texts.iter().any(|text| is_one(text) == Some(true))),
            _ => None,
        }
    }

    fn compared(&self, left: &Resolved, right: &Resolved) -> Option<bool> {
        let numbers = || left.number.zip(right.number);
        Some(match self.sign {
            Sign::Equal => left.equals(right),
            Sign::Unequal => !left.equals(right),
            Sign::Less => numbers().map(|(a, b)| a < b)?,
            Sign::LessOrEqual => numbers().map(|(a, b)| a <= b)?,
            Sign::More => numbers().map(|(a, b)| a > b)?,
            Sign::MoreOrEqual => numbers().map(|(a, b)| a >= b)?,
        })
    }

    fn word(&self) -> &'static str {
        SIGNS.iter().find(|(_, sign)| *sign == self.sign).map_or("", |(word, _)| word)
    }
}

fn operand(text: &str) -> Result<Operand, String> {
    let text = text.trim();
    let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(inner) = inner("len") {
        return Ok(Operand::Length(of_body(inner)?));
    }
    if let Some(inner) = inner("has") {
        return Ok(Operand::Has(of_body(inner)?));
    }
    if let Some(pattern) = inner("pat") {
        return Ok(Operand::Pattern(pattern.trim().to_owned()));
    }
    if let Some(inner) = inner("any") {
        return Ok(Operand::Any(inner.split(',').map(|text| text.trim().to_owned()).collect()));
    }
    if let Some((_, word)) = WORDS.iter().find(|(name, _)| *name == text) {
        return Ok(Operand::Word(*word));
    }
    if text.starts_with("[BODY]") {
        return Ok(Operand::Body(of_body(text)?));
    }
    let is_word = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    if is_word {
        let known: Vec<&str> = WORDS.iter().map(|(name, _)| *name).chain(["[BODY]"]).collect();
        return Err(format!("{text} is not known here; there are {}", known.join(", ")));
    }
    Ok(Operand::Literal(text.to_owned()))
}

fn of_body(text: &str) -> Result<Vec<Step>, String> {
    let text = text.trim();
    let rest = text.strip_prefix("[BODY]").ok_or_else(|| format!("{text:?} must begin with [BODY]"))?;
    steps(rest)
}

fn resolve(side: &Operand, sample: &Sample, body: Option<&Value>, now: Timestamp) -> Option<Resolved> {
    let of = |steps: &[Step]| body.and_then(|body| follow(body, steps));
    let text = match side {
        Operand::Literal(text) => text.clone(),
        Operand::Word(word) => return of_word(*word, sample, now).map(Resolved::of),
        Operand::Body(steps) if steps.is_empty() => String::from_utf8_lossy(&sample.body).into_owned(),
        Operand::Body(steps) => match of(steps)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        Operand::Length(steps) => match of(steps) {
            Some(Value::Array(items)) => items.len().to_string(),
            Some(Value::Object(entries)) => entries.len().to_string(),
            Some(Value::String(text)) => text.chars().count().to_string(),
            Some(other) => other.to_string().len().to_string(),
            None if steps.is_empty() => String::from_utf8_lossy(&sample.body).chars().count().to_string(),
            None => return None,
        },
        Operand::Has(steps) => of(steps).is_some().to_string(),
        Operand::Pattern(pattern) => pattern.clone(),
        Operand::Any(texts) => texts.join(", "),
    };
    Some(Resolved::of(text))
}

fn of_word(word: Word, sample: &Sample, now: Timestamp) -> Option<String> {
    Some(match word {
        Word::Status => sample.status?.to_string(),
        Word::Took => sample.took.as_millis().to_string(),
        Word::Ip => sample.ip?.to_string(),
        Word::Connected => sample.failure.is_none().to_string(),
        Word::Rcode => sample.rcode.clone()?,
        Word::Expiration => certificate::left_ms(sample.certificate.as_ref()?, now).to_string(),
        Word::Stapled => sample.certificate.as_ref()?.stapled.word().to_owned(),
    })
}

/// An operand with what it was, as in `[STATUS] (503)`.
fn shown(side: &Operand, value: Option<&Resolved>) -> String {
    let name = match side {
        Operand::Literal(text) => return text.clone(),
        Operand::Pattern(text) => return format!("pat({text})"),
        Operand::Any(texts) => return format!("any({})", texts.join(", ")),
        Operand::Word(word) => WORDS.iter().find(|(_, known)| known == word).map_or("", |(name, _)| name).to_owned(),
        Operand::Body(steps) => format!("[BODY]{}", written(steps)),
        Operand::Length(steps) => format!("len([BODY]{})", written(steps)),
        Operand::Has(steps) => format!("has([BODY]{})", written(steps)),
    };
    let Some(value) = value else { return format!("{name} (is not there)") };
    let is_time = matches!(side, Operand::Word(Word::Took | Word::Expiration));
    let text: String = match value.number {
        Some(ms) if is_time => length(ms),
        _ => value.text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect(),
    };
    let cut = if value.text.chars().count() > SHOWN_CHARS { "..." } else { "" };
    format!("{name} ({text}{cut})")
}

fn written(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |text, step| match step {
        Step::Key(key) => text + "." + key,
        Step::At(at) => format!("{text}[{at}]"),
    })
}

/// A length of time in the unit that suits it.
fn length(ms: f64) -> String {
    let (number, unit) = match ms.abs() {
        size if size < 10_000.0 => (ms, "ms"),
        size if size < 2.0 * 86_400e3 => ((ms / 3_600e3 * 10.0).round() / 10.0, "h"),
        _ => ((ms / 86_400e3 * 10.0).round() / 10.0, "d"),
    };
    format!("{number}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn held(text: &str) -> Result<(), String> {
        let sample = Sample {
            status: Some(201),
            took: Duration::from_millis(250),
            body: br#"{"name": "api", "n": 5, "list": ["a", "b"], "long": "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"}"#.to_vec(),
            ..Sample::default()
        };
        let body = serde_json::from_slice(&sample.body).ok();
        Condition::parse(text).unwrap().holds(&sample, body.as_ref(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn conditions_hold_or_say_what_was_met() {
        for text in [
            "[STATUS] == 201",
            "201 == [STATUS]",
            "[STATUS] < 300",
            "[STATUS] != any(500, 503)",
            "[RESPONSE_TIME] <= 250ms",
            "[RESPONSE_TIME] < 1s",
            "[BODY].name == pat(a?i)",
            "[BODY].list[1] == b",
            "len([BODY].list) == 2",
            "len([BODY].name) == 3",
            "has([BODY].missing) == false",
            "[BODY].n >= 5.0",
            "any(pat(a*), x) == [BODY].name",
            "[CONNECTED] == true",
            "[BODY] == pat(*api*)",
        ] {
            assert_eq!(held(text), Ok(()), "{text}");
        }
        for (text, said) in [
            ("[STATUS] == 200", "[STATUS] (201) == 200"),
            ("[RESPONSE_TIME] > 1s", "[RESPONSE_TIME] (250ms) > 1s"),
            ("[BODY].name < 3", "[BODY].name (api) < 3"),
            ("[BODY].missing != x", "[BODY].missing (is not there) != x"),
            ("[CERTIFICATE_EXPIRATION] > 1d", "[CERTIFICATE_EXPIRATION] (is not there) > 1d"),
            ("[BODY].name != pat(a*)", "[BODY].name (api) != pat(a*)"),
            ("len([BODY].list) > 2", "len([BODY].list) (2) > 2"),
        ] {
            assert_eq!(held(text), Err(said.to_owned()), "{text}");
        }
        assert!(held("[BODY].long == z").unwrap_err().starts_with(&format!("[BODY].long ({}...)", "z".repeat(60))));
    }

    #[test]
    fn what_is_no_condition_says_how_to_mend_it() {
        for (text, said) in [
            ("[STATUS]", "compares nothing"),
            ("[STATUS]==200", "spaces around the sign"),
            ("[FOO] == 1", "[FOO] is not known here"),
            ("len([STATUS]) == 1", "must begin with [BODY]"),
            ("[BODY].a[x] == 1", "`x` is no place in a list"),
            ("[BODY].a[0 == 1", "`[` is not closed"),
            ("[BODY]..a == 1", "a name is missing"),
            ("[STATUS] < any(1, 2)", "can be equal or not"),
        ] {
            let why = Condition::parse(text).unwrap_err();
            assert!(why.contains(said), "{text}: {why}");
        }
    }
}
