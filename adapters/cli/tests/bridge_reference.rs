//! `bridge` before our servers, for clients of npm `multiserver`: one that has WebSockets reaches a TCP server, and the
//! other way round.
#![allow(clippy::unwrap_used)]

mod common;

use common::Home;
use multiserver_interop::{ClientEnd, Peer, Reference, Under, Version};
use multiserver_tokio::core::keys::{KeyPair, NetworkKey, Seed};
use std::path::Path;

const SEED: [u8; 32] = [3; 32];

/// The client says goodbye first, and its WebSocket or TCP stream is closed behind that: what comes then is still for it.
#[tokio::test]
async fn their_clients_reach_our_servers_on_the_other_transport_and_hear_all_of_the_answer() {
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let home = Home::new();
    let key = KeyPair::from_seed(Seed::from_bytes(SEED)).public().to_string();
    for version in [Version::V1, Version::V3] {
        for (under, near, far) in [(Under::Ws, "--ws", "--net"), (Under::Net, "--net", "--ws")] {
            let echo = ["-v", far, "127.0.0.1:0", "--allow", &key, "--echo"];
            let (mut server, target) = home.serve(&echo);
            let (mut bridge, address) = home.bridge(&["-v", near, "127.0.0.1:0", &target]);
            let peer = Peer { under, version, network: NetworkKey::SSB_MAIN, seed: Seed::from_bytes(SEED) };
            for length in [0, 1, 1 << 20] {
                let sent = common::pattern(length);
                let end = peer.connect(&reference, &address).unwrap().send(&sent).await.unwrap();
                assert!(end == ClientEnd::Clean(sent), "{peer:?}, {length} bytes");
                for program in [&mut server, &mut bridge] {
                    let ended = std::iter::repeat_with(|| program.error_line()).find(|line| line.contains("ended"));
                    assert!(ended.is_some_and(|line| !line.contains("early")), "{peer:?}, {length} bytes");
                }
            }
        }
    }
}
