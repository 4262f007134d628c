//! What the messages are made of, and the keys that grow from them.

use super::outcome::{Outcome, SessionKeys};
use super::{Error, HELLO_SIZE, Message};
use crate::bytes::{concat, part, within_mut};
use crate::keys::{NetworkKey, PublicKey};
use crate::point::{EphemeralKey, Product};
use hmac::{Hmac, KeyInit, Mac};
use multiserver_secretbox as secretbox;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The nonce of both sealed messages: each key serves one box.
const NONCE: [u8; 24] = [0; 24];

/// What the channel binding is derived for; it keeps it apart from every other use of the session secret.
const BINDING_LABEL: &[u8] = b"multiserver shs1 channel binding";

/// The two hashes of the shared secrets that seal messages 3 and 4.
pub(super) type SealKey = Zeroizing<[u8; 32]>;

/// A hello: `auth | ephemeral key`.
#[derive(Clone, Copy)]
pub(super) struct Hello {
    auth: [u8; 32],
    key: [u8; 32],
}

impl Hello {
    /// Our own hello.
    pub(super) fn new(network: &NetworkKey, key: &[u8; 32]) -> Self {
        Self { auth: network.authenticate(key), key: *key }
    }

    /// The peer's hello and its key, once its authenticator and the key's form are found right.
    pub(super) fn verify(
        message: &[u8; HELLO_SIZE],
        which: Message,
        network: &NetworkKey,
    ) -> Result<(Self, EphemeralKey), Error> {
        let (auth, key) = (part::<32>(message, 0), part::<32>(message, 32));
        let expected = Self::new(network, &key);
        if !bool::from(expected.auth.ct_eq(&auth)) {
            return Err(Error::NetworkKey(which));
        }
        let agreement = EphemeralKey::new(&key).ok_or(Error::EphemeralKey(which))?;
        Ok((expected, agreement))
    }

    /// Whether this hello has the same ephemeral key as another: hellos are public, so the time it takes tells nothing.
    pub(super) fn has_key_of(&self, other: &Self) -> bool {
        self.key == other.key
    }

    pub(super) fn to_bytes(self) -> [u8; HELLO_SIZE] {
        concat([&self.auth, &self.key])
    }
}

/// What only the holders of the right keys can compute, message by message; bytes as the paper names them.
pub(super) struct Secrets {
    pub(super) ab: Product,
    pub(super) a_server: Product,
}

impl Secrets {
    /// The key that seals the client's authenticate message: `H(K | ab | aB)`.
    pub(super) fn client_auth_key(&self, network: &NetworkKey) -> SealKey {
        sha256(&[network.as_bytes(), self.ab.as_slice(), self.a_server.as_slice()])
    }

    /// The key that seals the server's accept message: `H(K | ab | aB | Ab)`.
    pub(super) fn server_accept_key(&self, network: &NetworkKey, client_b: &Product) -> SealKey {
        sha256(&[network.as_bytes(), self.ab.as_slice(), self.a_server.as_slice(), client_b.as_slice()])
    }

    /// What the client signs: `K | B | H(ab)`.
    pub(super) fn client_statement(&self, network: &NetworkKey, server: &PublicKey) -> Zeroizing<[u8; 96]> {
        Zeroizing::new(concat([network.as_bytes(), server.as_bytes(), sha256(&[self.ab.as_slice()]).as_slice()]))
    }

    /// What the server signs: `K | sigA | A | H(ab)`.
    pub(super) fn server_statement(&self, network: &NetworkKey, proof: &ClientProof) -> Zeroizing<[u8; 160]> {
        let hash = sha256(&[self.ab.as_slice()]);
        Zeroizing::new(concat([network.as_bytes(), &proof.signature, proof.client.as_bytes(), hash.as_slice()]))
    }
}

/// What the client's authenticate message says: `sigA | A`.
pub(super) struct ClientProof {
    pub(super) signature: [u8; 64],
    pub(super) client: PublicKey,
}

impl ClientProof {
    pub(super) fn to_bytes(&self) -> [u8; 96] {
        concat([&self.signature, self.client.as_bytes()])
    }

    pub(super) fn from_bytes(bytes: &[u8; 96]) -> Self {
        Self { signature: part(bytes, 0), client: PublicKey::from_bytes(part(bytes, 64)) }
    }
}

/// One end of a handshake that both ends have proven, from where its session grows.
pub(super) struct Ends<'a> {
    pub(super) own: &'a PublicKey,
    pub(super) peer: &'a PublicKey,
    pub(super) own_hello: Hello,
    pub(super) peer_hello: Hello,
}

impl Ends<'_> {
    /// The session of the client.
    pub(super) fn client_outcome(&self, accept_key: &SealKey) -> Outcome {
        self.outcome(accept_key, [&self.own_hello.key, &self.peer_hello.key, self.own.as_bytes(), self.peer.as_bytes()])
    }

    /// The session of the server.
    pub(super) fn server_outcome(&self, accept_key: &SealKey) -> Outcome {
        self.outcome(accept_key, [&self.peer_hello.key, &self.own_hello.key, self.peer.as_bytes(), self.own.as_bytes()])
    }

    /// `transcript`: both ephemeral and both long-term keys, the client's first, so that both ends say the same.
    fn outcome(&self, accept_key: &SealKey, transcript: [&[u8; 32]; 4]) -> Outcome {
        let session = sha256(&[accept_key.as_slice()]);
        let [a, b, client, server] = transcript.map(<[u8; 32]>::as_slice);
        let keys = SessionKeys {
            encrypt_key: *sha256(&[session.as_slice(), self.peer.as_bytes()]),
            encrypt_nonce: part(&self.peer_hello.auth, 0),
            decrypt_key: *sha256(&[session.as_slice(), self.own.as_bytes()]),
            decrypt_nonce: part(&self.own_hello.auth, 0),
        };
        Outcome::new(*self.peer, keys, hmac(&session, &[BINDING_LABEL, a, b, client, server]))
    }
}

/// Seals one of the two sealed messages: `tag | ciphertext`, `M` bytes of the `N` in `body` and 16 more.
pub(super) fn seal<const N: usize, const M: usize>(key: &SealKey, mut body: [u8; N]) -> [u8; M] {
    let tag = secretbox::seal(key, &NONCE, &mut body);
    concat([tag.as_slice(), &body])
}

/// Opens one of the two sealed messages.
pub(super) fn open<const M: usize, const N: usize>(
    key: &SealKey,
    message: &[u8; M],
    which: Message,
) -> Result<[u8; N], Error> {
    let (tag, mut body) = (part(message, 0), part(message, 16));
    secretbox::open(key, &NONCE, &mut body, &tag).map_err(|_| Error::Sealed(which))?;
    Ok(body)
}

/// SHA-256 over the parts in turn.
fn sha256(parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    Zeroizing::new(hash.finalize().into())
}

/// HMAC-SHA-512 over the parts in turn, cut to 32 bytes, as NaCl's `crypto_auth` is.
pub(super) fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = Zeroizing::new([0; 128]);
    within_mut(block.as_mut_slice(), 0..32).copy_from_slice(key);
    let mut mac = Hmac::<Sha512>::new((&*block).into());
    parts.iter().for_each(|part| mac.update(part));
    part(&mac.finalize().into_bytes(), 0)
}
