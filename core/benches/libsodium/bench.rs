//! What we do beside libsodium doing the same: frames, writes of 64 KiB, and handshakes.
//!
//! Node's multiserver stands on libsodium, so these ratios are the most that it could do without JavaScript.

mod sodium;

use multiserver_core::box_stream::{Decoded, Decoder, Encoder, Opener, Sealer};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
use multiserver_core::shs::{Client, Server};
use std::hint::black_box;
use std::sync::Arc;

#[path = "../ratios/measure.rs"]
mod measure;

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 24] = [0x17; 24];

/// What ours may take of libsodium's time, for small and for full frames, with AVX-512; full ones 0.65 with AVX2.
const SMALL: f64 = 0.45;
const FULL: f64 = 0.45;
const HANDSHAKE: f64 = 0.7;

fn main() {
    sodium::init();
    for (size, limit) in [(16, SMALL), (64, SMALL), (1024, FULL), (4096, FULL)] {
        seal(size, limit);
        open(size, limit);
    }
    write();
    handshake();
}

fn seal(size: usize, limit: f64) {
    let mut sealer = Sealer::new(KEY, NONCE);
    let (mut ours, mut theirs) = (vec![1; size], vec![1; size]);
    measure::compare(
        &format!("frame of {size} B, sealed"),
        limit,
        || {
            black_box(sealer.seal(black_box(&mut ours)).unwrap());
        },
        || {
            black_box(sodium::seal_frame(&KEY, &NONCE, black_box(&mut theirs)));
        },
    );
}

/// Frames as a reader has them: eight at hand, each copied once before and once after.
fn open(size: usize, limit: f64) {
    const FRAMES: usize = 8;
    let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
    (0..FRAMES).for_each(|_| assert_eq!(encoder.write(&vec![1; size]), Ok(size)));
    let stream = encoder.ciphertext().to_vec();
    let mut received = vec![0; FRAMES * size];
    let ours = || {
        let mut decoder = Decoder::new(Opener::new(KEY, NONCE));
        let (mut fed, mut read) = (0, 0);
        while read < received.len() {
            fed += decoder.feed(&stream[fed..]);
            if let Ok(Decoded::Plaintext(count)) = decoder.read(black_box(&mut received[read..])) {
                read += count;
            }
        }
    };
    let mut frames = stream.clone();
    let mut plaintext = vec![0; FRAMES * size];
    measure::compare(&format!("{FRAMES} frames of {size} B, opened"), limit, ours, || {
        frames.copy_from_slice(&stream);
        let mut nonce = NONCE;
        for (frame, plaintext) in frames.chunks_mut(34 + size).zip(plaintext.chunks_mut(size)) {
            let (header, body) = frame.split_first_chunk_mut().unwrap();
            assert!(sodium::open_frame(&KEY, &nonce, black_box(header), body));
            nonce[23] += 2;
            plaintext.copy_from_slice(body);
        }
    });
}

/// One write of 64 KiB, which is 16 frames.
fn write() {
    let plaintext = vec![1; 65_536];
    let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
    let mut theirs = plaintext.clone();
    measure::compare(
        "64 KiB, written",
        FULL,
        || {
            assert_eq!(encoder.write(black_box(&plaintext)), Ok(plaintext.len()));
            encoder.advance(usize::MAX);
        },
        || {
            theirs.copy_from_slice(&plaintext);
            for body in theirs.chunks_mut(4096) {
                black_box(sodium::seal_frame(&KEY, &NONCE, black_box(body)));
            }
        },
    );
}

fn handshake() {
    let pair = |seed| Arc::new(KeyPair::from_seed(Seed::from_bytes([seed; 32])));
    let (alice, bob) = (pair(1), pair(2));
    let ephemeral = |random| Ephemeral::from_random(black_box([random; 32]));
    let ours = || {
        let client = Client::new(alice.clone(), &bob.public(), &NetworkKey::SSB_MAIN).unwrap();
        let (client, hello) = client.start(ephemeral(3));
        let server = Server::new(bob.clone(), &NetworkKey::SSB_MAIN);
        let (server, hello) = server.client_hello(&hello, ephemeral(4)).unwrap();
        let (client, auth) = client.server_hello(&hello).unwrap();
        let (outcome, accept) = server.client_auth(&auth).unwrap().accept();
        black_box((outcome, client.server_accept(&accept).unwrap()));
    };
    let theirs = sodium::Handshake::new();
    measure::compare("handshake, both sides", HANDSHAKE, ours, || {
        theirs.side();
        theirs.side();
    });
}
