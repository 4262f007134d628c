/// The most blocks that one call makes.
pub(crate) const LANES: usize = 32;

/// Which blocks of key stream to make: a nonce (8 bytes, as a big-endian number) and a block counter for each, up to [`LANES`] of them.
#[derive(Debug, Clone)]
pub(crate) struct Positions {
    /// Words 6 to 9 of the states: the nonce and the counter, the low half of each first.
    words: [[u32; LANES]; 4],
    count: usize,
}

impl Positions {
    pub(crate) const NONE: Self = Self { words: [[0; LANES]; 4], count: 0 };

    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    pub(crate) const fn clear(&mut self) {
        self.count = 0;
    }

    /// Adds the block that `counter` others under the same nonce come before; over [`LANES`] it is dropped.
    #[inline]
    pub(crate) fn push(&mut self, nonce: u64, counter: u64) {
        for (words, value) in self.words.iter_mut().zip(values(nonce, counter)) {
            if let Some(word) = words.get_mut(self.count) {
                *word = value;
            }
        }
        self.count = (self.count + 1).min(LANES);
    }

    /// Whether this is the block at `index`.
    #[inline]
    pub(crate) fn is_at(&self, index: usize, nonce: u64, counter: u64) -> bool {
        let values = values(nonce, counter);
        index < self.count && self.words.iter().zip(values).all(|(words, value)| words.get(index) == Some(&value))
    }

    /// Words 6 to 9 of all states; those after [`count`](Self::count) are of no block.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    pub(super) const fn words(&self) -> &[[u32; LANES]; 4] {
        &self.words
    }

    /// Words 6 to 9 of each state.
    pub(super) fn iter(&self) -> impl Iterator<Item = [u32; 4]> {
        let [nonce_low, nonce_high, counter_low, counter_high] = &self.words;
        let nonces = nonce_low.iter().zip(nonce_high);
        let counters = counter_low.iter().zip(counter_high);
        nonces.zip(counters).map(|((n0, n1), (c0, c1))| [*n0, *n1, *c0, *c1]).take(self.count)
    }
}

/// Words 6 to 9 of a state; a nonce's bytes are those of the number, big-endian.
const fn values(nonce: u64, counter: u64) -> [u32; 4] {
    let nonce = nonce.swap_bytes();
    [low(nonce), high(nonce), low(counter), high(counter)]
}

#[expect(clippy::as_conversions, reason = "the low half is meant")]
const fn low(value: u64) -> u32 {
    value as u32
}

#[expect(clippy::as_conversions, reason = "the high half fits")]
const fn high(value: u64) -> u32 {
    (value >> 32) as u32
}
