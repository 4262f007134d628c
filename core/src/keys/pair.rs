//! Long-term key pairs.

use super::{PublicKey, Seed};
use crate::point::EphemeralKey;
use core::fmt;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ed25519_dalek::{SigningKey, VerifyingKey};
use sha2::Sha512;
use subtle::ConstantTimeEq;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

/// A long-term Ed25519 identity (RFC 8032), kept expanded so that no handshake expands it again.
///
/// It has no `Clone`: share it in an `Arc`. It is equal to another when both grew from the same seed.
pub struct KeyPair {
    seed: Seed,
    expanded: ExpandedSecretKey,
    verifying: VerifyingKey,
    /// The identity's X25519 form.
    pub(crate) agreement: StaticSecret,
}

/// The two halves of a 64-byte secret key are not of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public half of the secret key does not belong to its seed")]
pub struct MismatchedKeyPair;

impl KeyPair {
    /// The pair that grows from this seed; the seed of a new identity is 32 bytes from a cryptographic generator.
    #[must_use]
    pub fn from_seed(seed: Seed) -> Self {
        let signing = SigningKey::from_bytes(seed.as_bytes());
        let agreement = StaticSecret::from(*Zeroizing::new(signing.to_scalar_bytes()));
        Self { expanded: ExpandedSecretKey::from(seed.as_bytes()), verifying: signing.verifying_key(), agreement, seed }
    }

    /// The pair of a 64-byte secret key as libsodium keeps it: the seed, then the public key.
    ///
    /// # Errors
    /// The public key is not the seed's.
    pub fn from_secret_bytes(bytes: &[u8; 64]) -> Result<Self, MismatchedKeyPair> {
        let (seed, public) = bytes.split_at(32);
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).map_err(|_| MismatchedKeyPair)?);
        let pair = Self::from_seed(Seed::from_bytes(*seed));
        if bool::from(pair.verifying.as_bytes().as_slice().ct_eq(public)) { Ok(pair) } else { Err(MismatchedKeyPair) }
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.verifying.to_bytes())
    }

    /// The seed, for whoever stores the pair.
    #[must_use]
    pub const fn seed(&self) -> &Seed {
        &self.seed
    }

    /// The public key in its X25519 form (RFC 7748, section 4.1).
    #[must_use]
    pub fn x25519_public(&self) -> [u8; 32] {
        self.verifying.to_montgomery().to_bytes()
    }

    /// What X25519 (RFC 7748) makes of this pair's secret and a peer's X25519 key; `None` for a key that is not canonical
    /// or of low order, with which the product would be known to everyone.
    #[must_use]
    pub fn diffie_hellman(&self, key: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        EphemeralKey::new(key)?.decode().product(&self.agreement)
    }

    /// Signs a message (RFC 8032).
    ///
    /// The handshake signs messages of 96 and 160 bytes with this key: begin others with a label of their own.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        raw_sign::<Sha512>(&self.expanded, message, &self.verifying).to_bytes()
    }
}

impl PartialEq for KeyPair {
    fn eq(&self, other: &Self) -> bool {
        self.seed == other.seed
    }
}

impl Eq for KeyPair {}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public()).finish_non_exhaustive()
    }
}
