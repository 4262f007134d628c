//! Observing a server and its connections while they run.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::{Limits, Multiserver, NetworkKey, Scope, ServerStats, Traffic};
use std::time::SystemTime;
use support::{CLIENT, PATIENCE, client, client_as, client_of, echo_with, exchange, key, socket_address, suite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

#[tokio::test]
async fn a_connection_knows_since_when_it_is_there_and_what_it_has_carried() {
    let mut server = Multiserver::builder().suite(suite()).build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    let handle = server.handle();
    let connected = || handle.stats().remove(0).connected;
    let accept = async { server.accept().await.unwrap().handshake().await.unwrap().accept().await.unwrap() };
    let (client, before) = (client(), SystemTime::now());
    let (near, mut far) = tokio::join!(client.connect(&address), accept);
    let (mut near, after) = (near.unwrap(), SystemTime::now());
    assert!((before..=after).contains(&near.since()) && (before..=after).contains(&far.since()));
    assert_eq!((near.traffic(), connected()), (Traffic::default(), 1));
    assert_eq!((near.local_address(), far.local_address()), (None, Some(socket_address(&address))));
    let meter = near.counter();

    near.write_all(&[7; 5000]).await.unwrap();
    near.shutdown().await.unwrap();
    far.write_all(&[7; 3]).await.unwrap();
    far.shutdown().await.unwrap();
    near.read_to_end(&mut Vec::new()).await.unwrap();
    let (mut far_read, far_write) = far.into_split();
    far_read.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(near.traffic(), Traffic { received: 3, sent: 5000 });
    drop(near);
    assert_eq!(meter.traffic(), Traffic { received: 3, sent: 5000 });
    assert_eq!(far_write.traffic(), Traffic { received: 5000, sent: 3 });
    assert_eq!(far_read.traffic(), far_write.traffic());
    drop(far_write);
    assert_eq!(connected(), 1, "the other half is there");
    drop(far_read);
    assert_eq!(connected(), 0);
}

#[tokio::test]
async fn the_handler_is_given_what_the_authorizer_says() {
    #[derive(Debug, PartialEq)]
    struct Friend(String);

    let server = Multiserver::builder().suite(suite()).build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    let (known, mut seen) = mpsc::unbounded_channel();
    let authorize = |peer: multiserver_tokio::Peer| async move {
        (peer.key == Some(key(CLIENT))).then(|| Friend("Alice".to_owned()))
    };
    tokio::spawn(server.serve(authorize, move |connection, friend| {
        known.send((connection.peer().copied(), friend)).unwrap();
        async {}
    }));
    client().connect(&address).await.unwrap();
    let seen = timeout(PATIENCE, seen.recv()).await.unwrap();
    assert_eq!(seen, Some((Some(key(CLIENT)), Friend("Alice".to_owned()))));
}

#[tokio::test(start_paused = true)]
async fn each_suite_counts_what_became_of_its_peers() {
    let server = echo_with(suite().named("main"), Limits::default().pending_per_source(1)).await;
    let counters = || server.handle.stats().remove(0);
    assert_eq!((counters().suite.as_str(), counters().pending, counters().accepted), ("main", 0, 0));

    let connection = client().connect(&server.address).await.unwrap();
    exchange(connection, b"hello").await.unwrap();
    client_as(0xff).connect(&server.address).await.unwrap_err();
    client_of(NetworkKey::from_bytes([9; 32])).connect(&server.address).await.unwrap_err();
    server.reports.wait_for("the handshake failed", 1).await;

    let mut evicted = TcpStream::connect(socket_address(&server.address)).await.unwrap();
    let mut silent = TcpStream::connect(socket_address(&server.address)).await.unwrap();
    assert_eq!(evicted.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(counters().pending, 1);
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap(), 0);

    server.handle.close(PATIENCE).await;
    let ServerStats {
        pending, accepted, refused, over_source_limit, evicted, timed_out, failed, accept_errors, ..
    } = counters();
    assert_eq!(
        (pending, accepted, refused, over_source_limit, evicted, timed_out, failed, accept_errors),
        (0, 1, 1, 0, 1, 1, 1, 0)
    );
}
