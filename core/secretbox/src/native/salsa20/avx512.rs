//! With 512-bit vectors: 32 blocks at a time, or 16; or eight, with 256-bit vectors and the newer set's rotations.

use super::rounds::{groups_of_blocks, twenty_rounds};
use super::{BLOCK_SIZE, Blocks, LANES, Positions, SIGMA};
use crate::native::cpu::Avx512;
use core::arch::x86_64::*;

/// Makes the blocks at `positions`.
pub(super) fn blocks(_: Avx512, key: &[u32; 8], positions: &Positions, into: &mut Blocks) {
    #[expect(unsafe_code, reason = "the functions need AVX-512, whose detection the argument proves")]
    unsafe {
        match positions.count() {
            0..=8 => short::groups::<1>(key, positions, into),
            9..=16 => groups::<1>(key, positions, into),
            _ => groups::<2>(key, positions, into),
        }
    }
}

mod short {
    use crate::native::salsa20::eight_lanes::eight_lanes;
    use crate::native::salsa20::rounds::{groups_of_blocks, twenty_rounds};
    use crate::native::salsa20::{BLOCK_SIZE, Blocks, LANES, Positions, SIGMA};
    use core::arch::x86_64::*;

    eight_lanes!("avx2,avx512f,avx512vl");
}

groups_of_blocks!("avx512f", 16, _mm512_add_epi32, _mm512_xor_si512);

#[target_feature(enable = "avx512f")]
#[inline]
fn splat(word: u32) -> __m512i {
    _mm512_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx512f")]
#[inline]
fn rotate<const BITS: u32>(words: __m512i) -> __m512i {
    _mm512_rolv_epi32(words, splat(BITS))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(words: &[u32; LANES], group: usize) -> __m512i {
    let Some(words) = words.as_chunks::<16>().0.get(group) else { unreachable!("no group is beyond the lanes") };
    #[expect(unsafe_code, reason = "reads the 64 bytes of the array; any alignment will do")]
    unsafe {
        _mm512_loadu_si512(words.as_ptr().cast())
    }
}

/// Turns 16 vectors of 16 words, one of each block, into 16 blocks.
#[target_feature(enable = "avx512f")]
#[inline]
fn store(x: [__m512i; 16], into: &mut [[u8; BLOCK_SIZE]; 16]) {
    let [a, b, c, d] = [quads(&x, 0), quads(&x, 1), quads(&x, 2), quads(&x, 3)];
    let quads = a.into_iter().zip(b).zip(c.into_iter().zip(d));
    for (offset, ((a, b), (c, d))) in quads.enumerate() {
        let (ab_low, ab_high) = (_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee));
        let (cd_low, cd_high) = (_mm512_shuffle_i32x4(c, d, 0x44), _mm512_shuffle_i32x4(c, d, 0xee));
        let vectors = [
            _mm512_shuffle_i32x4(ab_low, cd_low, 0x88),
            _mm512_shuffle_i32x4(ab_low, cd_low, 0xdd),
            _mm512_shuffle_i32x4(ab_high, cd_high, 0x88),
            _mm512_shuffle_i32x4(ab_high, cd_high, 0xdd),
        ];
        for (block, vector) in into.iter_mut().skip(offset).step_by(4).zip(vectors) {
            store_block(block, vector);
        }
    }
}

/// Four words of every block: those of blocks 0, 4, 8 and 12, of 1, 5, 9 and 13, and so on.
#[target_feature(enable = "avx512f")]
#[inline]
fn quads(x: &[__m512i; 16], group: usize) -> [__m512i; 4] {
    let Some([a, b, c, d]) = x.as_chunks::<4>().0.get(group).copied() else { unreachable!("16 words are four groups") };
    let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab_low, cd_low),
        _mm512_unpackhi_epi64(ab_low, cd_low),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store_block(block: &mut [u8; BLOCK_SIZE], vector: __m512i) {
    #[expect(unsafe_code, reason = "writes the 64 bytes of the array; any alignment will do")]
    unsafe {
        _mm512_storeu_si512(block.as_mut_ptr().cast(), vector);
    }
}
