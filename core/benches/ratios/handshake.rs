//! A handshake beside the primitives it is made of, each used directly on messages of the same sizes.

use crate::measure;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
use multiserver_core::shs::{Client, Server};
use sha2::{Digest, Sha256, Sha512};
use std::hint::black_box;
use std::sync::Arc;
use x25519_dalek::{PublicKey, StaticSecret};
use xsalsa20poly1305::aead::AeadInPlace;
use xsalsa20poly1305::{KeyInit as _, XSalsa20Poly1305};

/// With AVX-512 IFMA, which also makes the direct way faster; with AVX2 it is 0.76.
const LIMIT: f64 = 0.6;

pub(crate) fn compare() {
    let (alice, bob) = (pair(1), pair(2));
    let client = || Client::new(alice.clone(), &bob.public(), &NetworkKey::SSB_MAIN).unwrap();
    let server = || Server::new(bob.clone(), &NetworkKey::SSB_MAIN);
    let ephemeral = |random| Ephemeral::from_random(black_box([random; 32]));

    let (awaiting, client_hello) = client().start(ephemeral(3));
    let (answered, server_hello) = server().client_hello(&client_hello, ephemeral(4)).unwrap();
    let (_, client_auth) = awaiting.server_hello(&server_hello).unwrap();
    let (_, server_accept) = answered.client_auth(&client_auth).unwrap().accept();

    let direct = Direct::new();
    let on_client = || {
        let (client, hello) = client().start(ephemeral(3));
        black_box(hello);
        let (client, auth) = client.server_hello(black_box(&server_hello)).unwrap();
        black_box(auth);
        black_box(client.server_accept(black_box(&server_accept)).unwrap());
    };
    let on_server = || {
        let (server, hello) = server().client_hello(black_box(&client_hello), ephemeral(4)).unwrap();
        black_box(hello);
        black_box(server.client_auth(black_box(&client_auth)).unwrap().accept());
    };
    measure::compare("handshake, the client's side", LIMIT, on_client, || direct.client());
    measure::compare("handshake, the server's side", LIMIT, on_server, || direct.server());
    let both = || {
        on_client();
        on_server();
    };
    measure::compare("handshake, both sides", LIMIT, both, || {
        direct.client();
        direct.server();
    });
}

fn pair(seed: u8) -> Arc<KeyPair> {
    Arc::new(KeyPair::from_seed(Seed::from_bytes([seed; 32])))
}

/// Keys and messages for the primitives to work on.
struct Direct {
    expanded: ExpandedSecretKey,
    verifying: VerifyingKey,
    client_signature: Signature,
    server_signature: Signature,
    agreement: StaticSecret,
}

/// What a client signs: three values of 32 bytes.
const CLIENT_STATEMENT: [u8; 96] = [5; 96];
/// What a server signs: a signature and three values of 32 bytes.
const SERVER_STATEMENT: [u8; 160] = [6; 160];

impl Direct {
    fn new() -> Self {
        let expanded = ExpandedSecretKey::from(&[1; 32]);
        let verifying = SigningKey::from_bytes(&[1; 32]).verifying_key();
        let client_signature = raw_sign::<Sha512>(&expanded, &CLIENT_STATEMENT, &verifying);
        let server_signature = raw_sign::<Sha512>(&expanded, &SERVER_STATEMENT, &verifying);
        Self { expanded, verifying, client_signature, server_signature, agreement: StaticSecret::from([2; 32]) }
    }

    fn client(&self) {
        self.agree();
        self.sign(&CLIENT_STATEMENT);
        seal(&mut [7; 96]);
        seal(&mut [8; 64]);
        self.verify(&SERVER_STATEMENT, &self.server_signature);
    }

    fn server(&self) {
        self.agree();
        seal(&mut [7; 96]);
        self.verify(&CLIENT_STATEMENT, &self.client_signature);
        self.sign(&SERVER_STATEMENT);
        seal(&mut [8; 64]);
    }

    /// What both sides do: an ephemeral pair, both hellos, the peer's key, three products, and the keys of the session.
    fn agree(&self) {
        let secret = <[u8; 64]>::from(Sha512::digest(black_box([3; 32])));
        let secret = StaticSecret::from(*secret.first_chunk::<32>().unwrap());
        let public = PublicKey::from(&secret);
        hmac(public.as_bytes());
        hmac(public.as_bytes());
        let peer = VerifyingKey::from_bytes(black_box(self.verifying.as_bytes())).unwrap();
        assert!(!peer.is_weak());
        let peer = PublicKey::from(peer.to_montgomery().to_bytes());
        black_box(secret.diffie_hellman(&public));
        black_box(secret.diffie_hellman(&peer));
        black_box(self.agreement.diffie_hellman(&public));
        for length in [32, 32, 96, 128, 32, 64, 64] {
            black_box(Sha256::digest(&black_box([9; 128])[..length]));
        }
        hmac(&[4; 160]);
    }

    fn sign(&self, message: &[u8]) {
        black_box(raw_sign::<Sha512>(&self.expanded, black_box(message), &self.verifying));
    }

    fn verify(&self, message: &[u8], signature: &Signature) {
        self.verifying.verify_strict(black_box(message), signature).unwrap();
    }
}

fn hmac(message: &[u8]) {
    let mut mac = Hmac::<Sha512>::new_from_slice(&[1; 32]).unwrap();
    mac.update(black_box(message));
    black_box(mac.finalize().into_bytes());
}

/// Opening costs what sealing does.
fn seal(body: &mut [u8]) {
    let cipher = XSalsa20Poly1305::new(&[1; 32].into());
    black_box(cipher.encrypt_in_place_detached(&[0; 24].into(), b"", black_box(body)).unwrap());
}
