//! onion~shs, and net~shs through a proxy, with proxies on loopback that do as little as they can.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use multiserver_tokio::core::socks5::{Credentials, Error, Refusal};
use multiserver_tokio::{
    ConnectError, Failure, MultiAddress, Multiserver, Net, Onion, Proxy, Scope, Shs, Stage, Suite,
};
use std::io;
use std::net::SocketAddr;
use support::{CLIENT, SERVER, echo, exchange, identity, key, socket_address, suite};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A name that nobody can look up, and where it is to be found.
const HOST: &str = "nobody.invalid";

fn shs() -> Shs {
    Shs::new(identity(CLIENT))
}

fn client(suite: impl Into<Suite>) -> Multiserver {
    Multiserver::builder().suite(suite).build().unwrap()
}

fn address(transport: &str) -> MultiAddress {
    format!("{transport}:{HOST}:8008~shs:{}", key(SERVER)).parse().unwrap()
}

/// A loopback address where nobody listens.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A proxy for one connection: it wants no credentials, answers with `code` and, after success, leads to `target`. It
/// returns the request.
async fn proxy(code: u8, target: SocketAddr) -> (String, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 3];
        stream.read_exact(&mut request).await.unwrap();
        assert_eq!(request, [5, 1, 0]);
        stream.write_all(&[5, 0]).await.unwrap();
        request.resize(4 + 1 + HOST.len() + 2, 0);
        stream.read_exact(&mut request).await.unwrap();
        stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        if code == 0 {
            copy_bidirectional(&mut stream, &mut TcpStream::connect(target).await.unwrap()).await.unwrap();
        }
        request
    });
    (place, task)
}

/// The failure of the only attempt.
async fn failure(client: &Multiserver, address: &MultiAddress) -> (Stage, io::Error) {
    let error = client.connect(address).await.unwrap_err();
    let ConnectError::Failed(mut attempts) = error else { panic!("{error}") };
    let Failure::Io { stage, source } = attempts.remove(0).failure else { panic!("{attempts:?}") };
    (stage, source)
}

#[tokio::test]
async fn the_proxy_is_given_the_name_and_the_stream_is_the_peers() {
    let server = echo(suite()).await;
    let to_server = socket_address(&server.address);
    let nobody = nobody().await.to_string();
    for transport in ["onion", "net"] {
        let (place, request) = proxy(0, to_server).await;
        let proxy = Proxy::at([&nobody, &place]);
        let client = match transport {
            "onion" => client(Onion::new().through(proxy).then(shs())),
            _ => client(Net::dial_only().through(proxy).then(shs())),
        };
        let connection = client.connect(&address(transport)).await.unwrap();
        assert_eq!(connection.address().unwrap().to_string(), address(transport).to_string());
        assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello");
        let expected = [&[5, 1, 0, 3, 14][..], HOST.as_bytes(), &8008_u16.to_be_bytes()].concat();
        assert_eq!(request.await.unwrap(), expected, "{transport}");
    }
}

#[tokio::test]
async fn what_the_proxy_says_is_the_cause_of_the_failure() {
    for (code, refusal) in [(5, Refusal::ConnectionRefused), (0xf0, Refusal::OnionNotFound)] {
        let (place, request) = proxy(code, nobody().await).await;
        let client = client(Onion::new().through(Proxy::at([place])).then(shs()));
        let (stage, error) = failure(&client, &address("onion")).await;
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
        assert_eq!((stage, cause), (Stage::Proxy, Some(&Error::Refused(refusal))));
        request.await.unwrap();
    }
}

#[tokio::test]
async fn proxies_that_do_not_run_are_named() {
    let (one, other) = (nobody().await.to_string(), nobody().await.to_string());
    let client = client(Net::dial_only().through(Proxy::at([&one, &other])).then(shs()));
    let (stage, error) = failure(&client, &address("net")).await;
    assert_eq!((stage, error.kind()), (Stage::Proxy, io::ErrorKind::ConnectionRefused));
    let expected = format!("there is no proxy at {one} or {other}; does it run?");
    assert!(error.to_string().contains(&expected), "{error}");
}

#[tokio::test]
async fn an_onion_name_is_never_looked_up() {
    for name in ["a.onion", "a.Onion."] {
        let client = client(Net::dial_only().then(shs()));
        let (stage, error) = failure(&client, &format!("net:{name}:8008~shs:{}", key(SERVER)).parse().unwrap()).await;
        assert_eq!((stage, error.kind()), (Stage::Resolve, io::ErrorKind::InvalidInput), "{error}");
        assert!(error.to_string().contains("only Tor can reach"), "{error}");
    }
}

#[tokio::test]
async fn an_onion_service_in_front_is_found_in_the_public_scope() {
    let multiserver = client(
        Net::bind("127.0.0.1:0")
            .external("a.onion")
            .external_at("b.onion", 80)
            .external_at("c.example", 81)
            .then(shs()),
    );
    let shs = format!("shs:{}", key(CLIENT));
    let known = format!("onion:b.onion:80~{shs};net:c.example:81~{shs}");
    assert_eq!(multiserver.address(Scope::Public).unwrap().to_string(), known, "one port is still to be chosen");
    let server = multiserver.listen().await.unwrap();
    let port = socket_address(&server.address(Scope::Device).unwrap()).port();
    assert_eq!(server.address(Scope::Public).unwrap().to_string(), format!("onion:a.onion:{port}~{shs};{known}"));
}

#[tokio::test]
async fn proxies_that_make_no_sense_do_not_build() {
    for (proxy, expected) in [
        (Proxy::at(["9050"]), "no proxy is at `9050`"),
        (Proxy::at(["127.0.0.1:9050", "::1:9050"]), "no proxy is at `::1:9050`"),
        (Proxy::at::<String>([]), "a proxy needs an address"),
    ] {
        let proxy = proxy.credentials(Credentials::new("user", "secret").unwrap());
        assert!(!format!("{proxy:?}").contains("secret"));
        for suite in [Suite::new(Onion::new().through(proxy.clone())), Suite::new(Net::dial_only().through(proxy))] {
            let text = Multiserver::builder().suite(suite).build().unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_onion_suite_waits_as_long_as_tor_does_unless_told_otherwise() {
    // It accepts by itself, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let onion = || Onion::new().through(Proxy::at([silent.local_addr().unwrap().to_string()])).then(shs());
    let limits = multiserver_tokio::Limits::default();
    for (builder, seconds) in
        [(Multiserver::builder().suite(onion()), 120), (Multiserver::builder().suite(onion()).limits(limits), 15)]
    {
        let error = builder.build().unwrap().connect(&address("onion")).await.unwrap_err();
        let ConnectError::Failed(attempts) = &error else { panic!("{error}") };
        let failure = &attempts[0].failure;
        assert!(
            matches!(failure, Failure::Deadline { stage: Stage::Proxy, limit } if limit.as_secs() == seconds),
            "{error}"
        );
    }
}
