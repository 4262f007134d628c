//! The primitives that snow's state machine computes with: one identity, one ephemeral secret, no source of randomness.

use crate::cipher::{Cipher as Aead, TAG_SIZE};
use multiserver_core::keys::{Ephemeral, KeyPair};
use sha2::{Digest, Sha256};
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Gives snow the primitives of one handshake.
pub(crate) struct Primitives {
    /// The pair of the long-term key, in the place of which snow is given [`STANDS_FOR_IDENTITY`].
    pub(crate) identity: Arc<KeyPair>,
    /// What the ephemeral secret is made of; it serves once.
    pub(crate) random: Zeroizing<[u8; 32]>,
}

/// What snow takes for the secret half of the identity, which it never needs to see.
pub(crate) const STANDS_FOR_IDENTITY: [u8; 32] = [0; 32];

impl CryptoResolver for Primitives {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Once(Some(self.random.clone()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        let dh: Box<dyn Dh> =
            Box::new(X25519 { identity: Arc::clone(&self.identity), ephemeral: None, public: [0; 32] });
        (*choice == DHChoice::Curve25519).then_some(dh)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        let hash: Box<dyn Hash> = Box::new(Sha(Sha256::new()));
        (*choice == HashChoice::SHA256).then_some(hash)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        let cipher: Box<dyn Cipher> = Box::new(ChaChaPoly(Aead::new(&[0; 32])));
        (*choice == CipherChoice::ChaChaPoly).then_some(cipher)
    }
}

/// The random bytes of one ephemeral secret.
struct Once(Option<Zeroizing<[u8; 32]>>);

impl Random for Once {
    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), snow::Error> {
        let random = self.0.take().filter(|random| random.len() == into.len()).ok_or(snow::Error::Rng)?;
        into.copy_from_slice(random.as_slice());
        Ok(())
    }
}

/// X25519 with the secret of an ephemeral pair, once one is generated, and with that of the identity otherwise.
struct X25519 {
    identity: Arc<KeyPair>,
    ephemeral: Option<Ephemeral>,
    public: [u8; 32],
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    /// Takes the identity, whatever stands for it.
    fn set(&mut self, _: &[u8]) {
        self.public = self.identity.x25519_public();
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), snow::Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        random.try_fill_bytes(bytes.as_mut_slice())?;
        let ephemeral = Ephemeral::from_random(*bytes);
        self.public = *ephemeral.public();
        self.ephemeral = Some(ephemeral);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &STANDS_FOR_IDENTITY
    }

    fn dh(&self, key: &[u8], out: &mut [u8]) -> Result<(), snow::Error> {
        let key = key.first_chunk().ok_or(snow::Error::Dh)?;
        let product = match &self.ephemeral {
            Some(ephemeral) => ephemeral.diffie_hellman(key),
            None => self.identity.diffie_hellman(key),
        };
        let product = product.ok_or(snow::Error::Dh)?;
        *out.first_chunk_mut().ok_or(snow::Error::Dh)? = *product;
        Ok(())
    }
}

/// SHA-256.
struct Sha(Sha256);

impl Hash for Sha {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        self.0 = Sha256::new();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        let hash = self.0.finalize_reset();
        for (out, byte) in out.iter_mut().zip(hash) {
            *out = byte;
        }
    }
}

/// ChaCha20-Poly1305.
struct ChaChaPoly(Aead);

impl Cipher for ChaChaPoly {
    fn name(&self) -> &'static str {
        "ChaChaPoly"
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0 = Aead::new(key);
    }

    fn encrypt(&self, nonce: u64, associated: &[u8], plaintext: &[u8], out: &mut [u8]) -> usize {
        let (body, rest) = out.split_at_mut(plaintext.len());
        body.copy_from_slice(plaintext);
        let tag = self.0.seal(nonce, associated, body);
        let (after, _) = rest.split_at_mut(TAG_SIZE);
        after.copy_from_slice(&tag);
        plaintext.len() + TAG_SIZE
    }

    fn decrypt(&self, nonce: u64, associated: &[u8], ciphertext: &[u8], out: &mut [u8]) -> Result<usize, snow::Error> {
        let (body, tag) = ciphertext.split_last_chunk().ok_or(snow::Error::Decrypt)?;
        let out = out.get_mut(..body.len()).ok_or(snow::Error::Decrypt)?;
        out.copy_from_slice(body);
        self.0.open(nonce, associated, out, tag).map_err(|_| snow::Error::Decrypt)?;
        Ok(body.len())
    }
}
