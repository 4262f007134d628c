//! Four blocks side by side.

use super::scalar::{Accumulator, Point};
use super::vectors::{self, absorb_groups};
use crate::native::cpu::Avx2;
use core::arch::x86_64::*;

/// The bytes of a message from which vectors are faster than [`super::scalar`].
const WORTHWHILE: usize = 512;

/// Takes whole groups of blocks from the front of a message that nothing was taken of, and returns the rest.
pub(super) fn absorb<'a>(_: Avx2, r: &Point, sum: &mut Accumulator, message: &'a [u8]) -> &'a [u8] {
    if message.len() < WORTHWHILE {
        return message;
    }
    let (groups, rest) = message.as_chunks();
    #[expect(unsafe_code, reason = "the function needs AVX2, whose detection the argument proves")]
    unsafe {
        *sum = absorb_groups(r, groups);
    }
    rest
}

absorb_groups!("avx2", __m256i, 4, [0, 2, 1, 3]);

/// The lower and the upper halves of four blocks, in the order 0, 2, 1, 3.
#[target_feature(enable = "avx2")]
#[inline]
fn blocks(group: &[u8; 64]) -> (__m256i, __m256i) {
    let (first, second) = group.split_at(32);
    let (first, second) = (load_bytes(first), load_bytes(second));
    (_mm256_unpacklo_epi64(first, second), _mm256_unpackhi_epi64(first, second))
}

#[target_feature(enable = "avx2")]
#[inline]
fn load_bytes(bytes: &[u8]) -> __m256i {
    let bytes = bytes.first_chunk::<32>().unwrap_or(&[0; 32]);
    #[expect(unsafe_code, reason = "reads the 32 bytes of the array; any alignment will do")]
    unsafe {
        _mm256_loadu_si256(bytes.as_ptr().cast())
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(lanes: &[u64; 4]) -> __m256i {
    #[expect(unsafe_code, reason = "reads the 32 bytes of the array; any alignment will do")]
    unsafe {
        _mm256_loadu_si256(lanes.as_ptr().cast())
    }
}

/// The sum of all lanes.
#[target_feature(enable = "avx2")]
#[inline]
fn total(lanes: __m256i) -> u64 {
    let mut values = [0; 4];
    #[expect(unsafe_code, reason = "writes the 32 bytes of the array; any alignment will do")]
    unsafe {
        _mm256_storeu_si256(values.as_mut_ptr().cast(), lanes);
    }
    values.iter().sum()
}

#[target_feature(enable = "avx2")]
#[inline]
fn splat(value: u64) -> __m256i {
    _mm256_set1_epi64x(value.cast_signed())
}

#[target_feature(enable = "avx2")]
#[inline]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi64(a, b)
}

/// The 64-bit products of the lower halves of the lanes.
#[target_feature(enable = "avx2")]
#[inline]
fn times(a: __m256i, b: __m256i) -> __m256i {
    _mm256_mul_epu32(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn and(a: __m256i, b: __m256i) -> __m256i {
    _mm256_and_si256(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn or(a: __m256i, b: __m256i) -> __m256i {
    _mm256_or_si256(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn left<const BITS: i32>(a: __m256i) -> __m256i {
    _mm256_slli_epi64::<BITS>(a)
}

#[target_feature(enable = "avx2")]
#[inline]
fn right<const BITS: i32>(a: __m256i) -> __m256i {
    _mm256_srli_epi64::<BITS>(a)
}
