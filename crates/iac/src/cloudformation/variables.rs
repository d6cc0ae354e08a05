//! Variables of the Serverless Framework: `${self:custom.stage}`, `${opt:stage, 'dev'}`, `${file(vars.yml):key}`.

use super::template::join_path;
use super::{TEXT_BYTES_MAX, parse, scalar_text, text_node, unknown};
use crate::{At, Map, Node, SourceFile, Value};
use std::collections::{HashMap, HashSet};

/// How deep variables may name values that hold variables.
const DEPTH_MAX: u32 = 64;
/// How many values may be resolved in one service.
const STEPS_MAX: u64 = 500_000;

/// What resolving needs.
pub(super) struct Variables<'v> {
    files: &'v [SourceFile],
    folder: &'v str,
    document: &'v Node,
    parsed: HashMap<String, Option<Node>>,
    depth: u32,
    steps_left: u64,
}

impl<'v> Variables<'v> {
    pub(super) fn new(files: &'v [SourceFile], path: &'v str, document: &'v Node) -> Self {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        Self { files, folder, document, parsed: HashMap::new(), depth: 0, steps_left: STEPS_MAX }
    }

    /// The paths of the files that were read on the way.
    pub(super) fn included(self) -> HashSet<String> {
        self.parsed.into_iter().filter_map(|(path, node)| node.map(|_| path)).collect()
    }

    /// A value with the variables in it replaced.
    pub(super) fn resolve(&mut self, node: &Node) -> Node {
        if self.depth >= DEPTH_MAX || self.steps_left == 0 {
            return unknown(node.at, "variables name each other without end", Vec::new());
        }
        self.steps_left -= 1;
        self.depth += 1;
        let out = match &node.value {
            Value::String(text) if text.contains("${") => self.text(text, node.at),
            Value::List(items) => {
                Node { value: Value::List(items.iter().map(|item| self.resolve(item)).collect()), at: node.at }
            }
            Value::Map(map) => {
                let mut out = crate::value::MapBuilder::default();
                for (key, value) in map.iter() {
                    let value = self.resolve(value);
                    out.set(key.into(), value);
                }
                Node { value: Value::Map(out.finish()), at: node.at }
            }
            _ => node.clone(),
        };
        self.depth -= 1;
        out
    }

    fn text(&mut self, text: &str, at: At) -> Node {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(end) = closing(&rest[start..]) else { break };
            let inner = &rest[start + 2..start + end];
            let whole = start == 0 && start + end + 1 == rest.len() && out.is_empty();
            out.push_str(&rest[..start]);
            rest = &rest[start + end + 1..];
            let Some(value) = self.variable(inner, at) else {
                // A name of `Fn::Sub`, which is for CloudFormation.
                out.push_str(&format!("${{{inner}}}"));
                continue;
            };
            if whole {
                return Node { at, ..value };
            }
            match (scalar_text(&value.value), value.value) {
                (Some(part), _) => out.push_str(&part),
                (None, Value::Unknown(doubt)) => return Node { value: Value::Unknown(doubt), at },
                _ => {}
            }
            if out.len() > TEXT_BYTES_MAX {
                return unknown(at, format!("the text is longer than {TEXT_BYTES_MAX} bytes"), Vec::new());
            }
        }
        out.push_str(rest);
        text_node(out, at)
    }

    /// What a variable stands for; `None` where it is none of this framework.
    fn variable(&mut self, inner: &str, at: At) -> Option<Node> {
        let inner = match inner.contains("${") {
            true => scalar_text(&self.resolve(&text_node(inner, at)).value).unwrap_or_default(),
            false => inner.to_owned(),
        };
        let mut doubt = None;
        for source in alternatives(&inner) {
            match self.source(source, at)? {
                Found::Value(value) => return Some(value),
                Found::Missing => {}
                Found::Open(why) => {
                    doubt.get_or_insert(why);
                }
            }
        }
        let why = doubt.unwrap_or_else(|| format!("the variable {inner} has no value"));
        Some(unknown(at, why, Vec::new()))
    }

    fn source(&mut self, source: &str, at: At) -> Option<Found> {
        if let Some(literal) = quoted(source) {
            return Some(Found::Value(text_node(literal, at)));
        }
        if let Some(rest) = source.strip_prefix("file(") {
            let (path, key) = rest.split_once(')')?;
            let path = path.trim().trim_matches(['\'', '"']);
            return Some(self.of_file(path, key.strip_prefix(':').unwrap_or_default()));
        }
        let Some((kind, name)) = source.split_once(':').filter(|(_, name)| !name.starts_with(':')) else {
            return match source {
                "null" => Some(Found::Value(Node { value: Value::Null, at })),
                "true" | "false" => Some(Found::Value(Node { value: Value::Bool(source == "true"), at })),
                _ => source.parse().ok().map(|number| Found::Value(Node { value: Value::Number(number), at })),
            };
        };
        let document = self.document;
        match kind {
            "self" => Some(self.walk(document, name)),
            "sls" if name == "stage" => match self.walk(document, "provider.stage") {
                Found::Missing => Some(Found::Open("the stage is named at deployment".to_owned())),
                found => Some(found),
            },
            "opt" => Some(Found::Open(format!("the option --{name} is given at deployment"))),
            "env" => Some(Found::Open(format!("the environment variable {name} is set at deployment"))),
            _ if kind.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '(' | ')' | ',' | ' ')) => {
                Some(Found::Open(format!("{source} is looked up at deployment")))
            }
            _ => None,
        }
    }

    fn of_file(&mut self, path: &str, key: &str) -> Found {
        let Some(path) = join_path(self.folder, path) else { return Found::Missing };
        if !self.parsed.contains_key(&path) {
            let position = self.files.iter().position(|file| file.path == path);
            let node = position.and_then(|index| {
                let number = u32::try_from(index).unwrap_or(u32::MAX);
                parse::parse(&self.files[index], number, &mut Vec::new())
            });
            self.parsed.insert(path.clone(), node);
        }
        let Some(Some(node)) = self.parsed.get(&path).cloned() else {
            return Found::Open(format!("the file {path} is not here"));
        };
        if key.is_empty() { Found::Value(self.resolve(&node)) } else { self.walk(&node, key) }
    }

    /// The value at a dotted path, with variables on the way resolved.
    fn walk(&mut self, from: &Node, path: &str) -> Found {
        let mut here = std::borrow::Cow::Borrowed(from);
        for part in path.split('.').filter(|part| !part.is_empty()) {
            if matches!(&here.value, Value::String(text) if text.contains("${")) {
                here = std::borrow::Cow::Owned(self.resolve(&here));
            }
            let next = match &here.value {
                Value::Map(map) => map.get(part).cloned(),
                Value::List(items) => part.parse::<usize>().ok().and_then(|at| items.get(at)).cloned(),
                Value::Unknown(doubt) => return Found::Open(doubt.why.to_string()),
                _ => None,
            };
            match next {
                Some(next) => here = std::borrow::Cow::Owned(next),
                None => return Found::Missing,
            }
        }
        let value = self.resolve(&here);
        if value.value == Value::Null { Found::Missing } else { Found::Value(value) }
    }
}

enum Found {
    Value(Node),
    /// There is no such value, and the next alternative counts.
    Missing,
    /// Deployment tells, and until then the next alternative counts.
    Open(String),
}

/// Where the brace closes that opens at the start (`${`), as a byte offset.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0u32;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(offset);
                }
            }
            _ => {}
        }
    }
    None
}

/// The alternatives of a variable: what commas outside of quotes and parentheses divide.
fn alternatives(inner: &str) -> Vec<&str> {
    let (mut out, mut start, mut depth, mut quote) = (Vec::new(), 0, 0i32, None);
    for (offset, byte) in inner.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth -= 1,
            (None, b',') if depth == 0 => {
                out.push(inner[start..offset].trim());
                start = offset + 1;
            }
            _ => {}
        }
    }
    out.push(inner[start..].trim());
    out
}

fn quoted(text: &str) -> Option<&str> {
    ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

/// An empty map, for sections that are not there.
pub(super) fn map_of(node: Option<&Node>) -> Map {
    match node.map(|node| &node.value) {
        Some(Value::Map(map)) => map.clone(),
        _ => Map::default(),
    }
}
