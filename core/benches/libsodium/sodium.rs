//! libsodium's functions, as a straightforward program would call them.

use libsodium_sys as c;
use std::hint::black_box;

pub fn init() {
    // SAFETY: takes no argument; calling it first is all that libsodium asks.
    assert!(unsafe { c::sodium_init() } >= 0);
}

/// Seals a body and the header with its tag, each in a box.
pub fn seal_frame(key: &[u8; 32], nonce: &[u8; 24], body: &mut [u8]) -> [u8; 34] {
    let tag = seal(key, &next(nonce), body);
    let mut header = [0; 34];
    let (header_tag, content) = header.split_at_mut(16);
    content[..2].copy_from_slice(&(body.len() as u16).to_be_bytes());
    content[2..].copy_from_slice(&tag);
    header_tag.copy_from_slice(&seal(key, nonce, content));
    header
}

/// Opens a header and then the body whose tag it has.
pub fn open_frame(key: &[u8; 32], nonce: &[u8; 24], header: &[u8; 34], body: &mut [u8]) -> bool {
    let mut header = *header;
    let (tag, content) = header.split_at_mut(16);
    open(key, nonce, content, tag) && open(key, &next(nonce), body, &content[2..])
}

fn next(nonce: &[u8; 24]) -> [u8; 24] {
    let mut nonce = *nonce;
    nonce[23] = nonce[23].wrapping_add(1);
    nonce
}

fn seal(key: &[u8; 32], nonce: &[u8; 24], data: &mut [u8]) -> [u8; 16] {
    let (mut tag, bytes) = ([0; 16], data.as_mut_ptr());
    let length = data.len() as u64;
    // SAFETY: key, nonce and tag have the sizes of crypto_secretbox; data may be encrypted in place.
    unsafe { c::crypto_secretbox_detached(bytes, tag.as_mut_ptr(), bytes, length, nonce.as_ptr(), key.as_ptr()) };
    tag
}

fn open(key: &[u8; 32], nonce: &[u8; 24], data: &mut [u8], tag: &[u8]) -> bool {
    assert_eq!(tag.len(), 16);
    let (bytes, length) = (data.as_mut_ptr(), data.len() as u64);
    // SAFETY: key, nonce and tag have the sizes of crypto_secretbox; data may be decrypted in place.
    let result =
        unsafe { c::crypto_secretbox_open_detached(bytes, bytes, tag.as_ptr(), length, nonce.as_ptr(), key.as_ptr()) };
    result == 0
}

/// Keys for the primitives of a handshake to work on.
pub struct Handshake {
    public: [u8; 32],
    secret: [u8; 64],
    signature: [u8; 64],
}

/// What is signed: more than a client's 96 bytes, less than a server's 160.
const STATEMENT: [u8; 128] = [5; 128];

impl Handshake {
    pub fn new() -> Self {
        let (mut public, mut secret) = ([0; 32], [0; 64]);
        // SAFETY: the arrays have the sizes of an Ed25519 key pair.
        unsafe { c::crypto_sign_ed25519_keypair(public.as_mut_ptr(), secret.as_mut_ptr()) };
        let signature = sign(&secret);
        Self { public, secret, signature }
    }

    /// What one side does: an ephemeral pair, both hellos, both keys in their X25519 form, three products, a signature
    /// made and one verified, both sealed messages, and the hashes in between.
    pub fn side(&self) {
        let (mut ephemeral, mut ephemeral_public) = ([0; 32], [0; 32]);
        let (mut agreement, mut own, mut product, mut mac, mut hash) = ([0; 32], [0; 32], [0; 32], [0; 32], [0; 32]);
        let mut boxed = [7; 96];
        // SAFETY: every array has the size that its function reads or writes.
        unsafe {
            c::crypto_box_curve25519xsalsa20poly1305_keypair(ephemeral_public.as_mut_ptr(), ephemeral.as_mut_ptr());
            for _ in 0..2 {
                c::crypto_auth(mac.as_mut_ptr(), ephemeral_public.as_ptr(), 32, self.public.as_ptr());
            }
            c::crypto_sign_ed25519_pk_to_curve25519(agreement.as_mut_ptr(), black_box(&self.public).as_ptr());
            c::crypto_sign_ed25519_sk_to_curve25519(own.as_mut_ptr(), black_box(&self.secret).as_ptr());
            for (secret, public) in [(&ephemeral, &ephemeral_public), (&ephemeral, &agreement), (&own, &ephemeral_public)] {
                let result = c::crypto_scalarmult(product.as_mut_ptr(), secret.as_ptr(), black_box(public).as_ptr());
                assert_eq!(result, 0);
            }
            for length in [32, 32, 96, 128, 32, 64, 64] {
                c::crypto_hash_sha256(hash.as_mut_ptr(), black_box(&[9; 128]).as_ptr(), length);
            }
            let bytes = STATEMENT.as_ptr();
            let result = c::crypto_sign_verify_detached(
                self.signature.as_ptr(),
                bytes,
                STATEMENT.len() as u64,
                self.public.as_ptr(),
            );
            assert_eq!(result, 0);
        }
        black_box(sign(&self.secret));
        black_box(seal(&product, &[0; 24], black_box(&mut boxed)));
        black_box(seal(&hash, &[0; 24], black_box(&mut boxed[..64])));
    }
}

fn sign(secret: &[u8; 64]) -> [u8; 64] {
    let (mut signature, statement) = ([0; 64], black_box(&STATEMENT));
    let (length, no_length) = (statement.len() as u64, std::ptr::null_mut());
    // SAFETY: the arrays have the sizes of an Ed25519 secret key and a signature; the length need not be told.
    unsafe {
        c::crypto_sign_detached(signature.as_mut_ptr(), no_length, statement.as_ptr(), length, secret.as_ptr());
    }
    signature
}
