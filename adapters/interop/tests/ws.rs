//! Our clients and servers against those of npm `multiserver`, over ws~shs and wss~shs.
//!
//! The reference has no half-close over WebSocket: at its end it closes the WebSocket. What this side still sends
//! arrives all the same until this side ends, since only then is the reference's Close frame answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use multiserver_interop::{ClientEnd, Event, Peer, Reference, Under, Version};
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::ws::Certificate;
use multiserver_tokio::{
    Connection, MultiAddress, Multiserver, NetworkKey, Request, Scope, Server, Shs, Stage, Ws, Wss,
};
use std::path::Path;
use support::{exchange, pair, patiently, public, read_to_end, text};
use tokio::io::AsyncWriteExt;

const LENGTHS: [usize; 5] = [0, 1, 4096, 4097, 1 << 20];
const NETWORK: [u8; 32] = [1; 32];
const THEIR_SEED: [u8; 32] = [3; 32];
const OUR_SEED: [u8; 32] = [4; 32];

/// Both versions, over both transports.
fn all() -> Vec<Peer> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let mut peers = Vec::new();
    for version in [Version::V1, Version::V3] {
        for under in [Under::Ws, Under::Wss { chain: chain.clone(), key: key.clone() }] {
            peers.push(Peer {
                under,
                version,
                network: NetworkKey::from_bytes(NETWORK),
                seed: Seed::from_bytes(THEIR_SEED),
            });
        }
    }
    peers
}

/// Ours, as that peer needs it.
fn ours(peer: &Peer) -> Multiserver {
    let shs = Shs::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(NETWORK));
    let suite = match &peer.under {
        Under::Net | Under::Ws | Under::Suites { .. } => Ws::bind("127.0.0.1:0").then(shs),
        Under::Wss { chain, key } => {
            let certificate = Certificate::from_pem(chain, key).unwrap();
            Wss::bind("127.0.0.1:0", certificate).root(chain).unwrap().then(shs)
        }
    };
    Multiserver::builder().suite(suite).build().unwrap()
}

#[tokio::test]
async fn their_server_returns_our_bytes_and_both_ends_are_clean() {
    for peer in all() {
        let mut server = peer.serve_echo(&reference().await, None).await.unwrap();
        for length in LENGTHS {
            let connection = connect(&peer, server.address()).await;
            assert_eq!(connection.peer(), Some(&public(THEIR_SEED)));
            assert!(exchange(connection, &text(length)).await == text(length), "{peer:?}, {length} bytes");
            assert_eq!(server.event().await.unwrap(), connected());
            assert_eq!(server.event().await.unwrap(), Event::Received { bytes: length, error: None });
            assert_eq!(server.event().await.unwrap(), Event::Sent { bytes: length, error: None });
        }
        assert_eq!(server.stop().await.unwrap(), []);
    }
}

#[tokio::test]
async fn our_server_returns_their_bytes_and_both_ends_are_clean() {
    for peer in all() {
        let (mut server, address) = listen(&peer).await;
        for length in LENGTHS {
            let client = peer.connect(&reference().await, &address).unwrap();
            let sent = text(length);
            let echo = async {
                let request = request(&mut server).await;
                assert_eq!(request.peer(), Some(&public(THEIR_SEED)));
                let (mut read, mut write) = request.accept().await.unwrap().into_split();
                assert_eq!(tokio::io::copy(&mut read, &mut write).await.unwrap(), u64::try_from(length).unwrap());
                write.shutdown().await.unwrap();
            };
            let (end, ()) = tokio::join!(client.send(&sent), patiently(echo));
            assert!(end.unwrap() == ClientEnd::Clean(sent), "{peer:?}, {length} bytes");
        }
    }
}

#[tokio::test]
async fn what_we_send_after_their_end_arrives() {
    for peer in all() {
        let mut server = peer.serve_greeting(&reference().await).await.unwrap();
        let mut connection = connect(&peer, server.address()).await;
        assert_eq!(read_to_end(&mut connection).await, b"hello");
        assert_eq!(server.event().await.unwrap(), connected());
        assert_eq!(server.event().await.unwrap(), Event::Sent { bytes: 5, error: None });

        connection.write_all(&text(100_000)).await.unwrap();
        connection.shutdown().await.unwrap();
        assert_eq!(server.event().await.unwrap(), Event::Received { bytes: 100_000, error: None }, "{peer:?}");
    }
}

#[tokio::test]
async fn what_they_send_after_our_end_arrives() {
    for peer in all() {
        let (mut server, address) = listen(&peer).await;
        let mut client = peer.connect(&reference().await, &address).unwrap();
        let (mut read, mut write) = request(&mut server).await.accept().await.unwrap().into_split();
        write.write_all(b"hello").await.unwrap();
        write.shutdown().await.unwrap();
        drop(write);
        client.clean_end_of_receiving().await.unwrap();

        let sent = text(100_000);
        let (end, received) = tokio::join!(client.send(&sent), read_to_end(&mut read));
        assert!(received == sent, "{peer:?}: {} bytes", received.len());
        assert_eq!(end.unwrap(), ClientEnd::Clean(b"hello".to_vec()), "{peer:?}");
    }
}

#[tokio::test]
async fn an_end_without_goodbye_is_an_error_to_them() {
    for peer in all() {
        let (mut server, address) = listen(&peer).await;
        let client = peer.connect(&reference().await, &address).unwrap();
        let cut = async {
            let mut connection = request(&mut server).await.accept().await.unwrap();
            connection.write_all(b"hello").await.unwrap();
            connection.flush().await.unwrap();
        };
        let (end, ()) = tokio::join!(client.send(b""), patiently(cut));
        assert!(matches!(end.unwrap(), ClientEnd::Broken(_)), "{peer:?} took a cut for an end");
    }
}

#[tokio::test]
async fn their_client_trusts_no_certificate_that_it_was_not_told_of() {
    let peers = all();
    let Some(peer) = peers.iter().find(|peer| matches!(peer.under, Under::Wss { .. })) else { panic!("no wss") };
    let (mut server, address) = listen(peer).await;
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (chain, key) = (other.cert.pem(), other.signing_key.serialize_pem());
    let stranger = Peer { under: Under::Wss { chain, key }, ..all().remove(3) };
    let client = stranger.connect(&reference().await, &address).unwrap();
    let fail = async { server.accept().await.unwrap().handshake().await.unwrap_err() };
    let (end, error) = tokio::join!(client.send(b""), patiently(fail));
    assert_eq!(error.failure.stage(), Some(Stage::Tls), "{error}");
    assert!(matches!(end.as_ref().unwrap(), ClientEnd::NotConnected(_)), "{end:?}");
}

async fn reference() -> Reference {
    Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap()
}

/// A server of ours and its address.
async fn listen(peer: &Peer) -> (Server, String) {
    let server = ours(peer).listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap().to_string();
    (server, address)
}

async fn request(server: &mut Server) -> Request {
    let incoming = patiently(server.accept()).await.expect("the server listens");
    patiently(incoming.handshake()).await.unwrap()
}

async fn connect(peer: &Peer, address: &str) -> Connection {
    let address: MultiAddress = address.parse().unwrap();
    patiently(ours(peer).connect(&address)).await.unwrap()
}

fn connected() -> Event {
    Event::Connected { peer: format!("{:x}", public(OUR_SEED)) }
}
