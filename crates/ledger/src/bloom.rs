//! A filter that says of most keys of a set's complement that they are not in it, for the price of one miss of the cache.

/// Bits of a Bloom filter for each key: with seven of them set, about 1 in 150 new keys is looked up in vain.
const BLOOM_BITS: usize = 12;
const BLOOM_SET: u32 = 7;

/// A Bloom filter whose bits for one key lie in one block of 64 bytes, so that a question costs one miss of the cache.
#[derive(Debug)]
pub(crate) struct Bloom(Vec<[u64; 8]>);

impl Bloom {
    pub(crate) fn new(keys: usize) -> Self {
        Self(vec![[0; 8]; (keys * BLOOM_BITS).div_ceil(512)])
    }

    fn place(&self, key: u64) -> (usize, u64) {
        let block = (u128::from(key) * self.0.len() as u128) >> 64;
        (block as usize, key.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn bits(mix: u64) -> impl Iterator<Item = (usize, u64)> {
        (0..BLOOM_SET).map(move |n| {
            let bit = mix.rotate_left(n * 9) >> 55;
            ((bit >> 6) as usize, 1 << (bit & 63))
        })
    }

    pub(crate) fn add(&mut self, key: u64) {
        if !self.0.is_empty() {
            let (block, mix) = self.place(key);
            Self::bits(mix).for_each(|(word, bit)| self.0[block][word] |= bit);
        }
    }

    pub(crate) fn may_hold(&self, key: u64) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let (block, mix) = self.place(key);
        Self::bits(mix).all(|(word, bit)| self.0[block][word] & bit != 0)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let words: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|raw| u64::from_le_bytes(*raw)).collect();
        Self(words.as_chunks::<8>().0.to_vec())
    }
}
