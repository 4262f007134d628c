//! Our package for web pages in Chromium, against our servers and the reference's: `.ci/web` builds it and runs this.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use multiserver_interop::{Peer, Reference, Under, Version, tell_of_page};
use multiserver_noise::Noise;
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::{Multiserver, Net, NetworkKey, Scope, Server, Shs, Ws};
use serde_json::json;
use std::path::Path;
use support::{pair, serve_echo};

const NETWORK: [u8; 32] = [1; 32];
const THEIR_SEED: [u8; 32] = [3; 32];
const OUR_SEED: [u8; 32] = [4; 32];
const LENGTH: usize = 1 << 20;

/// What a page tells of these addresses.
async fn tell(name: &str, addresses: Vec<String>) -> String {
    let config = json!({ "addresses": addresses, "networkKey": NETWORK, "seed": THEIR_SEED, "length": LENGTH });
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{name}"));
    tell_of_page(&directory, &config).await.unwrap()
}

fn shs() -> Shs {
    Shs::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(NETWORK))
}

/// A server of both protocols for every web page.
async fn both() -> (Server, String) {
    let noise = Noise::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(NETWORK));
    let builder = Multiserver::builder().suite(Ws::bind("127.0.0.1:0").then(shs()));
    let server = builder.suite(Ws::bind("127.0.0.1:0").then(noise)).build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap().to_string();
    (server, address)
}

#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn a_page_talks_to_our_server_by_both_protocols_and_to_the_reference() {
    let (server, address) = both().await;
    let serving = tokio::spawn(serve_echo(server));
    let mut addresses: Vec<_> = address.split(';').map(str::to_owned).collect();
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let mut theirs = Vec::new();
    for version in [Version::V1, Version::V3] {
        let network = NetworkKey::from_bytes(NETWORK);
        let peer = Peer { under: Under::Ws, version, network, seed: Seed::from_bytes(OUR_SEED) };
        theirs.push(peer.serve_echo(&reference, None).await.unwrap());
    }
    addresses.extend(theirs.iter().map(|server| server.address().to_owned()));
    assert_eq!(addresses.len(), 4);
    assert_eq!(tell("talks", addresses).await, "ok;ok;ok;ok");
    serving.abort();
}

#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn a_page_says_in_words_what_failed() {
    let net = Net::bind("127.0.0.1:0").then(shs());
    let server = Multiserver::builder().suite(net).build().unwrap().listen().await.unwrap();
    let net = server.address(Scope::Device).unwrap().to_string();
    let told = tell("fails", vec![net, "nonsense".to_owned()]).await;
    let [net, nonsense] = told.split(';').collect::<Vec<_>>()[..] else { panic!("{told}") };
    assert!(net.contains("no%20suite%20here%20fits%20net%3A127.0.0.1"), "{net}");
    assert!(nonsense.starts_with("Error"), "{nonsense}");
}
