//! Long-term identities, network keys and ephemerals: 32 bytes each, checked and kept from sight.
//!
//! Secrets have no `Clone`, compare in constant time, print redacted and are zeroized when dropped. What the compiler
//! copies when a value moves, and the arrays that callers pass in, are beyond that.

mod authenticator;
mod encoding;
mod pair;
mod secret;

pub use encoding::ParseKeyError;
pub use pair::{KeyPair, MismatchedKeyPair};
pub use secret::{Ephemeral, NetworkKey, Seed};

use crate::point::LongTermKey;
use core::fmt;
use core::str::FromStr;

/// An Ed25519 public key (RFC 8032): the 32 bytes that name a peer.
///
/// Any 32 bytes are a `PublicKey`; whether they are a point that can be trusted is checked where a handshake starts, and
/// by [`is_usable`](PublicKey::is_usable).
///
/// Read and written as base64; what the ecosystem writes is understood: padding missing, the URL-safe alphabet, a
/// leading `@`, a trailing `.ed25519`.
///
/// ```
/// use multiserver_core::keys::PublicKey;
///
/// let key: PublicKey = "@DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=.ed25519".parse()?;
/// assert_eq!(key.to_string(), "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=");
/// # Ok::<(), multiserver_core::keys::ParseKeyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// Why a signature is not taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum VerifyError {
    /// The key is not on the curve, of low order or not canonical.
    #[error("the key is not one that can be trusted")]
    Key,
    /// The signature is not one of this message by this key.
    #[error("the signature does not hold")]
    Signature,
}

impl PublicKey {
    /// The key with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether a handshake can be made with this key: it is a point on the curve, in its canonical encoding and not of low
    /// order. It takes a few microseconds, as decompressing a point does.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        LongTermKey::new(self).is_some()
    }

    /// The X25519 key of the same holder (RFC 7748, section 4.1), for protocols that agree on secrets by X25519.
    ///
    /// `None` for a key that no seed has: off the curve, not canonical, of low order or with a part of low order. Besides
    /// this key, only its negative has the same X25519 key, and both have the same holder.
    #[must_use]
    pub fn to_x25519(&self) -> Option<[u8; 32]> {
        LongTermKey::new(self)?.to_x25519()
    }

    /// Checks that the holder of this key has signed the message, by the strict rules of RFC 8032: S reduced, R canonical
    /// and not of low order.
    ///
    /// # Errors
    /// The key [cannot be trusted](Self::is_usable), or the signature does not hold.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), VerifyError> {
        let key = LongTermKey::new(self).ok_or(VerifyError::Key)?;
        if key.verifies(message, signature) { Ok(()) } else { Err(VerifyError::Signature) }
    }

    /// Reads 64 hexadecimal digits, in either case; `{:x}` writes them.
    ///
    /// # Errors
    /// The text has another length or another character.
    pub fn from_hex(text: &str) -> Result<Self, ParseKeyError> {
        encoding::hex(text).map(Self)
    }
}

impl FromStr for PublicKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        encoding::base64(text).map(Self)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        encoding::write_base64(f, &self.0)
    }
}

impl fmt::LowerHex for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl From<[u8; 32]> for PublicKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}
