//! Does each piece of work under Valgrind with all secrets marked, and tells where one of them decides. It fails where that
//! is not explained, and where a leak that is there on purpose is not found.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use multiserver_core::box_stream::{Opened, Opener, Sealer};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{Client, Server};
use multiserver_timing::report::places;
use multiserver_timing::valgrind::{is_there, public, secret};
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::sync::Arc;

/// A piece of work, by its name.
const WORK: [(&str, fn()); 4] = [("handshake", handshake), ("seal", seal), ("open", open), (CONTROL, control)];

/// The work that leaks on purpose.
const CONTROL: &str = "control";

fn main() -> ExitCode {
    if let Some(name) = std::env::args().nth(1) {
        assert!(is_there(), "Valgrind runs this");
        let (_, work) = WORK.iter().find(|(known, _)| *known == name).unwrap();
        work();
        return ExitCode::SUCCESS;
    }
    let failed = WORK.iter().filter(|(name, _)| !check(name)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a piece of work under Valgrind and prints what it finds; returns whether that is as it should be.
fn check(name: &str) -> bool {
    let valgrind = Command::new("valgrind").arg("-q").arg(std::env::current_exe().unwrap()).arg(name).output();
    let output = match valgrind {
        Ok(output) => output,
        Err(error) => panic!("this needs Valgrind ({error}). Debian: `sudo apt-get install valgrind`"),
    };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let places = places(&told);
    let unexplained = places.keys().filter(|(_, reason)| reason.is_none()).count();
    println!("{name}: {} places where a secret decides, {unexplained} of them not explained", places.len());
    for ((place, reason), count) in &places {
        println!("  {count:3} {place}\n      {}", reason.unwrap_or("NOT EXPLAINED"));
    }
    if name == CONTROL { unexplained > 0 } else { unexplained == 0 }
}

/// Bytes that are secret.
fn marked(fill: u8) -> [u8; 32] {
    let mut bytes = [fill; 32];
    secret(&mut bytes);
    black_box(bytes)
}

/// Bytes that everybody sees on the wire.
fn seen<const N: usize>(mut message: [u8; N]) -> [u8; N] {
    public(&mut message);
    message
}

/// Both sides of a handshake: seeds, ephemeral keys and the network key are secret, and messages are seen.
fn handshake() {
    let pair = |fill| Arc::new(KeyPair::from_seed(Seed::from_bytes(marked(fill))));
    let (alice, bob) = (pair(1), pair(2));
    let network = NetworkKey::from_bytes(marked(5));
    let bob_key = PublicKey::from_bytes(seen(*bob.public().as_bytes()));
    let client = Client::new(alice, &bob_key, &network).unwrap();
    let (client, hello) = client.start(Ephemeral::from_random(marked(3)));
    let server = Server::new(bob, &network);
    let (server, hello) = server.client_hello(&seen(hello), Ephemeral::from_random(marked(4))).unwrap();
    let (client, auth) = client.server_hello(&seen(hello)).unwrap();
    let (outcome, accept) = server.client_auth(&seen(auth)).unwrap().accept();
    black_box((outcome, client.server_accept(&seen(accept)).unwrap()));
}

/// Lengths of frames around those of registers and blocks.
const LENGTHS: [usize; 13] = [1, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1024, 4095, 4096];

/// Frames whose keys and plaintext are secret; a nonce is on the wire before, as a part of a hello.
fn seal() {
    let mut sealer = Sealer::new(marked(1), [7; 24]);
    for length in LENGTHS {
        let mut body = vec![1; length];
        secret(&mut body);
        black_box(sealer.seal(&mut body).unwrap());
        black_box(&body);
    }
}

/// The same frames, opened.
fn open() {
    let (mut sealer, mut opener) = (Sealer::new([1; 32], [7; 24]), Opener::new(marked(1), [7; 24]));
    for length in LENGTHS {
        let mut body = vec![1; length];
        let header = sealer.seal(&mut body).unwrap();
        let Opened::Body(next) = opener.open_header(&header).unwrap() else { unreachable!() };
        opener = next.open(&mut body).unwrap();
        black_box(&body);
    }
}

/// Work that leaks: it compares secrets byte by byte, and stops at the first that differs.
fn control() {
    let (one, other) = (marked(1), marked(1));
    for (one, other) in one.iter().zip(other) {
        if *black_box(one) != other {
            break;
        }
        black_box(other);
    }
}
