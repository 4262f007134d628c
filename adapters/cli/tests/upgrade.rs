//! A network changes its security protocol, by addresses alone: a server with `shs` only, then with both, then with `noise`
//! only; an old peer, npm `multiserver`, which knows `shs`; and a new peer, this program.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, pattern};
use multiserver_interop::{ClientEnd, Peer, Reference, Under, Version};
use multiserver_tokio::core::keys::{NetworkKey, Seed};
use std::path::Path;

const SHS: [&str; 2] = ["--net", "127.0.0.1:0"];
const NOISE: [&str; 2] = ["--net", "127.0.0.1:0~noise"];

/// Whether an old peer reaches this address.
async fn old_reaches(version: Version, address: &str) -> bool {
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let peer = Peer { under: Under::Net, version, network: NetworkKey::SSB_MAIN, seed: Seed::from_bytes([3; 32]) };
    let sent = pattern(100_000);
    match peer.connect(&reference, address).unwrap().send(&sent).await.unwrap() {
        ClientEnd::Clean(received) => received == sent,
        ClientEnd::NotConnected(_) | ClientEnd::Broken(_) => false,
    }
}

/// The protocol by which the new peer reaches this address, as its log says; `None` if it does not.
fn new_reaches(home: &Home, address: &str) -> Option<&'static str> {
    let client = home.run(&["connect", "-v", address], b"hello");
    let reached = ["shs", "noise"].into_iter().find(|name| client.errors.contains(&format!("~{name}:")));
    (client.status == 0 && client.output == b"hello").then(|| reached.unwrap())
}

#[tokio::test]
async fn a_network_moves_from_shs_to_noise_and_nobody_negotiates() {
    let home = Home::new();
    let (server, _) = home.identity("server");
    let serve = |places: &[&str]| home.serve(&[&["--echo", "--identity", &server], places].concat());

    let (first, address) = serve(&SHS);
    for version in [Version::V1, Version::V3] {
        assert!(old_reaches(version, &address).await, "the old peer, at the old server");
    }
    assert_eq!(new_reaches(&home, &address), Some("shs"), "the new peer, at the old server");
    drop(first);

    let (mut both, address) = serve(&[&SHS[..], &NOISE].concat());
    for version in [Version::V1, Version::V3] {
        assert!(old_reaches(version, &address).await, "the old peer takes what it knows of the address");
    }
    assert_eq!(new_reaches(&home, &address), Some("noise"), "the new peer takes the stronger");
    let pid = rustix::process::Pid::from_raw(both.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::USR1).unwrap();
    both.error_line_with("net~shs: 2 accepted, the last at ");
    both.error_line_with("net~noise: 1 accepted, the last at ");
    drop(both);

    let (last, address) = serve(&NOISE);
    for version in [Version::V1, Version::V3] {
        assert!(!old_reaches(version, &address).await, "the old peer knows no part of the address");
    }
    assert_eq!(new_reaches(&home, &address), Some("noise"));
    drop(last);

    let (_back, address) = serve(&SHS);
    assert_eq!(new_reaches(&home, &address), None, "and there is no way back unasked");
}
