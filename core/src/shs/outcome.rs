//! What a completed handshake leaves.

use crate::box_stream::{Opener, Sealer};
use crate::keys::PublicKey;
use core::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A completed handshake: who the peer is, and the keys of two box streams.
pub struct Outcome {
    peer: PublicKey,
    keys: SessionKeys,
    channel_binding: [u8; 32],
}

impl Outcome {
    pub(super) const fn new(peer: PublicKey, keys: SessionKeys, channel_binding: [u8; 32]) -> Self {
        Self { peer, keys, channel_binding }
    }

    /// The peer's long-term key, proven.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        &self.peer
    }

    /// 32 bytes that are equal on both ends of this session and on no other (RFC 5056), for protocols above to sign.
    ///
    /// `HMAC-SHA-512(S, "multiserver shs1 channel binding" | a | b | A | B)`, cut to 32 bytes: `S` is the session
    /// secret of the box keys, which cannot be found from it; a, b are the ephemeral and A, B the long-term public
    /// keys of client and server.
    #[must_use]
    pub const fn channel_binding(&self) -> &[u8; 32] {
        &self.channel_binding
    }

    /// The two halves of the box stream: what seals bytes to the peer, and what opens the peer's.
    #[must_use]
    pub fn into_boxes(self) -> (Sealer, Opener) {
        let SessionKeys { encrypt_key, encrypt_nonce, decrypt_key, decrypt_nonce } = &self.keys;
        (Sealer::new(*encrypt_key, *encrypt_nonce), Opener::new(*decrypt_key, *decrypt_nonce))
    }

    /// The raw keys and nonces, for a stream format of your own.
    #[must_use]
    pub fn into_keys(self) -> SessionKeys {
        self.keys
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// The keys (32 bytes) and first nonces (24 bytes) of the two directions of a session.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SessionKeys {
    /// Seals what goes to the peer.
    pub encrypt_key: [u8; 32],
    /// The first nonce of what goes to the peer.
    pub encrypt_nonce: [u8; 24],
    /// Opens what comes from the peer.
    pub decrypt_key: [u8; 32],
    /// The first nonce of what comes from the peer.
    pub decrypt_nonce: [u8; 24],
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeys(..)")
    }
}
