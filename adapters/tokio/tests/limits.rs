//! Limits on what peers can do to a server and to each other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use multiserver_tokio::{Failure, Limits, Multiserver, Scope, Server};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use support::{PATIENCE, Reports, client, echo, echo_with, exchange, socket_address, suite};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

const DEADLINE: Duration = Duration::from_secs(15);

async fn server(limits: Limits) -> (Server, SocketAddr, Reports) {
    let reports = Reports::default();
    let multiserver = Multiserver::builder().suite(suite()).limits(limits).report(reports.hook()).build().unwrap();
    let server = multiserver.listen().await.unwrap();
    let address = socket_address(&server.address(Scope::Device).unwrap());
    (server, address, reports)
}

/// Whether the future is still pending after the runtime has had every chance to notice events of its sockets.
async fn stays_pending<F: Future>(future: F) -> bool {
    let mut future = pin!(future);
    for _ in 0..300 {
        tokio::task::yield_now().await;
        if poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await {
            return false;
        }
    }
    true
}

/// Whether the other side has closed this socket.
async fn is_closed(socket: &mut TcpStream) -> bool {
    matches!(timeout(PATIENCE, socket.read(&mut [0; 1])).await.unwrap(), Ok(0) | Err(_))
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_dropped_at_the_deadline() {
    let server = echo(suite()).await;
    let before = Instant::now();
    let mut silent = TcpStream::connect(socket_address(&server.address)).await.unwrap();
    assert!(is_closed(&mut silent).await);
    assert!(before.elapsed() >= DEADLINE && before.elapsed() < 2 * DEADLINE, "{:?}", before.elapsed());
    assert_eq!(server.reports.count("the handshake had not ended after 15s"), 1);
}

/// A silent connection from this address of the loopback network.
async fn silent_from(source: [u8; 4], server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((source, 0).into()).unwrap();
    socket.connect(server).await.unwrap()
}

#[tokio::test]
async fn at_the_bound_of_its_source_the_oldest_makes_room() {
    let (mut server, address, reports) = server(Limits::default().pending_per_source(2)).await;
    let (mut silent, mut held) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        silent.push(TcpStream::connect(address).await.unwrap());
        held.push(timeout(PATIENCE, server.accept()).await.unwrap().unwrap());
    }
    let error = held.remove(0).handshake().await.map(drop).unwrap_err();
    assert!(matches!(error.failure, Failure::Evicted { .. }) && error.failure.is_retryable(), "{error}");
    assert!(is_closed(&mut silent[0]).await);
    assert_eq!(reports.count("ended to make room for others"), 1);

    let _elsewhere = silent_from([127, 0, 0, 2], address).await;
    let incoming = timeout(PATIENCE, server.accept()).await.unwrap().unwrap();
    let from = incoming.peer_address().unwrap().to_string();
    assert!(from.starts_with("net:127.0.0.2:"), "{from}");
}

/// Silent peers from many sources hold every slot, and nobody waits for their deadlines.
#[tokio::test]
async fn silent_peers_keep_nobody_out() {
    let limits = Limits::default().pending(8).pending_per_source(4);
    let server = echo_with(suite(), limits).await;
    let (address, mut silent) = (socket_address(&server.address), Vec::new());
    for source in 0..8 {
        silent.push(silent_from([127, 0, 0, 2 + source / 2], address).await);
    }
    let counters = || server.handle.stats().remove(0);
    while counters().pending < 8 {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        let connection = timeout(PATIENCE, client().connect(&server.address)).await.unwrap().unwrap();
        assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello");
    }
    assert_eq!((counters().accepted, counters().evicted, counters().timed_out), (20, 1, 0));
    assert!(is_closed(&mut silent[0]).await, "the oldest of one of the most crowded sources made room");
}

/// As a program does that opens a connection for each of its jobs.
#[tokio::test]
async fn a_hundred_at_once_from_one_address_get_in_by_default() {
    let server = echo(suite()).await;
    let client = client();
    let mut jobs = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (client, address) = (client.clone(), server.address.clone());
        jobs.spawn(async move { exchange(client.connect(&address).await.unwrap(), b"hello").await.unwrap() });
    }
    assert!(jobs.join_all().await.iter().all(|answer| answer == b"hello"));
    assert_eq!(server.reports.count("accepted"), 100);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_the_living_and_counts_who_stays() {
    let (mut server, address, _) = server(Limits::default()).await;
    let handle = server.handle();
    let (client, multi) = (client(), server.address(Scope::Device).unwrap());
    let connect = tokio::spawn(async move { client.connect(&multi).await });
    let connection = server.accept().await.unwrap().handshake().await.unwrap().accept().await.unwrap();
    let _near = connect.await.unwrap().unwrap();
    assert_eq!(handle.live(), 1);

    let accepting = tokio::spawn(async move { server.accept().await.is_none() });
    // Virtual time passes only when every task waits.
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(!accepting.is_finished());
    let (before, grace) = (Instant::now(), Duration::from_secs(60));
    assert_eq!(handle.close(grace).await, 1);
    assert!(before.elapsed() >= grace);
    assert!(accepting.await.unwrap(), "the wait for a peer ends");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens");
    assert_eq!(handle.address(Scope::Device), None);

    let (read, write) = connection.into_split();
    drop(read);
    let before = Instant::now();
    let close = tokio::spawn(async move { handle.close(grace).await });
    assert!(
        stays_pending(std::future::poll_fn(|_| if close.is_finished() { Poll::Ready(()) } else { Poll::Pending }))
            .await
    );
    drop(write);
    assert_eq!(close.await.unwrap(), 0);
    assert!(before.elapsed() < grace);
}
