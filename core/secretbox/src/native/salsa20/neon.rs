//! With NEON's 128-bit vectors: eight blocks at a time, or four.

use super::rounds::{groups_of_blocks, twenty_rounds};
use super::{BLOCK_SIZE, Blocks, LANES, Positions, SIGMA};
use core::arch::aarch64::*;

/// The most blocks of one batch: with more, the code would run out of registers.
pub(super) const BATCH: usize = 8;

/// Makes the blocks at `positions`. Every processor that this is compiled for has NEON.
pub(super) fn blocks(key: &[u32; 8], positions: &Positions, into: &mut Blocks) {
    #[expect(unsafe_code, reason = "the functions need NEON, which this module is only compiled with")]
    unsafe {
        match positions.count() {
            0..=4 => groups::<1>(key, positions, into),
            _ => groups::<2>(key, positions, into),
        }
    }
}

groups_of_blocks!("neon", 4, vaddq_u32, veorq_u32);

#[target_feature(enable = "neon")]
#[inline]
fn splat(word: u32) -> uint32x4_t {
    vdupq_n_u32(word)
}

#[target_feature(enable = "neon")]
#[inline]
fn rotate<const BITS: u32>(words: uint32x4_t) -> uint32x4_t {
    let left = BITS.cast_signed();
    vorrq_u32(vshlq_u32(words, vdupq_n_s32(left)), vshlq_u32(words, vdupq_n_s32(left - 32)))
}

/// Loads one group of four words.
#[target_feature(enable = "neon")]
#[inline]
fn load(words: &[u32; LANES], group: usize) -> uint32x4_t {
    let Some(four) = words.as_chunks::<4>().0.get(group) else { unreachable!("no group is beyond the lanes") };
    #[expect(unsafe_code, reason = "reads the 16 bytes of the array")]
    unsafe {
        vld1q_u32(four.as_ptr())
    }
}

/// Turns 16 vectors of 4 words into 4 blocks of 16 words.
#[target_feature(enable = "neon")]
#[inline]
fn store(x: [uint32x4_t; 16], into: &mut [[u8; BLOCK_SIZE]; 4]) {
    for (quad, [a, b, c, d]) in x.as_chunks().0.iter().copied().enumerate() {
        let (ab_low, ab_high) = (pairs(vzip1q_u32(a, b)), pairs(vzip2q_u32(a, b)));
        let (cd_low, cd_high) = (pairs(vzip1q_u32(c, d)), pairs(vzip2q_u32(c, d)));
        let four = [
            vzip1q_u64(ab_low, cd_low),
            vzip2q_u64(ab_low, cd_low),
            vzip1q_u64(ab_high, cd_high),
            vzip2q_u64(ab_high, cd_high),
        ];
        for (block, vector) in into.iter_mut().zip(four) {
            let Some(words) = block.as_chunks_mut::<16>().0.get_mut(quad) else {
                unreachable!("a block has four quads")
            };
            #[expect(unsafe_code, reason = "writes the 16 bytes of the array")]
            unsafe {
                vst1q_u8(words.as_mut_ptr(), vreinterpretq_u8_u64(vector));
            }
        }
    }
}

#[target_feature(enable = "neon")]
#[inline]
fn pairs(words: uint32x4_t) -> uint64x2_t {
    vreinterpretq_u64_u32(words)
}
