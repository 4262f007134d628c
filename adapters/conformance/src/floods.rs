//! Unproven peers that send WebSocket frames without end: their connections are closed at the deadline, and others get
//! in meanwhile.

use crate::support::{client, echo_with, exchange, run, shs};
use crate::{Tested, WebSocket};
use multiserver_compose::Limits;
use multiserver_compose::ws::Ws;
use multiserver_core::address::MultiAddress;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// How long a peer has for its handshake.
const DEADLINE: Duration = Duration::from_secs(1);

/// How much later the connection may be closed on a busy machine. A flood that kept the thread busy would last as long
/// as the peer sends, which is longer.
const LATENESS: Duration = Duration::from_secs(10);
const FLOOD: Duration = Duration::from_secs(40);

/// How many frames are sent at once.
const AT_ONCE: usize = 4096;

/// A frame of a client with this first byte and a payload of this many zeros, masked by zeros.
fn frame(first: u8, length: u8) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | length, 0, 0, 0, 0];
    frame.extend(std::iter::repeat_n(0, length.into()));
    frame
}

/// A flood of each kind of frame: what comes first, and what is repeated.
fn kinds() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    vec![
        ("empty fragments", frame(0x02, 0), frame(0x00, 0)),
        ("fragments of a byte", frame(0x02, 1), frame(0x00, 1)),
        ("empty messages", vec![], frame(0x82, 0)),
        ("messages of a byte", vec![], frame(0x82, 1)),
        ("empty pings", vec![], frame(0x89, 0)),
        ("long pings", vec![], frame(0x89, 125)),
        ("pongs", vec![], frame(0x8a, 0)),
        ("pings amid a message", frame(0x02, 0), frame(0x89, 1)),
        ("texts", vec![], frame(0x81, 1)),
        ("continuations of nothing", vec![], frame(0x80, 0)),
        ("Close frames", vec![], frame(0x88, 0)),
    ]
}

/// Upgrades and floods until the server closes the connection, or for longer than it may; returns for how long.
fn flood(endpoint: &str, first: &[u8], repeated: &[u8]) -> Duration {
    let mut socket = TcpStream::connect(endpoint).unwrap();
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    while !response.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        response.extend(byte);
    }
    let begun = Instant::now();
    // The answers are read, so that a full buffer of them cannot be what ends the flood.
    let mut answers = socket.try_clone().unwrap();
    let taker = thread::spawn(move || while answers.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {});
    let frames = repeated.repeat(AT_ONCE);
    let mut sent = socket.write_all(first);
    socket.set_write_timeout(Some(FLOOD)).unwrap();
    while sent.is_ok() && begun.elapsed() < FLOOD {
        sent = socket.write_all(&frames);
    }
    let _ = socket.shutdown(std::net::Shutdown::Both);
    taker.join().unwrap();
    begun.elapsed()
}

/// Floods with each kind of frame, one after the other.
pub fn a_flood_of_frames_ends_at_the_deadline_and_harms_nobody<R: Tested>() {
    for (kind, first, repeated) in kinds() {
        run::<R>(async {
            let limits = Limits::default().deadline(DEADLINE);
            let server = echo_with::<R>(Ws::bind("127.0.0.1:0").then(shs(1)), limits).await;
            let endpoint = endpoint_of(&server.address);
            let flooding = thread::spawn(move || flood(&endpoint, &first, &repeated));
            while !flooding.is_finished() {
                let connection = client::<R, WebSocket>().connect(&server.address).await;
                let connection = connection.unwrap_or_else(|error| panic!("{kind}: {error}"));
                assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello", "{kind}");
            }
            let took = flooding.join().unwrap();
            assert!(took < DEADLINE + LATENESS, "{kind}: there for {took:?}");
        });
    }
}

fn endpoint_of(address: &MultiAddress) -> String {
    let address = address.to_string();
    address.strip_prefix("ws://").unwrap().split('~').next().unwrap().trim_end_matches('/').to_owned()
}
