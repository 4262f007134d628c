//! Measures whether two kinds of input take different times, and fails where they do, or where a leak that is there on
//! purpose is not found. `ttest MEASUREMENTS` takes another number of them than the default.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
use multiserver_core::shs::{AwaitClientAuth, Client, Server};
use multiserver_timing::welch::farthest_t;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// How many measurements there are of what takes below a microsecond; of the rest, one in so many.
const MEASUREMENTS: usize = 1_000_000;
const SLOW: usize = 20;

/// Beyond this in either direction, two classes differ.
const MOST: f64 = 5.0;

/// Measures this many calls with the inputs of two classes, in random order, and returns their t.
fn measure<T, O>(measurements: usize, mut prepare: impl FnMut(bool) -> T, run: impl Fn(T) -> O) -> f64 {
    let mut random = fastrand::Rng::with_seed(7);
    let mut times = Vec::with_capacity(measurements);
    for number in 0..measurements + measurements / 10 {
        let class = random.bool();
        let input = black_box(prepare(class));
        let begun = Instant::now();
        let output = run(input);
        let took = begun.elapsed();
        black_box(output);
        // The first ones fill caches.
        if number >= measurements / 10 {
            times.push((class, u64::try_from(took.as_nanos()).unwrap()));
        }
    }
    farthest_t(&times)
}

/// A byte that is wrong: the first or the last.
const fn wrong(class: bool, length: usize) -> usize {
    if class { length - 1 } else { 0 }
}

/// A tag that is wrong in its first or its last byte.
fn tag(measurements: usize) -> f64 {
    let mut body = [1; 64];
    let tag = multiserver_secretbox::seal(&[1; 32], &[2; 24], &mut body);
    let prepare = |class| {
        let mut tag = tag;
        tag[wrong(class, 16)] ^= 1;
        (body, tag)
    };
    measure(measurements, prepare, |(mut body, tag)| {
        multiserver_secretbox::open(&[1; 32], &[2; 24], &mut body, &tag).is_err()
    })
}

fn server_key() -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes([2; 32]))
}

fn server() -> Server {
    Server::new(Arc::new(server_key()), &NetworkKey::SSB_MAIN)
}

/// A hello whose proof of the network key is wrong in its first or its last byte.
fn hello(measurements: usize) -> f64 {
    let (_, hello) = client(&server_key());
    let prepare = |class| {
        let mut hello = hello;
        hello[wrong(class, 32)] ^= 1;
        (server(), hello, Ephemeral::from_secret([4; 32]))
    };
    measure(measurements / SLOW, prepare, |(server, hello, ephemeral)| server.client_hello(&hello, ephemeral).is_err())
}

fn client(server: &KeyPair) -> (multiserver_core::shs::AwaitServerHello, [u8; 64]) {
    let alice = Arc::new(KeyPair::from_seed(Seed::from_bytes([1; 32])));
    Client::new(alice, &server.public(), &NetworkKey::SSB_MAIN).unwrap().start(Ephemeral::from_secret([3; 32]))
}

/// A server that waits for the client's proof, and that proof.
fn before_proof() -> (AwaitClientAuth, [u8; 112]) {
    let (client, hello) = client(&server_key());
    let (mut server, hello) = server().client_hello(&hello, Ephemeral::from_secret([4; 32])).unwrap();
    server.prepare();
    (server, client.server_hello(&hello).unwrap().1)
}

/// A client's proof whose box is wrong in its first or its last byte.
fn proof(measurements: usize) -> f64 {
    let prepare = |class| {
        let (server, mut proof) = before_proof();
        proof[wrong(class, 112)] ^= 1;
        (server, proof)
    };
    measure(measurements / SLOW, prepare, |(server, proof)| server.client_auth(&proof).is_err())
}

/// A product on the curve, with the same secret each time or another one.
fn product(measurements: usize) -> f64 {
    let (peer, mut random) = (*Ephemeral::from_secret([9; 32]).public(), fastrand::Rng::with_seed(3));
    let prepare = |class| {
        let mut secret = [5; 32];
        if class {
            random.fill(&mut secret);
        }
        Ephemeral::from_secret(secret)
    };
    measure(measurements / SLOW, prepare, |ephemeral| ephemeral.diffie_hellman(&peer))
}

/// A comparison that stops at the first byte that differs.
fn control(measurements: usize) -> f64 {
    let prepare = |class| {
        let mut other = [1_u8; 64];
        other[wrong(class, 64)] ^= 1;
        other
    };
    measure(measurements, prepare, |other| other.iter().all(|byte| *black_box(byte) == 1))
}

/// Measures and returns the t.
type Measure = fn(usize) -> f64;

fn main() -> ExitCode {
    let given = std::env::args().nth(1).map(|text| text.parse().unwrap());
    let measurements = given.unwrap_or(MEASUREMENTS);
    let work: [(&str, Measure); 5] = [
        ("a tag, wrong in its first or last byte", tag),
        ("a hello, wrong in its first or last byte", hello),
        ("a client's proof, wrong in its first or last byte", proof),
        ("a product on the curve, with one secret or any", product),
        ("a control that leaks", control),
    ];
    let mut is_right = true;
    for (name, measure) in work {
        let (t, leaks) = (measure(measurements), name == "a control that leaks");
        println!("t = {t:8.2}  {name}");
        is_right &= (t.abs() > MOST) == leaks;
    }
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
