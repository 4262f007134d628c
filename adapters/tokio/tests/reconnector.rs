//! Connecting to a peer again each time the connection has ended.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::{ConnectError, Failure, Multiserver, Net, Reconnector, Shs};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;
use support::{CLIENT, PATIENCE, Reports, SERVER, client_as, echo, exchange, identity, key, socket_address, suite};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::Instant;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(8);

fn reconnector(addresses: &str) -> (Reconnector, Reports) {
    let reports = Reports::default();
    let shs = Shs::new(identity(CLIENT));
    let client = Multiserver::builder().suite(Net::dial_only().then(shs)).report(reports.hook()).build().unwrap();
    (client.reconnector(addresses.parse().unwrap()).pauses(FIRST, LONGEST), reports)
}

/// Whether the elapsed time is a pause of this length, with its jitter.
fn is_pause(since: Instant, pause: Duration) -> bool {
    // The clock ticks in milliseconds.
    (pause / 2..=pause + Duration::from_millis(2)).contains(&since.elapsed())
}

async fn again_at(address: SocketAddr) -> support::Echo {
    echo(Net::bind(address.to_string()).then(Shs::new(identity(SERVER)))).await
}

#[tokio::test(start_paused = true)]
async fn the_next_connection_comes_when_the_last_has_ended() {
    let server = echo(suite()).await;
    let (mut reconnector, _) = reconnector(&server.address.to_string());
    let first = reconnector.next().await.unwrap();
    let next = tokio::time::timeout(PATIENCE, reconnector.next()).await;
    assert!(next.is_err(), "while the first lives there is no second");
    let (read, write) = first.into_split();
    drop(read);
    let next = tokio::time::timeout(PATIENCE, reconnector.next()).await;
    assert!(next.is_err(), "half of it lives");
    drop(write);
    let before = Instant::now();
    let second = reconnector.next().await.unwrap();
    assert!(is_pause(before, FIRST), "{:?}", before.elapsed());
    assert_eq!(exchange(second, b"again").await.unwrap(), b"again");
    server.reports.wait_for("accepted", 2).await;
}

#[tokio::test(start_paused = true)]
async fn connections_that_do_not_last_come_later_and_later_and_one_that_does_starts_anew() {
    let server = echo(suite()).await;
    let (mut reconnector, _) = reconnector(&server.address.to_string());
    reconnector.next().await.unwrap();
    for factor in [1, 2, 4, 8, 8] {
        let before = Instant::now();
        reconnector.next().await.unwrap();
        assert!(is_pause(before, FIRST * factor), "{factor}: {:?}", before.elapsed());
    }
    let connection = reconnector.next().await.unwrap();
    tokio::time::sleep(LONGEST).await;
    drop(connection);
    let before = Instant::now();
    reconnector.next().await.unwrap();
    assert!(is_pause(before, FIRST), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn it_tries_until_the_peer_is_back_and_goes_on_where_it_was() {
    let server = echo(suite()).await;
    let (mut reconnector, reports) = reconnector(&server.address.to_string());
    drop(reconnector.next().await.unwrap());
    let address = socket_address(&server.address);
    assert_eq!(server.handle.close(PATIENCE).await, 0);

    let (before, mut polls) = (Instant::now(), 0);
    while reports.count("the next attempt is in") < 4 {
        // Each future is dropped after one poll.
        poll_fn(|cx| Poll::Ready(std::pin::pin!(reconnector.next()).poll(cx).is_pending())).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        polls += 1;
    }
    assert!(before.elapsed() >= (FIRST + 2 * FIRST + 4 * FIRST) / 2, "{:?}", before.elapsed());
    assert!(polls > 20, "{polls}");
    let server = again_at(address).await;
    let connection = reconnector.next().await.unwrap();
    assert_eq!(exchange(connection, b"back").await.unwrap(), b"back");
    drop(server);
}

#[tokio::test(start_paused = true)]
async fn it_says_when_trying_makes_no_sense() {
    let server = echo(suite()).await;
    let (mut seeded, _) = reconnector(&format!("{}:{}", server.address, Seed::from_bytes([42; 32]).reveal()));
    drop(seeded.next().await.unwrap());
    let ConnectError::Failed(attempts) = seeded.next().await.unwrap_err() else { unreachable!() };
    assert!(matches!(attempts[0].failure, Failure::UsedUp), "a seed serves once");
    server.reports.wait_for(&format!("~shs:{}: accepted", key(42)), 1).await;
}

/// A client cannot tell a refusal from a server that is busy or restarting, so it gives up only after the fifth.
#[tokio::test(start_paused = true)]
async fn what_may_be_a_refusal_is_tried_again_with_the_longest_pause_and_not_for_ever() {
    let server = echo(suite()).await;
    let mut refused = client_as(0xff).reconnector(server.address.clone()).pauses(FIRST, LONGEST);
    for _ in 0..2 {
        let before = Instant::now();
        assert!(refused.next().await.unwrap_err().may_be_refusal());
        assert!((2 * LONGEST..=6 * LONGEST).contains(&before.elapsed()), "{:?}", before.elapsed());
    }
    server.reports.wait_for("refused", 10).await;
    assert_eq!(server.reports.count("refused"), 10);
}

#[tokio::test]
async fn a_dropped_link_leaves_no_socket_behind() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mut reconnector, _) = reconnector(&format!("net:{}~shs:{}", silent.local_addr().unwrap(), key(SERVER)));
    let mut socket = tokio::select! {
        biased;
        _ = reconnector.next() => unreachable!("nobody answers"),
        (socket, _) = async { silent.accept().await.unwrap() } => socket,
    };
    drop(reconnector);
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, socket.read_to_end(&mut rest)).await.unwrap().unwrap();
}
