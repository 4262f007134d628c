//! Who takes part: keys, all of them fixed but those of the peer under test.

use crate::schedule::agreement;
use curve25519_dalek::edwards::CompressedEdwardsY;
use multiserver_core::keys::{Ephemeral, KeyPair, Seed};

/// The keys of a network's two ends, as far as an attacker knows them.
#[derive(Debug)]
pub struct Parties {
    /// The network key.
    pub network: [u8; 32],
    /// The server's long-term key.
    pub server: [u8; 32],
    /// The server's long-term pair, where a client is under test.
    pub server_pair: KeyPair,
    /// The client's long-term pair, where a server is under test.
    pub client: KeyPair,
    /// Somebody who is neither of them.
    pub stranger: KeyPair,
    /// The attacker's X25519 secret.
    pub secret: [u8; 32],
}

/// The network key of whoever is in another network.
pub const OTHER_NETWORK: [u8; 32] = [0x55; 32];

impl Parties {
    /// Those of the attacks on a client, and of the vectors: the server is the attacker's.
    #[must_use]
    pub fn fixed(network: [u8; 32]) -> Self {
        let server_pair = pair(0x22);
        Self {
            network,
            server: *server_pair.public().as_bytes(),
            server_pair,
            client: pair(0x11),
            stranger: pair(0x33),
            secret: [0x44; 32],
        }
    }

    /// Those of the attacks on a server with this key.
    #[must_use]
    pub fn with_server(network: [u8; 32], server: [u8; 32]) -> Self {
        Self { server, ..Self::fixed(network) }
    }

    /// The attacker's X25519 public key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        *Ephemeral::from_secret(self.secret).public()
    }
}

fn pair(fill: u8) -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes([fill; 32]))
}

/// The X25519 form of an Ed25519 key; of what is off the curve, zeros.
pub(crate) fn montgomery(key: &[u8; 32]) -> [u8; 32] {
    CompressedEdwardsY(*key).decompress().map_or([0; 32], |point| point.to_montgomery().to_bytes())
}

/// X25519 of a pair's secret and a key.
pub(crate) fn product(pair: &KeyPair, key: [u8; 32]) -> [u8; 32] {
    x25519_dalek::x25519(agreement(pair), key)
}
