//! Our client through the SOCKS5 proxy microsocks to our server.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use multiserver_interop::Microsocks;
use multiserver_tokio::core::socks5::{Credentials, Error, Refusal};
use multiserver_tokio::{
    ConnectError, Failure, LayerError, MultiAddress, Multiserver, Net, Onion, Proxy, Scope, Shs, Stage, Suite,
};
use std::io::ErrorKind;
use support::{exchange, pair, patiently, public, serve_echo, text};

const SERVER: [u8; 32] = [1; 32];
const CLIENT: [u8; 32] = [2; 32];
const LOGIN: (&str, &str) = ("user", "a password");

/// The port of a server that returns every byte.
async fn echo() -> u16 {
    let suite = Net::bind("127.0.0.1:0").then(Shs::new(pair(SERVER)));
    let server = Multiserver::builder().suite(suite).build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    tokio::spawn(serve_echo(server));
    multiserver_tokio::core::address::Net::try_from(address.addresses().next().unwrap().transport()).unwrap().port
}

fn address(transport: &str) -> MultiAddress {
    format!("{transport}~shs:{}", public(SERVER)).parse().unwrap()
}

fn client(suite: Suite) -> Multiserver {
    Multiserver::builder().suite(suite).build().unwrap()
}

fn proxy(microsocks: &Microsocks, login: Option<(&str, &str)>) -> Proxy {
    let proxy = Proxy::at([microsocks.address()]);
    match login {
        Some((user, password)) => proxy.credentials(Credentials::new(user, password).unwrap()),
        None => proxy,
    }
}

/// The stage and what the proxy objected to, of the only attempt through it.
async fn objection(proxy: Proxy, port: u16) -> (Stage, ErrorKind, Option<Error>) {
    let client = client(Net::dial_only().through(proxy).then(Shs::new(pair(CLIENT))));
    let error = patiently(client.connect(&address(&format!("net:127.0.0.1:{port}")))).await.unwrap_err();
    let ConnectError::Failed(mut attempts) = error else { panic!("{error}") };
    let Failure::Layer { stage, error: LayerError::Io(source) } = attempts.remove(0).failure else {
        panic!("{attempts:?}")
    };
    (stage, source.kind(), source.get_ref().and_then(|cause| cause.downcast_ref()).copied())
}

#[tokio::test]
async fn every_byte_comes_back_through_the_proxy() {
    let port = echo().await;
    for login in [None, Some(LOGIN)] {
        let mut microsocks = Microsocks::start(login).await.unwrap();
        let shs = || Shs::new(pair(CLIENT));
        let net = client(Net::dial_only().through(proxy(&microsocks, login)).then(shs()));
        let onion = client(Onion::new().through(proxy(&microsocks, login)).then(shs()));
        for (client, transport, length) in [
            (&net, format!("net:127.0.0.1:{port}"), 0),
            (&net, format!("net:localhost:{port}"), 4097),
            (&onion, format!("onion:localhost:{port}"), 1 << 20),
        ] {
            let connection = patiently(client.connect(&address(&transport))).await.unwrap();
            assert_eq!(connection.peer(), Some(&public(SERVER)));
            assert!(exchange(connection, &text(length)).await == text(length), "{transport}");
            microsocks.connected_to(&transport.replace("net:", "").replace("onion:", "")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_the_proxy_objects_to_is_told() {
    let port = echo().await;
    let guarded = Microsocks::start(Some(LOGIN)).await.unwrap();
    let wrong = proxy(&guarded, Some((LOGIN.0, "another password")));
    for (proxy, expected) in
        [(proxy(&guarded, None), Error::AuthenticationRequired), (wrong, Error::WrongCredentials(2))]
    {
        assert_eq!(objection(proxy, port).await, (Stage::Proxy, ErrorKind::PermissionDenied, Some(expected)));
    }

    let open = Microsocks::start(None).await.unwrap();
    assert_eq!(
        objection(proxy(&open, Some(LOGIN)), port).await,
        (Stage::Proxy, ErrorKind::PermissionDenied, Some(Error::AuthenticationUnsupported))
    );

    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert_eq!(
        objection(proxy(&open, None), nobody).await,
        (Stage::Proxy, ErrorKind::ConnectionRefused, Some(Error::Refused(Refusal::ConnectionRefused)))
    );
}
