//! The operators of attribute conditions: a value of a resource, the value of the policy, and whether the first is as
//! the second demands.
//!
//! Worked out from Checkov's documentation of custom policies and from what the program itself answers; the comparison
//! with it in `tests/checkov_peer.rs` holds both together.

use super::value::{Val, from_json};
use fancy_regex::Regex;
use std::net::IpAddr;
use std::sync::Arc;

/// What an attribute is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    CidrRangeSubset,
    Contains,
    EndingWith,
    Equals,
    EqualsIgnoreCase,
    Exists,
    GreaterThan,
    GreaterThanOrEqual,
    Intersects,
    IsEmpty,
    IsTrue,
    LengthEquals,
    LengthGreaterThan,
    LengthGreaterThanOrEqual,
    LengthLessThan,
    LengthLessThanOrEqual,
    LessThan,
    LessThanOrEqual,
    NumberOfWordsEquals,
    NumberOfWordsGreaterThan,
    NumberOfWordsGreaterThanOrEqual,
    NumberOfWordsLessThan,
    NumberOfWordsLessThanOrEqual,
    RangeIncludes,
    RegexMatch,
    StartingWith,
    Subset,
    Within,
}

/// Every name that a policy may write, with what it asks and whether the answer is turned round.
pub(super) const OPERATORS: [(&str, Kind, bool); 45] = [
    ("any", Kind::Any, false),
    ("cidr_range_not_subset", Kind::CidrRangeSubset, true),
    ("cidr_range_subset", Kind::CidrRangeSubset, false),
    ("contains", Kind::Contains, false),
    ("ending_with", Kind::EndingWith, false),
    ("equals", Kind::Equals, false),
    ("equals_ignore_case", Kind::EqualsIgnoreCase, false),
    ("exists", Kind::Exists, false),
    ("greater_than", Kind::GreaterThan, false),
    ("greater_than_or_equal", Kind::GreaterThanOrEqual, false),
    ("intersects", Kind::Intersects, false),
    ("is_empty", Kind::IsEmpty, false),
    ("is_false", Kind::IsTrue, true),
    ("is_not_empty", Kind::IsEmpty, true),
    ("is_true", Kind::IsTrue, false),
    ("length_equals", Kind::LengthEquals, false),
    ("length_greater_than", Kind::LengthGreaterThan, false),
    ("length_greater_than_or_equal", Kind::LengthGreaterThanOrEqual, false),
    ("length_less_than", Kind::LengthLessThan, false),
    ("length_less_than_or_equal", Kind::LengthLessThanOrEqual, false),
    ("length_not_equals", Kind::LengthEquals, true),
    ("less_than", Kind::LessThan, false),
    ("less_than_or_equal", Kind::LessThanOrEqual, false),
    ("not_contains", Kind::Contains, true),
    ("not_ending_with", Kind::EndingWith, true),
    ("not_equals", Kind::Equals, true),
    ("not_equals_ignore_case", Kind::EqualsIgnoreCase, true),
    ("not_exists", Kind::Exists, true),
    ("not_intersects", Kind::Intersects, true),
    ("not_regex_match", Kind::RegexMatch, true),
    ("not_starting_with", Kind::StartingWith, true),
    ("not_subset", Kind::Subset, true),
    ("not_within", Kind::Within, true),
    ("number_of_words_equals", Kind::NumberOfWordsEquals, false),
    ("number_of_words_greater_than", Kind::NumberOfWordsGreaterThan, false),
    ("number_of_words_greater_than_or_equal", Kind::NumberOfWordsGreaterThanOrEqual, false),
    ("number_of_words_less_than", Kind::NumberOfWordsLessThan, false),
    ("number_of_words_less_than_or_equal", Kind::NumberOfWordsLessThanOrEqual, false),
    ("number_of_words_not_equals", Kind::NumberOfWordsEquals, true),
    ("range_includes", Kind::RangeIncludes, false),
    ("range_not_includes", Kind::RangeIncludes, true),
    ("regex_match", Kind::RegexMatch, false),
    ("starting_with", Kind::StartingWith, false),
    ("subset", Kind::Subset, false),
    ("within", Kind::Within, false),
];

/// An operator with the value that the policy gives it.
#[derive(Debug)]
pub(super) struct Operator {
    pub name: &'static str,
    pub kind: Kind,
    pub negated: bool,
    pub value: Val,
    regex: Option<Regex>,
}

/// `Err` says why the operator cannot answer for this value.
type Answer = Result<bool, String>;

impl Operator {
    /// The operator of a name; `Err` where there is none, or where it cannot work with the value.
    pub fn of(name: &str, value: Val) -> Result<Self, String> {
        let Some(&(name, kind, negated)) = OPERATORS.iter().find(|(known, ..)| *known == name) else {
            return Err(format!("there is no operator `{name}`"));
        };
        let regex = match kind {
            // A match counts from the start of the text on, not anywhere in it.
            Kind::RegexMatch => Some(
                Regex::new(&format!("\\A(?:{})", value.text()))
                    .map_err(|error| format!("the regular expression cannot be read: {error}"))?,
            ),
            _ => None,
        };
        Ok(Self { name, kind, negated, value, regex })
    }

    /// Whether the question is about the value, and not only about whether there is one.
    pub fn needs_value(&self) -> bool {
        !matches!(self.kind, Kind::Any | Kind::Exists)
    }

    /// Whether every value that a pattern matches must be so, and not only one.
    pub fn is_for_all(&self) -> bool {
        self.kind == Kind::Contains && self.negated
    }

    /// Whether an answer about a value of which a part is unknown stands whatever that part turns out to be.
    pub fn is_decided(&self, found: &Val, held: bool) -> bool {
        let answer = held != self.negated;
        match (found, self.kind) {
            (Val::Unknown(_), _) => false,
            // What was found stays found; what was not may be in the unknown part.
            (_, Kind::Contains | Kind::Intersects | Kind::RangeIncludes) => answer,
            (Val::List(items), Kind::Subset) => {
                let known = items.iter().filter(|item| item.doubt().is_none()).cloned().collect();
                matches!(subset(&Val::List(known), &self.value), Ok(false))
            }
            (
                _,
                Kind::IsEmpty
                | Kind::IsTrue
                | Kind::LengthEquals
                | Kind::LengthGreaterThan
                | Kind::LengthGreaterThanOrEqual
                | Kind::LengthLessThan
                | Kind::LengthLessThanOrEqual,
            ) => true,
            _ => false,
        }
    }

    /// Whether a value is as demanded.
    pub fn holds(&self, found: &Val) -> Answer {
        Ok(self.answer(found)? != self.negated)
    }

    fn answer(&self, found: &Val) -> Answer {
        let value = &self.value;
        Ok(match self.kind {
            Kind::Any => true,
            Kind::Exists => *found != Val::Null,
            Kind::Equals => equal(found, value),
            Kind::EqualsIgnoreCase => found.text().to_lowercase() == value.text().to_lowercase(),
            Kind::Contains => return contains(found, value),
            Kind::StartingWith => match (found, value) {
                (Val::Text(found), Val::Text(start)) => found.starts_with(&**start),
                (Val::Text(_), _) => return unfit("starting_with", value),
                _ => false,
            },
            Kind::EndingWith => match (found, value) {
                (Val::Text(found), Val::Text(end)) => found.ends_with(&**end),
                (Val::Text(_), _) => return unfit("ending_with", value),
                _ => false,
            },
            Kind::Within => return within(found, value),
            Kind::Subset => return subset(found, value),
            Kind::Intersects => return intersects(found, value),
            Kind::IsEmpty => match found {
                Val::Text(text) => text.is_empty(),
                Val::List(items) => items.is_empty(),
                Val::Map(entries) => entries.is_empty(),
                _ => false,
            },
            Kind::IsTrue => *found == Val::Bool(true),
            Kind::GreaterThan => compared(found, value, |order| order.is_gt()),
            Kind::GreaterThanOrEqual => compared(found, value, |order| order.is_ge()),
            Kind::LessThan => compared(found, value, |order| order.is_lt()),
            Kind::LessThanOrEqual => compared(found, value, |order| order.is_le()),
            Kind::RegexMatch => match &self.regex {
                Some(regex) => regex.is_match(&found.text()).map_err(|error| error.to_string())?,
                None => false,
            },
            Kind::RangeIncludes => return range_includes(found, value),
            Kind::CidrRangeSubset => return cidr_subset(found, value),
            _ => measured(self.kind, found, value),
        })
    }
}

fn unfit(name: &str, value: &Val) -> Answer {
    Err(format!("`{name}` cannot be asked of {}", value.text()))
}

fn equal(found: &Val, value: &Val) -> bool {
    match (found, value) {
        (Val::Bool(_), _) | (_, Val::Bool(_)) => found.text().to_lowercase() == value.text().to_lowercase(),
        (Val::List(_), Val::List(_)) | (Val::Map(_), Val::Map(_)) => found.same(value),
        _ => found.text() == value.text(),
    }
}

/// Whether something is an element of a list, a part of a text, or a key of a map.
pub(super) fn is_in(item: &Val, whole: &Val) -> Answer {
    match (whole, item) {
        (Val::List(items), _) => Ok(items.iter().any(|known| known.same(item))),
        (Val::Map(_), Val::Text(key)) => Ok(whole.get(key).is_some()),
        // What may change cannot be a key.
        (Val::Map(_), Val::List(_) | Val::Map(_)) => Err(format!("{} cannot be a key", item.text())),
        (Val::Map(_), _) => Ok(false),
        (Val::Text(text), Val::Text(part)) => Ok(text.contains(&**part)),
        _ => Err(format!("{} cannot hold {}", whole.text(), item.text())),
    }
}

fn contains(found: &Val, value: &Val) -> Answer {
    let document;
    let found = match found {
        Val::Null => &Val::Map(Vec::new()),
        Val::Text(text) => match serde_json::from_str::<serde_json::Value>(&text.replace('\'', "\"")) {
            Ok(json) if json.is_object() || json.is_array() => {
                document = from_json(&json);
                &document
            }
            _ => found,
        },
        other => other,
    };
    let Val::Map(entries) = found else { return is_in(value, found) };
    if is_in(value, found)? {
        return Ok(true);
    }
    for (_, inner) in entries {
        if matches!(inner, Val::Text(_) | Val::List(_) | Val::Map(_)) && is_in(value, inner)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn within(found: &Val, value: &Val) -> Answer {
    is_in(found, value)
}

/// What a collection holds as far as sets go: elements, keys, characters.
fn elements(val: &Val) -> Option<Vec<Val>> {
    match val {
        Val::List(items) => Some(items.clone()),
        Val::Map(entries) => Some(entries.iter().map(|(key, _)| Val::Text(key.clone())).collect()),
        Val::Text(text) => Some(text.chars().map(|c| Val::Text(Arc::from(c.to_string()))).collect()),
        _ => None,
    }
}

fn subset(found: &Val, value: &Val) -> Answer {
    let found = match found {
        Val::List(_) | Val::Map(_) => elements(found).unwrap_or_default(),
        other => vec![other.clone()],
    };
    if found.iter().any(|item| matches!(item, Val::List(_) | Val::Map(_))) {
        return Err("lists and maps cannot be elements of a set".to_owned());
    }
    let Some(all) = elements(value) else { return unfit("subset", value) };
    Ok(found.iter().all(|item| all.iter().any(|known| known.same(item))))
}

fn intersects(found: &Val, value: &Val) -> Answer {
    let Some(items) = elements(found) else { return Ok(false) };
    match value {
        Val::Text(_) => is_in(value, found),
        Val::List(_) | Val::Map(_) => {
            for item in &items {
                if is_in(item, value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// As numbers where both are numbers other than zero, else as texts.
fn compared(found: &Val, value: &Val, holds: impl Fn(std::cmp::Ordering) -> bool) -> bool {
    if *found == Val::Null {
        return false;
    }
    let nonzero = |val: &Val| val.number().filter(|number| *number != 0.0);
    match (nonzero(found), nonzero(value)) {
        (Some(a), Some(b)) => a.partial_cmp(&b).is_some_and(holds),
        _ => holds(found.text().cmp(&value.text())),
    }
}

/// Lengths and counts of words against the policy's number.
fn measured(kind: Kind, found: &Val, value: &Val) -> bool {
    let words = matches!(
        kind,
        Kind::NumberOfWordsEquals
            | Kind::NumberOfWordsGreaterThan
            | Kind::NumberOfWordsGreaterThanOrEqual
            | Kind::NumberOfWordsLessThan
            | Kind::NumberOfWordsLessThanOrEqual
    );
    let measure = match found {
        Val::Text(text) if words => text.split_whitespace().count(),
        _ if words => return false,
        Val::Text(text) => text.chars().count(),
        Val::List(items) => items.len(),
        // A map counts as one.
        Val::Map(_) => 1,
        _ => return false,
    };
    let (Ok(measure), Some(wanted)) = (i64::try_from(measure), value.whole()) else { return false };
    match kind {
        Kind::LengthEquals | Kind::NumberOfWordsEquals => measure == wanted,
        Kind::LengthGreaterThan | Kind::NumberOfWordsGreaterThan => measure > wanted,
        Kind::LengthGreaterThanOrEqual | Kind::NumberOfWordsGreaterThanOrEqual => measure >= wanted,
        Kind::LengthLessThan | Kind::NumberOfWordsLessThan => measure < wanted,
        _ => measure <= wanted,
    }
}

/// The numbers that a policy asks for.
enum Wanted {
    Range(i64, i64),
    /// A text that is no number: as the original does, it stands for everything that is no number.
    NoNumber,
    /// What no number can be; only `*` includes it.
    Nothing,
}

fn wanted_numbers(value: &Val) -> Result<Vec<Wanted>, String> {
    let items = match value {
        Val::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut out = Vec::new();
    for item in items {
        match item {
            Val::Text(text) if text.contains('-') => {
                let Some((start, end)) = text.split_once('-').filter(|(_, end)| !end.contains('-')) else {
                    return Err(format!("`{text}` is no range of two numbers"));
                };
                if let (Ok(start), Ok(end)) = (start.trim().parse(), end.trim().parse())
                    && start <= end
                {
                    out.push(Wanted::Range(start, end));
                }
            }
            Val::Float(number) if number.fract() != 0.0 => out.push(Wanted::Nothing),
            Val::List(_) | Val::Map(_) => out.push(Wanted::Nothing),
            other => out.push(other.whole().map_or(Wanted::NoNumber, |number| Wanted::Range(number, number))),
        }
    }
    Ok(out)
}

fn range_includes(found: &Val, value: &Val) -> Answer {
    if *found == Val::Null {
        return Ok(false);
    }
    let wanted = wanted_numbers(value)?;
    let overlaps = |start: i64, end: i64| {
        wanted.iter().any(|one| matches!(one, Wanted::Range(from, to) if start <= *to && *from <= end))
    };
    let one = |found: &Val| match found {
        Val::Text(text) if &**text == "*" => !wanted.is_empty(),
        Val::Text(text) if text.matches('-').count() == 1 => {
            let ends = text.split_once('-').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
            ends.is_some_and(|(start, end)| overlaps(start, end))
        }
        other => match other.whole() {
            Some(number) => overlaps(number, number),
            None => wanted.iter().any(|one| matches!(one, Wanted::NoNumber)),
        },
    };
    Ok(match found {
        Val::List(items) => items.iter().any(one),
        other => one(other),
    })
}

/// A network: its first address as a number, how many bits name it, and whether it is of version 4.
#[derive(Debug, Clone, Copy)]
struct Network {
    bits: u128,
    length: u32,
    v4: bool,
}

impl Network {
    fn of(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.trim().parse().ok()?;
        let (bits, width, v4) = match address {
            IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32, true),
            IpAddr::V6(v6) => (u128::from(v6), 128, false),
        };
        let length = match length {
            None => width,
            Some(length) => match length.parse::<u32>() {
                Ok(length) => length,
                // A mask in place of a length.
                Err(_) => u32::from(length.parse::<std::net::Ipv4Addr>().ok()?).leading_ones(),
            },
        };
        let network = Self { bits, length, v4 };
        (length <= width).then(|| Self { bits: bits & network.mask(), ..network })
    }

    fn mask(self) -> u128 {
        if self.length == 0 { 0 } else { u128::MAX << (128 - self.length) }
    }

    fn lies_in(self, other: Self) -> bool {
        self.v4 == other.v4 && self.length >= other.length && self.bits & other.mask() == other.bits
    }
}

fn networks(val: &Val) -> Result<Vec<Network>, String> {
    let items = match val {
        Val::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let network = |item: &Val| match item {
        Val::Text(text) => Network::of(text).ok_or_else(|| format!("`{text}` is no network")),
        // A whole number is the address that it counts to.
        Val::Int(number) if u32::try_from(*number).is_ok() => {
            Ok(Network { bits: u128::try_from(*number).unwrap_or(0) << 96, length: 32, v4: true })
        }
        other => Err(format!("{} is no network", other.text())),
    };
    items.iter().map(network).collect()
}

fn cidr_subset(found: &Val, value: &Val) -> Answer {
    if !found.is_truthy() {
        return Ok(false);
    }
    let allowed = networks(value)?;
    Ok(networks(found)?.into_iter().all(|network| allowed.iter().any(|wide| network.lies_in(*wide))))
}
