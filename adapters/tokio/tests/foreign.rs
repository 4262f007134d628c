//! A security layer and a transport that no crate of this workspace knows: all rules that hold for `shs` hold for them.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{
    Admission, Arrival, Attempt, BoxFuture, BuildError, ConnectError, Dial, DialPlan, Failure, LayerError, Listener,
    MultiAddress, Multiserver, Net, NoAuth, Opened, Plan, PublicKey, Runtime, Scope, Shs, Suite, TcpListener,
    Transform, Transport, Undecided, Wrap, WrapPlan,
};
use std::future::ready;
use std::io;
use std::task::{self, Poll};
use support::{CLIENT, SERVER, client, echo, exchange, identity, key};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SEED: &str = "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=";

/// `oath:KEY[:SEED]`: each end sends its key and is believed, unless the server's key is not the one in the address.
#[derive(Clone)]
struct Oath(PublicKey);

/// The client's side, which believes any key that the server sends.
struct OathClient {
    ours: PublicKey,
}

struct OathUndecided {
    io: Duplex,
    ours: PublicKey,
    peer: PublicKey,
}

fn layer_of(key: &PublicKey) -> LayerBuf {
    LayerBuf::new("oath", [key.to_string()]).unwrap()
}

async fn say(io: &mut Duplex, key: &PublicKey) -> Result<(), LayerError> {
    futures_util::AsyncWriteExt::write_all(io, key.as_bytes()).await?;
    Ok(futures_util::AsyncWriteExt::flush(io).await?)
}

async fn hear(io: &mut Duplex) -> Result<PublicKey, LayerError> {
    let mut key = [0; 32];
    futures_util::AsyncReadExt::read_exact(io, &mut key).await?;
    Ok(PublicKey::from_bytes(key))
}

impl Transform for Oath {
    fn name(&self) -> &str {
        "oath"
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        if layer.name() != "oath" {
            return None;
        }
        let server: PublicKey = layer.fields().next()?.parse().ok()?;
        let plan = Plan::wrap(layer_of(&server), OathClient { ours: self.0 }).proves(server);
        Some(if layer.fields().count() > 1 { plan.single_use() } else { plan })
    }

    fn layer(&self) -> LayerBuf {
        layer_of(&self.0)
    }

    fn proves_peer(&self) -> bool {
        true
    }

    fn server<'a>(&'a self, _: &'a Attempt, mut io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async move {
            let peer = hear(&mut io).await?;
            Ok(Admission::undecided(layer_of(&peer), peer, OathUndecided { io, ours: self.0, peer }))
        })
    }
}

impl Undecided for OathUndecided {
    fn accept(self: Box<Self>) -> BoxFuture<'static, Result<Opened, LayerError>> {
        Box::pin(async move {
            let Self { mut io, ours, peer } = *self;
            say(&mut io, &ours).await?;
            Ok(Opened::proven(io, peer))
        })
    }
}

impl Wrap for OathClient {
    fn wrap<'a>(&'a self, _: &'a Attempt, mut io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async move {
            say(&mut io, &self.ours).await?;
            let server = hear(&mut io).await.map_err(|error| LayerError::Refused(error.into()))?;
            // This layer does not compare the key: its plan has promised the right one, so the caller compares them.
            Ok(Opened::proven(io, server))
        })
    }
}

fn oath(fill: u8) -> Suite {
    Net::dial_only().then(Oath(key(fill)))
}

fn of(suites: impl IntoIterator<Item = Suite>) -> Multiserver {
    suites.into_iter().fold(Multiserver::builder(), |builder, suite| builder.suite(suite)).build().unwrap()
}

fn failures(error: ConnectError) -> Vec<Failure> {
    let ConnectError::Failed(attempts) = error else { panic!("{error}") };
    attempts.into_iter().map(|attempt| attempt.failure).collect()
}

#[tokio::test]
async fn a_foreign_layer_proves_whom_it_promised() {
    let server = echo(Net::bind("127.0.0.1:0").then(Oath(key(SERVER)))).await;
    let connection = of([oath(CLIENT)]).connect(&server.address).await.unwrap();
    assert_eq!(connection.peer(), Some(&key(SERVER)));
    assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello");
    let other = server.address.to_string().replace(&key(SERVER).to_string(), &key(9).to_string());
    let error = of([oath(CLIENT)]).connect(&other.parse().unwrap()).await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    assert!(matches!(failures(error)[..], [Failure::Layer { error: LayerError::WrongPeer(_), .. }]));
}

#[tokio::test]
async fn a_key_in_a_foreign_layer_is_not_downgraded_with_and_without_a_suite_for_it() {
    let noauth = echo(Net::bind("127.0.0.1:0").then(NoAuth)).await;
    let shs = echo(support::suite()).await;
    let plain = || Net::dial_only().then(NoAuth);
    let with_shs = || Net::dial_only().then(Shs::new(identity(CLIENT)));
    // Nobody listens at the first address.
    for suites in [vec![oath(CLIENT), plain(), with_shs()], vec![plain(), with_shs()]] {
        let client = of(suites);
        for foreign in [format!("oath:{}", key(9)), format!("oath:{}:{SEED}", key(9))] {
            let addresses: MultiAddress =
                format!("net:127.0.0.1:1~{foreign};{};{}", noauth.address, shs.address).parse().unwrap();
            let failures = failures(client.connect(&addresses).await.unwrap_err());
            let [.., first, second] = &failures[..] else { panic!("{failures:?}") };
            assert!(matches!((first, second), (Failure::OtherPeer, Failure::OtherPeer)), "{failures:?}");
        }
        // The same key by another protocol is the same peer.
        let same = format!("net:127.0.0.1:1~oath:{};{}", key(SERVER), shs.address).parse().unwrap();
        assert_eq!(client.connect(&same).await.unwrap().peer(), Some(&key(SERVER)));
    }
}

#[tokio::test]
async fn a_seed_in_a_foreign_layer_is_shown_nowhere() {
    let text = format!("net:127.0.0.1:1~oath:{}:{SEED}", key(SERVER));
    let address: MultiAddress = text.parse().unwrap();
    let mut shown = vec![format!("{address:?}"), address.redacted().to_string()];
    for client in [client(), of([oath(CLIENT)])] {
        let error = client.connect(&address).await.unwrap_err();
        shown.extend([error.to_string(), format!("{error:?}"), format!("{client:?}")]);
    }
    let server = echo(Net::bind("127.0.0.1:0").then(Oath(key(SERVER)))).await;
    let seeded = format!("{}:{SEED}", server.address).parse().unwrap();
    let connection = of([oath(CLIENT)]).connect(&seeded).await.unwrap();
    shown.extend([format!("{connection:?}"), connection.peer_address().unwrap().to_string()]);
    for text in shown {
        assert!(!text.contains(SEED) && !text.contains(SEED.get(..20).unwrap()), "{text}");
    }
}

#[tokio::test]
async fn a_foreign_seed_serves_once() {
    let address = |port: u16| format!("net:127.0.0.1:{port}~oath:{}:{SEED}", key(SERVER));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // This listener drops the connection during the handshake.
    tokio::spawn(async move { listener.accept().await.map(drop) });
    let both = format!("{};{}", address(port), address(1)).parse().unwrap();
    let failures = failures(of([oath(CLIENT)]).connect(&both).await.unwrap_err());
    assert!(matches!(failures[..], [Failure::Layer { .. }, Failure::UsedUp]), "{failures:?}");
}

/// `badge:PORT:KEY`: TCP within this device, whose two ends send their keys first: a transport that proves its peer, as
/// QUIC does.
#[derive(Clone, Copy)]
struct Badge(PublicKey);

struct BadgeDial {
    port: u16,
    ours: PublicKey,
}

struct BadgeListener(Box<dyn TcpListener>, PublicKey);

fn badge_of(port: u16, key: &PublicKey) -> LayerBuf {
    LayerBuf::new("badge", [port.to_string(), key.to_string()]).unwrap()
}

/// Sends our key to the other end, and receives its key.
async fn introduce(mut io: Duplex, ours: PublicKey) -> Result<Opened, LayerError> {
    say(&mut io, &ours).await?;
    let peer = hear(&mut io).await?;
    Ok(Opened::proven(io, peer).with_channel_binding([7; 32]))
}

impl Transport for Badge {
    fn name(&self) -> &str {
        "badge"
    }

    fn max_scope(&self) -> Option<Scope> {
        Some(Scope::Public)
    }

    fn proves_peer(&self) -> bool {
        true
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let mut fields = layer.fields();
        let (port, key) = (fields.next()?, fields.next()?);
        let (port, server) = (port.parse().ok()?, key.parse().ok()?);
        let dial = BadgeDial { port, ours: self.0 };
        (layer.name() == "badge").then(|| Plan::dial(layer, dial).proves(server))
    }

    fn addresses(&self, _: &dyn Runtime, _: Scope) -> Vec<LayerBuf> {
        Vec::new()
    }

    fn listen<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(async {
            let listener = attempt.runtime().tcp_listen("127.0.0.1:0".parse().unwrap()).await?;
            let listener: Box<dyn Listener> = Box::new(BadgeListener(listener, self.0));
            Ok(Some(listener))
        })
    }
}

impl Dial for BadgeDial {
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async {
            let io = attempt.runtime().tcp_connect(([127, 0, 0, 1], self.port).into()).await?;
            introduce(io, self.ours).await
        })
    }
}

impl Listener for BadgeListener {
    fn addresses(&self, _: Scope) -> Vec<LayerBuf> {
        vec![badge_of(self.0.local_address().unwrap().port(), &self.1)]
    }

    fn poll_accept(&self, cx: &mut task::Context<'_>) -> Poll<io::Result<Arrival>> {
        let arrived = task::ready!(self.0.poll_accept(cx))?;
        let ours = self.1;
        Poll::Ready(Ok(Arrival::opening(move |_| Box::pin(introduce(arrived.io, ours)))))
    }
}

#[tokio::test]
async fn a_transport_proves_its_peer_where_the_caller_decides() {
    let listening = Multiserver::builder().suite(Suite::new(Badge(key(SERVER))).then(NoSecret)).build().unwrap();
    let mut server = listening.listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    let client = of([Suite::new(Badge(key(CLIENT))).then(NoSecret)]);
    let accept = async {
        let request = server.accept().await.unwrap().handshake().await.unwrap();
        assert_eq!(request.peer(), Some(&key(CLIENT)), "before the layers above have run");
        request.accept().await.unwrap()
    };
    let (near, far) = tokio::join!(client.connect(&address), accept);
    let (mut near, mut far) = (near.unwrap(), far);
    assert_eq!((near.peer(), far.peer()), (Some(&key(SERVER)), Some(&key(CLIENT))));
    assert_eq!((near.channel_binding(), far.channel_binding()), (Some(&[7; 32]), Some(&[7; 32])));
    near.write_all(b"hello").await.unwrap();
    near.shutdown().await.unwrap();
    let mut said = String::new();
    far.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "hello");

    let other = address.to_string().replace(&key(SERVER).to_string(), &key(9).to_string()).parse().unwrap();
    let accept = async { drop(server.accept().await.unwrap().handshake().await) };
    let (error, ()) = tokio::join!(client.connect(&other), accept);
    let failures = failures(error.unwrap_err());
    assert!(matches!(failures[..], [Failure::Layer { error: LayerError::WrongPeer(_), .. }]), "{failures:?}");
}

#[tokio::test]
async fn a_key_that_a_transport_proves_is_not_downgraded_where_no_suite_fits_its_address() {
    let noauth = echo(Net::bind("127.0.0.1:0").then(NoAuth)).await;
    let shs = echo(support::suite()).await;
    let badge = Suite::new(Badge(key(CLIENT))).then(NoSecret);
    let client = of([badge, Net::dial_only().then(NoAuth), Net::dial_only().then(Shs::new(identity(CLIENT)))]);
    for above in ["", "~noauth", "~plain~plain"] {
        let first = |peer: PublicKey| format!("{}{above}", badge_of(1, &peer));
        let addresses = format!("{};{};{}", first(key(9)), noauth.address, shs.address).parse().unwrap();
        let failures = failures(client.connect(&addresses).await.unwrap_err());
        assert!(matches!(failures[..], [Failure::OtherPeer, Failure::OtherPeer]), "{above}: {failures:?}");
        // The same key by another protocol is the same peer.
        let same = format!("{};{}", first(key(SERVER)), shs.address).parse().unwrap();
        assert_eq!(client.connect(&same).await.unwrap().peer(), Some(&key(SERVER)));
    }
}

#[test]
fn a_suite_proves_its_peer_once_whether_by_its_transport_or_by_transforms() {
    let transport = Multiserver::builder().suite(Suite::new(Badge(key(SERVER))).then(Shs::new(identity(SERVER))));
    let transforms = Multiserver::builder().suite(Net::dial_only().then(Oath(key(1))).then(Shs::new(identity(SERVER))));
    for (builder, names) in [(transport, ("badge", "shs")), (transforms, ("oath", "shs"))] {
        let Err(BuildError::TwoProofs { first, second, .. }) = builder.build() else { panic!("{names:?} is built") };
        assert_eq!((first.as_str(), second.as_str()), names);
    }
    // A suite that proves its peer is not in the clear, so it may be reachable from anywhere.
    Multiserver::builder().suite(Badge(key(SERVER))).build().unwrap();
}

/// `plain`: a layer with nothing to do and nothing to prove.
#[derive(Clone, Copy)]
struct NoSecret;

impl Transform for NoSecret {
    fn name(&self) -> &str {
        "plain"
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        (layer.name() == "plain").then(|| Plan::wrap(layer, *self))
    }

    fn layer(&self) -> LayerBuf {
        LayerBuf::new("plain", [""; 0]).unwrap()
    }

    fn proves_peer(&self) -> bool {
        false
    }

    fn server<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(ready(Ok(Admission::open(self.layer(), Opened::new(io)))))
    }
}

impl Wrap for NoSecret {
    fn wrap<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(ready(Ok(Opened::new(io))))
    }
}
