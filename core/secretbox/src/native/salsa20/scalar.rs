//! One block at a time, in plain Rust.

use super::rounds::twenty_rounds;
use super::{BLOCK_SIZE, SIGMA};
use core::ops::BitXor;
use zeroize::Zeroize;

/// The block whose state has these words 6 to 9.
pub(super) fn block(key: &[u32; 8], position: [u32; 4]) -> [u8; BLOCK_SIZE] {
    let mut first = state(key, position);
    let mut mixed = first;
    rounds(&mut mixed);
    let mut block = [0; BLOCK_SIZE];
    for ((bytes, mixed), first) in block.as_chunks_mut().0.iter_mut().zip(mixed).zip(first) {
        *bytes = mixed.wrapping_add(first).to_le_bytes();
    }
    mixed.zeroize();
    first.zeroize();
    block
}

/// The key of Salsa20 that HSalsa20 makes of a key and the first 16 bytes of a nonce.
pub(crate) fn hsalsa20(key: &[u8; 32], prefix: &[u8; 16]) -> [u32; 8] {
    let mut key_words = words(key);
    let mut state = state(&key_words, words(prefix));
    rounds(&mut state);
    let subkey = [state[0], state[5], state[10], state[15], state[6], state[7], state[8], state[9]];
    state.zeroize();
    key_words.zeroize();
    subkey
}

fn state(key: &[u32; 8], position: [u32; 4]) -> [u32; 16] {
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *key;
    let [p0, p1, p2, p3] = position;
    let [s0, s1, s2, s3] = SIGMA;
    [s0, k0, k1, k2, k3, s1, p0, p1, p2, p3, s2, k4, k5, k6, k7, s3]
}

fn rounds(state: &mut [u32; 16]) {
    let mut states = [state];
    twenty_rounds!(states, u32::wrapping_add, u32::bitxor, rotate);
}

const fn rotate<const BITS: u32>(word: u32) -> u32 {
    word.rotate_left(BITS)
}

/// The words of a slice of `N` times four bytes.
fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}
