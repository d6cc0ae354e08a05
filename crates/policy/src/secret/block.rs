//! The `secret` block of a control: what a secret looks like, and what tells it from something that only looks like it.
//!
//! ```yaml
//! keywords: [ghp_]                        # one of these stands wherever a match begins; upper and lower case are the same
//! pattern: '\bghp_[A-Za-z0-9]{36}\b'      # the secret; where the pattern has a group named `secret`, that group
//! names: '(^|_)password$'                 # or instead: the name that a literal is given to, as words_in_lower_case
//! value: '[0-9a-f]{32}'                   # with `names`: the form of the whole literal
//! entropy: 3.0                            # bits a character that it has at least
//! checks: [github-checksum]               # what else must hold of it
//! except: 'EXAMPLE'                       # values that are no secrets
//! beside: 'datadog'                       # must stand somewhere in the file
//! ```

use super::check::Check;
use super::pattern::{Care, Pattern};
use mainstay_iac::{At, Map, Node, Origin, Value, yaml};
use mainstay_model::{Diagnostic, Place};

/// What one block says.
#[derive(Debug)]
pub(crate) struct Detector {
    /// In lower case.
    pub keywords: Vec<String>,
    pub form: Form,
    pub entropy: f64,
    pub checks: Vec<Check>,
    pub except: Option<Pattern>,
    pub beside: Option<Pattern>,
}

/// How a secret is found.
#[derive(Debug)]
pub(crate) enum Form {
    /// By its own form.
    Pattern(Pattern),
    /// As a literal that is given to a name, perhaps of one form.
    Named { names: Pattern, value: Option<Pattern> },
}

impl Detector {
    /// Whether it knows how what it looks for is written, and not only what it is called.
    pub(crate) fn has_form(&self) -> bool {
        !matches!(self.form, Form::Named { value: None, .. })
    }

    /// How much is known of a match: of two on the same text, that of the lower number counts.
    pub(crate) fn rank(&self) -> u8 {
        match &self.form {
            Form::Pattern(_) => 0,
            Form::Named { value: Some(_), .. } => 1,
            Form::Named { value: None, .. } => 2,
        }
    }
}

const FIELDS: [&str; 8] = ["keywords", "pattern", "names", "value", "entropy", "checks", "except", "beside"];

/// The fewest characters of a keyword: shorter ones stand everywhere and would make every file slow.
const KEYWORD_MIN: usize = 3;

/// Reads a block; `line` is that of its first line within the control's file.
pub(crate) fn read(text: &str, path: &str, line: u32, care: Care, wrong: &mut Vec<Diagnostic>) -> Option<Detector> {
    let before = wrong.len();
    let mut read = yaml::parse(text, Origin { path, file: 0, line }, yaml::Schema::Core);
    wrong.append(&mut read.diagnostics);
    let mut reader = Reader { path, line, care, wrong };
    let map = match read.documents.first() {
        Some(Node { value: Value::Map(map), .. }) => map,
        _ => {
            reader.error(None, "the block holds no fields", "write keywords and pattern, or keywords and names");
            return None;
        }
    };
    for (name, node) in map.iter().filter(|(name, _)| !FIELDS.contains(name)) {
        reader.error(
            Some(node.at),
            &format!("`{name}` is no field of a secret block"),
            &format!("use {}", FIELDS.join(", ")),
        );
    }
    let keywords = reader.keywords(map);
    let form = reader.form(map);
    let entropy = reader.entropy(map);
    let checks = reader.checks(map);
    let except = reader.pattern(map, "except", Pattern::anywhere);
    let beside = reader.pattern(map, "beside", Pattern::anywhere);
    let detector = Detector { keywords, form: form?, entropy, checks, except, beside };
    (wrong.len() == before).then_some(detector)
}

struct Reader<'r> {
    path: &'r str,
    line: u32,
    care: Care,
    wrong: &'r mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(&mut self, at: Option<At>, summary: &str, help: &str) {
        let place = at.map_or_else(
            || Place::at(self.path, self.line.saturating_sub(1), 1),
            |at| Place::at(self.path, at.line, at.column),
        );
        self.wrong.push(Diagnostic::error("control.secret", summary, place, help));
    }

    fn texts(&mut self, map: &Map, name: &str) -> Vec<(String, At)> {
        let Some(node) = map.get(name) else { return Vec::new() };
        let nodes = match &node.value {
            Value::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        let mut out = Vec::new();
        for node in nodes {
            match &node.value {
                Value::String(text) => out.push((text.to_string(), node.at)),
                _ => {
                    self.error(Some(node.at), &format!("`{name}` holds something that is no text"), "put it in quotes")
                }
            }
        }
        out
    }

    fn keywords(&mut self, map: &Map) -> Vec<String> {
        let found = self.texts(map, "keywords");
        if found.is_empty() {
            self.error(None, "`keywords` is missing", "name what stands in every text that the control has to look at");
        }
        for (word, at) in &found {
            if word.len() < KEYWORD_MIN || !word.is_ascii() {
                let summary = format!("`{word}` is no keyword");
                self.error(Some(*at), &summary, "use three characters of ASCII or more, so that it is rare");
            }
        }
        found.into_iter().map(|(word, _)| word.to_ascii_lowercase()).collect()
    }

    fn form(&mut self, map: &Map) -> Option<Form> {
        match (map.get("pattern"), map.get("names")) {
            (Some(_), None) => {
                if let Some(value) = map.get("value") {
                    self.error(Some(value.at), "`value` goes with `names`", "leave it out, or put it into `pattern`");
                }
                Some(Form::Pattern(self.pattern(map, "pattern", Pattern::anywhere)?))
            }
            (None, Some(_)) => {
                let names = self.pattern(map, "names", Pattern::anywhere)?;
                Some(Form::Named { names, value: self.pattern(map, "value", Pattern::whole) })
            }
            (both, _) => {
                let summary =
                    if both.is_some() { "both `pattern` and `names`" } else { "neither `pattern` nor `names`" };
                self.error(None, &format!("the block has {summary}"), "write one of them");
                None
            }
        }
    }

    fn pattern(&mut self, map: &Map, name: &str, read: fn(&str, Care) -> Result<Pattern, String>) -> Option<Pattern> {
        let (text, at) = self.texts(map, name).into_iter().next()?;
        match read(&text, self.care) {
            Ok(pattern) => Some(pattern),
            Err(why) => {
                self.error(Some(at), &format!("`{name}` is no regular expression: {why}"), "correct it");
                None
            }
        }
    }

    fn entropy(&mut self, map: &Map) -> f64 {
        let Some(node) = map.get("entropy") else { return 0.0 };
        let read = match &node.value {
            Value::Number(number) => number.to_string().parse().ok().filter(|bits| (0.0..=8.0).contains(bits)),
            _ => None,
        };
        read.unwrap_or_else(|| {
            self.error(Some(node.at), "`entropy` is no number of bits", "write a number from 0 to 8, such as 3.5");
            0.0
        })
    }

    fn checks(&mut self, map: &Map) -> Vec<Check> {
        let mut out = Vec::new();
        for (name, at) in self.texts(map, "checks") {
            match Check::named(&name) {
                Some(check) => out.push(check),
                None => self.error(
                    Some(at),
                    &format!("there is no check `{name}`"),
                    &format!("use one of {}", Check::names().collect::<Vec<_>>().join(", ")),
                ),
            }
        }
        out
    }
}
