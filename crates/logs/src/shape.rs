//! Shapes: skeletons that share their first word, their signs and the number of their words. Where two words vary freely
//! at once (`lease of alpha passed to bravo`), no place ever sees two words beside an otherwise equal line; a shape does.

use crate::scan::Token;

/// How many skeletons of a shape are compared.
const SKELETONS: usize = 24;
/// How many different words make a column variable; fewer leave it open whether it is.
const VARIED_MIN: usize = 12;
/// How many words must be the same in all.
const CONSTANT_MIN: usize = 3;
/// How many ways of opening a shape are remembered.
const OPENINGS_MAX: usize = 4;

/// What is known of a shape.
#[derive(Debug, Default)]
pub struct Shape {
    skeletons: Vec<u32>,
    openings: Vec<Box<[usize]>>,
}

impl Shape {
    /// Takes note of a skeleton that nothing took in; `true` when there are enough to compare.
    pub fn see(&mut self, skeleton: u32) -> bool {
        self.skeletons.push(skeleton);
        self.skeletons.len() >= SKELETONS
    }

    /// Gives the skeletons to compare, and forgets them.
    pub fn take(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.skeletons)
    }

    /// Remembers that these tokens are variable together.
    pub fn open(&mut self, columns: Box<[usize]>) {
        if self.openings.len() < OPENINGS_MAX && !self.openings.contains(&columns) {
            self.openings.push(columns);
        }
    }

    /// The sets of tokens that were found to be variable together.
    pub fn openings(&self) -> &[Box<[usize]>] {
        &self.openings
    }
}

/// The tokens that are variable together, where the lines agree in everything else, and in more than they differ.
pub fn columns(lines: &[&[Token]], words: &[usize]) -> Option<Box<[usize]>> {
    let mut varied = Vec::new();
    let mut constant = 0;
    for at in words {
        let mut hashes: Vec<u64> = lines.iter().filter_map(|line| Some(line.get(*at)?.hash)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        match hashes.len() {
            1 => constant += 1,
            different if different >= VARIED_MIN => varied.push(*at),
            _ => return None,
        }
    }
    (!varied.is_empty() && constant >= CONSTANT_MIN && constant > varied.len()).then(|| varied.into())
}
