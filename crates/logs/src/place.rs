//! Places: a skeleton with one word taken out. Skeletons that share a place differ in that word alone.

use crate::scan::{Kind, Token};

/// How many words make a place variable where they read like words.
const WORDS_MIN: usize = 5;
/// How many make it variable where each is put together like an identifier: `cluster_usr_backup`, `host-a`, `user.dir`.
const IDENTIFIERS_MIN: usize = 2;
/// How many more are needed where only one other word holds the line together.
const LONELY_EXTRA: usize = 2;
/// How many make the first word variable: it mostly names the event.
const FIRST_MIN: usize = 8;
/// How many more the first word needs where fewer than three other words hold the line together.
const FIRST_LONELY_EXTRA: usize = 4;
/// The most words that a place ever needs, and so the most that it remembers.
const VALUES_MAX: usize = FIRST_MIN + FIRST_LONELY_EXTRA;

/// Where in its line a place is, as far as it decides how many words are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Whether it is the line's first word.
    pub first: bool,
    /// How many other words the line has.
    pub others: usize,
}

/// The words seen in one place, and the skeletons that they stood in.
#[derive(Debug, Default)]
pub struct Place {
    seen: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    word: u64,
    identifier: bool,
    skeleton: u32,
}

impl Place {
    /// Takes note of a word; `true` when enough were seen to call the place variable.
    pub fn see(&mut self, word: u64, text: &str, skeleton: u32, position: Position) -> bool {
        if let Some(seen) = self.seen.iter_mut().find(|seen| seen.word == word) {
            seen.skeleton = skeleton;
        } else if self.seen.len() < VALUES_MAX {
            self.seen.push(Seen { word, identifier: is_identifier(text), skeleton });
        }
        self.seen.len() >= self.enough(position)
    }

    /// The skeletons that stood here.
    pub fn skeletons(&self) -> impl Iterator<Item = u32> {
        self.seen.iter().map(|seen| seen.skeleton)
    }

    fn enough(&self, position: Position) -> usize {
        let identifiers = self.seen.iter().all(|seen| seen.identifier);
        let mut enough = if identifiers { IDENTIFIERS_MIN } else { WORDS_MIN };
        if position.others < 2 {
            enough = enough.max(IDENTIFIERS_MIN + 2) + LONELY_EXTRA;
        }
        if position.first {
            enough = enough.max(FIRST_MIN) + if position.others < 3 { FIRST_LONELY_EXTRA } else { 0 };
        }
        enough
    }
}

/// Whether signs stand between letters, as in what programs name rather than what people write.
fn is_identifier(text: &str) -> bool {
    let text = text.as_bytes();
    let letter = |at: usize| text.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    (1..text.len()).any(|at| {
        matches!(text[at], b'.' | b'_' | b'-' | b'$' | b'\\' | b'/' | b'+') && letter(at - 1) && letter(at + 1)
    })
}

/// The places of a skeleton that may turn out to be variable: index of the token, and its position.
pub fn places(tokens: &[Token]) -> impl Iterator<Item = (usize, Position)> {
    let words = tokens.iter().filter(|token| token.kind == Kind::Word).count();
    let first = tokens.iter().position(|token| token.kind == Kind::Word);
    let is_word = |(_, token): &(usize, &Token)| token.kind == Kind::Word;
    let place = move |(at, _)| (at, Position { first: first == Some(at), others: words - 1 });
    tokens.iter().enumerate().filter(is_word).map(place).filter(|(_, position)| position.others > 0)
}
