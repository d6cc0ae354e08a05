//! Functions of texts.

use super::{Call, format};
use crate::PartialText;
use crate::terraform::eval::{Evaluated, Fault, Scope, TEXT_BYTES_MAX};
use crate::terraform::val::Val;
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation;

pub(super) fn call(scope: &Scope<'_>, call: &Call<'_>) -> Option<Evaluated> {
    Some(match call.name {
        "chomp" => call.text(0).map(|text| Val::text(text.trim_end_matches(['\n', '\r']))),
        "endswith" => both(call, |text, end| Val::Bool(text.ends_with(end))),
        "startswith" => both(call, |text, start| Val::Bool(text.starts_with(start))),
        "strcontains" => both(call, |text, part| Val::Bool(text.contains(part))),
        "trimprefix" => both(call, |text, prefix| Val::text(text.strip_prefix(prefix).unwrap_or(text))),
        "trimsuffix" => both(call, |text, suffix| Val::text(text.strip_suffix(suffix).unwrap_or(text))),
        "trim" => both(call, |text, set| Val::text(text.trim_matches(|c| set.contains(c)))),
        "trimspace" => call.text(0).map(|text| Val::text(text.trim())),
        "lower" => call.text(0).map(|text| Val::text(text.chars().map(lower).collect::<String>())),
        "upper" => call.text(0).map(|text| Val::text(text.chars().map(upper).collect::<String>())),
        "title" => call.text(0).map(|text| Val::text(title(&text))),
        "strrev" => call.text(0).map(|text| Val::text(text.graphemes(true).rev().collect::<String>())),
        "split" => split(call),
        "join" => join(call),
        "indent" => indent(call),
        "substr" => substr(call),
        "replace" => replace(scope, call),
        "regex" => regex(scope, call),
        "regexall" => regex_all(scope, call),
        "format" => call.text(0).and_then(|template| format::format(&template, &call.values[1..])).map(Val::of_partial),
        "formatlist" => format_list(call),
        _ => return None,
    })
}

fn both(call: &Call<'_>, result: impl FnOnce(&str, &str) -> Val) -> Evaluated {
    Ok(result(&call.text(0)?, &call.text(1)?))
}

/// One character for one, as Go does it: where the large form is several characters, it stays as it is.
fn upper(character: char) -> char {
    let mut large = character.to_uppercase();
    match (large.next(), large.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

fn lower(character: char) -> char {
    // Of the dotted capital I the dot goes, as it has no small form of one character.
    character.to_lowercase().next().unwrap_or(character)
}

fn title(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        if inside {
            result.push(character)
        } else {
            result.push(upper(character))
        }
        inside =
            character.is_alphanumeric() || character == '_' || (!character.is_ascii() && !character.is_whitespace());
    }
    result
}

fn split(call: &Call<'_>) -> Evaluated {
    let (separator, text) = (call.text(0)?, call.text(1)?);
    if separator.is_empty() {
        return Ok(call.list(text.chars().map(|c| Val::text(c.to_string()))));
    }
    Ok(call.list(text.split(&*separator).map(Val::text)))
}

fn join(call: &Call<'_>) -> Evaluated {
    let separator = call.text(0)?;
    let mut text = PartialText::default();
    let mut first = true;
    for nth in 1..call.values.len() {
        for item in call.items(nth)?.iter() {
            if !std::mem::take(&mut first) {
                text.push_str(&separator);
            }
            match (item.val.to_text(), &item.val) {
                (Some(piece), _) => text.push_str(&piece),
                (None, Val::Unknown(unknown)) => text.push_gap(unknown),
                (None, other) => return Err(Fault::new(format!("{} cannot be joined", other.kind()))),
            }
            fits(text.len())?;
        }
    }
    Ok(Val::of_partial(text))
}

/// Fails where a text grows too long.
pub(super) fn bounded(text: &str) -> Result<(), Fault> {
    fits(text.len())
}

pub(super) fn fits(bytes: usize) -> Result<(), Fault> {
    if bytes > TEXT_BYTES_MAX {
        return Err(Fault::new(format!("a text grows beyond {TEXT_BYTES_MAX} bytes")));
    }
    Ok(())
}

fn indent(call: &Call<'_>) -> Evaluated {
    let (count, text) = (call.whole(0)?, call.text(1)?);
    let count = usize::try_from(count).map_err(|_| Fault::new("the number of blanks must not be negative"))?;
    let lines = text.bytes().filter(|&b| b == b'\n').count();
    if count.saturating_mul(lines) > TEXT_BYTES_MAX {
        return Err(Fault::new(format!("the text grows beyond {TEXT_BYTES_MAX} bytes")));
    }
    Ok(Val::text(text.replace('\n', &format!("\n{}", " ".repeat(if lines == 0 { 0 } else { count })))))
}

fn substr(call: &Call<'_>) -> Evaluated {
    let (text, offset, len) = (call.text(0)?, call.whole(1)?, call.whole(2)?);
    let count = i64::try_from(text.graphemes(true).count()).unwrap_or(i64::MAX);
    let start = if offset < 0 { (offset + count).max(0) } else { offset };
    let skip = usize::try_from(start).unwrap_or(usize::MAX);
    let take = usize::try_from(len).unwrap_or(usize::MAX);
    Ok(Val::text(text.graphemes(true).skip(skip).take(take).collect::<String>()))
}

fn pattern(scope: &Scope<'_>, pattern: &str) -> Result<Regex, Fault> {
    let world = scope.module.world;
    if let Some(regex) = world.patterns.borrow().get(pattern) {
        return Ok(regex.clone());
    }
    let built = super::pattern::translated(pattern)
        .and_then(|translated| regex::RegexBuilder::new(&translated).size_limit(1 << 20).build().ok());
    let regex = built.ok_or_else(|| Fault::new(format!("`{pattern}` is no regular expression")))?;
    world.patterns.borrow_mut().insert(pattern.to_owned(), regex.clone());
    Ok(regex)
}

fn replace(scope: &Scope<'_>, call: &Call<'_>) -> Evaluated {
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let result = match old.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(inner) => {
            let regex = pattern(scope, inner)?;
            grows(text.len(), regex.find_iter(&text).count(), new.len())?;
            regex.replace_all(&text, &*new).into_owned()
        }
        None => {
            grows(text.len(), text.matches(&*old).count(), new.len())?;
            text.replace(&*old, &new)
        }
    };
    bounded(&result)?;
    Ok(Val::text(result))
}

fn grows(text: usize, times: usize, by: usize) -> Result<(), Fault> {
    if text.saturating_add(times.saturating_mul(by)) > TEXT_BYTES_MAX {
        return Err(Fault::new(format!("the text grows beyond {TEXT_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// Without groups the text that matches; with groups their list; with named groups their map.
fn captured(call: &Call<'_>, regex: &Regex, captures: &regex::Captures<'_>) -> Evaluated {
    let of = |found: Option<regex::Match<'_>>| found.map_or(Val::Null, |found| Val::text(found.as_str()));
    if regex.captures_len() == 1 {
        return Ok(of(captures.get(0)));
    }
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    if names.is_empty() {
        return Ok(call.list((1..captures.len()).map(|group| of(captures.get(group)))));
    }
    if names.len() + 1 < captures.len() {
        return Err(Fault::new("a pattern has groups with names, or without, but not both"));
    }
    Ok(Val::map(
        names.into_iter().map(|name| (Arc::from(name), call.item(of(captures.name(name))))).collect::<BTreeMap<_, _>>(),
    ))
}

fn regex(scope: &Scope<'_>, call: &Call<'_>) -> Evaluated {
    let (regex, text) = (pattern(scope, &call.text(0)?)?, call.text(1)?);
    let captures = regex.captures(&text).ok_or_else(|| Fault::new("the text does not match the pattern"))?;
    captured(call, &regex, &captures)
}

fn regex_all(scope: &Scope<'_>, call: &Call<'_>) -> Evaluated {
    let (regex, text) = (pattern(scope, &call.text(0)?)?, call.text(1)?);
    let found = regex.captures_iter(&text).take(super::ELEMENTS_MAX);
    let found = found.map(|captures| captured(call, &regex, &captures)).collect::<Result<Vec<Val>, Fault>>()?;
    Ok(call.list(found))
}

/// `formatlist`: once for each element; an argument that is no list is the same each time.
fn format_list(call: &Call<'_>) -> Evaluated {
    let template = call.text(0)?;
    let arguments = &call.values[1..];
    let lens: Vec<usize> = arguments.iter().filter_map(|val| val.items().map(|items| items.len())).collect();
    let len = lens.first().copied().unwrap_or(1);
    if lens.iter().any(|&other| other != len) {
        return Err(Fault::new("the lists have different lengths"));
    }
    let mut results = Vec::with_capacity(len);
    for nth in 0..len {
        let row: Vec<Val> = arguments
            .iter()
            .map(|val| val.items().map_or_else(|| val.clone(), |items| items[nth].val.clone()))
            .collect();
        results.push(Val::of_partial(format::format(&template, &row)?));
    }
    Ok(call.list(results))
}
