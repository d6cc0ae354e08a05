//! Dockerfiles: every instruction is a resource, and so is the file.
//!
//! An instruction is of the type `dockerfile.RUN`, the file of the type `dockerfile`; the file holds the instructions
//! once more under their names in lower case (`run`, `from`), so that a control can look at all of them. Variables are filled
//! in where the build does it; what only the build or the base image knows is unknown. `RUN` keeps its text, and gives the
//! calls of programs in it under `commands`.

use crate::source::{Origin, text_of};
use crate::{Block, Dialect, Map, Node, Reading, Resource, SourceFile, Value};
use mainstay_model::{Diagnostic, Level};
use std::sync::Arc;

mod body;
mod lines;
mod stages;
mod words;

use body::{Body, number, text, truth};
use lines::Written;
use stages::Stages;

/// The instructions that there are.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// How many wrong instructions are reported of one file.
const DIAGNOSTICS_MAX: usize = 100;

/// Whether a file is a Dockerfile by its name.
pub(crate) fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let plain = ["dockerfile", "containerfile"];
    let prefixed = plain.iter().any(|known| name.strip_prefix(known).is_some_and(|rest| rest.starts_with('.')));
    let suffixed = plain.iter().any(|known| name.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')));
    plain.contains(&name.as_str())
        || suffixed
        || (prefixed && !name.ends_with(".dockerignore") && !name.ends_with(".md"))
}

/// Adds the instructions of a file. `shown` is the path by which its resources are named.
pub(crate) fn read_file(file: &SourceFile, index: u32, shown: &str, reading: &mut Reading) {
    let origin = Origin::nth(&file.path, index);
    let text = match text_of(&file.bytes, &file.path) {
        Ok(text) => text,
        Err(diagnostic) => return reading.diagnostics.push(*diagnostic),
    };
    let (written, escape) = lines::instructions(text);
    let mut reader = Reader { origin, escape, stages: Stages::default(), found: Vec::new(), wrong: Vec::new() };
    for one in &written {
        reader.instruction(one);
    }
    if written.is_empty() || !reader.found.iter().any(|one| one.keyword == "FROM") {
        reader.complain(1, 1, "no image is named to begin with", "begin with `FROM image:tag`");
    }
    reader.wrong.truncate(DIAGNOSTICS_MAX);
    reading.diagnostics.append(&mut reader.wrong);
    let last_line = written.last().map_or(1, |one| one.line_end);
    add(reader.found, reader.stages.count(), (shown, &file.path), origin.at(1, 1), last_line, reading);
}

/// An instruction that was read.
struct Instruction {
    keyword: &'static str,
    at: crate::At,
    line_end: u32,
    body: Map,
    /// The number of the stage that it belongs to, from 0; `None` before the first.
    stage: Option<usize>,
}

struct Reader<'f> {
    origin: Origin<'f>,
    escape: char,
    stages: Stages,
    found: Vec<Instruction>,
    wrong: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn complain(&mut self, line: u32, column: u32, summary: impl Into<String>, help: &str) {
        let place = self.origin.place(self.origin.at(line, column));
        self.wrong.push(Diagnostic::error("dockerfile.syntax", summary, place, help));
    }

    fn instruction(&mut self, written: &Written<'_>) {
        let upper = written.keyword.to_ascii_uppercase();
        let Some(keyword) = KEYWORDS.iter().find(|known| **known == upper) else {
            let help = "correct the name, or end the line before with the escape character";
            let shown: String = written.keyword.chars().take(40).collect();
            return self.complain(written.line, written.column, format!("`{shown}` is no instruction"), help);
        };
        if let Some(open) = written.heredocs.iter().find(|heredoc| !heredoc.ended) {
            let summary = format!("the text that `{}` ends has no end", open.name);
            self.complain(written.line, written.column, summary, "write the word alone on the line after the text");
        }
        if written.rest.is_empty() {
            let summary = format!("{keyword} says nothing");
            return self.complain(written.line, written.column, summary, "write what belongs after it, or delete it");
        }
        if matches!(*keyword, "LABEL" | "ENV" | "ARG") && words::is_open(&written.rest, self.escape) {
            let summary = format!("a quote in {keyword} has no end");
            self.complain(written.line, written.column, summary, "close the quote");
        }
        self.keep(keyword, written, &written.rest, false);
        if *keyword == "ONBUILD" {
            let (inner, rest) = written.rest.split_once(char::is_whitespace).unwrap_or((&written.rest, ""));
            let upper = inner.to_ascii_uppercase();
            if let Some(inner) =
                KEYWORDS.iter().find(|known| **known == upper && !matches!(**known, "ONBUILD" | "FROM"))
            {
                self.keep(inner, written, rest.trim(), true);
            }
        }
    }

    fn keep(&mut self, keyword: &'static str, written: &Written<'_>, rest: &str, later: bool) {
        let at = self.origin.at(written.line, written.column);
        if keyword == "FROM" {
            self.stages.begin();
        }
        let made =
            Body { keyword, rest, heredocs: &written.heredocs, escape: self.escape, at, later }.make(&mut self.stages);
        if let Some((summary, help)) = made.wrong {
            self.complain(written.line, written.column, summary, help);
            if made.mild
                && let Some(last) = self.wrong.last_mut()
            {
                last.level = Level::Warning;
            }
        }
        let stage = self.stages.current();
        let line_end = self.origin.at(written.line_end, 1).line;
        self.found.push(Instruction { keyword, at, line_end, body: made.body, stage });
    }
}

fn add(
    mut found: Vec<Instruction>,
    stages: usize,
    (shown, path): (&str, &str),
    at: crate::At,
    last_line: u32,
    reading: &mut Reading,
) {
    let root: Arc<str> = Arc::from(path);
    let mut seen_last: Vec<&str> = Vec::new();
    for one in found.iter_mut().rev() {
        let in_last = one.stage.is_some_and(|stage| stage + 1 == stages);
        // Of several in the last stage only the last `USER`, `CMD`, `ENTRYPOINT` and `HEALTHCHECK` counts.
        let last = in_last && !seen_last.contains(&one.keyword);
        if last {
            seen_last.push(one.keyword);
        }
        one.body.set("stage", number(one.stage.map_or(0, |stage| stage + 1), one.at));
        one.body.set("in_last_stage", truth(in_last, one.at));
        one.body.set("last", truth(last, one.at));
    }
    let mut whole = Map::default();
    for keyword in KEYWORDS {
        let all: Vec<Node> = found
            .iter()
            .filter(|one| one.keyword == keyword)
            .map(|one| Node { value: Value::Map(one.body.clone()), at: one.at })
            .collect();
        if let Some(first) = all.first() {
            let at = first.at;
            whole.set(keyword.to_ascii_lowercase(), Node { value: Value::List(all), at });
        }
    }
    whole.set("path", text(shown, at));
    let resource = |kind: &str, keyword: &str, body: Map, at: crate::At, line_end: u32| Resource {
        dialect: Dialect::Dockerfile,
        block: Block::Resource,
        root: root.clone(),
        address: format!("/{shown}.{keyword}"),
        resource_type: kind.to_owned(),
        api_version: String::new(),
        name: format!("{shown}.{keyword}"),
        namespace: None,
        body,
        at,
        line_end,
        references: Vec::new(),
        action: None,
        live_id: None,
    };
    reading.resources.push(resource("dockerfile", "", whole, at, last_line));
    for one in found {
        let kind = format!("dockerfile.{}", one.keyword);
        reading.resources.push(resource(&kind, one.keyword, one.body, one.at, one.line_end));
    }
}
