//! Secrets of 32 bytes.

use super::authenticator::Authenticator;
use super::{ParseKeyError, encoding};
use crate::bytes::part;
use crate::point::EphemeralKey;
use core::fmt;
use core::str::FromStr;
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey as MontgomeryKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What every secret of 32 bytes has: hexadecimal, base64, constant-time equality and a redacted `Debug`.
macro_rules! secret {
    ($name:ident) => {
        impl $name {
            /// Reads 64 hexadecimal digits, in either case.
            ///
            /// # Errors
            /// The text has another length or another character.
            pub fn from_hex(text: &str) -> Result<Self, ParseKeyError> {
                encoding::hex(text).map(Self::from_bytes)
            }

            /// Returns a value whose `Display` is the secret in base64, in plain sight.
            #[must_use]
            pub fn reveal(&self) -> impl fmt::Display + '_ {
                Revealed(self.as_bytes())
            }
        }

        impl FromStr for $name {
            type Err = ParseKeyError;

            fn from_str(text: &str) -> Result<Self, ParseKeyError> {
                encoding::base64(text).map(Self::from_bytes)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_bytes().ct_eq(other.as_bytes()).into()
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

/// The 32 bytes an Ed25519 key pair grows from (RFC 8032, section 5.1.5), as addresses and invites carry them.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

secret!(Seed);

impl Seed {
    /// The secret with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret's bytes, in plain sight.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The key that keeps one network apart from others: both ends of a handshake must hold the same (32 bytes).
///
/// It is kept with what hellos are authenticated by: make it once, not for every connection.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct NetworkKey {
    bytes: [u8; 32],
    authenticator: Authenticator,
}

secret!(NetworkKey);

impl NetworkKey {
    /// The main network of Secure Scuttlebutt, `1KHLiKZvAvjbY1ziZEHMXawbCEIM6qwjCDm3VYRan/s=`.
    pub const SSB_MAIN: Self = Self {
        bytes: [
            0xd4, 0xa1, 0xcb, 0x88, 0xa6, 0x6f, 0x02, 0xf8, 0xdb, 0x63, 0x5c, 0xe2, 0x64, 0x41, 0xcc, 0x5d, //
            0xac, 0x1b, 0x08, 0x42, 0x0c, 0xea, 0xac, 0x23, 0x08, 0x39, 0xb7, 0x55, 0x84, 0x5a, 0x9f, 0xfb,
        ],
        authenticator: Authenticator::SSB_MAIN,
    };

    /// The secret with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { authenticator: Authenticator::new(&bytes), bytes }
    }

    /// The secret's bytes, in plain sight.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// A second one, for a handshake to keep.
    pub(crate) const fn copy(&self) -> Self {
        Self { bytes: self.bytes, authenticator: self.authenticator.copy() }
    }

    /// HMAC-SHA-512 of a message under this key, cut to 32 bytes, as hellos carry it.
    pub(crate) fn authenticate(&self, message: &[u8; 32]) -> [u8; 32] {
        self.authenticator.authenticate(message)
    }
}

struct Revealed<'a>(&'a [u8; 32]);

impl fmt::Display for Revealed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        encoding::write_base64(f, self.0)
    }
}

/// An X25519 key pair (RFC 7748) for one handshake.
pub struct Ephemeral {
    pub(crate) secret: StaticSecret,
    pub(crate) public: [u8; 32],
}

impl Ephemeral {
    /// The pair that the reference makes of 32 random bytes: `secret = SHA-512(random)[..32]`, clamped in use.
    ///
    /// The bytes must come from a cryptographic generator and serve once.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        let random = Zeroizing::new(random);
        let hash = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(random)));
        Self::from_secret(*Zeroizing::new(part(hash.as_slice(), 0)))
    }

    /// The pair of this X25519 secret key, clamped in use.
    #[must_use]
    pub fn from_secret(secret: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(secret);
        let secret = StaticSecret::from(*bytes);
        let public = MontgomeryKey::from(&secret).to_bytes();
        Self { secret, public }
    }

    /// What X25519 (RFC 7748) makes of this pair's secret and a peer's X25519 key; `None` for a key that is not canonical
    /// or of low order, with which the product would be known to everyone.
    #[must_use]
    pub fn diffie_hellman(&self, key: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        EphemeralKey::new(key)?.decode().product(&self.secret)
    }

    /// The public half, as hello messages carry it.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }
}

impl fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ephemeral(..)")
    }
}
