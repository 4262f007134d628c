use crate::Forged;
use crate::native::cpu::Cpu;
use crate::native::plan::Plan;
use crate::native::poly1305;
use crate::native::salsa20::{self, BLOCK_SIZE, Blocks, LANES, Positions};
use crate::nonce::Nonce;
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The key of one direction, with the key that HSalsa20 makes of it and of the first 16 bytes of the nonce.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Key {
    key: [u8; 32],
    prefix: [u8; 16],
    subkey: [u32; 8],
}

impl Key {
    pub(crate) fn new(key: [u8; 32], nonce: &Nonce) -> Self {
        let (prefix, _) = parts(nonce);
        Self { key, prefix, subkey: salsa20::hsalsa20(&key, &prefix) }
    }

    fn subkey(&mut self, prefix: [u8; 16]) -> &[u32; 8] {
        if self.prefix != prefix {
            self.prefix = prefix;
            self.subkey = salsa20::hsalsa20(&self.key, &prefix);
        }
        &self.subkey
    }
}

/// Key stream for box after box under one key, made in batches for the boxes that a [`Plan`] names.
///
/// A plan is a guess: a box that it does not name next, or that is longer, gets blocks of its own.
pub(crate) struct KeyStream {
    cpu: Cpu,
    plan: Plan,
    /// The first 16 bytes of all nonces of the plan.
    prefix: [u8; 16],
    /// The blocks of the last batch, where they stand, and how many of them were taken.
    blocks: Blocks,
    positions: Positions,
    taken: usize,
    /// The most blocks of a batch so far: those to wipe.
    most: usize,
}

impl KeyStream {
    pub(crate) fn new() -> Self {
        Self {
            cpu: Cpu::detect(),
            plan: Plan::NONE,
            prefix: [0; 16],
            blocks: Blocks([[0; BLOCK_SIZE]; LANES]),
            positions: Positions::NONE,
            taken: 0,
            most: 0,
        }
    }

    /// Plans frames to seal, the header of the first under `nonce`.
    pub(crate) fn plan_sealing(&mut self, nonce: &Nonce, plaintext: usize) {
        let (prefix, number) = parts(nonce);
        self.plan(prefix, Plan::sealing(number, plaintext));
    }

    /// Plans frames to open, unless the header under `nonce` is planned next: see [`Plan::opening`].
    pub(crate) fn plan_opening(&mut self, nonce: &Nonce, body: usize, bytes: usize) {
        let (prefix, number) = parts(nonce);
        if !self.begins_next(prefix, number) {
            self.plan(prefix, Plan::opening(number, body, bytes));
        }
    }

    /// Encrypts the data in place and returns its tag.
    pub(crate) fn seal(&mut self, key: &mut Key, nonce: &Nonce, data: &mut [u8]) -> [u8; 16] {
        let first = self.first_block(key, nonce, data.len());
        self.xor(key, nonce, &first, data);
        poly1305::tag(self.cpu, tag_key(&first), data)
    }

    /// Checks the tag, then decrypts the data in place.
    pub(crate) fn open(&mut self, key: &mut Key, nonce: &Nonce, data: &mut [u8], tag: &[u8; 16]) -> Result<(), Forged> {
        let first = self.first_block(key, nonce, data.len());
        let expected = poly1305::tag(self.cpu, tag_key(&first), data);
        if !bool::from(expected.ct_eq(tag)) {
            return Err(Forged);
        }
        self.xor(key, nonce, &first, data);
        Ok(())
    }

    /// Whether the next block that is made is the first of the box under this nonce.
    fn begins_next(&self, prefix: [u8; 16], number: u64) -> bool {
        prefix == self.prefix && self.positions.is_at(self.taken, number, 0)
    }

    /// The first block of a box, which begins with the key of the tag.
    fn first_block(&mut self, key: &mut Key, nonce: &Nonce, length: usize) -> Zeroizing<[u8; BLOCK_SIZE]> {
        let (prefix, number) = parts(nonce);
        if !self.begins_next(prefix, number) {
            self.prepare(key, prefix, (number, 0), length);
        }
        let block = self.blocks.0.get(self.taken).unwrap_or_else(|| unreachable!("a block was just made"));
        self.taken += 1;
        Zeroizing::new(*block)
    }

    /// Adds the key stream of a box, whose first block was taken, to its data.
    fn xor(&mut self, key: &mut Key, nonce: &Nonce, first: &[u8; BLOCK_SIZE], data: &mut [u8]) {
        let length = data.len();
        let (prefix, number) = parts(nonce);
        let (start, mut rest) = data.split_at_mut(length.min(BLOCK_SIZE / 2));
        xor(start, first.split_at(BLOCK_SIZE / 2).1);
        let mut counter: u64 = 1;
        while !rest.is_empty() {
            let wanted = rest.len().div_ceil(BLOCK_SIZE);
            let mut count = self.run(number, counter, wanted);
            if count == 0 {
                self.prepare(key, prefix, (number, counter), length);
                count = self.run(number, counter, wanted);
            }
            let Some(blocks @ [_, ..]) = self.blocks.0.get(self.taken..self.taken + count) else {
                unreachable!("a batch begins with the block that is wanted")
            };
            let blocks = blocks.as_flattened();
            let (now, later) = rest.split_at_mut(rest.len().min(blocks.len()));
            xor(now, blocks);
            rest = later;
            self.taken += count;
            counter += small(count);
        }
    }

    /// How many of the blocks that are made and not taken are those of a box from `counter` on; at most `wanted`.
    fn run(&self, nonce: u64, counter: u64, wanted: usize) -> usize {
        let most = wanted.min(self.positions.count().saturating_sub(self.taken));
        // The blocks of one box stand side by side, so that the last tells of those before it.
        let is_at = |index| self.positions.is_at(self.taken + index, nonce, counter + small(index));
        match most.checked_sub(1) {
            Some(last) if is_at(last) => most,
            Some(_) if is_at(0) => 1,
            _ => 0,
        }
    }

    /// Makes the next batch, which begins with this block of a box of `length` bytes, planned or not.
    fn prepare(&mut self, key: &mut Key, prefix: [u8; 16], wanted: (u64, u64), length: usize) {
        let (nonce, counter) = wanted;
        if prefix != self.prefix || !self.make(key, wanted) {
            self.plan(prefix, Plan::single(nonce, counter, length));
            let is_made = self.make(key, wanted);
            debug_assert!(is_made, "a plan begins with its first block");
        }
    }

    /// Makes the next batch of the plan; whether it begins with the block that is wanted.
    fn make(&mut self, key: &mut Key, (nonce, counter): (u64, u64)) -> bool {
        self.taken = 0;
        self.positions.clear();
        for (nonce, counter) in self.plan.by_ref().take(salsa20::batch(self.cpu)) {
            self.positions.push(nonce, counter);
        }
        let is_wanted = self.positions.is_at(0, nonce, counter);
        if is_wanted {
            self.most = self.most.max(self.positions.count());
            salsa20::blocks(self.cpu, key.subkey(self.prefix), &self.positions, &mut self.blocks);
        }
        is_wanted
    }

    fn plan(&mut self, prefix: [u8; 16], plan: Plan) {
        self.prefix = prefix;
        self.plan = plan;
        self.positions.clear();
        self.taken = 0;
    }
}

impl Drop for KeyStream {
    fn drop(&mut self) {
        // Whole vectors at a time, where `zeroize` writes word by word.
        for block in self.blocks.0.iter_mut().take(self.most) {
            *block = [0; BLOCK_SIZE];
        }
        zeroize::optimization_barrier(&self.blocks);
    }
}

/// The half of a box's first block that is the key of its tag.
fn tag_key(first: &[u8; BLOCK_SIZE]) -> &[u8; 32] {
    first.first_chunk().unwrap_or_else(|| unreachable!("a block has 64 bytes"))
}

/// Adds as much of the key stream as there is data for.
fn xor(data: &mut [u8], key_stream: &[u8]) {
    for (byte, key) in data.iter_mut().zip(key_stream) {
        *byte ^= key;
    }
}

/// A number of blocks of a batch.
fn small(count: usize) -> u64 {
    u64::try_from(count).unwrap_or_else(|_| unreachable!("a batch is small"))
}

/// The 16 bytes of a nonce that go into the key of Salsa20, and the 8 that are its nonce, as a number.
fn parts(nonce: &Nonce) -> ([u8; 16], u64) {
    let Some((prefix, number)) = nonce.0.split_first_chunk() else { unreachable!("a nonce has 24 bytes") };
    let Some(number) = number.first_chunk() else { unreachable!("a nonce has 24 bytes") };
    (*prefix, u64::from_be_bytes(*number))
}

#[cfg(test)]
mod tests;
