//! One block after the other, on 64-bit words.

use super::BLOCK_SIZE;
use zeroize::ZeroizeOnDrop;

/// The point at which a message's polynomial is evaluated, `r`: clamped, so that both words leave room for carries and
/// the upper is a multiple of 4.
#[derive(ZeroizeOnDrop)]
pub(super) struct Point {
    pub(super) low: u64,
    pub(super) high: u64,
    /// `high * 5 / 4`: what `high` counts for, once it has gone around modulo 2^130 - 5.
    high_reduced: u64,
}

/// A number modulo 2^130 - 5, not fully reduced: three words, of which the last is below 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accumulator(pub(super) [u64; 3]);

/// `r` and `s`, the halves of a one-time key.
pub(super) fn split(key: &[u8; 32]) -> (Point, u128) {
    let (r, s) = key.split_first_chunk::<16>().unwrap_or_else(|| unreachable!("a key has 32 bytes"));
    let r = u128::from_le_bytes(*r) & 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff;
    let s = s.first_chunk().map_or(0, |s| u128::from_le_bytes(*s));
    let (low, high) = halves(r);
    (Point { low, high, high_reduced: high + (high >> 2) }, s)
}

/// Takes the message up to its end.
pub(super) fn absorb(r: &Point, sum: &mut Accumulator, message: &[u8]) {
    let (blocks, rest) = message.as_chunks::<BLOCK_SIZE>();
    for block in blocks {
        *sum = sum.plus(block, 1).times(r);
    }
    if !rest.is_empty() {
        let mut last = [0; BLOCK_SIZE];
        for (into, byte) in last.iter_mut().zip(rest.iter().chain(&[1])) {
            *into = *byte;
        }
        *sum = sum.plus(&last, 0).times(r);
    }
}

impl Accumulator {
    pub(super) const ZERO: Self = Self([0; 3]);
    #[cfg(target_arch = "x86_64")]
    pub(super) const ONE: Self = Self([1, 0, 0]);

    /// Adds a block, and `top` times 2^128.
    #[inline]
    fn plus(self, block: &[u8; BLOCK_SIZE], top: u64) -> Self {
        let (low, high) = halves(u128::from_le_bytes(*block));
        let [h0, h1, h2] = self.0;
        let (h0, carry) = h0.carrying(low, false);
        let (h1, carry) = h1.carrying(high, carry);
        Self([h0, h1, h2 + top + u64::from(carry)])
    }

    /// Multiplies by `r`.
    #[inline]
    pub(super) fn times(self, r: &Point) -> Self {
        let [h0, h1, h2] = self.0;
        // No sum overflows: r's words are below 2^60, high_reduced below 2^61, h2 below 8.
        let low = wide(h0, r.low) + wide(h1, r.high_reduced);
        let middle = wide(h0, r.high) + wide(h1, r.low) + u128::from(h2 * r.high_reduced);
        let top = h2 * r.low;

        let (h0, carry) = halves(low);
        let (h1, carry) = halves(middle + u128::from(carry));
        let h2 = top + carry;
        // 2^130 counts for 5: the bits from there on come back as themselves and, two places lower, four times.
        let (h0, carry) = h0.carrying((h2 >> 2) + (h2 & !3), false);
        let (h1, carry) = h1.carrying(0, carry);
        Self([h0, h1, (h2 & 3) + u64::from(carry)])
    }

    /// The tag: the number fully reduced, plus `s` modulo 2^128.
    pub(super) fn finish(self, s: u128) -> [u8; 16] {
        let [h0, h1, h2] = self.0;
        let (h0, carry) = h0.carrying((h2 >> 2) * 5, false);
        let (h1, carry) = h1.carrying(0, carry);
        let h2 = (h2 & 3) + u64::from(carry);
        // Where adding 5 reaches 2^130, the number was at least the modulus; the sum's low bits are then the remainder.
        let (g0, carry) = h0.carrying(5, false);
        let (g1, carry) = h1.carrying(0, carry);
        let reaches = ((h2 + u64::from(carry)) >> 2) & 1;
        let mask = reaches.wrapping_neg();
        let (h0, h1) = (select(mask, h0, g0), select(mask, h1, g1));
        (u128::from(h0) | (u128::from(h1) << 64)).wrapping_add(s).to_le_bytes()
    }
}

/// Addition with carry: `carrying_add`, which the standard library has from Rust 1.91 on.
trait Carrying: Sized {
    fn carrying(self, other: Self, carry: bool) -> (Self, bool);
}

impl Carrying for u64 {
    #[inline]
    fn carrying(self, other: Self, carry: bool) -> (Self, bool) {
        let (sum, first) = self.overflowing_add(other);
        let (sum, second) = sum.overflowing_add(Self::from(carry));
        (sum, first | second)
    }
}

/// `b` where the mask has ones, `a` where it has zeros.
#[inline]
fn select(mask: u64, a: u64, b: u64) -> u64 {
    a ^ (mask & (a ^ b))
}

#[inline]
fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

#[inline]
#[expect(clippy::as_conversions, reason = "the low half is meant")]
const fn halves(value: u128) -> (u64, u64) {
    (value as u64, (value >> 64) as u64)
}
