//! Which public keys are accepted, and the products made with them.

use crate::keys::PublicKey;
use ed25519_dalek::{Signature, VerifyingKey};
use x25519_dalek::{PublicKey as MontgomeryKey, SharedSecret, StaticSecret};

/// A peer's long-term key that passed every check.
pub(crate) struct LongTermKey(VerifyingKey);

impl LongTermKey {
    /// The key, unless it is off the curve, not canonical, or of low order.
    ///
    /// The library decodes encodings with y >= p and with x = 0 and the sign set; the former are refused here, and
    /// the latter stand for points of low order alone.
    pub(crate) fn new(key: &PublicKey) -> Option<Self> {
        let mut y = *key.as_bytes();
        if let Some(top) = y.last_mut() {
            *top &= 0x7f;
        }
        if !is_field_element(&y) {
            return None;
        }
        let verifying = VerifyingKey::from_bytes(key.as_bytes()).ok()?;
        (!verifying.is_weak()).then_some(Self(verifying))
    }

    /// The key's X25519 form.
    pub(crate) fn agreement(&self) -> MontgomeryKey {
        MontgomeryKey::from(self.0.to_montgomery().to_bytes())
    }

    /// Whether the signature of the message holds, by the strict rules: S reduced, R canonical and not of low order.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// The ephemeral key of a hello, unless it is not canonical; low order shows in the product.
pub(crate) fn ephemeral(key: &[u8; 32]) -> Option<MontgomeryKey> {
    is_field_element(key).then(|| MontgomeryKey::from(*key))
}

/// The X25519 product, unless the peer's key is of low order (RFC 7748, section 6.1).
pub(crate) fn product(secret: &StaticSecret, key: &MontgomeryKey) -> Option<SharedSecret> {
    let product = secret.diffie_hellman(key);
    product.was_contributory().then_some(product)
}

/// Whether the little-endian number is below p = 2^255 - 19.
fn is_field_element(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    *high < 0x7f || (*high == 0x7f && (*low < 0xed || middle.iter().any(|byte| *byte != 0xff)))
}
