//! Several suites at once, multi-addresses and scopes, with our clients and servers and those of npm `multiserver`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use multiserver_interop::{Addresses, ClientEnd, Peer, Reference, Under, Version};
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::{
    ConnectError, ConnectOptions, Connection, Failure, MultiAddress, Multiserver, Net, NetworkKey, NoAuth, Scope, Shs,
    Stage, Suite, Ws,
};
use std::path::Path;
use support::{exchange, pair, patiently, public};

const VERSIONS: [Version; 2] = [Version::V1, Version::V3];
const NETWORK: [u8; 32] = [1; 32];
const THEIR_SEED: [u8; 32] = [3; 32];
const OUR_SEED: [u8; 32] = [4; 32];
/// A host of this device where no server of these tests listens.
const NOBODY: &str = "127.0.0.2";

#[tokio::test]
async fn every_suite_of_their_server_is_reached_by_the_same_multi_address() {
    for version in VERSIONS {
        let server = theirs(version, &["net~shs", "ws~shs"], None).serve_echo(&reference().await, None).await.unwrap();
        let address: MultiAddress = server.address().parse().unwrap();
        assert_eq!(address.to_string(), server.address());
        assert_eq!(address.addresses().count(), 2, "{address}");
        for (ours, reached) in [(vec![net()], "net~shs"), (vec![ws()], "ws~shs"), (vec![ws(), net()], "net~shs")] {
            let connection = connect(ours, &address).await.unwrap();
            assert_eq!((connection.suite(), connection.peer()), (reached, Some(&public(THEIR_SEED))));
            assert_eq!(exchange(connection, b"hello").await, b"hello");
        }
    }
}

#[tokio::test]
async fn their_address_is_another_in_each_scope_and_we_go_on_to_the_second_when_nobody_is_at_the_first() {
    for version in VERSIONS {
        let peer = theirs(version, &["net~shs", "ws~shs"], Some(NOBODY));
        let server = peer.serve_echo(&reference().await, None).await.unwrap();
        let Addresses { device, local, private, public } = server.addresses();
        let (near, nowhere) = match version {
            Version::V1 => (private, [device, local]),
            Version::V3 => (device, [local, private]),
        };
        assert_eq!(nowhere, ["", ""], "{version:?}");
        assert_eq!(*near, public.replacen(NOBODY, "127.0.0.1", 1), "{version:?}");

        let connection = connect(vec![net(), ws()], &near.parse().unwrap()).await.unwrap();
        assert_eq!(connection.suite(), "net~shs");
        let far: MultiAddress = public.parse().unwrap();
        let connection = connect(vec![net(), ws()], &far).await.unwrap();
        assert_eq!(connection.suite(), "ws~shs");
        assert_eq!(exchange(connection, b"hello").await, b"hello");

        let Err(ConnectError::Failed(attempts)) = connect(vec![net()], &far).await else { panic!("somebody is there") };
        let [attempt] = attempts.as_slice() else { panic!("{attempts:?}") };
        assert_eq!(attempt.failure.stage(), Some(Stage::Connect), "{attempt}");
    }
}

#[tokio::test]
async fn we_do_not_go_on_to_an_address_of_theirs_that_proves_nothing() {
    for version in VERSIONS {
        let peer = theirs(version, &["net~shs", "net~noauth"], None);
        let server = peer.serve_echo(&reference().await, None).await.unwrap();
        let address: MultiAddress = server.address().replacen("127.0.0.1", NOBODY, 1).parse().unwrap();
        let ours = || vec![net(), Net::dial_only().then(NoAuth)];
        let Err(ConnectError::Failed(attempts)) = connect(ours(), &address).await else { panic!("it connected") };
        let [first, second] = attempts.as_slice() else { panic!("{attempts:?}") };
        assert_eq!(first.failure.stage(), Some(Stage::Connect), "{first}");
        assert!(matches!(second.failure, Failure::OtherPeer), "{second}");

        // With this option it can be reached.
        let options = ConnectOptions::new().allow_other_peers();
        let connection = patiently(multiserver(ours()).connect_with(&address, &options)).await.unwrap();
        assert_eq!((connection.suite(), connection.peer()), ("net~noauth", None));
        assert_eq!(exchange(connection, b"hello").await, b"hello");
    }
}

/// To the reference, `noauth` fits a layer of any name.
#[tokio::test]
async fn their_client_without_a_proof_dials_our_shs_address_and_is_not_let_in() {
    let mut server = multiserver(vec![Net::bind("127.0.0.1:0").then(shs())]).listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap().to_string();
    for version in VERSIONS {
        let client = theirs(version, &["net~noauth"], None).connect(&reference().await, &address).unwrap();
        let fail = async { server.accept().await.unwrap().handshake().await.unwrap_err() };
        let (end, error) = tokio::join!(client.send(&[0; 64]), patiently(fail));
        assert_eq!(error.failure.stage(), Some(Stage::Handshake), "{error}");
        assert_eq!(end.unwrap(), ClientEnd::Clean(Vec::new()), "{version:?}");
    }
}

#[tokio::test]
async fn our_client_without_a_proof_does_not_dial_their_shs_address() {
    for version in VERSIONS {
        let server = theirs(version, &["net~shs"], None).serve_echo(&reference().await, None).await.unwrap();
        let refused = connect(vec![Net::dial_only().then(NoAuth)], &server.address().parse().unwrap()).await;
        assert!(matches!(refused, Err(ConnectError::NoSuite(_))), "{refused:?}");
        assert_eq!(server.stop().await.unwrap(), []);
    }
}

#[tokio::test]
async fn their_client_finds_our_suites_by_our_address_in_each_scope() {
    let net = Net::bind("127.0.0.1:0").scope(Scope::Device).external("127.0.0.1").then(shs());
    let ws = Ws::bind("127.0.0.1:0").scope(Scope::Device).scope(Scope::Local).then(shs());
    let mut server = multiserver(vec![net, ws]).listen().await.unwrap();
    for version in VERSIONS {
        for (layers, scope, count, reached) in [
            (["net~shs", "ws~shs"].as_slice(), Scope::Device, 2, Some("net~shs")),
            (&["ws~shs", "net~shs"], Scope::Device, 2, Some("net~shs")),
            (&["ws~shs"], Scope::Device, 2, Some("ws~shs")),
            (&["net~shs", "ws~shs"], Scope::Local, 1, Some("ws~shs")),
            (&["net~shs"], Scope::Local, 1, None),
            (&["net~shs", "ws~shs"], Scope::Public, 1, Some("net~shs")),
            (&["ws~shs"], Scope::Public, 1, None),
        ] {
            let address = server.address(scope).unwrap();
            assert_eq!(address.addresses().count(), count, "{address}");
            let client = theirs(version, layers, None).connect(&reference().await, &address.to_string()).unwrap();
            let Some(reached) = reached else {
                let end = client.send(b"").await.unwrap();
                assert!(matches!(&end, ClientEnd::NotConnected(why) if why.contains("only know")), "{end:?}");
                continue;
            };
            let greet = async {
                let request = patiently(server.accept()).await.unwrap().handshake().await.unwrap();
                assert_eq!((request.suite(), request.peer()), (reached, Some(&public(THEIR_SEED))), "{version:?}");
                assert_eq!(exchange(request.accept().await.unwrap(), b"welcome").await, b"hello");
            };
            let (end, ()) = tokio::join!(client.send(b"hello"), patiently(greet));
            assert_eq!(end.unwrap(), ClientEnd::Clean(b"welcome".to_vec()), "{version:?}, {layers:?}, {scope:?}");
        }
    }
}

async fn reference() -> Reference {
    Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap()
}

/// A peer of theirs with these suites.
fn theirs(version: Version, layers: &[&'static str], external: Option<&'static str>) -> Peer {
    let under = Under::Suites { layers: layers.to_vec(), external };
    Peer { under, version, network: NetworkKey::from_bytes(NETWORK), seed: Seed::from_bytes(THEIR_SEED) }
}

fn multiserver(suites: Vec<Suite>) -> Multiserver {
    suites.into_iter().fold(Multiserver::builder(), |builder, suite| builder.suite(suite)).build().unwrap()
}

fn net() -> Suite {
    Net::dial_only().then(shs())
}

fn ws() -> Suite {
    Ws::dial_only().then(shs())
}

fn shs() -> Shs {
    Shs::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(NETWORK))
}

async fn connect(ours: Vec<Suite>, address: &MultiAddress) -> Result<Connection, ConnectError> {
    patiently(multiserver(ours).connect(address)).await
}
