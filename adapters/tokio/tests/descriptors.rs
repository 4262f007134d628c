//! Attempts that are given up at any point leave no descriptor behind. This is the only test in this file, since it
//! counts the descriptors of the whole process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::{ConnectOptions, Connections, MultiAddress, Multiserver};
use std::future::{poll_fn, ready};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use support::{PATIENCE, client, echo, suite};
use tokio::net::TcpListener;

/// Enough polls for a handshake over loopback to complete.
const POLLS: usize = 60;

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Polls this many times, letting the other side work in between, and drops the future; returns whether it was ready.
async fn give_up_after<F: Future>(polls: usize, future: F) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        if poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn whatever_is_given_up_closes_its_sockets() {
    let client = client();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let before = descriptors();

    let server = echo(suite()).await;
    let elsewhere = format!("net:{}~shs:{}", silent.local_addr().unwrap(), support::key(support::SERVER));
    let addresses: MultiAddress = format!("{elsewhere};{};{elsewhere}", server.address).parse().unwrap();
    let options = ConnectOptions::new().race(Duration::ZERO);
    let mut through = 0;
    for polls in 0..POLLS {
        through += usize::from(give_up_after(polls, client.connect_with(&addresses, &options)).await);
        give_up_after(polls, pin!(client.reconnector(addresses.clone()).next())).await;
    }
    assert!(through > 0, "some attempts came through, and others were given up at each step before");
    assert_eq!(server.handle.close(PATIENCE).await, 0);

    let listening = Multiserver::builder().suite(suite()).build().unwrap();
    for polls in 0..POLLS {
        let server = listening.listen().await.unwrap();
        let (handle, address) = (server.handle(), server.address(multiserver_tokio::Scope::Device).unwrap());
        let mut connections = Connections::new(server, |_| ready(Some(())));
        give_up_after(polls, async { tokio::join!(client.connect(&address), connections.next()) }).await;
        drop(connections);
        assert_eq!(handle.close(PATIENCE).await, 0);
    }

    // Connections that the silent listener never accepted belong to the system, and have no descriptor in this process.
    assert_eq!(descriptors(), before);
}
