//! Our server behind an onion service and our client through Tor, in a Tor network on loopback.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use multiserver_interop::TorNetwork;
use multiserver_tokio::core::socks5::{Credentials, Error, Refusal};
use multiserver_tokio::{
    ConnectError, Connection, Failure, LayerError, MultiAddress, Multiserver, Net, Onion, Proxy, Scope, Shs, Stage,
};
use std::time::Duration;
use support::{exchange, pair, public, serve_echo, text};
use tokio::time::timeout;

const SERVER: [u8; 32] = [1; 32];
const CLIENT: [u8; 32] = [2; 32];

/// The port of the onion service, which is not that of the server.
const PORT: u16 = 80;

/// A well-formed name whose checksum is wrong.
const NOBODY: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion";

/// The refusal of the only attempt, if it is one.
fn refusal(error: &ConnectError) -> Refusal {
    let ConnectError::Failed(attempts) = error else { panic!("{error}") };
    let Some(Failure::Layer { stage: Stage::Proxy, error: LayerError::Io(source) }) =
        attempts.first().map(|attempt| &attempt.failure)
    else {
        panic!("{error}")
    };
    match source.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(Error::Refused(refusal)) => *refusal,
        _ => panic!("{error}"),
    }
}

/// Connects to a service that is new: Tor may need a while until the client finds what the service has published.
async fn connect(client: &Multiserver, address: &MultiAddress) -> Connection {
    let mut reconnector =
        client.reconnector(address.clone()).pauses(Duration::from_millis(500), Duration::from_secs(2));
    timeout(Duration::from_secs(180), reconnector.next()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_mebibyte_comes_back_from_behind_an_onion_service() {
    let mut network = TorNetwork::start(PORT).await.unwrap();
    let target = network.take_target().unwrap();
    let suite = Net::bind(target.to_string()).external_at(network.onion_host(), PORT).then(Shs::new(pair(SERVER)));
    let server = Multiserver::builder().suite(suite).build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Public).unwrap();
    assert_eq!(address.to_string(), format!("onion:{}:{PORT}~shs:{}", network.onion_host(), public(SERVER)));
    tokio::spawn(serve_echo(server));

    let proxy = Proxy::at([network.socks()]).credentials(Credentials::new("this", "test").unwrap());
    let client =
        Multiserver::builder().suite(Onion::new().through(proxy).then(Shs::new(pair(CLIENT)))).build().unwrap();
    let connection = connect(&client, &address).await;
    assert_eq!(connection.peer(), Some(&public(SERVER)));
    assert_eq!(connection.peer_address().unwrap().to_string(), address.to_string());
    assert!(exchange(connection, &text(1 << 20)).await == text(1 << 20));

    let nobody = format!("onion:{NOBODY}:{PORT}~shs:{}", public(SERVER)).parse().unwrap();
    assert_eq!(refusal(&client.connect(&nobody).await.unwrap_err()), Refusal::OnionAddressInvalid);
    network.stop().await.unwrap();
}
