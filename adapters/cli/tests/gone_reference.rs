//! Peers of npm `multiserver` that have ended their own direction and still read: over TCP they end the socket's direction
//! too, as a peer does that is gone.
#![allow(clippy::unwrap_used)]

mod common;

use common::Home;
use multiserver_interop::{ClientEnd, Event, Peer, Reference, Under, Version};
use multiserver_tokio::core::keys::{NetworkKey, Seed};
use std::path::Path;
use std::time::Duration;

/// How long nothing is sent, in which whoever takes the peer for gone would end.
const MOMENT: Duration = Duration::from_millis(500);

async fn reference() -> Reference {
    Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap()
}

fn peers() -> [Peer; 2] {
    [Version::V1, Version::V3].map(|version| Peer {
        under: Under::Net,
        version,
        network: NetworkKey::SSB_MAIN,
        seed: Seed::from_bytes([3; 32]),
    })
}

#[tokio::test]
async fn a_client_that_has_sent_all_hears_an_answer_that_takes_its_time() {
    let (reference, home) = (reference().await, Home::new());
    let program = format!("cat; sleep {}; echo answer", MOMENT.as_secs_f64());
    let exec = ["--allow-anyone", "--exec", "sh", "-c", &program];
    let (_server, address) = home.serve(&exec);
    for peer in peers() {
        let end = peer.connect(&reference, &address).unwrap().send(b"question ").await.unwrap();
        assert_eq!(end, ClientEnd::Clean(b"question answer\n".to_vec()), "{peer:?}");
    }
}

#[tokio::test]
async fn a_server_that_sends_nothing_more_gets_what_comes_late() {
    let (reference, home) = (reference().await, Home::new());
    for peer in peers() {
        let mut server = peer.serve_greeting(&reference).await.unwrap();
        let mut client = home.start(&["connect", server.address()]);
        assert!(matches!(server.event().await.unwrap(), Event::Connected { .. }));
        assert_eq!(server.event().await.unwrap(), Event::Sent { bytes: 5, error: None });
        tokio::time::sleep(MOMENT).await;
        client.send(b"late");
        client.stdin = None;
        assert_eq!(server.event().await.unwrap(), Event::Received { bytes: 4, error: None }, "{peer:?}");
        let client = client.finish();
        assert_eq!((client.status, client.output.as_slice()), (0, b"hello".as_slice()), "{client:?}");
    }
}
