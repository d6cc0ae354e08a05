//! YAML with a place on every node, on top of the events of `saphyr-parser`.
//!
//! [`parse`] gives every document of a text and diagnostics; a damaged document costs itself only: reading goes on at the
//! next line that begins with `---`.
//!
//! Scalars follow [`Schema`]. Anchors, aliases and merge keys (`<<`) are expanded within [`ALIAS_NODES_MAX`], so that an
//! alias bomb costs a diagnostic and not the memory. A key that stands twice is diagnosed, and the last one counts. Tags
//! other than `!!str` are passed over, save in CloudFormation's schema, where they name functions. A text with Go or Jinja templates that is no YAML before it is rendered is told
//! apart from broken YAML (`yaml.template`).

use crate::source::Origin;
use crate::value::MapBuilder;
use crate::{At, Map, Node, Value};
use mainstay_model::{Diagnostic, Level};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

mod scalar;

/// How deep sequences and mappings may nest.
pub const DEPTH_MAX: usize = 128;
/// How many nodes the aliases of one text may expand to, all together.
pub const ALIAS_NODES_MAX: usize = 100_000;
/// How many maps lie around the entries of a template's sections: the template and the section.
const SECTION_DEPTH: usize = 2;
/// How many diagnostics one text gives at most.
pub const DIAGNOSTICS_MAX: usize = 100;

/// How an unquoted scalar becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// YAML 1.2 core: `true`, `false`, `null`, `~`, decimal, `0o` and `0x` numbers. `yes`, `on` and `0644` with a leading
    /// zero are a text, a text and a decimal number.
    Core,
    /// What `kubectl` reads (YAML 1.1 scalars as in `sigs.k8s.io/yaml`): besides core, `yes`/`no`/`on`/`off`/`y`/`n` are
    /// booleans, a leading zero means octal (`defaultMode: 0644` is 420) and digits may be grouped by `_`.
    Kubernetes,
    /// What Terraform's `yamldecode` reads: core, and the boolean words of YAML 1.1.
    Terraform,
    /// What CloudFormation reads: the boolean words of YAML 1.1 without `y` and `n`; whole numbers with a leading zero stay texts, because
    /// they are account ids; the short form of a function (`!Sub x`) becomes its long form (`{"Fn::Sub": "x"}`).
    CloudFormation,
}

/// The documents of a text.
#[derive(Debug, Default)]
pub struct Documents {
    /// Those that could be read, in order. An empty document is left out.
    pub documents: Vec<Node>,
    /// What could not be read, or not wholly.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads all documents of a YAML text.
///
/// ```
/// use mainstay_iac::{yaml, Origin};
/// let read = yaml::parse("a: &x [1, yes]\nb: *x\n---\nc: ~\n", Origin::of("a.yaml"), yaml::Schema::Core);
/// assert_eq!(read.documents.len(), 2);
/// assert_eq!(read.documents[0].to_json(), serde_json::json!({"a": [1, "yes"], "b": [1, "yes"]}));
/// ```
#[must_use]
pub fn parse(text: &str, origin: Origin<'_>, schema: Schema) -> Documents {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = origin.line;
    let mut read = Documents::default();
    let mut alias_nodes = 0;
    loop {
        let part = Origin { line, ..origin };
        let end = (!rest.ends_with(['\n', '\r'])).then(|| within(rest, u32::MAX, u32::MAX));
        let mut builder = Builder {
            origin: part,
            schema,
            end,
            stack: Vec::new(),
            anchors: HashMap::new(),
            alias_nodes,
            read: &mut read,
        };
        let failed = builder.run(rest);
        if failed.is_some() {
            builder.salvage();
        }
        alias_nodes = builder.alias_nodes;
        let Some(failed_line) = failed else { break };
        // The damaged document ends at the next line that begins with `---`.
        let Some((skipped, next)) = next_document(rest, failed_line) else { break };
        line = line.saturating_add(skipped);
        rest = next;
    }
    if read.diagnostics.len() > DIAGNOSTICS_MAX {
        read.diagnostics.truncate(DIAGNOSTICS_MAX);
    }
    read
}

/// A place as the parser tells it in a text, in characters, or where the line or the text ends if that is before it. In the
/// lines of YAML, which a lone carriage return ends too. The parser counts the bytes of a directive, and places what is
/// missing at the end of a text whose last line has no end on the line behind it.
fn within(text: &str, line: u32, column: u32) -> (u32, u32) {
    let (mut now, mut before, mut counted) = ((1u32, 1u32), '\n', 1u32);
    let mut is_directive = false;
    for c in text.chars() {
        if now.1 == 1 {
            is_directive = c == '%';
            counted = 1;
        }
        if is_directive && now.0 == line && counted >= column {
            break;
        }
        match c {
            '\n' if before == '\r' => {}
            '\n' | '\r' if now.0 >= line => break,
            '\n' | '\r' => now = (now.0.saturating_add(1), 1),
            _ => {
                now.1 = now.1.saturating_add(1);
                counted = counted.saturating_add(u32::try_from(c.len_utf8()).unwrap_or(1));
            }
        }
        before = c;
    }
    (line, column).min(now)
}

/// The text from the first `---` after a line (from 1) on, and how many lines come before it.
fn next_document(text: &str, after_line: u32) -> Option<(u32, &str)> {
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = u32::try_from(index).ok()?;
        if number >= after_line && line.starts_with("---") && line[3..].starts_with([' ', '\t', '\r', '\n']) {
            return Some((number, &text[offset..]));
        }
        offset += line.len();
    }
    None
}

/// A collection that is being read.
struct Frame {
    anchor: usize,
    at: At,
    kind: Kind,
    /// The function whose short form stands before the collection.
    function: Option<Arc<str>>,
    /// Nodes in it so far, itself included: what an alias to it costs.
    nodes: usize,
}

enum Kind {
    List(Vec<Node>),
    Map {
        map: MapBuilder,
        key: Option<(Arc<str>, bool)>,
        /// A key that is no scalar was met: its value is to be dropped.
        skip: bool,
        merges: Vec<Map>,
    },
}

struct Builder<'o, 'r> {
    origin: Origin<'o>,
    schema: Schema,
    /// The end of a text whose last line has none, behind which nothing may be placed.
    end: Option<(u32, u32)>,
    stack: Vec<Frame>,
    /// Node and its number of nodes by anchor.
    anchors: HashMap<usize, (Node, usize)>,
    alias_nodes: usize,
    read: &'r mut Documents,
}

impl Builder<'_, '_> {
    /// Reads until the end (`None`) or until a document is lost; then gives the line of this text where that was.
    fn run(&mut self, text: &str) -> Option<u32> {
        for event in Parser::new_from_str(text) {
            match event {
                Err(error) => {
                    let line = u32::try_from(error.marker().line()).unwrap_or(u32::MAX).max(1);
                    self.syntax_error(&error, text);
                    return Some(line);
                }
                Ok((event, span)) => {
                    if !self.event(event, span) {
                        return Some(u32::try_from(span.start.line()).unwrap_or(u32::MAX).max(1));
                    }
                }
            }
        }
        None
    }

    /// Keeps of a damaged template what is complete: the entries of its sections, such as whole resources. The entry in
    /// which the damage lies is left out, because half a resource would be judged for what it does not say.
    fn salvage(&mut self) {
        if self.schema != Schema::CloudFormation {
            return;
        }
        self.stack.truncate(SECTION_DEPTH);
        if let Some(Frame { kind: Kind::Map { key, skip, .. }, .. }) = self.stack.last_mut() {
            (*key, *skip) = (None, false);
        }
        while !self.stack.is_empty() {
            self.close();
        }
    }

    /// False when the document has to be given up.
    fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        let at = self.at(&span);
        match event {
            Event::DocumentStart(_) => {
                self.stack.clear();
                self.anchors.clear();
                true
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref(), at),
            Event::SequenceStart(anchor, tag) => {
                let function = self.function(tag.as_deref());
                self.open(Frame { anchor, at, kind: Kind::List(Vec::new()), function, nodes: 1 })
            }
            Event::MappingStart(anchor, tag) => {
                let kind = Kind::Map { map: MapBuilder::default(), key: None, skip: false, merges: Vec::new() };
                let function = self.function(tag.as_deref());
                self.open(Frame { anchor, at, kind, function, nodes: 1 })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, at),
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => true,
        }
    }

    fn at(&self, span: &Span) -> At {
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        let place = (line, u32::try_from(span.start.col()).unwrap_or(u32::MAX - 1) + 1);
        let (line, column) = self.end.map_or(place, |end| place.min(end));
        self.origin.at(line, column)
    }

    fn open(&mut self, frame: Frame) -> bool {
        if self.stack.len() >= DEPTH_MAX {
            self.say(
                "yaml.depth",
                Level::Error,
                format!("nested deeper than {DEPTH_MAX} levels"),
                frame.at,
                "flatten the document",
            );
            return false;
        }
        self.stack.push(frame);
        true
    }

    fn close(&mut self) -> bool {
        let Some(frame) = self.stack.pop() else { return true };
        let value = match frame.kind {
            Kind::List(items) => Value::List(items),
            Kind::Map { map, merges, .. } => Value::Map(merged(map, merges)),
        };
        let node = called(frame.function, Node { value, at: frame.at });
        self.place(node, frame.nodes, frame.anchor);
        true
    }

    /// The long name of a function whose short form is a tag.
    fn function(&self, tag: Option<&Tag>) -> Option<Arc<str>> {
        let tag = tag.filter(|tag| self.schema == Schema::CloudFormation && tag.handle == "!")?;
        Some(match tag.suffix.as_str() {
            name @ ("Ref" | "Condition") => Arc::from(name),
            name => Arc::from(format!("Fn::{name}")),
        })
    }

    fn alias(&mut self, id: usize, at: At) -> bool {
        let Some((node, nodes)) = self.anchors.get(&id) else {
            self.say(
                "yaml.alias",
                Level::Error,
                "an alias refers to an anchor that is not complete".to_owned(),
                at,
                "define the anchor before its use",
            );
            return false;
        };
        self.alias_nodes = self.alias_nodes.saturating_add(*nodes);
        if self.alias_nodes > ALIAS_NODES_MAX {
            let summary = format!("aliases expand to more than {ALIAS_NODES_MAX} nodes");
            self.say("yaml.alias-bomb", Level::Error, summary, at, "write the values out, or split the file");
            return false;
        }
        let (node, nodes) = (Node { value: node.value.clone(), at }, *nodes);
        let is_text_key = self.wants_key();
        match (&node.value, is_text_key) {
            (Value::String(text), true) => {
                let key = text.clone();
                self.key(key, false);
            }
            _ => self.place(node, nodes, 0),
        }
        true
    }

    fn wants_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { kind: Kind::Map { key: None, skip: false, .. }, .. }))
    }

    fn key(&mut self, text: Arc<str>, merge: bool) {
        if let Some(Frame { kind: Kind::Map { key, .. }, .. }) = self.stack.last_mut() {
            *key = Some((text, merge));
        }
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, at: At) -> bool {
        if self.wants_key() {
            let key: Arc<str> = Arc::from(&*text);
            if anchor != 0 {
                self.anchors.insert(anchor, (Node { value: Value::String(key.clone()), at }, 1));
            }
            self.key(key, style == ScalarStyle::Plain && text == "<<");
            return true;
        }
        let is_text =
            style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
        let function = self.function(tag);
        let is_text = is_text || function.is_some();
        let value = if is_text { Value::String(Arc::from(&*text)) } else { scalar::resolve(&text, self.schema) };
        self.place(called(function, Node { value, at }), 1, anchor);
        true
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, nodes: usize, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), nodes));
        }
        let Some(frame) = self.stack.last_mut() else {
            if node.value != Value::Null {
                self.read.documents.push(node);
            }
            return;
        };
        frame.nodes = frame.nodes.saturating_add(nodes);
        match &mut frame.kind {
            Kind::List(items) => items.push(node),
            Kind::Map { skip: skip @ true, .. } => *skip = false,
            Kind::Map { map, key, skip, merges } => match key.take() {
                None => {
                    *skip = true;
                    let at = node.at;
                    self.complex_key(at);
                }
                Some((_, true)) => match node.value {
                    Value::Map(other) => merges.push(other),
                    Value::List(others) => merges.extend(others.into_iter().filter_map(|other| match other.value {
                        Value::Map(other) => Some(other),
                        _ => None,
                    })),
                    _ => {}
                },
                Some((key, false)) => {
                    let at = node.at;
                    if let Some(old) = map.set(key.clone(), node) {
                        let summary = format!("the key `{key}` stands twice; the first is on line {}", old.at.line);
                        self.say(
                            "yaml.duplicate-key",
                            Level::Warning,
                            summary,
                            at,
                            "keep one of them; the last one counts",
                        );
                    }
                }
            },
        }
    }

    fn complex_key(&mut self, at: At) {
        self.say(
            "yaml.key",
            Level::Error,
            "a key is a list or a map; the entry does not count".to_owned(),
            at,
            "if the file is a template (`{{ ... }}`), render it first; otherwise quote the key",
        );
    }

    fn syntax_error(&mut self, error: &ScanError, text: &str) {
        let line = u32::try_from(error.marker().line()).unwrap_or(u32::MAX).max(1);
        let column = u32::try_from(error.marker().col()).unwrap_or(u32::MAX - 1) + 1;
        let (line, column) = within(text, line, column);
        let at = self.origin.at(line, column);
        // `${{ ... }}` is an expression of a pipeline, which stays in the file, and so does nothing to break it.
        let templated = |at: usize| !text[..at].ends_with('$');
        if text.match_indices("{{").any(|(at, _)| templated(at)) || text.contains("{%") {
            let help = "render it first, such as with `helm template`, and read the result";
            self.say("yaml.template", Level::Error, "the file is a template and no YAML yet".to_owned(), at, help);
        } else {
            let summary = format!("the document is no YAML: {}", error.info());
            self.say(
                "yaml.syntax",
                Level::Error,
                summary,
                at,
                "mend the indentation, quotes or brackets here or just before",
            );
        }
    }

    fn say(&mut self, code: &str, level: Level, summary: String, at: At, help: &str) {
        if self.read.diagnostics.len() < DIAGNOSTICS_MAX {
            let place = self.origin.place(at);
            self.read.diagnostics.push(Diagnostic { level, ..Diagnostic::error(code, summary, place, help) });
        }
    }
}

/// A function's argument as the function's call.
fn called(function: Option<Arc<str>>, argument: Node) -> Node {
    let Some(name) = function else { return argument };
    let at = argument.at;
    Node { value: Value::Map(Map::of_distinct(vec![(name, argument)])), at }
}

/// The keys of `<<` fill in what the mapping does not have itself; of several the first wins.
fn merged(mut map: MapBuilder, merges: Vec<Map>) -> Map {
    for other in merges {
        for (key, node) in other.into_entries() {
            if map.get_mut(&key).is_none() {
                map.set(key, node);
            }
        }
    }
    map.finish()
}
