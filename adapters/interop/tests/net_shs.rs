//! Our clients and servers against those of npm `multiserver`, over net~shs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use multiserver_interop::{ClientEnd, Event, Peer, Reference, ReferenceServer, Under, Version};
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::{ConnectError, Connection, FailedAttempt, Incoming, MultiAddress, Multiserver, Net};
use multiserver_tokio::{NetworkKey, Request, Scope, Server, Shs, Stage, Suite};
use std::path::Path;
use support::{exchange, pair, patiently, public, read_to_end, text};
use tokio::io::AsyncWriteExt;

const VERSIONS: [Version; 2] = [Version::V1, Version::V3];
/// Around the largest frame of a box stream, and far above it.
const LENGTHS: [usize; 5] = [0, 1, 4096, 4097, 1 << 20];

const NETWORK: [u8; 32] = [1; 32];
const OTHER_NETWORK: [u8; 32] = [2; 32];
const THEIR_SEED: [u8; 32] = [3; 32];
const OUR_SEED: [u8; 32] = [4; 32];
const INVITED_SEED: [u8; 32] = [5; 32];

#[tokio::test]
async fn their_server_returns_our_bytes_and_both_ends_are_clean() {
    for version in VERSIONS {
        let mut server = theirs(version).serve_echo(&reference().await, None).await.unwrap();
        for length in LENGTHS {
            let connection = connect(server.address()).await.unwrap();
            assert_eq!(connection.peer(), Some(&public(THEIR_SEED)));
            assert!(exchange(connection, &text(length)).await == text(length), "{version:?}, {length} bytes");
            assert_eq!(server.event().await.unwrap(), connected(OUR_SEED));
            assert_eq!(server.event().await.unwrap(), Event::Received { bytes: length, error: None });
            assert_eq!(server.event().await.unwrap(), Event::Sent { bytes: length, error: None });
        }
        assert_eq!(server.stop().await.unwrap(), []);
    }
}

#[tokio::test]
async fn our_server_returns_their_bytes_and_both_ends_are_clean() {
    for version in VERSIONS {
        let (mut server, address) = listen().await;
        for length in LENGTHS {
            let client = theirs(version).connect(&reference().await, &address).unwrap();
            let sent = text(length);
            let echo = async {
                let request = request(&mut server).await;
                assert_eq!(request.peer(), Some(&public(THEIR_SEED)));
                let connection = request.accept().await.unwrap();
                let (mut read, mut write) = connection.into_split();
                assert_eq!(tokio::io::copy(&mut read, &mut write).await.unwrap(), u64::try_from(length).unwrap());
                write.shutdown().await.unwrap();
            };
            let (end, ()) = tokio::join!(client.send(&sent), patiently(echo));
            assert!(end.unwrap() == ClientEnd::Clean(sent), "{version:?}, {length} bytes");
        }
    }
}

#[tokio::test]
async fn what_we_send_after_their_end_arrives() {
    for version in VERSIONS {
        let mut server = theirs(version).serve_greeting(&reference().await).await.unwrap();
        let mut connection = connect(server.address()).await.unwrap();
        assert_eq!(read_to_end(&mut connection).await, b"hello");
        assert_eq!(server.event().await.unwrap(), connected(OUR_SEED));
        assert_eq!(server.event().await.unwrap(), Event::Sent { bytes: 5, error: None });

        connection.write_all(&text(100_000)).await.unwrap();
        connection.shutdown().await.unwrap();
        assert_eq!(server.event().await.unwrap(), Event::Received { bytes: 100_000, error: None });
    }
}

#[tokio::test]
async fn what_they_send_after_our_end_arrives() {
    for version in VERSIONS {
        let (mut server, address) = listen().await;
        let mut client = theirs(version).connect(&reference().await, &address).unwrap();
        let (mut read, mut write) = request(&mut server).await.accept().await.unwrap().into_split();
        write.write_all(b"hello").await.unwrap();
        write.shutdown().await.unwrap();
        // Dropping the half that is no longer used must not close the socket.
        drop(write);
        client.clean_end_of_receiving().await.unwrap();

        let sent = text(100_000);
        let (end, received) = tokio::join!(client.send(&sent), read_to_end(&mut read));
        assert!(received == sent, "{version:?}: {} bytes", received.len());
        assert_eq!(end.unwrap(), ClientEnd::Clean(b"hello".to_vec()), "{version:?}");
    }
}

#[tokio::test]
async fn an_end_without_goodbye_is_an_error_to_them() {
    for version in VERSIONS {
        let (mut server, address) = listen().await;
        let client = theirs(version).connect(&reference().await, &address).unwrap();
        let cut = async {
            let mut connection = request(&mut server).await.accept().await.unwrap();
            connection.write_all(b"hello").await.unwrap();
            connection.flush().await.unwrap();
        };
        let (end, ()) = tokio::join!(client.send(b""), patiently(cut));
        let ClientEnd::Broken(said) = end.unwrap() else { panic!("{version:?} took a cut for an end") };
        assert!(said.contains("receiving: "), "{version:?}: {said}");
    }
}

#[tokio::test]
async fn their_server_lets_in_whom_it_allows() {
    for version in VERSIONS {
        let reference = reference().await;
        let mut server = theirs(version).serve_echo(&reference, Some(&[public(OUR_SEED)])).await.unwrap();
        let connection = connect(server.address()).await.unwrap();
        assert_eq!(exchange(connection, b"hello").await, b"hello");
        assert_eq!(server.event().await.unwrap(), connected(OUR_SEED));

        let mut server = theirs(version).serve_echo(&reference, Some(&[public(INVITED_SEED)])).await.unwrap();
        let failed = connect(server.address()).await.unwrap_err();
        assert!(failed.failure.may_be_refusal(), "{failed}");
        assert_failed(&mut server, "did not authorize").await;
    }
}

#[tokio::test]
async fn their_client_understands_our_refusal() {
    for version in VERSIONS {
        let (mut server, address) = listen().await;
        let client = theirs(version).connect(&reference().await, &address).unwrap();
        let refuse = async { drop(request(&mut server).await) };
        let (end, ()) = tokio::join!(client.send(b"hello"), patiently(refuse));
        assert_not_connected(end.unwrap(), "phase 3");
    }
}

#[tokio::test]
async fn our_client_of_another_network_gets_no_answer() {
    for version in VERSIONS {
        let mut server = theirs(version).serve_echo(&reference().await, None).await.unwrap();
        let client = multiserver(OTHER_NETWORK);
        let failed = connect_from(&client, server.address()).await.unwrap_err();
        assert_eq!(failed.failure.stage(), Some(Stage::Handshake), "{failed}");
        assert_failed(&mut server, "invalid challenge (phase 1)").await;
    }
}

#[tokio::test]
async fn their_client_of_another_network_gets_no_answer() {
    for version in VERSIONS {
        let (mut server, address) = listen().await;
        let peer = Peer { network: NetworkKey::from_bytes(OTHER_NETWORK), ..theirs(version) };
        let client = peer.connect(&reference().await, &address).unwrap();
        let fail = async { incoming(&mut server).await.handshake().await.unwrap_err() };
        let (end, error) = tokio::join!(client.send(b"hello"), patiently(fail));
        assert_eq!(error.failure.stage(), Some(Stage::Handshake), "{error}");
        assert_not_connected(end.unwrap(), "phase 1");
    }
}

#[tokio::test]
async fn our_client_does_not_take_their_server_for_another() {
    for version in VERSIONS {
        let mut server = theirs(version).serve_echo(&reference().await, None).await.unwrap();
        let address = with_another_key(server.address(), THEIR_SEED);
        let failed = connect(&address).await.unwrap_err();
        assert!(failed.failure.may_be_refusal(), "{failed}");
        assert_failed(&mut server, "client hello invalid (phase 3)").await;
    }
}

#[tokio::test]
async fn their_client_does_not_take_our_server_for_another() {
    for version in VERSIONS {
        let (mut server, address) = listen().await;
        let client = theirs(version).connect(&reference().await, &with_another_key(&address, OUR_SEED)).unwrap();
        let fail = async { incoming(&mut server).await.handshake().await.unwrap_err() };
        let (end, error) = tokio::join!(client.send(b"hello"), patiently(fail));
        assert_eq!(error.failure.stage(), Some(Stage::Handshake), "{error}");
        assert_not_connected(end.unwrap(), "phase 3");
    }
}

#[tokio::test]
async fn our_client_is_to_their_server_whom_the_seed_says() {
    for version in VERSIONS {
        let mut server = theirs(version).serve_echo(&reference().await, None).await.unwrap();
        let connection = connect(&invitation(server.address())).await.unwrap();
        assert_eq!(exchange(connection, b"hello").await, b"hello");
        assert_eq!(server.event().await.unwrap(), connected(INVITED_SEED));
    }
}

#[tokio::test]
async fn their_client_is_to_our_server_whom_the_seed_says() {
    for version in VERSIONS {
        let (mut server, address) = listen().await;
        let client = theirs(version).connect(&reference().await, &invitation(&address)).unwrap();
        let greet = async {
            let request = request(&mut server).await;
            assert_eq!(request.peer(), Some(&public(INVITED_SEED)));
            assert_eq!(exchange(request.accept().await.unwrap(), b"welcome").await, b"hello");
        };
        let (end, ()) = tokio::join!(client.send(b"hello"), patiently(greet));
        assert_eq!(end.unwrap(), ClientEnd::Clean(b"welcome".to_vec()));
    }
}

async fn reference() -> Reference {
    Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap()
}

/// A peer of theirs.
fn theirs(version: Version) -> Peer {
    Peer { under: Under::Net, version, network: NetworkKey::from_bytes(NETWORK), seed: Seed::from_bytes(THEIR_SEED) }
}

/// Ours, in this network.
fn multiserver(network: [u8; 32]) -> Multiserver {
    let shs = Shs::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(network));
    Multiserver::builder().suite(Suite::new(Net::bind("127.0.0.1:0")).then(shs)).build().unwrap()
}

/// A server of ours and its address.
async fn listen() -> (Server, String) {
    let server = multiserver(NETWORK).listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap().to_string();
    (server, address)
}

async fn incoming(server: &mut Server) -> Incoming {
    patiently(server.accept()).await.expect("the server listens")
}

async fn request(server: &mut Server) -> Request {
    let incoming = incoming(server).await;
    patiently(incoming.handshake()).await.unwrap()
}

async fn connect(address: &str) -> Result<Connection, FailedAttempt> {
    connect_from(&multiserver(NETWORK), address).await
}

async fn connect_from(client: &Multiserver, address: &str) -> Result<Connection, FailedAttempt> {
    let address: MultiAddress = address.parse().unwrap();
    patiently(client.connect(&address)).await.map_err(|error| {
        let ConnectError::Failed(mut attempts) = error else { panic!("{error}") };
        attempts.pop().expect("an attempt")
    })
}

/// The address with a key that its server does not have.
fn with_another_key(address: &str, seed: [u8; 32]) -> String {
    address.replace(&public(seed).to_string(), &public(INVITED_SEED).to_string())
}

/// The address with an invitation's seed.
fn invitation(address: &str) -> String {
    format!("{address}:{}", Seed::from_bytes(INVITED_SEED).reveal())
}

fn connected(seed: [u8; 32]) -> Event {
    Event::Connected { peer: format!("{:x}", public(seed)) }
}

/// Asserts that their server reports a failed client, for this reason.
async fn assert_failed(server: &mut ReferenceServer, reason: &str) {
    let event = server.event().await.unwrap();
    assert!(matches!(&event, Event::Failed { error } if error.contains(reason)), "{event:?}");
}

/// Asserts that their client could not connect, for this reason.
fn assert_not_connected(end: ClientEnd, reason: &str) {
    assert!(matches!(&end, ClientEnd::NotConnected(why) if why.contains(reason)), "{end:?}");
}
