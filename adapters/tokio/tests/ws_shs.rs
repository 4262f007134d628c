//! ws~shs and wss~shs over loopback sockets.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::core::address;
use multiserver_tokio::ws::http::Response;
use multiserver_tokio::ws::{Certificate, Config};
use multiserver_tokio::{
    ConnectError, FailedAttempt, Limits, MultiAddress, Multiserver, Net, Scope, Shs, Stage, Suite, Ws, Wss,
};
use std::net::SocketAddr;
use std::time::Duration;
use support::{CLIENT, PATIENCE, SERVER, echo, echo_with, exchange, identity, key};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A certificate for this machine, and the root to trust it by.
struct Pki {
    certificate: Certificate,
    root: String,
}

fn pki() -> Pki {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let root = made.cert.pem();
    Pki { certificate: Certificate::from_pem(&root, made.signing_key.serialize_pem()).unwrap(), root }
}

fn ws() -> Suite {
    Ws::bind("127.0.0.1:0").then(Shs::new(identity(SERVER)))
}

fn wss(pki: &Pki) -> Suite {
    Wss::bind("127.0.0.1:0", pki.certificate.clone()).then(Shs::new(identity(SERVER)))
}

/// A client for all three transports, which trusts this root.
fn client(root: &str) -> Multiserver {
    let shs = || Shs::new(identity(CLIENT));
    Multiserver::builder()
        .suite(Net::dial_only().then(shs()))
        .suite(Ws::dial_only().then(shs()))
        .suite(Wss::dial_only().root(root).unwrap().then(shs()))
        .build()
        .unwrap()
}

fn socket_address(address: &MultiAddress) -> SocketAddr {
    let ws = address::Ws::try_from(address.addresses().next().unwrap().transport()).unwrap();
    SocketAddr::new(ws.host().ip().unwrap(), ws.port())
}

/// The stage of the only attempt, and what went wrong.
fn failed(error: ConnectError) -> (Stage, String) {
    let ConnectError::Failed(mut failed) = error else { panic!("{error}") };
    let FailedAttempt { failure, .. } = failed.remove(0);
    (failure.stage().unwrap(), failure.to_string())
}

#[tokio::test]
async fn bytes_come_back_in_every_length() {
    let pki = pki();
    for suite in [ws(), wss(&pki)] {
        let server = echo(suite).await;
        for length in [0, 1, 4096, 4097, 1 << 20] {
            let sent = vec![7; length];
            let connection = client(&pki.root).connect(&server.address).await.unwrap();
            let back = timeout(PATIENCE, exchange(connection, &sent)).await.unwrap().unwrap();
            assert!(back == sent, "{length} bytes over {}", server.address);
        }
        assert_eq!(server.reports.count("accepted"), 5);
        assert_eq!(timeout(PATIENCE, server.handle.close(PATIENCE)).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn both_ends_know_each_others_address() {
    let pki = pki();
    for (suite, name) in [(ws(), "ws"), (wss(&pki), "wss")] {
        let multiserver = Multiserver::builder().suite(suite).build().unwrap();
        let mut server = multiserver.listen().await.unwrap();
        let address = server.address(Scope::Device).unwrap();
        assert!(address.to_string().starts_with(&format!("{name}://127.0.0.1:")), "{address}");
        assert_eq!((server.address(Scope::Local), server.address(Scope::Public)), (None, None));
        let accept = async {
            let request = server.accept().await.unwrap().handshake().await.unwrap();
            assert_eq!(request.peer(), Some(&key(CLIENT)));
            request.accept().await.unwrap()
        };
        let client = client(&pki.root);
        let (near, far) = tokio::join!(client.connect(&address), accept);
        let near = near.unwrap();
        assert_eq!((near.peer(), far.peer()), (Some(&key(SERVER)), Some(&key(CLIENT))));
        assert_eq!(near.suite(), format!("{name}~shs"));
        assert_eq!(near.peer_address().unwrap().to_string(), address.to_string());
        let far_address = far.peer_address().unwrap().to_string();
        assert!(far_address.starts_with(&format!("{name}://127.0.0.1:")), "{far_address}");
        assert!(far_address.ends_with(&format!("~shs:{}", key(CLIENT))), "{far_address}");
    }
}

#[tokio::test]
async fn closing_one_direction_leaves_the_other_and_dropping_is_a_cut() {
    let pki = pki();
    for suite in [ws(), wss(&pki)] {
        let multiserver = Multiserver::builder().suite(suite).build().unwrap();
        let mut server = multiserver.listen().await.unwrap();
        let address = server.address(Scope::Device).unwrap();
        let accept = async { server.accept().await.unwrap().handshake().await.unwrap().accept().await.unwrap() };
        let client = client(&pki.root);
        let (near, mut far) = tokio::join!(client.connect(&address), accept);
        let (mut near_read, mut near_write) = near.unwrap().into_split();

        near_write.shutdown().await.unwrap();
        drop(near_write);
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        far.write_all(&vec![7; 1 << 20]).await.unwrap();
        far.write_all(b"still here").await.unwrap();
        let read = async {
            let mut reply = vec![0; (1 << 20) + 10];
            near_read.read_exact(&mut reply).await.unwrap();
            assert!(reply.ends_with(b"\x07still here"));
        };
        let (flushed, ()) = tokio::join!(far.flush(), read);
        flushed.unwrap();
        drop(far);
        let cut = timeout(PATIENCE, near_read.read(&mut [0; 8])).await.unwrap();
        assert_eq!(cut.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    }
}

#[tokio::test]
async fn a_certificate_of_nobody_that_is_trusted_is_refused() {
    let server = echo(wss(&pki())).await;
    let (stage, text) = failed(client(&pki().root).connect(&server.address).await.unwrap_err());
    assert_eq!(stage, Stage::Tls, "{text}");
    assert!(text.contains("self-signed"), "{text}");
    server.reports.wait_for("setting up TLS failed", 1).await;
}

/// A certificate as `openssl req -x509` makes it.
#[tokio::test]
async fn a_certificate_of_an_authority_is_none_of_a_server_and_the_error_says_so() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&key).unwrap().pem();
    let certificate = Certificate::from_pem(&root, key.serialize_pem()).unwrap();
    let server = echo(Wss::bind("localhost:0", certificate).then(Shs::new(identity(SERVER)))).await;
    let (stage, text) = failed(client(&root).connect(&server.address).await.unwrap_err());
    assert_eq!(stage, Stage::Tls, "{text}");
    assert!(text.contains("CA:FALSE"), "{text}");
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let made = rcgen::generate_simple_self_signed(["example.org".to_owned()]).unwrap();
    let root = made.cert.pem();
    let certificate = Certificate::from_pem(&root, made.signing_key.serialize_pem()).unwrap();
    let server = echo(Wss::bind("127.0.0.1:0", certificate).then(Shs::new(identity(SERVER)))).await;
    let (stage, text) = failed(client(&root).connect(&server.address).await.unwrap_err());
    assert_eq!(stage, Stage::Tls, "{text}");
}

#[tokio::test]
async fn neither_scheme_answers_the_other() {
    let pki = pki();
    for (suite, from, to, stage) in [(ws(), "ws:", "wss:", Stage::Tls), (wss(&pki), "wss:", "ws:", Stage::WebSocket)] {
        let server = echo(suite).await;
        let address = server.address.to_string().replacen(from, to, 1).parse().unwrap();
        let (failed_at, text) = failed(client(&pki.root).connect(&address).await.unwrap_err());
        assert_eq!(failed_at, stage, "{text}");
    }
}

async fn get(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn a_plain_get_is_answered_and_harms_nobody() {
    let server = echo(ws()).await;
    let answer = get(socket_address(&server.address)).await;
    assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{answer}");
    server.reports.wait_for("an HTTP request that gets no WebSocket, answered with 426", 1).await;
    assert_eq!(server.handle.stats()[0].failed, 1);
    let connection = client(&pki().root).connect(&server.address).await.unwrap();
    assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello");

    let page = Ws::bind("127.0.0.1:0")
        .http(|request| async move { Response::new(format!("this is {}", request.uri()).into_bytes()) });
    let server = echo(page.then(Shs::new(identity(SERVER)))).await;
    let answer = get(socket_address(&server.address)).await;
    assert!(answer.ends_with("\r\n\r\nthis is /page"), "{answer}");
    server.reports.wait_for("an HTTP request, answered with 200 OK", 1).await;
    assert_eq!(server.handle.stats()[0].failed, 0, "whoever gets what it wants has not failed");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_meets_the_deadline() {
    let limits = Limits::default().deadline(Duration::from_secs(5));
    let server = echo_with(ws(), limits).await;
    let mut stream = TcpStream::connect(socket_address(&server.address)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut writing = Box::pin(async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if stream.write_all(b"a: b\r\n").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    });
    tokio::select! {
        () = &mut writing => {}
        () = server.reports.wait_for("upgrading to a WebSocket had not ended after 5s", 1) => {}
    }
}

#[tokio::test]
async fn the_path_and_query_of_an_address_reach_the_server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}/chat?room=1~shs:{}", listener.local_addr().unwrap(), key(SERVER)).parse().unwrap();
    let answer = async {
        let mut stream = listener.accept().await.unwrap().0;
        let mut request = vec![0; 22];
        stream.read_exact(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").await.unwrap();
        String::from_utf8(request).unwrap()
    };
    let client = client(&pki().root);
    let (failure, request) = tokio::join!(client.connect(&address), answer);
    assert_eq!(request, "GET /chat?room=1 HTTP/");
    let (stage, text) = failed(failure.unwrap_err());
    assert_eq!(stage, Stage::WebSocket);
    assert!(text.contains("503 Service Unavailable"), "{text}");
}

#[tokio::test]
async fn an_external_url_is_where_it_is_found_in_public() {
    let ws = Ws::bind("127.0.0.1:0").external("wss://example.org/ws").then(Shs::new(identity(SERVER)));
    let multiserver = Multiserver::builder().suite(ws).build().unwrap();
    let found = multiserver.address(Scope::Public).unwrap().to_string();
    assert_eq!(found, format!("wss://example.org/ws~shs:{}", key(SERVER)));
    let bad = ["example.org", "net:example.org:1", "wss://example.org~noauth", "https://example.org", "wss://u:pw@h/"];
    for bad in bad {
        let ws = Ws::bind("127.0.0.1:0").external("wss://example.org/ws").external(bad);
        let error = Multiserver::builder().suite(ws).build().unwrap_err();
        assert!(error.to_string().contains("external address 2 is not a URL"), "{bad}: {error}");
        assert!(!format!("{error} {error:?}").contains("u:pw"), "{error:?}");
    }
}

#[tokio::test]
async fn without_a_goodbye_above_closing_ends_one_direction_after_the_other() {
    let multiserver = Multiserver::builder().suite(Ws::bind("127.0.0.1:0")).build().unwrap();
    let mut server = multiserver.listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    let accept = async { server.accept().await.unwrap().handshake().await.unwrap().accept().await.unwrap() };
    let client = Multiserver::builder().suite(Ws::dial_only().config(Config::default())).build().unwrap();
    let (near, far) = tokio::join!(client.connect(&address), accept);
    let (mut near, mut far) = (near.unwrap(), far);
    near.write_all(b"all").await.unwrap();
    near.shutdown().await.unwrap();
    let mut all = Vec::new();
    far.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"all");
    far.write_all(b"late").await.unwrap();
    far.shutdown().await.unwrap();
    let mut late = Vec::new();
    near.read_to_end(&mut late).await.unwrap();
    assert_eq!(late, b"late");
}

#[test]
fn an_unusable_certificate_is_told_apart() {
    let one = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (pem, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    for (pem, key, text) in [
        (pem.as_str(), other.signing_key.serialize_pem().as_str(), "cannot be used"),
        ("hello", key.as_str(), "no certificate"),
        (pem.as_str(), "hello", "private key"),
    ] {
        let error = Certificate::from_pem(pem, key).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
}
