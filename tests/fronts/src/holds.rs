//! What must hold of every reading and every verdict.

use mainstay_iac::{At, Node, Reading, SourceFile, Value};
use mainstay_model::{Diagnostic, Place, Verdict};
use mainstay_policy::{Engine, Judging, Summary, Wanted, built_in};
use std::collections::HashMap;
use std::sync::OnceLock;

/// The engine of the built-in controls, loaded once.
pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let (engine, wrong) = Engine::load(&built_in());
        assert!(wrong.is_empty(), "the built-in controls load: {wrong:?}");
        engine
    })
}

/// How many characters each line of a file has.
struct Lines(Vec<usize>);

impl Lines {
    /// A lone carriage return ends a line for YAML and for no other reader, so it counts as an end, and columns of such a
    /// file are not looked at.
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let lone = text.replace("\r\n", "\n").contains('\r');
        let text = if lone { text.replace('\r', "\n") } else { text.into_owned() };
        let width = |line: &str| if lone { usize::MAX - 2 } else { line.chars().count() };
        Self(text.split('\n').map(width).collect())
    }

    /// A place may be one behind the last character of a line, where something is missing.
    fn hold(&self, line: u32, column: u32) -> bool {
        let Some(width) = (line as usize).checked_sub(1).and_then(|line| self.0.get(line)) else { return false };
        column as usize <= width + 1
    }
}

/// Every place of a reading lies within the file that it names.
pub fn places(reading: &Reading, files: &[SourceFile]) {
    let lines: Vec<Lines> = files.iter().map(|file| Lines::of(&file.bytes)).collect();
    let within = |at: At, what: &dyn Fn() -> String| {
        let file = reading.files.get(at.file as usize);
        assert!(file.is_some(), "{} names file {} of {}", what(), at.file, reading.files.len());
        let holds = at.line == 0 || lines.get(at.file as usize).is_none_or(|lines| lines.hold(at.line, at.column));
        assert!(holds, "{} stands at {at:?}, which is not in {file:?}", what());
    };
    for resource in &reading.resources {
        within(resource.at, &|| resource.address.clone());
        within(At { line: resource.line_end, column: 0, ..resource.at }, &|| {
            format!("the end of {}", resource.address)
        });
        assert!(resource.line_end >= resource.at.line, "{} ends before it begins", resource.address);
        for (key, node) in resource.body.iter() {
            visit(node, &mut |node| within(node.at, &|| format!("`{key}` of {}", resource.address)));
        }
    }
    reading.comments.iter().for_each(|comment| within(comment.at, &|| format!("{comment:?}")));
    let by_path: HashMap<&str, &Lines> = files.iter().map(|file| file.path.as_str()).zip(&lines).collect();
    diagnostics(&reading.diagnostics, &|place| by_path.get(place.file.as_str()).copied());
}

/// Diagnostics of one text alone.
pub fn places_of(found: &[Diagnostic], bytes: &[u8]) {
    let lines = Lines::of(bytes);
    diagnostics(found, &|_| Some(&lines));
}

fn diagnostics<'l>(found: &[Diagnostic], lines: &dyn Fn(&Place) -> Option<&'l Lines>) {
    for diagnostic in found {
        assert!(!diagnostic.summary.is_empty() && !diagnostic.code.is_empty(), "{diagnostic:?}");
        let Place { line, column, .. } = diagnostic.place;
        let holds = line == 0 || lines(&diagnostic.place).is_none_or(|lines| lines.hold(line, column));
        assert!(holds, "out of its file: {diagnostic}");
    }
}

fn visit<'n>(node: &'n Node, each: &mut dyn FnMut(&'n Node)) {
    each(node);
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| visit(item, each)),
        Value::Map(map) => map.iter().for_each(|(_, item)| visit(item, each)),
        _ => {}
    }
}

/// Reading the same again gives the same, whatever the order in which tables of hashes give their keys.
pub fn same(first: &Reading, again: &Reading) {
    assert_eq!(first.diagnostics, again.diagnostics);
    assert_eq!(first.comments, again.comments);
    assert_eq!(format!("{:?}", first.resources), format!("{:?}", again.resources));
}

/// Judges a reading, and demands that the count is that of the verdicts and that every verdict says why.
pub fn judged(engine: &Engine, reading: &Reading) -> Judging {
    let judging = engine.judge_wanted(reading, Wanted::All);
    let mut counted =
        Summary { resources: judging.summary.resources, controls: judging.summary.controls, ..Summary::default() };
    judging.judgements.iter().for_each(|judgement| counted.count(judgement.verdict));
    assert_eq!(counted, judging.summary);
    for judgement in &judging.judgements {
        assert!(!judgement.why.is_empty(), "{judgement:?}");
        assert!(judgement.verdict != Verdict::Waived, "nobody waived {judgement:?}");
    }
    judging
}
