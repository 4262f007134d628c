//! Connections whose handshakes run concurrently.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::{Connections, Multiserver, PublicKey, Scope};
use std::future::ready;
use std::net::SocketAddr;
use support::{CLIENT, PATIENCE, Reports, client, client_as, exchange, key, socket_address, suite};
use tokio::net::TcpStream;
use tokio::time::timeout;

type Known = Option<PublicKey>;

async fn connections() -> (Connections<Known>, multiserver_tokio::MultiAddress, SocketAddr, Reports) {
    let reports = Reports::default();
    let server = Multiserver::builder().suite(suite()).report(reports.hook()).build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    let socket_address = socket_address(&address);
    (
        Connections::new(server, |peer| ready((peer.key != Some(key(0xff))).then_some(peer.key))),
        address,
        socket_address,
        reports,
    )
}

#[tokio::test]
async fn a_slow_peer_holds_nobody_up_and_who_fails_is_left_out() {
    let (mut connections, address, socket_address, reports) = connections().await;
    let _silent = TcpStream::connect(socket_address).await.unwrap();
    let talk = async {
        client_as(0xff).connect(&address).await.unwrap_err();
        exchange(client().connect(&address).await.unwrap(), b"hello").await.unwrap()
    };
    let serve = async {
        let (connection, known) = connections.next().await.unwrap();
        assert_eq!(known, Some(key(CLIENT)));
        support::echo_back(connection).await;
    };
    let (talked, ()) = timeout(PATIENCE, async { tokio::join!(talk, serve) }).await.unwrap();
    assert_eq!(talked, b"hello");
    assert_eq!((reports.count("refused"), reports.count("accepted")), (1, 1));
}

#[tokio::test]
async fn at_the_bound_nobody_is_accepted_and_what_is_through_waits_to_be_taken() {
    let (connections, address, socket_address, reports) = connections().await;
    let mut connections = connections.bound(1);
    let silent = TcpStream::connect(socket_address).await.unwrap();
    let client = client();
    let mut connect = std::pin::pin!(client.connect(&address));
    let taken = tokio::select! {
        biased;
        _ = connections.next() => true,
        _ = &mut connect => true,
        () = async { for _ in 0..300 { tokio::task::yield_now().await } } => false,
    };
    assert!(!taken, "the silent peer has the only slot");
    drop(silent);
    let (near, far) = timeout(PATIENCE, async { tokio::join!(connect, connections.next()) }).await.unwrap();
    assert_eq!(near.unwrap().suite(), far.unwrap().0.suite());
    assert_eq!(reports.count("the handshake failed"), 1);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_server_is_closed_and_the_last_handshake_has_ended() {
    let reports = Reports::default();
    let server = Multiserver::builder().suite(suite()).report(reports.hook()).build().unwrap().listen().await.unwrap();
    let (handle, address) = (server.handle(), socket_address(&server.address(Scope::Device).unwrap()));
    let mut connections = Connections::new(server, |_| ready(Some(())));
    let _silent = TcpStream::connect(address).await.unwrap();
    let next = tokio::spawn(async move { connections.next().await.is_none() });
    while handle.live() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(handle.close(PATIENCE).await, 0);
    assert!(timeout(PATIENCE, next).await.unwrap().unwrap());
    assert_eq!(reports.count("the handshake had not ended"), 1);
}
