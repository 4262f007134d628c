//! The work whose instructions `.ci/budget` counts: `budget NAME REPEATS` does one, and without a name, each once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use multiserver_core::address::MultiAddress;
use multiserver_core::box_stream::{Decoded, Decoder, Encoder, Opener, Sealer};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
use multiserver_core::shs::{Client, Server};
use std::hint::black_box;
use std::sync::Arc;

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 24] = [0x17; 24];
const ADDRESS: &str = "net:node1.example:8008~shs:DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";

/// Does something so many times.
type Work = fn(u32);

/// Each by its name.
const WORK: [(&str, Work); 7] = [
    ("handshake", handshake),
    ("seal-64", |repeats| seal(64, repeats)),
    ("seal-4096", |repeats| seal(4096, repeats)),
    ("open-64", |repeats| open(64, repeats)),
    ("open-4096", |repeats| open(4096, repeats)),
    ("parse", parse),
    ("print", print),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.as_slice() {
        [name, repeats] => {
            let (_, work) = WORK.iter().find(|(known, _)| known == name).expect("a name of the list");
            work(repeats.parse().expect("a number"));
        }
        _ => WORK.iter().for_each(|(_, work)| work(1)),
    }
}

/// Both sides.
fn handshake(repeats: u32) {
    let pair = |seed| Arc::new(KeyPair::from_seed(Seed::from_bytes([seed; 32])));
    let (alice, bob) = (pair(1), pair(2));
    for _ in 0..repeats {
        let client = Client::new(alice.clone(), &bob.public(), &NetworkKey::SSB_MAIN).unwrap();
        let (client, hello) = client.start(Ephemeral::from_random(black_box([3; 32])));
        let server = Server::new(bob.clone(), &NetworkKey::SSB_MAIN);
        let (server, hello) = server.client_hello(&hello, Ephemeral::from_random(black_box([4; 32]))).unwrap();
        let (client, auth) = client.server_hello(&hello).unwrap();
        let (outcome, accept) = server.client_auth(&auth).unwrap().accept();
        black_box((outcome, client.server_accept(&accept).unwrap()));
    }
}

/// A body of this size each time.
fn seal(size: usize, repeats: u32) {
    let mut sealer = Sealer::new(KEY, NONCE);
    let mut body = vec![1; size];
    for _ in 0..repeats {
        black_box(sealer.seal(black_box(&mut body)).unwrap());
    }
}

/// Eight frames with bodies of this size each time, all at hand.
fn open(size: usize, repeats: u32) {
    let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
    for _ in 0..8 {
        assert_eq!(encoder.write(&vec![1; size]), Ok(size));
    }
    let mut received = vec![0; 8 * size];
    for _ in 0..repeats {
        let mut decoder = Decoder::new(Opener::new(KEY, NONCE));
        let (mut rest, mut read) = (encoder.ciphertext(), 0);
        while read < received.len() {
            rest = rest.get(decoder.feed(rest)..).unwrap_or_default();
            if let Ok(Decoded::Plaintext(count)) = decoder.read(received.get_mut(read..).unwrap_or_default()) {
                read += count;
            }
        }
        black_box(&mut received);
    }
}

fn parse(repeats: u32) {
    for _ in 0..repeats {
        black_box(black_box(ADDRESS).parse::<MultiAddress>().unwrap());
    }
}

fn print(repeats: u32) {
    let address: MultiAddress = ADDRESS.parse().unwrap();
    for _ in 0..repeats {
        black_box(black_box(&address).to_string());
    }
}
