//! The secret handshake written out: each side is one function, from top to bottom, of its secrets and of all bytes
//! that it receives.

mod points;

use crate::plain_boxes::{Boxes, TAG_SIZE};
use ed25519_dalek::{Signature, Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use multiserver_core::shs::{Error, Message};
use sha2::{Digest, Sha256, Sha512};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// The secrets of one side.
#[derive(Clone)]
pub struct Secrets {
    pub network: [u8; 32],
    /// The seed of the long-term key.
    pub seed: [u8; 32],
    /// The X25519 secret.
    pub ephemeral: [u8; 32],
}

impl Secrets {
    pub fn public(&self) -> [u8; 32] {
        self.identity().verifying_key().to_bytes()
    }

    fn identity(&self) -> SigningKey {
        SigningKey::from_bytes(&self.seed)
    }

    /// The long-term secret as X25519 takes it.
    fn agreement(&self) -> [u8; 32] {
        cut(&Sha512::digest(self.seed))
    }
}

/// What one side made of its peer's bytes.
pub struct Run {
    pub written: Vec<u8>,
    /// How many bytes were not read.
    pub left: usize,
    pub end: Result<Session, Error>,
}

/// A completed handshake, as one side has it.
pub struct Session {
    pub peer: [u8; 32],
    pub to_peer: Boxes,
    pub from_peer: Boxes,
    pub channel_binding: [u8; 32],
    /// The keys of the client's proof and of the server's answer.
    pub message_keys: [[u8; 32]; 2],
}

/// The client's side, with the server that has this key.
pub fn client(own: &Secrets, server: [u8; 32], received: &[u8]) -> Run {
    Wire::run(received, |wire| {
        let (network, client) = (own.network, own.public());
        let a = x25519(own.ephemeral, X25519_BASEPOINT_BYTES);
        let own_auth = wire.write_hello(&network, &a);

        let (peer_auth, b) = wire.read_hello(&network, Message::ServerHello)?;
        let ab = x25519(own.ephemeral, b);
        let a_server = x25519(own.ephemeral, points::montgomery(&server).ok_or(Error::ServerKey)?);
        let client_b = x25519(own.agreement(), b);
        if b == a || !points::is_ephemeral(&b) || [ab, a_server, client_b].contains(&[0; 32]) {
            return Err(Error::EphemeralKey(Message::ServerHello));
        }

        let proof = own.identity().sign(&[network, server, sha256(&[&ab])].concat()).to_bytes();
        let auth_key = sha256(&[&network, &ab, &a_server]);
        wire.write(&Boxes::new(auth_key, [0; 24]).seal(&[&proof[..], &client].concat()));

        let accept_key = sha256(&[&network, &ab, &a_server, &client_b]);
        let answer = wire.read_box::<64>(&accept_key, Message::ServerAccept)?;
        let statement = [&network[..], &proof, &client, &sha256(&[&ab])].concat();
        if !points::holds(&server, &statement, &Signature::from_bytes(&answer)) {
            return Err(Error::Signature(Message::ServerAccept));
        }

        let secret = sha256(&[&accept_key]);
        Ok(Session {
            peer: server,
            to_peer: boxes(&secret, &server, &peer_auth),
            from_peer: boxes(&secret, &client, &own_auth),
            channel_binding: channel_binding(&secret, [a, b, client, server]),
            message_keys: [auth_key, accept_key],
        })
    })
}

/// The server's side, which lets every client in.
pub fn server(own: &Secrets, received: &[u8]) -> Run {
    Wire::run(received, |wire| {
        let (network, server) = (own.network, own.public());
        let (peer_auth, a) = wire.read_hello(&network, Message::ClientHello)?;
        let ab = x25519(own.ephemeral, a);
        let a_server = x25519(own.agreement(), a);
        if !points::is_ephemeral(&a) || [ab, a_server].contains(&[0; 32]) {
            return Err(Error::EphemeralKey(Message::ClientHello));
        }
        let b = x25519(own.ephemeral, X25519_BASEPOINT_BYTES);
        let own_auth = wire.write_hello(&network, &b);

        let auth_key = sha256(&[&network, &ab, &a_server]);
        let content = wire.read_box::<96>(&auth_key, Message::ClientAuth)?;
        let (proof, client) = (cut(&content), cut::<32>(&content[64..]));
        let client_b = x25519(own.ephemeral, points::montgomery(&client).ok_or(Error::ClientKey)?);
        if client_b == [0; 32] {
            return Err(Error::ClientKey);
        }
        let statement = [network, server, sha256(&[&ab])].concat();
        if !points::holds(&client, &statement, &Signature::from_bytes(&proof)) {
            return Err(Error::Signature(Message::ClientAuth));
        }

        let statement = [&network[..], &proof, &client, &sha256(&[&ab])].concat();
        let accept_key = sha256(&[&network, &ab, &a_server, &client_b]);
        wire.write(&Boxes::new(accept_key, [0; 24]).seal(&own.identity().sign(&statement).to_bytes()));

        let secret = sha256(&[&accept_key]);
        Ok(Session {
            peer: client,
            to_peer: boxes(&secret, &client, &peer_auth),
            from_peer: boxes(&secret, &server, &own_auth),
            channel_binding: channel_binding(&secret, [a, b, client, server]),
            message_keys: [auth_key, accept_key],
        })
    })
}

/// The boxes of a direction: under the receiver's long-term key and the auth of the receiver's hello.
fn boxes(secret: &[u8; 32], receiver: &[u8; 32], receivers_auth: &[u8; 32]) -> Boxes {
    Boxes::new(sha256(&[secret, receiver]), cut(receivers_auth))
}

/// `keys` are the ephemeral and the long-term keys, each time the client's first.
fn channel_binding(secret: &[u8; 32], keys: [[u8; 32]; 4]) -> [u8; 32] {
    hmac(secret, &[b"multiserver shs1 channel binding", &keys.concat()[..]].concat())
}

pub fn hello(network: &[u8; 32], ephemeral: &[u8; 32]) -> [u8; 64] {
    cut(&[hmac(network, ephemeral), *ephemeral].concat())
}

/// HMAC-SHA-512, cut to 32 bytes.
fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
    mac.update(message);
    cut(&mac.finalize().into_bytes())
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

/// The first bytes.
fn cut<const SIZE: usize>(bytes: &[u8]) -> [u8; SIZE] {
    *bytes.first_chunk().unwrap()
}

/// What was received and not yet read, and what was written.
struct Wire<'a> {
    received: &'a [u8],
    written: Vec<u8>,
}

impl<'a> Wire<'a> {
    fn run(received: &'a [u8], dialogue: impl FnOnce(&mut Self) -> Result<Session, Error>) -> Run {
        let mut wire = Self { received, written: Vec::new() };
        let end = dialogue(&mut wire);
        Run { written: wire.written, left: wire.received.len(), end }
    }

    fn write(&mut self, message: &[u8]) {
        self.written.extend_from_slice(message);
    }

    /// Writes a hello, and returns its auth.
    fn write_hello(&mut self, network: &[u8; 32], ephemeral: &[u8; 32]) -> [u8; 32] {
        let hello = hello(network, ephemeral);
        self.write(&hello);
        cut(&hello)
    }

    fn read(&mut self, size: usize, message: Message) -> Result<&'a [u8], Error> {
        match self.received.split_at_checked(size) {
            Some((read, rest)) => {
                self.received = rest;
                Ok(read)
            }
            None => {
                self.received = &[];
                Err(Error::Closed(message))
            }
        }
    }

    /// Reads a hello that is made with the network's key: its auth and its ephemeral key.
    fn read_hello(&mut self, network: &[u8; 32], message: Message) -> Result<([u8; 32], [u8; 32]), Error> {
        let read = self.read(64, message)?;
        let ephemeral = cut(&read[32..]);
        if read != hello(network, &ephemeral) {
            return Err(Error::NetworkKey(message));
        }
        Ok((cut(read), ephemeral))
    }

    /// Reads a box with so many bytes of content.
    fn read_box<const SIZE: usize>(&mut self, key: &[u8; 32], message: Message) -> Result<[u8; SIZE], Error> {
        let content = Boxes::new(*key, [0; 24]).open(self.read(TAG_SIZE + SIZE, message)?);
        content.map(|content| cut(&content)).ok_or(Error::Sealed(message))
    }
}
