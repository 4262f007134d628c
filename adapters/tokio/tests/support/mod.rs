//! Servers and clients on loopback, with identities made of one byte.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::{
    Connection, Event, KeyPair, Limits, MultiAddress, Multiserver, Net, NetworkKey, PublicKey, Scope, Server,
    ServerHandle, Shs, Suite,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

pub const SERVER: u8 = 1;
pub const CLIENT: u8 = 2;

/// Long enough that only a hang reaches it.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn identity(fill: u8) -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes([fill; 32]))
}

pub fn key(fill: u8) -> PublicKey {
    identity(fill).public()
}

pub fn suite() -> Suite {
    Net::bind("127.0.0.1:0").then(Shs::new(identity(SERVER)))
}

pub fn client() -> Multiserver {
    client_as(CLIENT)
}

pub fn client_as(fill: u8) -> Multiserver {
    Multiserver::builder().suite(Net::dial_only().then(Shs::new(identity(fill)))).build().unwrap()
}

pub fn client_of(network: NetworkKey) -> Multiserver {
    let shs = Shs::new(identity(CLIENT)).network(network);
    Multiserver::builder().suite(Net::dial_only().then(shs)).build().unwrap()
}

/// The events that a server reported, one line each, and a way to wait for a line.
#[derive(Clone, Default)]
pub struct Reports {
    lines: Arc<Mutex<Vec<String>>>,
    changed: Arc<Notify>,
}

impl Reports {
    pub fn hook(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let reports = self.clone();
        move |event| {
            reports.lines.lock().unwrap().push(event.to_string());
            reports.changed.notify_waiters();
        }
    }

    /// Waits until this many lines contain this text.
    pub async fn wait_for(&self, text: &str, count: usize) {
        loop {
            let changed = self.changed.notified();
            if self.count(text) >= count {
                return;
            }
            changed.await;
        }
    }

    pub fn count(&self, text: &str) -> usize {
        self.lines.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }
}

/// A server that returns every byte to those whose key it does not refuse.
pub struct Echo {
    pub address: MultiAddress,
    pub handle: ServerHandle,
    pub reports: Reports,
}

pub async fn echo(suite: Suite) -> Echo {
    echo_with(suite, Limits::default()).await
}

pub async fn echo_with(suite: Suite, limits: Limits) -> Echo {
    let reports = Reports::default();
    let multiserver = Multiserver::builder().suite(suite).limits(limits).report(reports.hook()).build().unwrap();
    let server = multiserver.listen().await.unwrap();
    let (address, handle) = (server.address(Scope::Device).unwrap(), server.handle());
    tokio::spawn(serve_echo(server));
    Echo { address, handle, reports }
}

/// The refused identity is `[0xff; 32]`.
pub async fn serve_echo(server: Server) {
    let authorize = |peer: multiserver_tokio::Peer| async move { (peer.key != Some(key(0xff))).then_some(()) };
    server.serve(authorize, |connection, ()| echo_back(connection)).await;
}

pub async fn echo_back(connection: Connection) {
    let (mut read, mut write) = connection.into_split();
    if tokio::io::copy(&mut read, &mut write).await.is_ok() {
        let _ = write.shutdown().await;
    }
}

/// Sends these bytes, closes, and reads all that comes back.
pub async fn exchange(connection: Connection, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let (mut read, mut write) = connection.into_split();
    let mut back = Vec::new();
    let send = async {
        write.write_all(bytes).await?;
        write.shutdown().await
    };
    let (sent, received) = tokio::join!(send, read.read_to_end(&mut back));
    sent?;
    received?;
    Ok(back)
}

/// The address with its port, for sockets that do not speak the protocol.
pub fn socket_address(address: &MultiAddress) -> std::net::SocketAddr {
    let net = multiserver_tokio::core::address::Net::try_from(address.addresses().next().unwrap().transport()).unwrap();
    std::net::SocketAddr::new(net.host.ip().unwrap(), net.port)
}
