//! `channel`, with `shs` and without.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::channel::duplex;
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{Channel, ConnectError, Failure, MultiAddress, Multiserver, NoAuth, Scope, Shs, Stage, Suite};
use std::io::ErrorKind;
use support::{CLIENT, SERVER, exchange, identity, key, serve_echo};

/// A channel's two ends.
fn pair() -> (Duplex, Duplex) {
    let (to_one, from_other) = futures_channel::mpsc::channel(1);
    let (to_other, from_one) = futures_channel::mpsc::channel(1);
    (duplex(from_other, to_other), duplex(from_one, to_one))
}

/// A server and a client with the same suites over their ends of channels, and the server's address.
async fn multiservers(suite: impl Fn(Channel, u8) -> Suite) -> (Channel, Channel, Multiserver, MultiAddress) {
    let (ours, theirs) = (Channel::dial_only(), Channel::listening());
    let server = Multiserver::builder().suite(suite(theirs.clone(), SERVER)).build().unwrap();
    let address = server.address(Scope::Device).unwrap();
    for scope in [Scope::Local, Scope::Public] {
        assert_eq!(server.address(scope), None);
    }
    tokio::spawn(serve_echo(server.listen().await.unwrap()));
    (ours.clone(), theirs, Multiserver::builder().suite(suite(ours, CLIENT)).build().unwrap(), address)
}

#[tokio::test]
async fn each_channel_is_one_connection() {
    let (ours, theirs, client, address) = multiservers(|channel, _| channel.into()).await;
    assert_eq!(address.to_string(), "channel");
    for number in 0..3 {
        let (near, far) = pair();
        theirs.offer(far);
        ours.offer(near);
        let connection = client.connect(&address).await.unwrap();
        assert_eq!((connection.peer(), connection.suite()), (None, "channel"));
        assert_eq!(connection.address().unwrap().to_string(), "channel");
        let sent = vec![number; 300_000];
        assert!(exchange(connection, &sent).await.unwrap() == sent);
    }
    let ConnectError::Failed(attempts) = client.connect(&address).await.unwrap_err() else { unreachable!() };
    let [attempt] = attempts.as_slice() else { unreachable!() };
    assert!(
        matches!(&attempt.failure, Failure::Io { stage: Stage::Connect, source } if source.kind() == ErrorKind::NotConnected),
        "{attempt}"
    );
}

#[tokio::test]
async fn transforms_run_over_a_channel() {
    let (ours, theirs, client, address) = multiservers(|channel, fill| channel.then(Shs::new(identity(fill)))).await;
    assert_eq!(address.to_string(), format!("channel~shs:{}", key(SERVER)));
    let (near, far) = pair();
    ours.offer(near);
    theirs.offer(far);
    let connection = client.connect(&address).await.unwrap();
    assert_eq!(connection.peer(), Some(&key(SERVER)));
    assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello");
}

#[test]
fn a_channel_stays_in_the_device() {
    let multiserver = Multiserver::builder().suite(Channel::listening().then(NoAuth)).build().unwrap();
    assert_eq!(multiserver.address(Scope::Device).unwrap().to_string(), "channel~noauth");
}

#[tokio::test]
async fn other_addresses_and_the_side_that_listens_do_not_dial() {
    let client = |channel: Channel| Multiserver::builder().suite(channel).build().unwrap();
    for (address, channel) in [("channels", Channel::dial_only()), ("channel", Channel::listening())] {
        channel.offer(pair().0);
        let error = client(channel).connect(&address.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, ConnectError::NoSuite(_)), "{address}: {error}");
    }
}
