//! `bridge`: how connections through it end, and how it ends itself.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program, pattern};
use multiserver_tokio::{Multiserver, NoAuth, Ws};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const NET: [&str; 2] = ["--net", "127.0.0.1:0"];
const WS: [&str; 2] = ["--ws", "127.0.0.1:0"];

/// On which transports the bridge and the target listen.
const WAYS: [([&str; 2], [&str; 2]); 4] = [(NET, NET), (NET, WS), (WS, NET), (WS, WS)];

/// A server with these options, a bridge to it and the bridge's address.
fn bridged(home: &Home, near: [&str; 2], far: [&str; 2], options: &[&str]) -> (Program, Program, String) {
    let (server, target) = home.serve(&[far.as_slice(), options].concat());
    let (bridge, address) = home.bridge(&[near.as_slice(), &["-v", &target]].concat());
    (server, bridge, address)
}

#[test]
fn what_is_sent_after_the_others_goodbye_arrives() {
    let home = Home::new();
    let late = pattern(3 * 1024 * 1024);
    for (near, far) in WAYS {
        let (mut server, _bridge, address) = bridged(&home, near, far, &[]);
        let mut client = home.start(&["connect", &address]);
        server.send(b"greeting\n");
        server.stdin = None;
        assert_eq!(client.line(), "greeting");
        client.send(&late);
        let (client, server) = (client.end(), server.finish());
        assert_eq!((client.status, client.errors.as_str()), (0, ""), "{near:?} to {far:?}");
        assert_eq!((server.status, server.errors.as_str()), (0, ""), "{near:?} to {far:?}");
        assert!(server.output == late, "{near:?} to {far:?}: {} bytes", server.output.len());

        let (mut server, _bridge, address) = bridged(&home, near, far, &[]);
        let mut client = home.start(&["connect", &address]);
        client.send(b"question\n");
        client.stdin = None;
        assert_eq!(server.line(), "question");
        server.send(&late);
        let (server, client) = (server.end(), client.finish());
        assert_eq!((client.status, client.errors.as_str()), (0, ""), "{near:?} to {far:?}");
        assert_eq!((server.status, server.errors.as_str()), (0, ""), "{near:?} to {far:?}");
        assert!(client.output == late, "{near:?} to {far:?}: {} bytes", client.output.len());
    }
}

#[test]
fn one_who_only_receives_ends_with_the_server() {
    let home = Home::new();
    let gift = pattern(3 * 1024 * 1024);
    for (near, far) in WAYS {
        let (mut server, _bridge, address) = bridged(&home, near, far, &[]);
        let client = home.start(&["connect", "--recv-only", &address]);
        server.send(&gift);
        let (server, client) = (server.end(), client.finish());
        assert_eq!((server.status, client.status), (0, 0), "{near:?} to {far:?}: {} {}", server.errors, client.errors);
        assert!(client.output == gift, "{near:?} to {far:?}: {} bytes", client.output.len());
    }
}

#[test]
fn a_peer_that_dies_is_a_failure_at_the_other_end() {
    for (near, far) in WAYS {
        for is_server in [true, false] {
            let home = Home::new();
            let (mut server, bridge, address) = bridged(&home, near, far, &[]);
            let mut client = home.start(&["connect", &address]);
            client.send(b"here\n");
            assert_eq!(server.line(), "here");
            let mut other = if is_server {
                server.kill();
                client
            } else {
                client.kill();
                server
            };
            // Held open: silence must not keep it from being noticed.
            let stdin = other.stdin.take();
            let other = other.finish();
            assert!(other.failure(1).contains("went away"), "{near:?} to {far:?}, {is_server}: {other:?}");
            drop((stdin, bridge));
        }
    }
}

#[test]
fn an_answer_arrives_from_a_server_that_takes_nothing() {
    let home = Home::new();
    let sent = pattern(3 * 1024 * 1024);
    for (near, far) in WAYS {
        let answer = ["--allow-anyone", "--exec", "echo", "answer"];
        let (_server, _bridge, address) = bridged(&home, near, far, &answer);
        for _ in 0..10 {
            let client = home.run(&["connect", &address], &sent);
            assert_eq!(client.output, b"answer\n", "{near:?} to {far:?}: {}", client.errors);
        }
    }
}

/// As a browser's tab that is closed, within a handshake and where there is none.
#[tokio::test]
async fn a_websocket_peer_that_has_gone_is_not_waited_for() {
    let home = Home::new();
    for (layer, message) in
        [("noauth".to_owned(), vec![1; 5]), (format!("shs:{}", home.identity("key").1), vec![1; 64])]
    {
        let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("net:{}~{layer}", service.local_addr().unwrap());
        let (mut bridge, address) = home.bridge(&[WS.as_slice(), &["-v", &target]].concat());
        let page = Multiserver::builder().suite(Ws::dial_only().then(NoAuth)).build().unwrap();
        let url = format!("{}~noauth", address.split('~').next().unwrap());
        let mut connection = page.connect(&url.parse().unwrap()).await.unwrap();
        connection.write_all(&message).await.unwrap();
        connection.shutdown().await.unwrap();
        // The service says nothing, and has not ended.
        let (mut silent, _) = service.accept().await.unwrap();
        let mut heard = Vec::new();
        silent.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, message);
        drop(connection);
        bridge.error_line_with("ended");
    }
}

#[test]
fn a_target_that_is_away_is_a_failure_and_the_bridge_goes_on() {
    let home = Home::new();
    let socket = home.path("socket");
    let listen = ["--echo", "--unix", socket.to_str().unwrap()];
    let (server, target) = home.serve(&listen);
    common::interrupt(&server);
    assert_eq!(server.finish().status, 0);
    for near in [NET, WS] {
        let (mut bridge, address) = home.bridge(&[near.as_slice(), &[&target]].concat());
        let client = home.run(&["connect", &address], b"hello");
        client.failure(4);
        let line = bridge.error_line();
        assert!(line.contains("cannot connect to unix:") && line.contains("address="), "{line}");
        let (_server, _) = home.serve(&listen);
        assert_eq!(home.run(&["connect", &address], b"hello").output, b"hello");
    }
}

#[test]
fn a_signal_ends_the_bridge_and_cuts_who_does_not_end() {
    let home = Home::new();
    for (near, far) in WAYS {
        let (_server, target) = home.serve(&[far.as_slice(), &["--echo"]].concat());
        let (mut bridge, address) = home.bridge(&[near.as_slice(), &["--grace", "0", &target]].concat());
        let mut client = home.start(&["connect", &address]);
        client.send(b"here\n");
        assert_eq!(client.line(), "here");
        common::terminate(&bridge);
        let line = bridge.error_line();
        assert!(line.contains("cut 1 connection "), "{line}");
        assert_eq!(bridge.finish().status, 0);
        assert!(client.finish().failure(1).contains("went away"), "{near:?} to {far:?}");
    }
}

#[test]
fn a_connection_on_which_nothing_comes_or_goes_ends_when_asked_for() {
    let home = Home::new();
    let (_server, target) = home.serve(&["--echo"]);
    let (mut bridge, address) = home.bridge(&["--idle-timeout", "1", &target]);
    let mut client = home.start(&["connect", &address]);
    client.send(b"here\n");
    assert_eq!(client.line(), "here");
    let stdin = client.stdin.take();
    assert!(client.finish().failure(1).contains("went away"));
    assert!(bridge.error_line().contains("which is --idle-timeout"));
    drop(stdin);
}
