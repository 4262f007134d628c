//! The two sides of an attacker: what they say, with the peer's messages in hand. Nothing here reads or writes.

mod client;
mod server;

pub use client::ClientAttacker;
pub use server::ServerAttacker;

use crate::attack::{Attack, Hello, Message};
use crate::kind::Side;
use crate::parties::{OTHER_NETWORK, Parties};
use crate::points::{Sign, WEAK_SIGNATURES, with_high_bit};
use crate::schedule::{self, scalar, sha256, signature};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::traits::Identity;
use curve25519_dalek::{EdwardsPoint, Scalar};
use multiserver_core::keys::KeyPair;
use x25519_dalek::x25519;

/// What an attacker remembers of an earlier session that was honest: who replays it, has nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The peer's hello.
    pub peers_hello: Vec<u8>,
    /// The attacker's proof, which the peer accepted.
    pub proof: Vec<u8>,
}

/// The keys that a peer has when it accepted, one for each direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// What the peer seals by.
    pub peer_encrypts: ([u8; 32], [u8; 24]),
    /// What the peer opens by.
    pub peer_decrypts: ([u8; 32], [u8; 24]),
}

impl Session {
    /// The session of these two hellos and long-term keys, `own` being those of the peer under test.
    fn new(accept_key: &[u8; 32], own: (&[u8], &[u8; 32]), other: (&[u8], &[u8; 32])) -> Self {
        let secret = sha256(&[accept_key]);
        let nonce = |hello: &[u8]| *hello.first_chunk().unwrap_or(&[0; 24]);
        Self {
            peer_encrypts: (sha256(&[&secret, other.1]), nonce(other.0)),
            peer_decrypts: (sha256(&[&secret, own.1]), nonce(own.0)),
        }
    }

    /// What npm `shs1-test` wants a peer to write: 112 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let [encrypt, decrypt] =
            [self.peer_encrypts, self.peer_decrypts].map(|(key, nonce)| [&key[..], &nonce].concat());
        [encrypt, decrypt].concat()
    }
}

/// One side of an attack.
pub trait Attacker: Send {
    /// The bytes of the hello; `peers` is the peer's hello where a client is under test.
    fn hello(&mut self, peers: &[u8]) -> Vec<u8>;

    /// The bytes of the proof, the answer to the peer's `message` that took the hello.
    fn proof(&mut self, message: &[u8]) -> Vec<u8>;

    /// The keys of a peer that accepted, once the proof was made.
    fn session(&self) -> Session;

    /// Checks what the peer said: its hello and its own proof. An error says what is wrong.
    ///
    /// # Errors
    /// The peer's messages are not those of an honest handshake.
    fn check(&self, last: &[u8]) -> Result<(), String>;
}

/// The attacker on the other side of the one that is under test.
#[must_use]
pub fn attacker<'a>(
    side: Side,
    attack: &'a Attack,
    parties: &'a Parties,
    recorded: Option<&'a Recorded>,
) -> Box<dyn Attacker + 'a> {
    match side {
        Side::Server => Box::new(ClientAttacker::new(attack, parties, recorded)),
        Side::Client => Box::new(ServerAttacker::new(attack, parties, recorded)),
    }
}

/// What signs a statement.
enum Signer<'a> {
    Honest(&'a KeyPair),
    /// The weak signature at this index.
    Weak(&'a KeyPair, usize),
    /// R is the point of small order at this index; the pair is the right one.
    SmallOrder(&'a KeyPair, usize),
    /// R is such a point, and S = 0: a signature of any message by a key of low order, where nobody checks.
    Claim([u8; 32], usize),
}

impl Signer<'_> {
    fn sign(&self, statement: &[u8]) -> [u8; 64] {
        match self {
            Self::Honest(pair) => pair.sign(statement),
            Self::Weak(pair, index) => {
                let sign: Option<&Sign> = WEAK_SIGNATURES.get(*index);
                sign.map_or([0; 64], |sign| sign(scalar(pair), pair.public().as_bytes(), statement))
            }
            Self::SmallOrder(pair, index) => {
                signature(Scalar::ZERO, small_order(*index), scalar(pair), pair.public().as_bytes(), statement).0
            }
            Self::Claim(key, index) => signature(Scalar::ZERO, small_order(*index), Scalar::ZERO, key, statement).0,
        }
    }
}

/// The bytes of the attack's hello; `peers` is the one to reflect.
fn hello(attack: &Attack, parties: &Parties, peers: &[u8]) -> Vec<u8> {
    let own = parties.public();
    let hello = match &attack.hello {
        Hello::Honest => schedule::hello(&parties.network, &own).to_vec(),
        Hello::OtherNetwork => schedule::hello(&OTHER_NETWORK, &own).to_vec(),
        Hello::Key(key) => schedule::hello(&parties.network, key).to_vec(),
        Hello::Reflected => reflected(peers, 64),
    };
    attack.edited(Message::Hello, hello)
}

/// X25519 of the ephemeral that the attack's hello has and this key.
fn ephemeral_product(attack: &Attack, parties: &Parties, key: [u8; 32]) -> [u8; 32] {
    match attack.hello {
        // Nobody knows the secret of such a key: of one of low order, the product is zero.
        Hello::Key(own) if own != with_high_bit(parties.public()) => [0; 32],
        Hello::Honest | Hello::OtherNetwork | Hello::Key(_) | Hello::Reflected => x25519(parties.secret, key),
    }
}

fn small_order(index: usize) -> EdwardsPoint {
    EIGHT_TORSION.get(index).copied().unwrap_or_else(EdwardsPoint::identity)
}

/// 32 bytes of a peer's message; zeros where it has none.
fn part(bytes: &[u8], start: usize) -> [u8; 32] {
    bytes.get(start..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default()
}

/// A peer's bytes, cut or filled with zeros to the size of a message.
fn reflected(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(size, 0);
    bytes
}
