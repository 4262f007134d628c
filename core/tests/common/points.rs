//! Keys and signatures that must not be accepted.

use super::schedule::signature;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};

/// Every Ed25519 key that must not be accepted: of low order, not canonical, or off the curve.
pub fn bad_long_term_keys() -> Vec<[u8; 32]> {
    let low_order = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes());
    let x_zero_with_sign = [small(1), p_minus_one()].map(with_high_bit);
    let not_canonical = (0..=18).flat_map(|more| [p_plus(more), with_high_bit(p_plus(more))]);
    let off_curve = (2..=255)
        .flat_map(|y| [small(y), with_high_bit(small(y))])
        .filter(|bytes| CompressedEdwardsY(*bytes).decompress().is_none());
    low_order.chain(x_zero_with_sign).chain(not_canonical).chain(off_curve).collect()
}

/// Every X25519 key that must not be accepted: of low order, not below p, or with bit 255 set. The last is `honest` with
/// that bit.
pub fn bad_ephemerals_besides(honest: &[u8; 32]) -> Vec<[u8; 32]> {
    let low_order = EIGHT_TORSION.iter().map(|point| point.to_montgomery().to_bytes());
    // u = -1 is of order 4 on the twist, where X25519 goes too.
    let low_order = low_order.chain([p_minus_one()]);
    let not_canonical = (0..=18).map(p_plus);
    let canonical: Vec<_> = low_order.chain(not_canonical).collect();
    let honest = [small(9), *honest];
    let high_bit = canonical.iter().chain(&honest).copied().map(with_high_bit);
    canonical.iter().copied().chain(high_bit).collect()
}

/// p = 2^255 - 19, plus `more`, in 32 little-endian bytes.
pub fn p_plus(more: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed_u8.checked_add(more).unwrap();
    bytes[31] = 0x7f;
    bytes
}

pub fn p_minus_one() -> [u8; 32] {
    let mut bytes = p_plus(0);
    bytes[0] -= 1;
    bytes
}

pub fn with_high_bit(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] |= 0x80;
    bytes
}

pub fn small(number: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = number;
    bytes
}

/// Makes a signature of a message, or of something like it, by this secret scalar and its key.
pub type Sign = fn(Scalar, &[u8; 32], &[u8]) -> [u8; 64];

/// Signatures by the right key that must not be accepted.
pub const WEAK_SIGNATURES: [Sign; 3] = [not_reduced, with_torsion, of_another_message];

/// A signature whose S has the group's order added (RFC 8032, section 8.4).
fn not_reduced(s: Scalar, key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let r = Scalar::from(5_u8);
    let (mut bytes, _) = signature(r, EdwardsPoint::mul_base(&r), s, key, message);
    let order = (Scalar::ZERO - Scalar::ONE).to_bytes();
    let mut carry = 1;
    for (byte, more) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    bytes
}

/// A signature whose R has a torsion component: it holds only where the check multiplies by the cofactor.
fn with_torsion(s: Scalar, key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let r = Scalar::from(5_u8);
    signature(r, EdwardsPoint::mul_base(&r) + EIGHT_TORSION[1], s, key, message).0
}

fn of_another_message(s: Scalar, key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let r = Scalar::from(5_u8);
    signature(r, EdwardsPoint::mul_base(&r), s, key, &message[1..]).0
}
