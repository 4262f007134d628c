//! The handshake's keys, statements and messages, written a second time and in the open, from primitives.

use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::hazmat::ExpandedSecretKey;
use hmac::{Hmac, KeyInit, Mac};
use multiserver_core::keys::{Ephemeral, KeyPair};
use sha2::{Digest, Sha256, Sha512};

/// A hello that is well authenticated, whatever its key.
pub fn hello(network: &[u8; 32], key: &[u8; 32]) -> [u8; 64] {
    let mut mac = Hmac::<Sha512>::new_from_slice(network).unwrap();
    mac.update(key);
    let auth = mac.finalize().into_bytes();
    [&auth[..32], key].concat().try_into().unwrap()
}

/// What both ends know once each has the other's hello.
#[derive(Debug, Clone)]
pub struct Products {
    /// The network key.
    pub network: [u8; 32],
    /// X25519 of both ephemeral keys.
    pub ab: [u8; 32],
    /// X25519 of the client's ephemeral and the server's long-term key.
    pub a_server: [u8; 32],
}

impl Products {
    /// The key of the client's authenticate message.
    pub fn client_auth_key(&self) -> [u8; 32] {
        sha256(&[&self.network, &self.ab, &self.a_server])
    }

    /// The key of the server's accept message; `client_b` is X25519 of the client's long-term key and the server's
    /// ephemeral.
    pub fn server_accept_key(&self, client_b: &[u8; 32]) -> [u8; 32] {
        sha256(&[&self.network, &self.ab, &self.a_server, client_b])
    }

    /// What a client signs for the server with this long-term key.
    pub fn client_statement(&self, server: &[u8; 32]) -> Vec<u8> {
        [self.network.as_slice(), server, &sha256(&[&self.ab])].concat()
    }

    /// What a server signs for a client that sent this proof: its signature and its long-term key.
    pub fn server_statement(&self, proof: &[u8]) -> Vec<u8> {
        [self.network.as_slice(), proof, &sha256(&[&self.ab])].concat()
    }
}

/// `(R, S)` with S = r + k·s, as Ed25519 has it but for an R and a public key of the caller's choice; and k.
pub fn signature(r: Scalar, commitment: EdwardsPoint, s: Scalar, key: &[u8; 32], message: &[u8]) -> ([u8; 64], Scalar) {
    signature_with(r, commitment.compress().to_bytes(), s, key, message)
}

/// [`signature`] with an R in any encoding.
pub fn signature_with(
    r: Scalar,
    commitment: [u8; 32],
    s: Scalar,
    key: &[u8; 32],
    message: &[u8],
) -> ([u8; 64], Scalar) {
    let hash = Sha512::new().chain_update(commitment).chain_update(key).chain_update(message).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    ([commitment, (r + k * s).to_bytes()].concat().try_into().unwrap(), k)
}

/// The Ed25519 secret scalar of a pair.
pub fn scalar(pair: &KeyPair) -> Scalar {
    ExpandedSecretKey::from(pair.seed().as_bytes()).scalar
}

/// The X25519 secret that [`Ephemeral::from_random`] makes of these bytes.
pub fn ephemeral_secret(random: [u8; 32]) -> [u8; 32] {
    let secret = Sha512::digest(random)[..32].try_into().unwrap();
    assert_eq!(Ephemeral::from_secret(secret).public(), Ephemeral::from_random(random).public());
    secret
}

/// The X25519 secret of a pair.
pub fn agreement(pair: &KeyPair) -> [u8; 32] {
    Sha512::digest(pair.seed().as_bytes())[..32].try_into().unwrap()
}

/// SHA-256 over the parts in turn.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

/// A box with a nonce of zeros, its tag first.
pub fn seal(key: &[u8; 32], plain: &[u8]) -> Vec<u8> {
    let mut body = plain.to_vec();
    let tag = multiserver_secretbox::seal(key, &[0; 24], &mut body);
    [tag.as_slice(), &body].concat()
}

/// What is in such a box; `None` when it does not open.
pub fn open(key: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let (tag, body) = sealed.split_first_chunk()?;
    let mut body = body.to_vec();
    multiserver_secretbox::open(key, &[0; 24], &mut body, tag).ok()?;
    Some(body)
}
