//! With 256-bit vectors: 16 blocks at a time, or eight.

use super::eight_lanes::eight_lanes;
use super::rounds::{groups_of_blocks, twenty_rounds};
use super::{BLOCK_SIZE, Blocks, LANES, Positions, SIGMA};
use crate::native::cpu::Avx2;
use core::arch::x86_64::*;

/// The most blocks of one batch: with more, the code would run out of registers.
pub(super) const BATCH: usize = 16;

/// Makes the blocks at `positions`.
pub(super) fn blocks(_: Avx2, key: &[u32; 8], positions: &Positions, into: &mut Blocks) {
    #[expect(unsafe_code, reason = "the functions need AVX2, whose detection the argument proves")]
    unsafe {
        match positions.count() {
            0..=8 => groups::<1>(key, positions, into),
            _ => groups::<2>(key, positions, into),
        }
    }
}

eight_lanes!("avx2");
