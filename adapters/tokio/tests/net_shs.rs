//! net~shs over loopback sockets.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::core::shs;
use multiserver_tokio::{
    ConnectError, Connection, FailedAttempt, Failure, Incoming, LayerError, MultiAddress, Multiserver, Net, NetworkKey,
    ReadHalf, Request, Scope, Server, Shs, Stage, WriteHalf,
};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use support::{
    CLIENT, PATIENCE, SERVER, client, client_as, client_of, echo, exchange, identity, key, socket_address, suite,
};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

fn failed(error: ConnectError) -> Vec<FailedAttempt> {
    let ConnectError::Failed(failed) = error else { panic!("{error}") };
    failed
}

/// The stage and the shs error of the only attempt.
fn shs_error(error: ConnectError) -> (Stage, Option<shs::Error>) {
    let attempt = failed(error).remove(0);
    let Failure::Layer { stage, error } = attempt.failure else { panic!("{attempt}") };
    if let LayerError::Refused(error) = &error {
        return (stage, error.downcast_ref().copied());
    }
    let LayerError::Io(error) = error else { panic!("{error}") };
    (stage, error.get_ref().and_then(|source| source.downcast_ref()).copied())
}

#[tokio::test]
async fn both_ends_know_each_other() {
    let multiserver = Multiserver::builder().suite(suite().named("main")).build().unwrap();
    assert_eq!(multiserver.address(Scope::Device), None, "the port is still to be chosen");
    let mut server = multiserver.listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    assert_eq!(server.handle().address(Scope::Device), Some(address.clone()));
    assert_eq!((server.address(Scope::Local), server.address(Scope::Public)), (None, None));

    let accept = async {
        let request = server.accept().await.unwrap().handshake().await.unwrap();
        assert_eq!(request.peer(), Some(&key(CLIENT)));
        request.accept().await.unwrap()
    };
    let client = client();
    let (near, far) = tokio::join!(client.connect(&address), accept);
    let near = near.unwrap();
    assert_eq!((near.peer(), far.peer()), (Some(&key(SERVER)), Some(&key(CLIENT))));
    assert_eq!((near.suite(), far.suite()), ("net~shs", "main"));
    assert!(near.channel_binding().is_some());
    assert_eq!(near.channel_binding(), far.channel_binding());
    assert_eq!(near.peer_address().map(ToString::to_string), Some(address.to_string()));
    let far_address = far.peer_address().unwrap().to_string();
    assert!(far_address.starts_with("net:127.0.0.1:"), "{far_address}");
    assert!(far_address.ends_with(&format!("~shs:{}", key(CLIENT))), "{far_address}");
}

#[tokio::test]
async fn another_network_key_ends_after_the_first_message_on_both_sides() {
    let server = echo(suite()).await;
    let error = client_of(NetworkKey::from_bytes([9; 32])).connect(&server.address).await.unwrap_err();
    assert_eq!(shs_error(error), (Stage::Handshake, Some(shs::Error::Closed(shs::Message::ServerHello))));
    timeout(PATIENCE, server.reports.wait_for("network key", 1)).await.unwrap();
}

#[tokio::test]
async fn another_server_key_is_never_taken() {
    let server = echo(suite()).await;
    let address = server.address.to_string().replace(&key(SERVER).to_string(), &key(3).to_string());
    let error = client().connect(&address.parse().unwrap()).await.unwrap_err();
    assert_eq!(shs_error(error), (Stage::Handshake, Some(shs::Error::Closed(shs::Message::ServerAccept))));
    timeout(PATIENCE, server.reports.wait_for("the handshake failed", 1)).await.unwrap();
}

#[tokio::test]
async fn a_seed_in_the_address_is_the_identity_of_that_connection() {
    let mut server = Multiserver::builder().suite(suite()).build().unwrap().listen().await.unwrap();
    let seed = Seed::from_bytes([42; 32]);
    let address = format!("{}:{}", server.address(Scope::Device).unwrap(), seed.reveal());
    let accept = async { server.accept().await.unwrap().handshake().await.unwrap().accept().await.unwrap() };
    let (client, address) = (client(), address.parse().unwrap());
    let (near, far) = tokio::join!(client.connect(&address), accept);
    assert_eq!(far.peer(), Some(&key(42)));
    let shown = near.unwrap().peer_address().unwrap().to_string();
    assert!(shown.ends_with(&format!("~shs:{}", key(SERVER))), "no seed in {shown}");
}

#[tokio::test]
async fn a_seed_is_spent_on_one_handshake() {
    let server = echo(suite()).await;
    let wrong = Multiserver::builder()
        .suite(Net::dial_only().then(Shs::new(identity(CLIENT)).network(NetworkKey::from_bytes([9; 32]))))
        .build()
        .unwrap();
    let seeded = format!("{}:{}", server.address, Seed::from_bytes([42; 32]).reveal());
    let addresses = format!("{seeded};{seeded}").parse().unwrap();
    let failed = failed(wrong.connect(&addresses).await.unwrap_err());
    assert!(matches!(failed.as_slice(), [_, FailedAttempt { failure: Failure::UsedUp, .. }]), "{failed:?}");
    let shown = format!("{failed:?}");
    assert!(!shown.contains(&Seed::from_bytes([42; 32]).reveal().to_string()), "{shown}");
}

/// A port of this host that is taken, and where nobody listens.
fn closed_port() -> (TcpSocket, u16) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

#[tokio::test]
async fn the_next_address_is_tried_and_all_attempts_are_reported() {
    let server = echo(suite()).await;
    let (_socket, port) = closed_port();
    let closed = format!("net:127.0.0.1:{port}~shs:{}", key(SERVER));
    let addresses: MultiAddress = format!("{closed};{}", server.address).parse().unwrap();
    let connection = client().connect(&addresses).await.unwrap();
    assert_eq!(exchange(connection, b"through the second").await.unwrap(), b"through the second");

    let addresses = format!("{closed};net:127.0.0.1:1~noauth;{closed};net:127.0.0.1:1~shs:{}", key(3));
    let error = client().connect(&addresses.parse().unwrap()).await.unwrap_err();
    let text = error.to_string();
    assert_eq!(text.matches("connecting failed").count(), 2, "{text}");
    assert_eq!(text.matches("does not prove the key").count(), 1, "{text}");
    let stages: Vec<_> = failed(error).iter().map(|attempt| attempt.failure.stage()).collect();
    assert_eq!(stages, [Some(Stage::Connect), Some(Stage::Connect), None]);
}

#[tokio::test]
async fn an_address_that_fits_no_suite_is_an_error_without_its_seed() {
    let seed = Seed::from_bytes([42; 32]).reveal().to_string();
    let address = format!("ws://localhost~shs:{}:{seed}", key(SERVER)).parse().unwrap();
    let error = client().connect(&address).await.unwrap_err();
    assert!(matches!(error, ConnectError::NoSuite(_)));
    assert!(!format!("{error} {error:?}").contains(&seed));
}

#[tokio::test]
async fn a_host_name_is_tried_at_all_its_addresses() {
    // `localhost` is ::1 and 127.0.0.1 on most systems, and only one of them is bound.
    let server = echo(suite()).await;
    let address = server.address.to_string().replace("127.0.0.1", "localhost").parse().unwrap();
    let connection = client().connect(&address).await.unwrap();
    assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_at_its_deadline_and_says_where_it_was() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("net:{}~shs:{}", silent.local_addr().unwrap(), key(SERVER)).parse().unwrap();
    let before = tokio::time::Instant::now();
    let error = client().connect(&address).await.unwrap_err();
    let limit = Duration::from_secs(15);
    assert!(before.elapsed() >= limit && before.elapsed() < 2 * limit, "{:?}", before.elapsed());
    let failure = failed(error).remove(0).failure;
    assert!(matches!(failure, Failure::Deadline { stage: Stage::Handshake, .. }), "{failure}");
}

#[tokio::test]
async fn every_suite_that_cannot_listen_is_reported() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    let suite = |name: &str| Net::bind(&*bind).then(Shs::new(identity(SERVER))).named(name);
    let multiserver =
        Multiserver::builder().suite(suite("one")).suite(support::suite()).suite(suite("two")).build().unwrap();
    let text = multiserver.listen().await.unwrap_err().to_string();
    for part in ["one: cannot listen on", "two: cannot listen on", &bind] {
        assert!(text.contains(part), "{text}");
    }
    let text = client().listen().await.unwrap_err().to_string();
    assert!(text.contains("none of the suites listens"), "{text}");
}

#[tokio::test]
async fn suites_that_make_no_sense_do_not_build() {
    let shs = || Shs::new(identity(SERVER));
    for (builder, expected) in [
        (Multiserver::builder(), "needs one suite"),
        (Multiserver::builder().suite(Net::dial_only().then(shs()).then(shs())), "two layers that prove the peer"),
        (Multiserver::builder().suite(Net::bind("8008").then(shs())), "cannot listen on `8008`"),
        (Multiserver::builder().suite(Net::bind("::1:8008").then(shs())), "cannot listen on `::1:8008`"),
        (Multiserver::builder().suite(Net::bind("[::1]:0").external("a b").then(shs())), "the external host `a b`"),
    ] {
        let text = builder.build().unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn addresses_tell_what_is_known_in_their_scope() {
    let address = |net: Net, scope| {
        let multiserver = Multiserver::builder().suite(net.then(Shs::new(identity(SERVER)))).build().unwrap();
        multiserver.address(scope).map(|address| address.to_string())
    };
    let shs = format!("shs:{}", key(SERVER));
    assert_eq!(address(Net::bind("10.1.2.3:8008"), Scope::Local), Some(format!("net:10.1.2.3:8008~{shs}")));
    assert_eq!(address(Net::bind("[2001:db8::1]:8008"), Scope::Public), Some(format!("net:2001:db8::1:8008~{shs}")));
    assert_eq!(address(Net::bind("10.1.2.3:8008"), Scope::Public), None);
    let external = || Net::bind("10.1.2.3:8008").external("a.example").external("b.example");
    assert_eq!(address(external(), Scope::Public), Some(format!("net:a.example:8008~{shs};net:b.example:8008~{shs}")));
    assert_eq!(address(external(), Scope::Local), Some(format!("net:10.1.2.3:8008~{shs}")));
    assert_eq!(address(external().scope(Scope::Device), Scope::Local), None);
    let device = address(Net::bind("0.0.0.0:8008"), Scope::Device).unwrap();
    assert!(device.split(';').any(|one| one == format!("net:127.0.0.1:8008~{shs}")), "{device}");
}

#[tokio::test]
async fn a_connect_that_is_dropped_leaves_no_socket_behind() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("net:{}~shs:{}", silent.local_addr().unwrap(), key(SERVER)).parse().unwrap();
    let client = client();
    let mut socket = tokio::select! {
        biased;
        _ = client.connect(&address) => unreachable!("nobody answers"),
        accepted = async {
            let (mut socket, _) = silent.accept().await.unwrap();
            socket.read_exact(&mut [0; 64]).await.unwrap();
            socket
        } => accepted,
    };
    assert_eq!(timeout(PATIENCE, socket.read(&mut [0; 1])).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn a_handshake_that_is_dropped_closes_its_socket() {
    let mut server = Multiserver::builder().suite(suite()).build().unwrap().listen().await.unwrap();
    let address = socket_address(&server.address(Scope::Device).unwrap());
    let mut peer = TcpStream::connect(address).await.unwrap();
    let incoming = server.accept().await.unwrap();
    assert!(poll_once(incoming.handshake()).await.is_pending());
    assert_eq!(timeout(PATIENCE, peer.read(&mut [0; 1])).await.unwrap().unwrap(), 0);
    assert_eq!(server.handle().live(), 0);
}

/// Polls a future once and drops it.
async fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_peers_are_served_at_once_on_several_threads() {
    let server = echo(suite()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..20_u8 {
        let address = server.address.clone();
        tasks.spawn(async move {
            let connection = client_as(index).connect(&address).await.unwrap();
            let sent = vec![index; 50_000];
            assert!(exchange(connection, &sent).await.unwrap() == sent);
        });
    }
    timeout(PATIENCE, tasks.join_all()).await.unwrap();
    assert_eq!(server.handle.close(PATIENCE).await, 0);
}

#[test]
fn what_the_caller_holds_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Multiserver>();
    shared::<Server>();
    shared::<Incoming>();
    shared::<Request>();
    shared::<Connection>();
    shared::<ReadHalf>();
    shared::<WriteHalf>();
    shared::<ConnectError>();
}
