//! Eight blocks side by side.

use super::scalar::{Accumulator, Point};
use super::vectors::{self, absorb_groups};
use crate::native::cpu::Avx512;
use core::arch::x86_64::*;

/// The bytes of a message from which vectors are faster than [`super::scalar`].
const WORTHWHILE: usize = 512;

/// Takes whole groups of blocks from the front of a message that nothing was taken of, and returns the rest.
pub(super) fn absorb<'a>(_: Avx512, r: &Point, sum: &mut Accumulator, message: &'a [u8]) -> &'a [u8] {
    if message.len() < WORTHWHILE {
        return message;
    }
    let (groups, rest) = message.as_chunks();
    #[expect(unsafe_code, reason = "the function needs AVX-512, whose detection the argument proves")]
    unsafe {
        *sum = absorb_groups(r, groups);
    }
    rest
}

absorb_groups!("avx512f", __m512i, 8, [0, 4, 1, 5, 2, 6, 3, 7]);

/// The lower and the upper halves of eight blocks, in the order 0, 4, 1, 5, 2, 6, 3, 7.
#[target_feature(enable = "avx512f")]
#[inline]
fn blocks(group: &[u8; 128]) -> (__m512i, __m512i) {
    let (first, second) = group.split_at(64);
    let (first, second) = (load_bytes(first), load_bytes(second));
    (_mm512_unpacklo_epi64(first, second), _mm512_unpackhi_epi64(first, second))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_bytes(bytes: &[u8]) -> __m512i {
    let bytes = bytes.first_chunk::<64>().unwrap_or(&[0; 64]);
    #[expect(unsafe_code, reason = "reads the 64 bytes of the array; any alignment will do")]
    unsafe {
        _mm512_loadu_si512(bytes.as_ptr().cast())
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(lanes: &[u64; 8]) -> __m512i {
    #[expect(unsafe_code, reason = "reads the 64 bytes of the array; any alignment will do")]
    unsafe {
        _mm512_loadu_si512(lanes.as_ptr().cast())
    }
}

/// The sum of all lanes.
#[target_feature(enable = "avx512f")]
#[inline]
fn total(lanes: __m512i) -> u64 {
    let mut values = [0; 8];
    #[expect(unsafe_code, reason = "writes the 64 bytes of the array; any alignment will do")]
    unsafe {
        _mm512_storeu_si512(values.as_mut_ptr().cast(), lanes);
    }
    values.iter().sum()
}

#[target_feature(enable = "avx512f")]
#[inline]
fn splat(value: u64) -> __m512i {
    _mm512_set1_epi64(value.cast_signed())
}

#[target_feature(enable = "avx512f")]
#[inline]
fn add(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi64(a, b)
}

/// The 64-bit products of the lower halves of the lanes.
#[target_feature(enable = "avx512f")]
#[inline]
fn times(a: __m512i, b: __m512i) -> __m512i {
    _mm512_mul_epu32(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn and(a: __m512i, b: __m512i) -> __m512i {
    _mm512_and_si512(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn or(a: __m512i, b: __m512i) -> __m512i {
    _mm512_or_si512(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn left<const BITS: u32>(a: __m512i) -> __m512i {
    _mm512_slli_epi64::<BITS>(a)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn right<const BITS: u32>(a: __m512i) -> __m512i {
    _mm512_srli_epi64::<BITS>(a)
}
