//! Secrets in code and configuration: which texts of files are secrets, by the controls that have a `secret` block.
//!
//! One pass finds the keywords of all controls; only where one stands is its control's expression tried, on the lines
//! around. What is found is judged: `fail` for a secret, `pass` for what only looks like one, `unknown` where nobody can
//! tell. No value leaves this module but in a [`Masks`], which hides it.

mod allow;
mod assign;
mod block;
mod check;
mod judgement;
mod key;
mod kind;
mod literal;
mod mask;
mod pattern;

pub use judgement::SecretsJudged;
pub use mask::Masks;

pub(crate) use block::{Detector, read};
pub(crate) use pattern::Care;

use crate::controls::Controls;
use crate::suppress::Suppression;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use assign::{Assignment, Notation};
use block::Form;
use check::{Candidate, Said};
use kind::Kind;
use mainstay_iac::SourceFile;
use mainstay_model::Verdict;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The type that controls of secrets name in their front matter.
pub(crate) const FILE_TYPE: &str = "file";

/// How far before a keyword a match may begin, and how far behind it end, within its line.
const BEFORE_MAX: usize = 512;
const BEHIND_MAX: usize = 4096;

/// How many characters of base64 around a match make it a piece of something else; paths of addresses are shorter.
const DATA_MIN: usize = 200;

/// Bytes of text that are worth the search which takes longest to make.
const MUCH: usize = 4 << 20;

/// Most matches that are judged in one file; one with more is data and no configuration.
const CANDIDATES_MAX: usize = 10_000;

/// Whether a file holds configuration alone, in which nothing but secrets is looked for.
#[must_use]
pub fn is_configuration(path: &str) -> bool {
    kind::is_plain(path)
}

/// The detectors of all controls, behind one search for their keywords.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// Control and block.
    detectors: Vec<(u32, u32)>,
    keywords: Vec<(Cow<'static, str>, u32)>,
    search: OnceLock<Option<AhoCorasick>>,
}

/// What a control says of a text in a file.
#[derive(Debug)]
pub(crate) struct Found {
    pub control: u32,
    pub verdict: Verdict,
    /// What it is called: the name that it is given to, else what the control finds.
    pub name: String,
    pub line: u32,
    pub column: u32,
    pub line_end: u32,
    /// What was found, without showing it, and why it is judged so.
    pub why: String,
    /// Few bits of a digest of the value, so that another value in the same place is another finding.
    pub digest: String,
    /// The value, to be hidden wherever it stands.
    pub value: Vec<u8>,
    /// Words on the lines around that allow it.
    pub allowed: Vec<Suppression>,
}

/// A match that was judged.
struct Match {
    detector: u32,
    rank: u8,
    start: usize,
    end: usize,
    name: Option<String>,
    verdict: Verdict,
    why: Option<String>,
}

impl Secrets {
    pub(crate) fn of(controls: &Controls) -> Self {
        let mut out = Self::default();
        for index in controls.of_files().iter().copied() {
            for (nth, keywords) in (0u32..).zip(controls.keywords(index)) {
                let number = u32::try_from(out.detectors.len()).unwrap_or(u32::MAX);
                out.detectors.push((index, nth));
                out.keywords.extend(keywords.into_iter().map(|word| (word, number)));
            }
        }
        out
    }

    /// Gets ready for files of that many bytes.
    pub(crate) fn prepare(&self, bytes: usize) {
        self.search_for(bytes);
    }

    /// The search for all keywords. The kind that runs fastest takes longest to make, which only much text is worth;
    /// whoever asks first decides.
    fn search_for(&self, bytes: usize) -> Option<&AhoCorasick> {
        let kind = if bytes < MUCH { AhoCorasickKind::ContiguousNFA } else { AhoCorasickKind::DFA };
        let build = || {
            let words = self.keywords.iter().map(|(word, _)| word.as_bytes());
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(kind))
                .build(words)
                .ok()
        };
        self.search.get_or_init(build).as_ref().filter(|_| !self.keywords.is_empty())
    }

    /// What the controls say of a file, in the order of its lines.
    pub(crate) fn judge(&self, controls: &Controls, file: &SourceFile) -> Vec<Found> {
        let Some(kind) = kind::of(&file.path) else { return Vec::new() };
        let Some(search) = self.search_for(file.bytes.len()) else { return Vec::new() };
        let Some(text) = kind::text(&file.bytes) else { return Vec::new() };
        let mut scan = Scan {
            secrets: self,
            controls,
            text: &text,
            kind,
            notation: Notation::of(&file.path),
            matches: Vec::new(),
            tried: vec![0; self.detectors.len()],
            assigned: HashMap::new(),
            beside: HashMap::new(),
        };
        for hit in search.find_overlapping_iter(&*text) {
            let (_, detector) = self.keywords[hit.pattern().as_usize()];
            scan.look(detector, hit.start());
            if scan.matches.len() >= CANDIDATES_MAX {
                break;
            }
        }
        let matches = strongest(scan.matches);
        if matches.is_empty() {
            return Vec::new();
        }
        let lines = Lines::of(&text);
        let made = matches.into_iter().map(|one| found(self, controls, &text, &file.path, &lines, one));
        made.collect()
    }

    fn detector<'c>(&self, controls: &'c Controls, number: u32) -> &'c Detector {
        let (control, nth) = self.detectors[number as usize];
        &controls.at(control).detectors[nth as usize]
    }
}

/// One look through a file.
struct Scan<'s> {
    secrets: &'s Secrets,
    controls: &'s Controls,
    text: &'s [u8],
    kind: Kind,
    notation: Notation,
    matches: Vec<Match>,
    /// Up to where each detector has looked already.
    tried: Vec<usize>,
    /// Assignments by the place of their names.
    assigned: HashMap<usize, Option<Assignment>>,
    /// Whether what a detector asks for stands in the file.
    beside: HashMap<u32, bool>,
}

impl Scan<'_> {
    fn look(&mut self, number: u32, place: usize) {
        if place < self.tried[number as usize] {
            return;
        }
        let detector = self.secrets.detector(self.controls, number);
        if self.kind == Kind::Program && !detector.has_form() {
            return;
        }
        if let Some(wanted) = &detector.beside {
            let text = self.text;
            if !*self.beside.entry(number).or_insert_with(|| wanted.is_match(text)) {
                return;
            }
        }
        match &detector.form {
            Form::Pattern(pattern) => {
                let regex = pattern.regex();
                let (from, to) = window(self.text, place, self.tried[number as usize]);
                self.tried[number as usize] = to;
                let group = regex.capture_names().flatten().any(|name| name == "secret");
                for captures in regex.captures_iter(&self.text[from..to]) {
                    let whole = captures.get(0);
                    let Some(value) = (if group { captures.name("secret") } else { whole }) else { continue };
                    if is_within_data(self.text, from + value.start(), from + value.end()) {
                        continue;
                    }
                    self.judge(number, from + value.start(), from + value.end(), None);
                }
            }
            Form::Named { names, value } => {
                let Some((start, end)) = assign::name_around(self.text, place) else { return };
                self.tried[number as usize] = end;
                let (text, notation) = (self.text, self.notation);
                let assigned = self.assigned.entry(start).or_insert_with(|| assign::at(text, place, notation));
                let Some(assigned) = assigned.clone() else { return };
                if !names.is_match(assigned.name.as_bytes()) {
                    return;
                }
                if !assigned.literal {
                    let why = Some("an expression, no literal".to_owned());
                    self.push(number, &assigned, Verdict::Pass, why);
                    return;
                }
                if value.as_ref().is_some_and(|form| !form.is_match(&text[assigned.start..assigned.end])) {
                    return;
                }
                self.judge(number, assigned.start, assigned.end, Some(assigned.written));
            }
        }
    }

    fn push(&mut self, detector: u32, assigned: &Assignment, verdict: Verdict, why: Option<String>) {
        let rank = self.secrets.detector(self.controls, detector).rank();
        let (start, end) = (assigned.start, assigned.end);
        self.matches.push(Match { detector, rank, start, end, name: Some(assigned.written.clone()), verdict, why });
    }

    /// Judges a match by its entropy, by what no secret looks like, and by the checks of its format.
    fn judge(&mut self, number: u32, start: usize, end: usize, name: Option<String>) {
        let detector = self.secrets.detector(self.controls, number);
        let value = &self.text[start..end];
        let shown = String::from_utf8_lossy(value);
        let (mut verdict, mut why, mut close) = (Verdict::Fail, None, end);
        let entropy = literal::entropy(value);
        let nothing = if let Some(why) = literal::is_filled_in(&shown) {
            Some(why.to_owned())
        } else if detector.except.as_ref().is_some_and(|except| except.is_match(value)) {
            Some("a value that everybody knows".to_owned())
        } else if entropy < detector.entropy {
            Some(format!("{entropy:.1} bits a character, and at least {:.1} are asked for", detector.entropy))
        } else {
            None
        };
        if let Some(reason) = nothing {
            (verdict, why) = (Verdict::Pass, Some(reason));
        } else {
            let plain = name.as_deref().map(assign::plain).unwrap_or_default();
            let candidate = Candidate { name: &plain, text: self.text, start, end };
            for check in &detector.checks {
                match check.run(&candidate) {
                    Said::Secret(further) => close = further.unwrap_or(close),
                    Said::Nothing(reason) => {
                        (verdict, why) = (Verdict::Pass, Some(reason.to_owned()));
                        break;
                    }
                    Said::Open(reason, further) => {
                        close = further.unwrap_or(close);
                        (verdict, why) = (Verdict::Unknown, Some(reason.to_owned()));
                    }
                }
            }
        }
        let rank = detector.rank();
        self.matches.push(Match { detector: number, rank, start, end: close, name, verdict, why });
    }
}

/// Whether a match is a piece of something longer in base64, such as a picture, in which any form occurs by chance.
fn is_within_data(text: &[u8], start: usize, end: usize) -> bool {
    let is_digit = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let before = text[..start].iter().rev().take(DATA_MIN).take_while(is_digit).count();
    let behind = text[end..].iter().take(DATA_MIN).take_while(is_digit).count();
    // A key in base64 begins where its text begins, and goes on for long behind the part that was matched.
    before > 0 && before + behind >= DATA_MIN
}

/// The part of a line around a place in which a match may lie.
fn window(text: &[u8], place: usize, from: usize) -> (usize, usize) {
    let low = place.saturating_sub(BEFORE_MAX).max(from);
    let start = text[low..place].iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
    let high = text.len().min(place + BEHIND_MAX);
    let end = text[place..high].iter().position(|byte| *byte == b'\n').map_or(high, |at| place + at);
    (start, end)
}

/// Of matches on the same text the one of which most is known, then the longest.
fn strongest(mut matches: Vec<Match>) -> Vec<Match> {
    matches.sort_by_key(|one| (one.rank, std::cmp::Reverse(one.end - one.start), one.detector, one.start));
    let mut kept: Vec<Match> = Vec::with_capacity(matches.len());
    let mut taken: std::collections::BTreeMap<usize, usize> = std::collections::BTreeMap::new();
    for one in matches {
        // Those that are kept do not overlap, so the last that begins before this one's end is the only one that may.
        let before = taken.range(..one.end.max(one.start + 1)).next_back();
        if before.is_none_or(|(_, end)| *end <= one.start) {
            taken.insert(one.start, one.end);
            kept.push(one);
        }
    }
    kept.sort_by_key(|one| one.start);
    kept
}

/// The beginnings of lines.
pub(super) struct Lines<'t> {
    text: &'t [u8],
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t [u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// Line and column of a place, both from 1; columns count characters.
    fn at(&self, place: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= place);
        let start = self.starts[line - 1];
        let before = String::from_utf8_lossy(&self.text[start..place]);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (number(line), number(before.trim_start_matches('\u{feff}').chars().count() + 1))
    }

    /// The text of a line, from 1; empty where there is none.
    pub(super) fn text(&self, line: u32) -> &'t [u8] {
        let Some(start) = (line as usize).checked_sub(1).and_then(|at| self.starts.get(at)) else { return &[] };
        let end = self.starts.get(line as usize).copied().unwrap_or(self.text.len());
        &self.text[*start..end]
    }
}

fn found(secrets: &Secrets, controls: &Controls, text: &[u8], path: &str, lines: &Lines<'_>, one: Match) -> Found {
    let (control, _) = secrets.detectors[one.detector as usize];
    let detector = secrets.detector(controls, one.detector);
    let own = controls.at(control);
    let value = &text[one.start..one.end];
    let (line, column) = lines.at(one.start);
    let (line_end, _) = lines.at(one.end);
    let named = one.name.or_else(|| name_before(text, one.start));
    let name = named.unwrap_or_else(|| own.id.rsplit('.').next().unwrap_or_default().to_owned());
    let why = if one.verdict == Verdict::Pass {
        format!("`{name}` at {path}:{line}:{column} is {}", one.why.unwrap_or_default())
    } else {
        let doubt = one.why.map(|why| format!(": {why}")).unwrap_or_default();
        format!("`{name}` holds {} at {path}:{line}:{column}{doubt}", mask::shown(value, &detector.keywords))
    };
    let open = one.verdict != Verdict::Pass;
    let allowed = if open { allow::around(lines, path, line, line_end, own) } else { Vec::new() };
    let digest = mask::digest(value);
    Found { control, verdict: one.verdict, name, line, column, line_end, why, digest, value: value.to_vec(), allowed }
}

/// The name that a value is given to, right before it on its line.
fn name_before(text: &[u8], start: usize) -> Option<String> {
    let low = start.saturating_sub(BEFORE_MAX);
    let line = text[low..start].iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
    let before = text[line..start].trim_ascii_end();
    let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before).trim_ascii_end();
    let before = before.strip_suffix(b"\\").unwrap_or(before).trim_ascii_end();
    let before = before.strip_suffix(b"=").or_else(|| before.strip_suffix(b":"))?.trim_ascii_end();
    let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    let kept = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        .count();
    let name = String::from_utf8_lossy(&before[before.len() - kept..]).trim_matches(['-', '.']).to_owned();
    (name.len() >= 2 && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')).then_some(name)
}
