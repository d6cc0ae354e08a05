//! JSONPath, as far as policies use it: `$`, `.name`, `['name']`, `[0]`, `[1:3]`, `[*]`, `.*`, `..name`, unions, and filters
//! such as `[?(@.effect == 'Allow' & @.action)]`.
//!
//! A position asked of something that is no list is asked of a list of that one thing, so that `rule[*].port` reads a
//! block that stands once.

use super::value::Val;
use std::sync::Arc;

/// How many values a path may name; beyond it the rest is left out and the answer is unknown.
const MATCHES_MAX: usize = 100_000;
/// How many parts a path may have.
const STEPS_MAX: usize = 64;

/// A path, read once.
#[derive(Debug)]
pub(super) struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// Any of these names.
    Names(Vec<String>),
    /// Any of these positions; negative ones count from the end.
    Positions(Vec<i64>),
    Slice(Option<i64>, Option<i64>, usize),
    /// Every field of a map.
    Fields,
    /// Everything below, and the value itself.
    Descend,
    /// The elements for which all comparisons hold.
    Filter(Vec<Test>),
}

#[derive(Debug)]
struct Test {
    path: Vec<String>,
    /// Operator and right side; `None` asks whether the field is there.
    compare: Option<(Compare, Val)>,
}

#[derive(Debug, Clone, Copy)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
}

impl JsonPath {
    /// Reads a path; `Err` says what cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text.trim() };
        let steps = reader.steps()?;
        Ok(Self { steps })
    }

    /// What the path names; `Err` for what lies behind something unknown.
    pub fn find(&self, body: &Val) -> Vec<Result<Val, Arc<str>>> {
        let mut found: Vec<Result<&Val, Arc<str>>> = vec![Ok(body)];
        for step in &self.steps {
            let mut next = Vec::new();
            for one in found {
                match one {
                    Ok(Val::Unknown(why)) => next.push(Err(why.clone())),
                    Ok(val) => apply(step, val, &mut next),
                    Err(why) => next.push(Err(why)),
                }
                if next.len() > MATCHES_MAX {
                    next.truncate(MATCHES_MAX);
                    next.push(Err("the path names too many values".into()));
                    break;
                }
            }
            found = next;
        }
        found.into_iter().map(|one| one.cloned()).collect()
    }
}

fn apply<'v>(step: &Step, val: &'v Val, out: &mut Vec<Result<&'v Val, Arc<str>>>) {
    let items: &[Val] = match val {
        Val::List(items) => items,
        other => std::slice::from_ref(other),
    };
    let at = |position: i64| {
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let position = if position < 0 { position + length } else { position };
        usize::try_from(position).ok().and_then(|position| items.get(position))
    };
    match step {
        Step::Names(names) => out.extend(names.iter().filter_map(|name| val.get(name)).map(Ok)),
        Step::Positions(positions) => out.extend(positions.iter().filter_map(|position| at(*position)).map(Ok)),
        Step::Slice(start, end, stride) => {
            let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let bound = |given: Option<i64>, default: i64| {
                let given = given.unwrap_or(default);
                usize::try_from(if given < 0 { given + length } else { given }.clamp(0, length)).unwrap_or(0)
            };
            let (start, end) = (bound(*start, 0), bound(*end, length));
            if start < end {
                out.extend(items[start..end].iter().step_by(*stride).map(Ok));
            }
        }
        Step::Fields => {
            if let Val::Map(entries) = val {
                out.extend(entries.iter().map(|(_, inner)| Ok(inner)));
            }
        }
        Step::Descend => descend(val, out),
        Step::Filter(tests) => {
            for item in items {
                match tests.iter().try_fold(true, |all, test| Ok(test.holds(item)? && all)) {
                    Ok(true) => out.push(Ok(item)),
                    Ok(false) => {}
                    Err(why) => out.push(Err(why)),
                }
            }
        }
    }
}

fn descend<'v>(val: &'v Val, out: &mut Vec<Result<&'v Val, Arc<str>>>) {
    if out.len() > MATCHES_MAX {
        return;
    }
    match val {
        Val::Unknown(why) => {
            out.push(Err(why.clone()));
            return;
        }
        _ => out.push(Ok(val)),
    }
    match val {
        Val::List(items) => items.iter().for_each(|item| descend(item, out)),
        Val::Map(entries) => entries.iter().for_each(|(_, inner)| descend(inner, out)),
        _ => {}
    }
}

impl Test {
    fn holds(&self, item: &Val) -> Result<bool, Arc<str>> {
        let mut val = item;
        for name in &self.path {
            match val.get(name) {
                Some(Val::Unknown(why)) => return Err(why.clone()),
                Some(inner) => val = inner,
                None => return Ok(false),
            }
        }
        let Some((compare, wanted)) = &self.compare else { return Ok(true) };
        let order = match (val.number(), wanted.number(), val, wanted) {
            (_, _, Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
            (Some(a), Some(b), ..) => a.partial_cmp(&b),
            _ => None,
        };
        Ok(match compare {
            Compare::Equal => val.same(wanted) || (matches!(wanted, Val::Int(_)) && order.is_some_and(|o| o.is_eq())),
            Compare::NotEqual => !val.same(wanted),
            Compare::Less => order.is_some_and(|o| o.is_lt()),
            Compare::LessOrEqual => order.is_some_and(|o| o.is_le()),
            Compare::Greater => order.is_some_and(|o| o.is_gt()),
            Compare::GreaterOrEqual => order.is_some_and(|o| o.is_ge()),
            Compare::Matches => {
                fancy_regex::Regex::new(&wanted.text()).is_ok_and(|regex| regex.is_match(&val.text()).unwrap_or(false))
            }
        })
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn steps(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        if !self.eat("$") && !self.rest.starts_with(['.', '[']) {
            steps.push(self.name_step()?);
        }
        while !self.rest.is_empty() {
            if steps.len() >= STEPS_MAX {
                return Err(format!("the path has more than {STEPS_MAX} parts"));
            }
            if self.eat("..") {
                steps.push(Step::Descend);
                if !self.rest.starts_with('[') {
                    steps.push(self.name_step()?);
                }
            } else if self.eat(".") {
                if !self.rest.starts_with('[') {
                    steps.push(self.name_step()?);
                }
            } else if self.eat("[") {
                steps.push(self.bracket()?);
            } else {
                return Err(format!("`{}` should begin with `.` or `[`", self.rest));
            }
        }
        Ok(steps)
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn name_step(&mut self) -> Result<Step, String> {
        if self.eat("*") {
            return Ok(Step::Fields);
        }
        if self.rest.starts_with(['\'', '"']) {
            return Ok(Step::Names(vec![self.quoted()?]));
        }
        let mut names = vec![self.name()?];
        while self.eat(",") {
            names.push(self.name()?);
        }
        Ok(Step::Names(names))
    }

    fn name(&mut self) -> Result<String, String> {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '$')))
            .unwrap_or(self.rest.len());
        if end == 0 {
            return Err(format!("a name should stand before `{}`", self.rest));
        }
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(name.to_owned())
    }

    fn quoted(&mut self) -> Result<String, String> {
        let quote = self.rest.chars().next().unwrap_or('\'');
        let body = &self.rest[1..];
        let end = body.find(quote).ok_or("a quote is not closed")?;
        self.rest = &body[end + 1..];
        Ok(body[..end].to_owned())
    }

    fn bracket(&mut self) -> Result<Step, String> {
        if self.eat("*]") {
            return Ok(Step::Slice(None, None, 1));
        }
        if self.eat("?") {
            return self.filter();
        }
        if self.rest.starts_with(['\'', '"']) {
            let mut names = vec![self.quoted()?];
            while self.eat(",") {
                self.rest = self.rest.trim_start();
                names.push(self.quoted()?);
            }
            return if self.eat("]") { Ok(Step::Names(names)) } else { Err("a `]` is missing".to_owned()) };
        }
        let end = self.rest.find(']').ok_or("a `]` is missing")?;
        let inner = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| format!("`{text}` is no position"));
        if inner.contains(':') {
            let parts: Vec<&str> = inner.split(':').collect();
            let part = |at: usize| match parts.get(at).map(|text| text.trim()) {
                None | Some("") => Ok(None),
                Some(text) => number(text).map(Some),
            };
            let stride = part(2)?.and_then(|stride| usize::try_from(stride).ok()).filter(|s| *s > 0).unwrap_or(1);
            return Ok(Step::Slice(part(0)?, part(1)?, stride));
        }
        match inner.split(',').map(number).collect::<Result<Vec<_>, _>>() {
            Ok(positions) => Ok(Step::Positions(positions)),
            Err(_) if inner.chars().all(|c| c.is_alphanumeric() || c == '_') => Ok(Step::Names(vec![inner.to_owned()])),
            Err(why) => Err(why),
        }
    }

    fn filter(&mut self) -> Result<Step, String> {
        let parenthesised = self.eat("(");
        let mut tests = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            tests.push(self.test()?);
            self.rest = self.rest.trim_start();
            if !self.eat("&&") && !self.eat("&") {
                break;
            }
        }
        let closed = if parenthesised { self.eat(")") && self.eat("]") } else { self.eat("]") };
        if closed { Ok(Step::Filter(tests)) } else { Err(format!("the filter is not closed before `{}`", self.rest)) }
    }

    fn test(&mut self) -> Result<Test, String> {
        let mut path = Vec::new();
        if !self.eat("@") {
            path.push(self.name()?);
        }
        while self.rest.starts_with('.') || self.rest.starts_with("['") || self.rest.starts_with("[\"") {
            if self.eat(".") {
                let quoted = self.rest.starts_with(['\'', '"']);
                path.push(if quoted { self.quoted()? } else { self.name()? });
            } else {
                self.rest = &self.rest[1..];
                path.push(self.quoted()?);
                if !self.eat("]") {
                    return Err("a `]` is missing".to_owned());
                }
            }
        }
        self.rest = self.rest.trim_start();
        let operators = [
            ("==", Compare::Equal),
            ("=~", Compare::Matches),
            ("!=", Compare::NotEqual),
            ("<=", Compare::LessOrEqual),
            (">=", Compare::GreaterOrEqual),
            ("=", Compare::Equal),
            ("<", Compare::Less),
            (">", Compare::Greater),
        ];
        let Some((token, compare)) = operators.into_iter().find(|(token, _)| self.rest.starts_with(token)) else {
            return Ok(Test { path, compare: None });
        };
        self.rest = self.rest[token.len()..].trim_start();
        Ok(Test { path, compare: Some((compare, self.literal()?)) })
    }

    fn literal(&mut self) -> Result<Val, String> {
        if self.rest.starts_with(['\'', '"']) {
            return Ok(Val::Text(self.quoted()?.into()));
        }
        let end = self.rest.find([')', ']', '&', ' ']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(match word {
            "true" | "True" => Val::Bool(true),
            "false" | "False" => Val::Bool(false),
            word => match (word.parse(), word.parse()) {
                (Ok(whole), _) => Val::Int(whole),
                (_, Ok(number)) => Val::Float(number),
                _ => Val::Text(word.into()),
            },
        })
    }
}
