//! Several addresses of a peer, and several suites of a server.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{
    Admission, Attempt, BoxFuture, ConnectError, ConnectOptions, FailedAttempt, Failure, LayerError, ListenError,
    MultiAddress, Multiserver, Net, NetworkKey, Shs, Stage, Transform, WrapPlan,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{CLIENT, PATIENCE, SERVER, client, client_as, client_of, echo, exchange, identity, key, suite};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
const DEADLINE: Duration = Duration::from_secs(15);

/// An endpoint where connections are accepted and never answered.
struct Silent {
    listener: TcpListener,
    address: String,
}

impl Silent {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("net:{}~shs:{}", listener.local_addr().unwrap(), key(SERVER));
        Self { listener, address }
    }

    /// Waits for a client's first message, and returns a future that ends when the client closes the socket.
    async fn hello(&self) -> impl Future<Output = ()> + use<> {
        let (mut socket, _) = self.listener.accept().await.unwrap();
        socket.read_exact(&mut [0; 64]).await.unwrap();
        async move { assert_eq!(timeout(PATIENCE, socket.read(&mut [0; 1])).await.unwrap().unwrap(), 0) }
    }
}

fn join<A: ToString>(addresses: &[A]) -> MultiAddress {
    addresses.iter().map(A::to_string).collect::<Vec<_>>().join(";").parse().unwrap()
}

fn seeded(address: &str) -> String {
    format!("{address}:{}", Seed::from_bytes([42; 32]).reveal())
}

fn failed(error: ConnectError) -> Vec<FailedAttempt> {
    let ConnectError::Failed(failed) = error else { panic!("{error}") };
    failed
}

#[tokio::test(start_paused = true)]
async fn a_race_gives_each_address_a_head_start_and_closes_what_lost() {
    let (one, two, server) = (Silent::new().await, Silent::new().await, echo(suite()).await);
    let addresses = join(&[&one.address, &two.address, &server.address.to_string()]);
    let (client, options) = (client(), ConnectOptions::new().race(ATTEMPT_DELAY));
    let before = Instant::now();
    let (connection, one, two) = tokio::join!(client.connect_with(&addresses, &options), one.hello(), two.hello());
    assert!(before.elapsed() >= 2 * ATTEMPT_DELAY && before.elapsed() < DEADLINE, "{:?}", before.elapsed());
    tokio::join!(one, two);
    assert_eq!(exchange(connection.unwrap(), b"third").await.unwrap(), b"third");
}

#[tokio::test]
async fn a_dropped_race_leaves_no_socket_behind() {
    let (one, two) = (Silent::new().await, Silent::new().await);
    let addresses = join(&[&one.address, &two.address]);
    let (client, options) = (client(), ConnectOptions::new().race(Duration::ZERO));
    let (one, two) = tokio::select! {
        biased;
        _ = client.connect_with(&addresses, &options) => unreachable!("nobody answers"),
        both = async { tokio::join!(one.hello(), two.hello()) } => both,
    };
    tokio::join!(one, two);
}

#[tokio::test(start_paused = true)]
async fn a_seed_never_races_and_is_spent_once() {
    let (silent, server) = (Silent::new().await, echo(suite()).await);
    let last = server.address.to_string();
    let addresses = join(&[seeded(&silent.address), seeded(&last), last]);
    let (client, options) = (client(), ConnectOptions::new().race(ATTEMPT_DELAY));
    let before = Instant::now();
    let (connection, closed) = tokio::join!(client.connect_with(&addresses, &options), silent.hello());
    assert!(before.elapsed() >= DEADLINE, "{:?}", before.elapsed());
    closed.await;
    // The first attempt used up the seed, so the connection is the third one, with the client's own identity.
    drop(connection.unwrap());
    server.reports.wait_for(&format!("~shs:{}: accepted", key(CLIENT)), 1).await;
    assert_eq!(server.reports.count(&key(42).to_string()), 0);
}

#[tokio::test(start_paused = true)]
async fn no_address_races_with_a_seed_that_comes_after_it() {
    let (one, two) = (Silent::new().await, Silent::new().await);
    let addresses = join(&[one.address.clone(), seeded(&two.address)]);
    let (client, options) = (client(), ConnectOptions::new().race(ATTEMPT_DELAY).deadline(Duration::from_secs(3)));
    let before = Instant::now();
    let error = client.connect_with(&addresses, &options).await.unwrap_err();
    assert!(before.elapsed() >= Duration::from_secs(6), "{:?}", before.elapsed());
    assert!(error.is_retryable());
    for attempt in failed(error) {
        assert!(
            matches!(attempt.failure, Failure::Deadline { stage: Stage::Handshake, limit } if limit.as_secs() == 3)
        );
    }
}

#[tokio::test]
async fn another_peer_is_taken_where_the_caller_says_so() {
    let server = echo(suite()).await;
    let wrong = server.address.to_string().replace(&key(SERVER).to_string(), &key(3).to_string());
    let addresses = join(&[wrong, server.address.to_string()]);
    let attempts = failed(client().connect(&addresses).await.unwrap_err());
    assert!(matches!(attempts.as_slice(), [_, FailedAttempt { failure: Failure::OtherPeer, .. }]), "{attempts:?}");
    let options = ConnectOptions::new().allow_other_peers();
    let connection = client().connect_with(&addresses, &options).await.unwrap();
    assert_eq!(connection.peer(), Some(&key(SERVER)));
}

#[tokio::test]
async fn errors_say_whether_trying_again_makes_sense() {
    let server = echo(suite()).await;
    let retryable = |result: Result<_, ConnectError>| result.map(drop).unwrap_err().is_retryable();
    let refused = client_as(0xff).connect(&server.address).await.map(drop).unwrap_err();
    assert!(refused.may_be_refusal() && refused.is_retryable(), "{refused}");
    assert!(!retryable(client().connect(&"unix:/socket~noauth".parse().unwrap()).await), "no suite");
    // A client cannot tell an overloaded server from one in another network, since both just close.
    assert!(retryable(client_of(NetworkKey::from_bytes([9; 32])).connect(&server.address).await), "closed");
    let address = server.address.clone();
    server.handle.close(PATIENCE).await;
    assert!(retryable(client().connect(&address).await), "away");

    let garbage = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("net:{}~shs:{}", garbage.local_addr().unwrap(), key(SERVER)).parse().unwrap();
    let answer = async {
        let (mut socket, _) = garbage.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut socket, &[1; 64]).await.unwrap();
        let _ = socket.read(&mut [0; 64]).await;
    };
    let client = client();
    let (result, ()) = tokio::join!(client.connect(&address), answer);
    assert!(!retryable(result), "another protocol");
}

#[tokio::test]
async fn a_server_listens_on_every_suite_or_on_none() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    let broken = |name: &str| Net::bind(&*bind).then(Shs::new(identity(SERVER))).named(name);
    let suites = Multiserver::builder().suite(broken("one")).suite(suite()).suite(broken("two"));
    let error = suites.build().unwrap().listen().await.unwrap_err();
    let ListenError::Failed(failed) = error else { panic!("{error}") };
    let names: Vec<_> = failed.iter().map(|failed| &*failed.suite).collect();
    assert_eq!(names, ["one", "two"]);
    assert!(failed[0].to_string().starts_with("one: cannot listen on"), "{}", failed[0]);
    Multiserver::builder().suite(suite()).build().unwrap().listen().await.unwrap();
}

/// The secret handshake, which counts how often it reads a layer.
#[derive(Clone)]
struct Counted(Shs, Arc<AtomicUsize>);

impl Transform for Counted {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.plan(layer)
    }

    fn layer(&self) -> LayerBuf {
        self.0.layer()
    }

    fn proves_peer(&self) -> bool {
        self.0.proves_peer()
    }

    fn server<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        self.0.server(attempt, io)
    }
}

#[tokio::test]
async fn a_layer_is_read_once_for_each_suite() {
    let server = echo(suite()).await;
    let counted = Counted(Shs::new(identity(CLIENT)), Arc::default());
    let net = || Net::dial_only().then(counted.clone());
    let one = Multiserver::builder().suite(net()).build().unwrap();
    let connection = one.connect(&server.address).await.unwrap();
    assert_eq!((connection.peer(), counted.1.swap(0, Ordering::Relaxed)), (Some(&key(SERVER)), 1));
    let two = Multiserver::builder().suite(net()).suite(net()).build().unwrap();
    two.connect(&server.address).await.unwrap();
    assert_eq!(counted.1.load(Ordering::Relaxed), 2);
}
