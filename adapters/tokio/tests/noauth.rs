//! Suites without a proof.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::{MultiAddress, Multiserver, Net, NoAuth, Scope, Shs, Suite, Unix, Ws};
use std::net::SocketAddr;
use support::{SERVER, echo, identity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn noauth_is_offered_within_the_device_only() {
    let build = |suite: Suite| Multiserver::builder().suite(suite).build().map(drop).map_err(|error| error.to_string());
    for near in [
        Net::dial_only().then(NoAuth),
        Net::bind("127.0.0.1:0").then(NoAuth),
        Net::bind("[::1]:0").then(NoAuth),
        Net::bind("localhost:0").scope(Scope::Device).then(NoAuth),
        Unix::bind("/tmp/socket").then(NoAuth),
        Ws::bind("127.0.0.1:0").then(NoAuth),
    ] {
        assert_eq!(build(near), Ok(()));
    }
    for (far, scope) in [
        (Net::bind("0.0.0.0:0").then(NoAuth), "public"),
        (Net::bind("[::]:0").scope(Scope::Device).then(NoAuth), "public"),
        (Net::bind("10.1.2.3:0").then(NoAuth), "local"),
        (Net::bind("127.0.0.1:0").scope(Scope::Local).then(NoAuth), "local"),
        (Net::bind("127.0.0.1:0").external("a.onion").then(NoAuth), "public"),
        (Net::bind("a.example:0").then(NoAuth), "public"),
        (Ws::bind("127.0.0.1:0").external("wss://a.example").then(NoAuth), "public"),
    ] {
        let text = build(far).unwrap_err();
        let expected = format!("~noauth can be reached in the {scope} scope, and noauth is for the device scope");
        assert!(text.contains(&expected), "{text}");
    }
    let text = build(Unix::bind("/tmp/a socket").then(NoAuth)).unwrap_err();
    assert!(text.contains("cannot listen on the path `/tmp/a socket`"), "{text}");
}

fn endpoint_of(address: &MultiAddress) -> SocketAddr {
    address.to_string().trim_start_matches("ws://").split('~').next().unwrap().parse().unwrap()
}

/// What the server answers to an upgrade with these headers.
async fn status(server: SocketAddr, headers: &str) -> String {
    let mut socket = TcpStream::connect(server).await.unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    socket.read_exact(&mut start).await.unwrap();
    String::from_utf8(start.to_vec()).unwrap()
}

/// Any web page can make its visitor's browser open a WebSocket to the visitor's own machine.
#[tokio::test]
async fn a_page_from_elsewhere_does_not_reach_what_proves_nobody() {
    let evil = "Host: evil.example\r\nOrigin: https://evil.example\r\n";
    let (ours, foreign) = ("Host: 127.0.0.1\r\n", "Host: 127.0.0.1\r\nOrigin: https://evil.example\r\n");
    let friend = "Host: 127.0.0.1\r\nOrigin: https://example.org\r\n";
    let ws = || Ws::bind("127.0.0.1:0").allow_origin("https://example.org");
    for suite in [ws().then(NoAuth), ws().into()] {
        let server = echo(suite).await;
        let endpoint = endpoint_of(&server.address);
        for (headers, expected) in [(evil, "403"), (foreign, "403"), (ours, "101"), (friend, "101")] {
            assert_eq!(status(endpoint, headers).await, format!("HTTP/1.1 {expected}"), "{headers}");
        }
    }
    let server = echo(Ws::bind("127.0.0.1:0").then(Shs::new(identity(SERVER)))).await;
    let endpoint = endpoint_of(&server.address);
    assert_eq!(status(endpoint, evil).await, "HTTP/1.1 101", "the secret handshake proves who is there");
}
