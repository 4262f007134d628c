//! onion~shs, and net~shs through a proxy, without a proxy that works.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use multiserver_tokio::core::socks5::Credentials;
use multiserver_tokio::{
    ConnectError, Failure, LayerError, MultiAddress, Multiserver, Net, Onion, Proxy, Scope, Shs, Stage, Suite,
};
use std::io;
use std::net::SocketAddr;
use support::{CLIENT, SERVER, identity, key, socket_address};
use tokio::net::TcpListener;

/// A name that nobody can look up.
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

/// The failure of the only attempt.
async fn failure(client: &Multiserver, address: &MultiAddress) -> (Stage, io::Error) {
    let error = client.connect(address).await.unwrap_err();
    let ConnectError::Failed(mut attempts) = error else { panic!("{error}") };
    let Failure::Layer { stage, error: LayerError::Io(source) } = attempts.remove(0).failure else {
        panic!("{attempts:?}")
    };
    (stage, source)
}

#[tokio::test]
async fn proxies_that_do_not_run_are_named() {
    let (one, other) = (nobody().await.to_string(), nobody().await.to_string());
    let client = client(Net::dial_only().through(Proxy::at([&one, &other])).then(shs()));
    let (stage, error) = failure(&client, &address("net")).await;
    assert_eq!((stage, error.kind()), (Stage::Proxy, io::ErrorKind::ConnectionRefused));
    let expected = format!("there is no proxy at {one} or {other}; is it running?");
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
        (Proxy::at(["9050"]), "proxy address 1 is not HOST:PORT"),
        (Proxy::at(["127.0.0.1:9050", "::1:9050"]), "proxy address 2 is not HOST:PORT"),
        (Proxy::at(["socks5://user:secret@127.0.0.1:9050"]), "proxy address 1 is not HOST:PORT"),
        (Proxy::at::<String>([]), "a proxy needs an address"),
    ] {
        let proxy = proxy.credentials(Credentials::new("user", "secret").unwrap());
        assert!(!format!("{proxy:?}").contains("secret"));
        for suite in [Suite::new(Onion::new().through(proxy.clone())), Suite::new(Net::dial_only().through(proxy))] {
            let text = Multiserver::builder().suite(suite).build().unwrap_err().to_string();
            assert!(text.contains(expected) && !text.contains("secret"), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_onion_suite_waits_as_long_as_tor_does_unless_told_otherwise() {
    // The system accepts connections to this listener, and nothing ever answers them.
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
