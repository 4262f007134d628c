//! What peers cannot do to a server and to each other.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::{Limits, Multiserver, Scope, Server};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use support::{PATIENCE, Reports, client, echo, socket_address, suite};
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

/// Whether the future is still pending after the runtime has had every chance to notice what its sockets have.
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

#[tokio::test]
async fn one_source_locks_nobody_else_out() {
    let (mut server, address, reports) = server(Limits { pending_per_source: 2, ..Limits::default() }).await;
    let mut silent = Vec::new();
    let mut held = Vec::new();
    for _ in 0..2 {
        silent.push(TcpStream::connect(address).await.unwrap());
        held.push(server.accept().await.unwrap());
    }
    let mut third = TcpStream::connect(address).await.unwrap();
    let elsewhere = TcpSocket::new_v4().unwrap();
    elsewhere.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let _elsewhere = elsewhere.connect(address).await.unwrap();

    let incoming = timeout(PATIENCE, server.accept()).await.unwrap().unwrap();
    let from = incoming.address().unwrap().to_string();
    assert!(from.starts_with("net:127.0.0.2:"), "{from}");
    assert!(is_closed(&mut third).await);
    assert_eq!(reports.count("net:127.0.0.1:"), 1);
    assert_eq!(reports.count("closed, too many handshakes from there"), 1);

    drop(held.pop());
    let _fourth = TcpStream::connect(address).await.unwrap();
    timeout(PATIENCE, server.accept()).await.unwrap().unwrap();
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
