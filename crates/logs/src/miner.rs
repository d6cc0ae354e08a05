//! From skeletons to templates, as lines come.

use crate::hash::{self, Map, Set};
use crate::place::{self, Place};
use crate::scan::{Kind, Token, VARIABLE, join_lists, scan};
use crate::shape::{self, Shape};
use std::fmt::Write as _;

/// Stands for the word that was taken out of a place.
const HOLE: u64 = 0xa076_1d64_78bd_642f;
/// How many words of a line are looked at as places; a line with more is a document, not an event.
const PLACES_MAX: usize = 48;
/// A chain of generalisations is as long as the line has words, at most.
const CHAIN_MAX: usize = PLACES_MAX + 1;

/// How much a miner remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most skeletons at a time; the least recently seen give way. One of a long line costs some kilobytes.
    pub skeletons_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { skeletons_max: 32_768 }
    }
}

/// Names a template: the hash of its constant parts, and so the same in every run and on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TemplateId(pub u64);

impl std::fmt::Display for TemplateId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Lines of one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub id: TemplateId,
    /// The form, with `<*>` where lines differ.
    pub text: String,
    /// How many lines had it.
    pub lines: u64,
    /// The first of them, as counted by the miner from 0.
    pub first: u64,
    /// The last of them so far.
    pub last: u64,
    /// One of them.
    pub example: String,
}

/// Learns templates from lines.
#[derive(Debug, Default)]
pub struct Miner {
    limits: Limits,
    skeletons: Vec<Skeleton>,
    by_hash: Map<u32>,
    places: Map<Place>,
    shapes: Map<Shape>,
    /// Places that are known to be variable.
    variable: Set,
    /// What became of templates: from each to the more general one.
    successors: Map<u64>,
    lines: u64,
    tokens: Vec<Token>,
}

#[derive(Debug)]
struct Skeleton {
    hash: u64,
    tokens: Box<[Token]>,
    example: Box<str>,
    /// The more general skeleton that took it in.
    parent: Option<u32>,
    lines: u64,
    first: u64,
    last: u64,
}

impl Miner {
    /// A miner that has seen nothing.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes a line's message and names the template that it has as of now. A later line may show that a word of it is
    /// variable; [`Self::current`] follows.
    pub fn learn(&mut self, message: &str) -> TemplateId {
        let mut tokens = std::mem::take(&mut self.tokens);
        scan(message, &mut tokens);
        let hash = hash::sequence(tokens.iter().map(|token| token.hash));
        let known = self.by_hash.get(&hash).copied();
        let skeleton = known.unwrap_or_else(|| self.insert(hash, &tokens, message));
        self.tokens = tokens;
        let root = self.root(skeleton);
        let line = self.lines;
        self.lines += 1;
        let root = &mut self.skeletons[root as usize];
        root.lines += 1;
        root.last = line;
        TemplateId(root.hash)
    }

    /// The template that a template has become part of, or itself.
    #[must_use]
    pub fn current(&self, id: TemplateId) -> TemplateId {
        let next = |hash: &u64| self.successors.get(hash).copied();
        TemplateId(std::iter::successors(Some(id.0), next).take(CHAIN_MAX * 2).last().unwrap_or(id.0))
    }

    /// A template that is remembered.
    #[must_use]
    pub fn template(&self, id: TemplateId) -> Option<Template> {
        let slot = *self.by_hash.get(&self.current(id).0)?;
        Some(self.skeletons[slot as usize].template())
    }

    /// All templates that are remembered, the most frequent first.
    #[must_use]
    pub fn templates(&self) -> Vec<Template> {
        let roots = self.skeletons.iter().filter(|skeleton| skeleton.parent.is_none());
        let mut all: Vec<Template> = roots.map(Skeleton::template).collect();
        all.sort_by(|a, b| b.lines.cmp(&a.lines).then(a.first.cmp(&b.first)));
        all
    }

    /// How many lines were learnt from.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    fn root(&mut self, slot: u32) -> u32 {
        let mut root = slot;
        while let Some(parent) = self.skeletons[root as usize].parent {
            root = parent;
        }
        // The next line of this skeleton takes one step.
        if root != slot {
            self.skeletons[slot as usize].parent = Some(root);
        }
        root
    }

    /// Adds a skeleton, and whatever follows from it.
    fn insert(&mut self, hash: u64, tokens: &[Token], example: &str) -> u32 {
        if self.skeletons.len() >= self.limits.skeletons_max.max(2) {
            self.forget();
        }
        let slot = self.add(hash, tokens.into(), example);
        let mut child = slot;
        for _ in 0..CHAIN_MAX {
            let Some(general) = self.generalise(child) else { break };
            let hash = hash::sequence(general.iter().map(|token| token.hash));
            let known = self.by_hash.get(&hash).copied();
            let parent = known.unwrap_or_else(|| self.add(hash, general, example));
            self.adopt(child, parent);
            if known.is_some() {
                break;
            }
            child = parent;
        }
        slot
    }

    fn add(&mut self, hash: u64, tokens: Box<[Token]>, example: &str) -> u32 {
        let slot = u32::try_from(self.skeletons.len()).expect("skeletons are bounded by the limits");
        let example = &example[..example.floor_char_boundary(crate::scan::LINE_BYTES_MAX)];
        let line = self.lines;
        let example = example.into();
        self.skeletons.push(Skeleton { hash, tokens, example, parent: None, lines: 0, first: line, last: line });
        self.by_hash.insert(hash, slot);
        slot
    }

    /// Makes a skeleton part of a more general one.
    fn adopt(&mut self, child: u32, parent: u32) {
        let (child, parent) = (self.root(child), self.root(parent));
        if child == parent {
            return;
        }
        let (from, to) = (self.skeletons[child as usize].hash, self.skeletons[parent as usize].hash);
        self.successors.insert(from, to);
        self.skeletons[child as usize].parent = Some(parent);
        let (lines, first, last) = {
            let child = &self.skeletons[child as usize];
            (child.lines, child.first, child.last)
        };
        let parent = &mut self.skeletons[parent as usize];
        parent.lines += lines;
        parent.first = parent.first.min(first);
        parent.last = parent.last.max(last);
    }

    /// The skeleton with one more place variable, where one is; the others that share the place follow.
    fn generalise(&mut self, slot: u32) -> Option<Box<[Token]>> {
        let skeleton = &self.skeletons[slot as usize];
        let whole = skeleton.hash;
        let powers: Vec<u64> = hash::powers().take(skeleton.tokens.len()).collect();
        let tokens = skeleton.tokens.clone();
        let without = |at: usize| {
            let part = tokens[at].hash.wrapping_sub(HOLE).wrapping_mul(powers[at]);
            whole.wrapping_sub(part)
        };
        let places: Vec<_> = place::places(&tokens).take(PLACES_MAX).collect();
        if let Some((at, _)) = places.iter().find(|(at, _)| self.variable.contains(&without(*at))) {
            return Some(opened(&tokens, &[*at]));
        }
        for (at, position) in places {
            let key = without(at);
            let text = tokens[at].text(&self.skeletons[slot as usize].example);
            if self.places.entry(key).or_default().see(tokens[at].hash, text, slot, position) {
                self.variable.insert(key);
                let place = self.places.remove(&key).unwrap_or_default();
                let general = opened(&tokens, &[at]);
                self.gather(place.skeletons(), slot, &general);
                return Some(general);
            }
        }
        self.generalise_by_shape(slot, &tokens)
    }

    /// The skeleton with several places variable at once, where its shape shows that they are.
    fn generalise_by_shape(&mut self, slot: u32, tokens: &[Token]) -> Option<Box<[Token]>> {
        let mut words = tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Word).map(|(at, _)| at);
        let first = words.next()?;
        let words: Vec<usize> = words.take(PLACES_MAX).collect();
        let form = tokens.iter().enumerate().map(|(at, token)| match token.kind {
            Kind::Word if at != first => HOLE,
            _ => token.hash,
        });
        let key = hash::sequence(form);
        let with_holes = |tokens: &[Token], columns: &[usize]| {
            let part = |(at, token): (usize, &Token)| if columns.contains(&at) { HOLE } else { token.hash };
            hash::sequence(tokens.iter().enumerate().map(part))
        };
        let shape = self.shapes.entry(key).or_default();
        let opening = shape.openings().iter().find(|columns| self.variable.contains(&with_holes(tokens, columns)));
        if let Some(columns) = opening {
            return Some(opened(tokens, columns));
        }
        if !shape.see(slot) {
            return None;
        }
        let mut same = shape.take();
        same.retain(|other| self.skeletons.get(*other as usize).is_some_and(|skeleton| skeleton.parent.is_none()));
        let lines: Vec<&[Token]> = same.iter().map(|other| &*self.skeletons[*other as usize].tokens).collect();
        let columns = shape::columns(&lines, &words)?;
        self.variable.insert(with_holes(tokens, &columns));
        let general = opened(tokens, &columns);
        shape.open(columns);
        self.gather(same.into_iter(), slot, &general);
        Some(general)
    }

    /// Makes skeletons part of the general one that was found for them.
    fn gather(&mut self, skeletons: impl Iterator<Item = u32>, slot: u32, general: &[Token]) {
        let hash = hash::sequence(general.iter().map(|token| token.hash));
        let example: Box<str> = self.skeletons[slot as usize].example.clone();
        let known = self.by_hash.get(&hash).copied();
        let parent = known.unwrap_or_else(|| self.add(hash, general.into(), &example));
        for other in skeletons.filter(|other| *other != slot) {
            // Another place may have made it part of something else meanwhile; then all of that follows.
            self.adopt(other, parent);
        }
    }

    /// Makes room: what is part of a template is known again by its variable places, and of the templates those that
    /// were seen last stay.
    fn forget(&mut self) {
        let mut roots: Vec<Skeleton> = Vec::new();
        for skeleton in std::mem::take(&mut self.skeletons) {
            if skeleton.parent.is_none() {
                roots.push(skeleton);
            }
        }
        let keep = self.limits.skeletons_max / 2;
        if roots.len() > keep {
            roots.select_nth_unstable_by_key(keep, |skeleton| std::cmp::Reverse(skeleton.last));
            roots.truncate(keep);
        }
        roots.sort_by_key(|skeleton| skeleton.first);
        self.by_hash.clear();
        self.places.clear();
        self.shapes.clear();
        let kept: Set = roots.iter().map(|skeleton| skeleton.hash).collect();
        self.successors.retain(|_, to| kept.contains(to));
        if self.variable.len() > self.limits.skeletons_max {
            self.variable.clear();
        }
        for (slot, skeleton) in roots.iter().enumerate() {
            self.by_hash.insert(skeleton.hash, u32::try_from(slot).expect("skeletons are bounded by the limits"));
        }
        self.skeletons = roots;
    }
}

/// The tokens with some of them variable.
fn opened(tokens: &[Token], columns: &[usize]) -> Box<[Token]> {
    let mut tokens = tokens.to_vec();
    for at in columns {
        tokens[*at] = Token { hash: VARIABLE, kind: Kind::Variable, ..tokens[*at] };
    }
    join_lists(&mut tokens);
    tokens.into()
}

impl Skeleton {
    fn template(&self) -> Template {
        let mut text = String::with_capacity(self.example.len());
        for token in &self.tokens {
            if token.spaced && !text.is_empty() {
                text.push(' ');
            }
            match token.kind {
                Kind::Variable => text.push_str("<*>"),
                Kind::Word | Kind::Sign => {
                    // Writing to a text cannot fail.
                    let _ = write!(text, "{}", token.text(&self.example));
                }
            }
        }
        let id = TemplateId(self.hash);
        let example = self.example.to_string();
        Template { id, text, lines: self.lines, first: self.first, last: self.last, example }
    }
}
