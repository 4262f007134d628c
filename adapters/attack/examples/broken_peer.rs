//! A server or a client of the secret handshake over standard input and output, as npm `shs1-test` drives it, with one
//! fault: for the tests that a fault is found.
//!
//! Arguments: the side, the fault, and those of npm `shs1-test`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what fails may panic, except where that is the fault"
)]

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::IsIdentity;
use curve25519_dalek::{EdwardsPoint, Scalar};
use multiserver_attack::schedule::{Products, agreement, hello, open, seal, sha256};
use multiserver_core::keys::{Ephemeral, KeyPair, PublicKey, Seed};
use multiserver_interop::blocking::{argument, random};
use sha2::{Digest, Sha512};
use std::io::{Read, Write, stdin, stdout};
use std::process::exit;
use x25519_dalek::x25519;

fn main() {
    let [side, fault] = [1, 2].map(|index| std::env::args().nth(index).unwrap());
    let peer = Peer { fault, network: argument(3).unwrap() };
    match side.as_str() {
        "server" => peer.serve(&KeyPair::from_secret_bytes(&argument(4).unwrap()).unwrap()),
        _ => peer.connect(argument(4).unwrap()),
    }
}

struct Peer {
    fault: String,
    network: [u8; 32],
}

impl Peer {
    fn serve(&self, pair: &KeyPair) {
        let secret = self.random();
        let own_hello = hello(&self.network, Ephemeral::from_secret(secret).public());
        if self.has("answers-first") {
            say(&own_hello);
        }
        let client_hello = self.hello();
        let a = client_hello[32..].try_into().unwrap();
        let products =
            Products { network: self.network, ab: self.product(secret, a), a_server: self.product(agreement(pair), a) };
        if !self.has("answers-first") {
            say(&own_hello);
        }

        let plain = self.proof::<112>(&products.client_auth_key());
        let client = plain[64..].try_into().unwrap();
        self.check(&client, &products.client_statement(pair.public().as_bytes()), &plain);
        let accept_key = products.server_accept_key(&x25519(secret, self.montgomery(&client)));
        say(&seal(&accept_key, &pair.sign(&products.server_statement(&plain))));
        self.say_keys(&accept_key, (&own_hello, pair.public().as_bytes()), (&client_hello, &client));
    }

    fn connect(&self, server: [u8; 32]) {
        let pair = KeyPair::from_seed(Seed::from_bytes(self.random()));
        let server_montgomery = self.montgomery(&server);
        let secret = self.random();
        let own_hello = hello(&self.network, Ephemeral::from_secret(secret).public());
        say(&own_hello);
        let server_hello = self.hello();
        if server_hello == own_hello && !self.has("takes-own-hello") {
            self.refuse();
        }
        let b = server_hello[32..].try_into().unwrap();
        let a_server = x25519(secret, server_montgomery);
        let products = Products { network: self.network, ab: self.product(secret, b), a_server };
        let signature = pair.sign(&products.client_statement(&server));
        let plain = [signature.as_slice(), pair.public().as_bytes()].concat();
        say(&seal(&products.client_auth_key(), &plain));

        let accept_key = products.server_accept_key(&x25519(agreement(&pair), b));
        let signature = self.proof::<80>(&accept_key);
        self.check(&server, &products.server_statement(&plain), &signature);
        self.say_keys(&accept_key, (&own_hello, pair.public().as_bytes()), (&server_hello, &server));
    }

    fn has(&self, fault: &str) -> bool {
        self.fault == fault
    }

    /// Random bytes, or those that are the same in each session.
    fn random(&self) -> [u8; 32] {
        if self.has("same-randomness") { [9; 32] } else { random().unwrap() }
    }

    /// The peer's hello, checked.
    fn hello(&self) -> [u8; 64] {
        let (message, count) = self.hear::<64>();
        if count < message.len() && !self.has("takes-cut-hello") {
            self.refuse();
        }
        let key = message[32..].try_into().unwrap();
        if hello(&self.network, &key) != message && !self.has("any-network") && count == message.len() {
            self.refuse();
        }
        if !is_below_p(&key) && !self.has("not-canonical") {
            self.refuse();
        }
        message
    }

    /// What the peer's proof has, in a message of `N` bytes.
    fn proof<const N: usize>(&self, key: &[u8; 32]) -> Vec<u8> {
        let (message, count) = self.hear::<N>();
        if count < N && self.has("takes-cut-proof") {
            return vec![0; N - 16];
        }
        match open(key, &message) {
            Some(plain) => plain,
            None if self.has("panics") => panic!("the box does not open"),
            None if self.has("aborts") => std::process::abort(),
            None => self.refuse(),
        }
    }

    /// A message, and how much of it came.
    fn hear<const N: usize>(&self) -> ([u8; N], usize) {
        let mut message = [0; N];
        let mut count = 0;
        while count < N {
            match stdin().read(&mut message[count..]).unwrap() {
                0 => break,
                read => count += read,
            }
            if self.has("reads-once") {
                break;
            }
        }
        (message, count)
    }

    fn product(&self, secret: [u8; 32], key: [u8; 32]) -> [u8; 32] {
        let product = x25519(secret, key);
        if product == [0; 32] && !self.has("low-order") {
            self.refuse();
        }
        product
    }

    /// The X25519 form of a long-term key.
    fn montgomery(&self, key: &[u8; 32]) -> [u8; 32] {
        if !PublicKey::from_bytes(*key).is_usable() && !self.has("any-key") && !self.has("takes-cut-proof") {
            self.refuse();
        }
        CompressedEdwardsY(*key).decompress().map_or([0; 32], |point| point.to_montgomery().to_bytes())
    }

    /// Checks the signature with which these bytes begin.
    fn check(&self, key: &[u8; 32], statement: &[u8], signature: &[u8]) {
        let signature = signature[..64].try_into().unwrap();
        let holds = match self.fault.as_str() {
            "any-signature" | "takes-cut-proof" => true,
            "any-key" | "lax-signature" => holds_laxly(key, statement, &signature),
            _ => PublicKey::from_bytes(*key).verify(statement, &signature).is_ok(),
        };
        if !holds {
            self.refuse();
        }
    }

    fn say_keys(&self, accept_key: &[u8; 32], own: (&[u8; 64], &[u8; 32]), other: (&[u8; 64], &[u8; 32])) {
        let session = sha256(&[accept_key]);
        let (first, second) = if self.has("swaps-keys") { (own, other) } else { (other, own) };
        for (hello, key) in [first, second] {
            say(&[&sha256(&[&session, key]), &hello[..24]].concat());
        }
    }

    fn refuse(&self) -> ! {
        if self.has("hangs") {
            std::io::copy(&mut stdin(), &mut std::io::sink()).unwrap();
        }
        exit(if self.has("exits-with-0") { 0 } else { 1 })
    }
}

fn say(bytes: &[u8]) {
    let mut output = stdout();
    if output.write_all(bytes).and_then(|()| output.flush()).is_err() {
        exit(1);
    }
}

/// Whether these bytes are a number below 2^255 - 19.
fn is_below_p(key: &[u8; 32]) -> bool {
    key[31] < 0x7f || key[31] == 0x7f && (key[1..31].iter().any(|byte| *byte != 0xff) || key[0] < 0xed)
}

/// The equation of Ed25519 times the cofactor, with any encoding of a point and of S.
fn holds_laxly(key: &[u8; 32], statement: &[u8], signature: &[u8; 64]) -> bool {
    let [r, s] = [0, 32].map(|start| <[u8; 32]>::try_from(&signature[start..start + 32]).unwrap());
    let [Some(key_point), Some(r_point)] = [*key, r].map(|bytes| CompressedEdwardsY(bytes).decompress()) else {
        return false;
    };
    let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(statement).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    let rest = EdwardsPoint::mul_base(&Scalar::from_bytes_mod_order(s)) - r_point - key_point * k;
    rest.mul_by_cofactor().is_identity()
}
