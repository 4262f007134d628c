//! Which keys and signatures the handshake takes.

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::{Signature, VerifyingKey};

/// 2^255 - 19, in little-endian order.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// Whether this is a canonical u-coordinate: below p, which has bit 255 clear.
pub fn is_ephemeral(key: &[u8; 32]) -> bool {
    key.iter().rev().lt(P.iter().rev())
}

/// The X25519 form of a long-term key; `None` for a key off the curve, not canonical or of low order.
pub fn montgomery(key: &[u8; 32]) -> Option<[u8; 32]> {
    let point = CompressedEdwardsY(*key).decompress()?;
    (point.compress().to_bytes() == *key && !point.is_small_order()).then(|| point.to_montgomery().to_bytes())
}

/// Whether a signature holds, strictly verified.
pub fn holds(key: &[u8; 32], message: &[u8], signature: &Signature) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(message, signature).is_ok())
}
