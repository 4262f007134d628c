//! The client's side of the specification, written down from top to bottom over other libraries: ring for hashes and
//! encryption, X25519 by the ladder. It can put wrong values in every place.

use super::{CLIENT_RANDOM, alice, bob, network};
use multiserver_core::keys::Seed;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{digest, hmac};
use x25519_dalek::x25519;

/// What a client sends and computes with.
#[derive(Clone)]
pub(crate) struct Values {
    pub(crate) network: [u8; 32],
    /// The server's key in X25519 form.
    pub(crate) server: [u8; 32],
    pub(crate) ephemeral_secret: [u8; 32],
    /// The ephemeral key that is sent, if it is not that of the secret.
    pub(crate) ephemeral: Option<[u8; 32]>,
    pub(crate) secret: [u8; 32],
    /// The X25519 key that is sent, if it is not that of the secret.
    pub(crate) x25519: Option<[u8; 32]>,
    pub(crate) ed25519: [u8; 32],
}

/// Noise's SymmetricState, and the key of its CipherState.
pub(crate) struct Symmetric {
    pub(crate) hash: [u8; 32],
    chaining: [u8; 32],
    key: [u8; 32],
    number: u64,
}

/// What the client of the other tests sends.
pub(crate) fn honest() -> Values {
    Values {
        network: *network().as_bytes(),
        server: bob().x25519_public(),
        ephemeral_secret: scalar_of(&Seed::from_bytes(CLIENT_RANDOM)),
        ephemeral: None,
        secret: scalar_of(alice().seed()),
        x25519: None,
        ed25519: *alice().public().as_bytes(),
    }
}

/// The clamped scalar of a seed: the first half of its SHA-512.
pub(crate) fn scalar_of(seed: &Seed) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA512, seed.as_bytes());
    hash.as_ref()[..32].try_into().unwrap()
}

pub(crate) fn public(secret: [u8; 32]) -> [u8; 32] {
    let mut base = [0; 32];
    base[0] = 9;
    x25519(secret, base)
}

fn hmac_of(key: &[u8], data: &[u8]) -> [u8; 32] {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().try_into().unwrap()
}

/// HKDF as Noise has it, with three outputs.
fn hkdf(chaining: &[u8; 32], input: &[u8]) -> [[u8; 32]; 3] {
    let temporary = hmac_of(chaining, input);
    let first = hmac_of(&temporary, &[1]);
    let second = hmac_of(&temporary, &[&first[..], &[2]].concat());
    let third = hmac_of(&temporary, &[&second[..], &[3]].concat());
    [first, second, third]
}

fn aead(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).unwrap())
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

pub(crate) fn seal(key: &[u8; 32], number: u64, associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut message = plaintext.to_vec();
    aead(key).seal_in_place_append_tag(nonce(number), Aad::from(associated), &mut message).unwrap();
    message
}

pub(crate) fn open(key: &[u8; 32], number: u64, associated: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let mut message = ciphertext.to_vec();
    let plaintext = aead(key).open_in_place(nonce(number), Aad::from(associated), &mut message).ok()?;
    Some(plaintext.to_vec())
}

impl Symmetric {
    /// Before the first message: the server's key is known.
    fn new(server: &[u8; 32]) -> Self {
        let name = digest::digest(&digest::SHA256, b"Noise_XKpsk0_25519_ChaChaPoly_SHA256");
        let hash = name.as_ref().try_into().unwrap();
        let mut state = Self { hash, chaining: hash, key: [0; 32], number: 0 };
        state.mix_hash(b"multiserver noise 1");
        state.mix_hash(server);
        state
    }

    fn mix_hash(&mut self, data: &[u8]) {
        let hash = digest::digest(&digest::SHA256, &[&self.hash[..], data].concat());
        self.hash = hash.as_ref().try_into().unwrap();
    }

    fn mix_key(&mut self, data: &[u8]) {
        let [chaining, key, _] = hkdf(&self.chaining, data);
        (self.chaining, self.key, self.number) = (chaining, key, 0);
    }

    fn mix_key_and_hash(&mut self, data: &[u8]) {
        let [chaining, hashed, key] = hkdf(&self.chaining, data);
        self.chaining = chaining;
        self.mix_hash(&hashed);
        (self.key, self.number) = (key, 0);
    }

    fn encrypt(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let ciphertext = seal(&self.key, self.number, &self.hash, plaintext);
        self.number += 1;
        self.mix_hash(&ciphertext);
        ciphertext
    }

    fn decrypt(&mut self, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let plaintext = open(&self.key, self.number, &self.hash, ciphertext)?;
        self.number += 1;
        self.mix_hash(ciphertext);
        Some(plaintext)
    }

    /// The keys of the client's direction and of the server's.
    pub(crate) fn split(&self) -> [[u8; 32]; 2] {
        let [client, server, _] = hkdf(&self.chaining, &[]);
        [client, server]
    }
}

/// Message 1: psk, e, es.
pub(crate) fn hello(values: &Values) -> (Symmetric, Vec<u8>) {
    let mut state = Symmetric::new(&values.server);
    state.mix_key_and_hash(&values.network);
    let ephemeral = values.ephemeral.unwrap_or_else(|| public(values.ephemeral_secret));
    state.mix_hash(&ephemeral);
    state.mix_key(&ephemeral);
    // A client that sends a key of low order knows the product: zero.
    let product = match values.ephemeral {
        None => x25519(values.ephemeral_secret, values.server),
        Some(_) => [0; 32],
    };
    state.mix_key(&product);
    let tag = state.encrypt(&[]);
    (state, [&ephemeral[..], &tag].concat())
}

/// Reads message 2: e, ee. Returns the server's ephemeral key, unless the message is not authentic.
pub(crate) fn read_answer(state: &mut Symmetric, values: &Values, message: &[u8]) -> Option<[u8; 32]> {
    let (ephemeral, tag) = message.split_at(32);
    let ephemeral: [u8; 32] = ephemeral.try_into().unwrap();
    state.mix_hash(&ephemeral);
    state.mix_key(&ephemeral);
    state.mix_key(&x25519(values.ephemeral_secret, ephemeral));
    state.decrypt(tag).filter(Vec::is_empty).map(|_| ephemeral)
}

/// Message 3: s, se, and the client's Ed25519 key.
pub(crate) fn prove(state: &mut Symmetric, values: &Values, server_ephemeral: [u8; 32]) -> Vec<u8> {
    let key = values.x25519.unwrap_or_else(|| public(values.secret));
    let sealed = state.encrypt(&key);
    let product = match values.x25519 {
        Some(key) if x25519(values.secret, key) == [0; 32] => [0; 32],
        _ => x25519(values.secret, server_ephemeral),
    };
    state.mix_key(&product);
    let payload = state.encrypt(&values.ed25519);
    [sealed, payload].concat()
}
