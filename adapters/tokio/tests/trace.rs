//! What traces and errors show of attempts and peers. This is the only test in this file, since tracing is set up once
//! for the whole process.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{
    Admission, Attempt, BoxFuture, LayerError, Multiserver, Net, NetworkKey, Opened, Plan, Transform, Wrap, WrapPlan,
};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};
use support::{SERVER, client, client_of, echo, exchange, key, suite};
use tracing::Level;

/// Where a test's trace goes.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<u8>>>);

impl io::Write for Trace {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `toll:GATE:TOKEN`, a layer that the core does not know and whose token is a secret; its handshake always fails.
struct Toll;

impl Transform for Toll {
    fn name(&self) -> &str {
        "toll"
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        let shown = LayerBuf::new("toll", layer.fields().take(1)).unwrap();
        (layer.name() == "toll").then(|| Plan::wrap(shown, Toll))
    }

    fn layer(&self) -> LayerBuf {
        LayerBuf::new("toll", ["gate"]).unwrap()
    }

    fn proves_peer(&self) -> bool {
        false
    }

    fn server<'a>(&'a self, _: &'a Attempt, _: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        unreachable!("it only dials")
    }
}

impl Wrap for Toll {
    fn wrap<'a>(&'a self, _: &'a Attempt, _: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async { Err(io::Error::from(ErrorKind::ConnectionRefused).into()) })
    }
}

#[tokio::test]
async fn attempts_and_peers_are_shown_without_secrets() {
    let trace = Trace::default();
    let writer = trace.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();

    let network = NetworkKey::from_bytes([77; 32]);
    let server = echo(suite()).await;
    let seed = Seed::from_bytes([42; 32]).reveal().to_string();
    let seeded = format!("{}:{seed}", server.address).parse().unwrap();
    exchange(client().connect(&seeded).await.unwrap(), b"hello").await.unwrap();
    client_of(network).connect(&seeded).await.unwrap_err();
    server.reports.wait_for("the handshake failed", 1).await;

    let toll = Multiserver::builder().suite(Net::dial_only().then(Toll)).build().unwrap();
    let net = server.address.addresses().next().unwrap().transport();
    let error = toll.connect(&format!("{net}~toll:north:hush").parse().unwrap()).await.unwrap_err();
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(shown.contains("~toll:north") && !shown.contains("hush"), "{shown}");
    }

    let trace = String::from_utf8(trace.0.lock().unwrap().clone()).unwrap();
    for expected in [
        "attempt{suite=net~shs address=net:127.0.0.1:",
        "attempt{suite=net~toll address=net:127.0.0.1:",
        "~toll:north}",
        "connected",
        "incoming{suite=net~shs address=net:127.0.0.1:",
        &format!("~shs:{}: accepted", key(42)),
        "the handshake failed",
        &key(SERVER).to_string(),
    ] {
        assert!(trace.contains(expected), "{expected} is not in {trace}");
    }
    for secret in [&seed, "42, 42", "77, 77", "1, 1, 1", "2, 2, 2", "hush"] {
        assert!(!trace.contains(secret), "{secret} is in {trace}");
    }
}
