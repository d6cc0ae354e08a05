//! What is wrong with a document for a schema. Messages are those of OPA's validator, which policies hand on to people; of
//! alternatives that all fail only that is said, not what each of them lacks.

use super::{Wrong, format, resolve};
use regex::Regex;
use serde_json::{Map, Number, Value as Json};
use std::collections::BTreeMap;

/// How many parts of a document are compared with parts of a schema.
const STEPS_MAX: usize = 1_000_000;
/// How deep both may lead into each other: a reference may lead to itself.
const DEPTH_MAX: usize = 500;

type Done = Result<(), String>;

/// All that is wrong; an error where that cannot be told.
pub(super) fn document(document: &Json, schema: &Json) -> Result<Vec<Wrong>, String> {
    let mut run = Run { root: schema, references: BTreeMap::new(), patterns: BTreeMap::new(), steps: 0, depth: 0 };
    let mut out = Vec::new();
    run.value(document, schema, "", &mut out)?;
    Ok(out)
}

struct Run<'s> {
    root: &'s Json,
    /// Where references lead, each looked up once.
    references: BTreeMap<&'s str, &'s Json>,
    patterns: BTreeMap<&'s str, Regex>,
    steps: usize,
    depth: usize,
}

impl<'s> Run<'s> {
    fn value(&mut self, value: &Json, schema: &'s Json, place: &str, out: &mut Vec<Wrong>) -> Done {
        self.steps += 1;
        if self.steps > STEPS_MAX || self.depth >= DEPTH_MAX {
            return Err("the schema takes too many steps, or leads back into itself".to_owned());
        }
        self.depth += 1;
        let done = self.parts(value, schema, place, out);
        self.depth -= 1;
        done
    }

    fn parts(&mut self, value: &Json, schema: &'s Json, place: &str, out: &mut Vec<Wrong>) -> Done {
        let members = match schema {
            Json::Bool(true) => return Ok(()),
            Json::Object(members) => members,
            _ => {
                add(out, place, "false", "False always fails validation");
                return Ok(());
            }
        };
        if let Some(reference) = members.get("$ref").and_then(Json::as_str) {
            let target = match self.references.get(reference) {
                Some(known) => *known,
                None => resolve(self.root, reference)?,
            };
            self.references.insert(reference, target);
            return self.value(value, target, place, out);
        }
        if let Some(wanted) = members.get("type")
            && !is_of_type(value, wanted)
        {
            let expected = match wanted {
                Json::Array(all) => format!("[{}]", all.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(",")),
                one => one.as_str().unwrap_or_default().to_owned(),
            };
            add(out, place, "invalid_type", &format!("Invalid type. Expected: {expected}, given: {}", type_of(value)));
            return Ok(());
        }
        self.alternatives(value, members, place, out)?;
        self.conditions(value, members, place, out)?;
        constants(value, members, place, out);
        match value {
            Json::Array(items) => self.array(items, members, place, out),
            Json::Object(object) => self.object(object, members, place, out),
            Json::String(text) => self.text(text, members, place, out),
            Json::Number(number) => {
                numbers(number, members, place, out);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn holds(&mut self, value: &Json, schema: &'s Json) -> Result<bool, String> {
        let mut wrong = Vec::new();
        self.value(value, schema, "", &mut wrong)?;
        Ok(wrong.is_empty())
    }

    fn alternatives(&mut self, value: &Json, schema: &'s Map<String, Json>, place: &str, out: &mut Vec<Wrong>) -> Done {
        let of = |name: &str| schema.get(name).and_then(Json::as_array);
        for (name, kind, why) in [
            ("anyOf", "number_any_of", "Must validate at least one schema (anyOf)"),
            ("oneOf", "number_one_of", "Must validate one and only one schema (oneOf)"),
        ] {
            let Some(all) = of(name) else { continue };
            let mut held = 0;
            for one in all {
                held += usize::from(self.holds(value, one)?);
            }
            if held == 0 || (name == "oneOf" && held > 1) {
                add(out, place, kind, why);
            }
        }
        let before = out.len();
        for one in of("allOf").into_iter().flatten() {
            self.value(value, one, place, out)?;
        }
        if out.len() > before && schema.contains_key("allOf") {
            add(out, place, "number_all_of", "Must validate all the schemas (allOf)");
        }
        if let Some(not) = schema.get("not")
            && self.holds(value, not)?
        {
            add(out, place, "number_not", "Must not validate the schema (not)");
        }
        Ok(())
    }

    fn conditions(&mut self, value: &Json, schema: &'s Map<String, Json>, place: &str, out: &mut Vec<Wrong>) -> Done {
        if let (Some(dependencies), Some(object)) =
            (schema.get("dependencies").and_then(Json::as_object), value.as_object())
        {
            for (name, needed) in dependencies.iter().filter(|(name, _)| object.contains_key(*name)) {
                match needed {
                    Json::Array(names) => {
                        for missing in names.iter().filter_map(Json::as_str).filter(|name| !object.contains_key(*name))
                        {
                            add(out, place, "missing_dependency", &format!("Has a dependency on {missing}"));
                        }
                    }
                    needed => self.value(value, needed, place, out).map_err(|why| format!("{name}: {why}"))?,
                }
            }
        }
        let Some(condition) = schema.get("if") else { return Ok(()) };
        let (name, kind, why) = if self.holds(value, condition)? {
            ("then", "condition_then", "Must validate \"then\" as \"if\" was valid")
        } else {
            ("else", "condition_else", "Must validate \"else\" as \"if\" was not valid")
        };
        if let Some(branch) = schema.get(name) {
            let before = out.len();
            self.value(value, branch, place, out)?;
            if out.len() > before {
                out.insert(before, wrong(place, kind, why));
            }
        }
        Ok(())
    }

    fn array(&mut self, items: &[Json], schema: &'s Map<String, Json>, place: &str, out: &mut Vec<Wrong>) -> Done {
        let count = items.len() as f64;
        if let Some(min) = limit(schema, "minItems").filter(|min| count < *min) {
            add(out, place, "array_min_items", &format!("Array must have at least {min} items"));
        }
        if let Some(max) = limit(schema, "maxItems").filter(|max| count > *max) {
            add(out, place, "array_max_items", &format!("Array must have at most {max} items"));
        }
        if schema.get("uniqueItems") == Some(&Json::Bool(true)) {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for (at, item) in items.iter().enumerate() {
                if let Some(before) = seen.insert(item.to_string(), at) {
                    add(out, place, "unique", &format!("array items[{before},{at}] must be unique"));
                }
            }
        }
        if let Some(contains) = schema.get("contains") {
            let mut found = false;
            for item in items {
                found = found || self.holds(item, contains)?;
            }
            if !found {
                add(out, place, "contains", "At least one of the items must match");
            }
        }
        let places = |at: usize| joined(place, &at.to_string());
        match schema.get("items") {
            Some(Json::Array(each)) => {
                for (at, (item, one)) in items.iter().zip(each).enumerate() {
                    self.value(item, one, &places(at), out)?;
                }
                match schema.get("additionalItems") {
                    Some(Json::Bool(false)) if items.len() > each.len() => {
                        add(out, place, "array_no_additional_items", "No additional items allowed on array");
                    }
                    Some(more @ Json::Object(_)) => {
                        for (at, item) in items.iter().enumerate().skip(each.len()) {
                            self.value(item, more, &places(at), out)?;
                        }
                    }
                    _ => {}
                }
            }
            Some(all) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(item, all, &places(at), out)?;
                }
            }
            None => {}
        }
        Ok(())
    }

    fn object(
        &mut self,
        object: &Map<String, Json>,
        schema: &'s Map<String, Json>,
        place: &str,
        out: &mut Vec<Wrong>,
    ) -> Done {
        let count = object.len() as f64;
        if let Some(min) = limit(schema, "minProperties").filter(|min| count < *min) {
            add(out, place, "array_min_properties", &format!("Must have at least {min} properties"));
        }
        if let Some(max) = limit(schema, "maxProperties").filter(|max| count > *max) {
            add(out, place, "array_max_properties", &format!("Must have at most {max} properties"));
        }
        for name in schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            if !object.contains_key(name) {
                add(out, place, "required", &format!("{name} is required"));
            }
        }
        if let Some(names) = schema.get("propertyNames") {
            for name in object.keys() {
                if !self.holds(&Json::String(name.clone()), names)? {
                    let why = format!("Property name of \"{name}\" does not match");
                    add(out, place, "invalid_property_name", &why);
                }
            }
        }
        let known = schema.get("properties").and_then(Json::as_object);
        let patterns = schema.get("patternProperties").and_then(Json::as_object);
        for (name, value) in object {
            let inner = joined(place, name);
            let mut found = false;
            if let Some(part) = known.and_then(|known| known.get(name)) {
                found = true;
                self.value(value, part, &inner, out)?;
            }
            for (pattern, part) in patterns.into_iter().flatten() {
                if self.matches(pattern, name)? {
                    found = true;
                    self.value(value, part, &inner, out)?;
                }
            }
            match schema.get("additionalProperties").filter(|_| !found) {
                Some(Json::Bool(false)) => {
                    let why = format!("Additional property {name} is not allowed");
                    add(out, place, "additional_property_not_allowed", &why);
                }
                Some(more @ Json::Object(_)) => self.value(value, more, &inner, out)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn matches(&mut self, pattern: &'s str, text: &str) -> Result<bool, String> {
        if !self.patterns.contains_key(pattern) {
            self.patterns.insert(pattern, Regex::new(pattern).map_err(|error| error.to_string())?);
        }
        Ok(self.patterns.get(pattern).is_some_and(|known| known.is_match(text)))
    }

    fn text(&mut self, text: &str, schema: &'s Map<String, Json>, place: &str, out: &mut Vec<Wrong>) -> Done {
        let length = text.chars().count() as f64;
        if let Some(min) = limit(schema, "minLength").filter(|min| length < *min) {
            add(out, place, "string_gte", &format!("String length must be greater than or equal to {min}"));
        }
        if let Some(max) = limit(schema, "maxLength").filter(|max| length > *max) {
            add(out, place, "string_lte", &format!("String length must be less than or equal to {max}"));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
            && !self.matches(pattern, text)?
        {
            add(out, place, "pattern", &format!("Does not match pattern '{pattern}'"));
        }
        if let Some(name) = schema.get("format").and_then(Json::as_str)
            && !format::holds(name, text)
        {
            add(out, place, "format", &format!("Does not match format '{name}'"));
        }
        Ok(())
    }
}

fn wrong(place: &str, kind: &'static str, description: &str) -> Wrong {
    Wrong { kind, place: place.to_owned(), description: description.to_owned() }
}

fn add(out: &mut Vec<Wrong>, place: &str, kind: &'static str, description: &str) {
    out.push(wrong(place, kind, description));
}

fn joined(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

fn limit(schema: &Map<String, Json>, name: &str) -> Option<f64> {
    schema.get(name).and_then(Json::as_f64)
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if is_whole(number) => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn is_whole(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

fn is_of_type(value: &Json, wanted: &Json) -> bool {
    let of = type_of(value);
    let fits = |wanted: &Json| wanted == of || (wanted == "number" && of == "integer");
    match wanted {
        Json::Array(all) => all.iter().any(fits),
        one => fits(one),
    }
}

/// Whether two values are the same; 1 and 1.0 are.
fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(a), Json::Number(b)) => a == b || (!(a.is_i64() && b.is_i64()) && a.as_f64() == b.as_f64()),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}

fn constants(value: &Json, schema: &Map<String, Json>, place: &str, out: &mut Vec<Wrong>) {
    let field = if place.is_empty() { "(root)" } else { place };
    if let Some(wanted) = schema.get("const").filter(|wanted| !same(value, wanted)) {
        add(out, place, "const", &format!("{field} does not match: {wanted}"));
    }
    if let Some(all) = schema.get("enum").and_then(Json::as_array)
        && !all.iter().any(|one| same(value, one))
    {
        let allowed = all.iter().map(Json::to_string).collect::<Vec<_>>().join(", ");
        add(out, place, "enum", &format!("{field} must be one of the following: {allowed}"));
    }
}

fn numbers(number: &Number, schema: &Map<String, Json>, place: &str, out: &mut Vec<Wrong>) {
    let Some(value) = number.as_f64() else { return };
    if let Some(multiple) = schema.get("multipleOf").and_then(Json::as_number)
        && !is_multiple(number, multiple)
    {
        add(out, place, "multiple_of", &format!("Must be a multiple of {multiple}"));
    }
    // Before draft 6 the exclusive form was a truth about the other one.
    let exclusive = |name: &str| schema.get(name) == Some(&Json::Bool(true));
    for (name, other, above) in [("minimum", "exclusiveMinimum", true), ("maximum", "exclusiveMaximum", false)] {
        let beyond = |bound: f64, or_equal: bool| {
            let outside = if above { value < bound } else { value > bound };
            outside || (or_equal && value == bound)
        };
        let word = if above { "greater" } else { "less" };
        let strict = if above { "number_gt" } else { "number_lt" };
        if let Some(bound) = schema.get(name).and_then(Json::as_number) {
            let strictly = exclusive(other);
            if bound.as_f64().is_some_and(|bound| beyond(bound, strictly)) {
                let loose = if above { "number_gte" } else { "number_lte" };
                let (kind, equal) = if strictly { (strict, "") } else { (loose, " or equal to") };
                add(out, place, kind, &format!("Must be {word} than{equal} {bound}"));
            }
        }
        if let Some(bound) = schema.get(other).and_then(Json::as_number)
            && bound.as_f64().is_some_and(|bound| beyond(bound, true))
        {
            add(out, place, strict, &format!("Must be {word} than {bound}"));
        }
    }
}

/// Exact where both have few digits, so that 0.3 is a multiple of 0.1.
fn is_multiple(number: &Number, of: &Number) -> bool {
    if let (Some((a, a_places)), Some((b, b_places))) = (decimal(number), decimal(of)) {
        let places = a_places.max(b_places);
        let scaled = |value: i128, from: u32| value.checked_mul(10i128.checked_pow(places - from)?);
        if let (Some(a), Some(b)) = (scaled(a, a_places), scaled(b, b_places)) {
            return b != 0 && a % b == 0;
        }
    }
    match (number.as_f64(), of.as_f64()) {
        (Some(a), Some(b)) => (a / b).fract() == 0.0,
        _ => false,
    }
}

/// A number as a whole one and how many digits of it stand behind the point.
fn decimal(number: &Number) -> Option<(i128, u32)> {
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    Some((format!("{whole}{fraction}").parse().ok()?, u32::try_from(fraction.len()).ok()?))
}
