//! Hashes of tokens and of sequences of tokens. They are no defence against somebody who seeks collisions: two lines that
//! collide share a template, and nothing else comes of it.

use std::hash::{BuildHasherDefault, Hasher};

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
/// The odd base of the polynomial over a sequence's hashes.
const BASE: u64 = 0xd6e8_feb8_6659_fd93;

/// The hash of some bytes.
pub fn bytes(text: &[u8]) -> u64 {
    let mut state = MIX ^ (text.len() as u64).wrapping_mul(BASE);
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        state = fold(state ^ u64::from_le_bytes(word));
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        state = fold(state ^ u64::from_le_bytes(word));
    }
    fold(state)
}

/// Mixes all bits into all.
pub fn fold(value: u64) -> u64 {
    let wide = u128::from(value ^ BASE) * u128::from(MIX);
    #[expect(clippy::cast_possible_truncation, reason = "the halves of the product are folded into one")]
    let (low, high) = (wide as u64, (wide >> 64) as u64);
    low ^ high
}

/// The hash of a sequence: a polynomial, so that one part can be exchanged without reading the others.
pub fn sequence(parts: impl Iterator<Item = u64>) -> u64 {
    let mut power = 1_u64;
    let mut sum = 0_u64;
    for part in parts {
        sum = sum.wrapping_add(part.wrapping_mul(power));
        power = power.wrapping_mul(BASE);
    }
    sum
}

/// The powers that go with the parts of a sequence, in order.
pub fn powers() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(1_u64), |power| Some(power.wrapping_mul(BASE)))
}

/// A hasher for keys that are hashes already.
#[derive(Debug, Default, Clone, Copy)]
pub struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, text: &[u8]) {
        self.0 = bytes(text);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = fold(value);
    }
}

/// A map whose keys are hashes.
pub type Map<T> = std::collections::HashMap<u64, T, BuildHasherDefault<Ready>>;
/// A set of hashes.
pub type Set = std::collections::HashSet<u64, BuildHasherDefault<Ready>>;
