//! A runtime where a host has one IP address, so that each of them can be tried by itself.

use multiserver_tokio::core::address::{self, Address, Layer};
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{BoxFuture, Connection, Native, Runtime, TcpListener, Tokio, UnixListener};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// Tokio, but a lookup returns only one of the IP addresses of an address's host.
///
/// The host keeps its name, which TLS and HTTP need. It is looked up when the first of its IP addresses is tried, as
/// part of that attempt, and the result is kept for the [next](Self::next) ones.
#[derive(Debug, Clone)]
pub(super) struct OneIp {
    /// Whether the address has a host that is looked up here; otherwise the host that is looked up is a proxy's.
    is_tcp: bool,
    /// The IP addresses that the lookup returned, each once.
    found: Arc<OnceLock<Vec<SocketAddr>>>,
    /// The index of the one that is tried.
    index: usize,
}

impl OneIp {
    /// The first IP address of this address's host, unless a proxy looks it up.
    pub(super) fn first_of(address: &Address, is_through_proxy: bool) -> Self {
        Self { is_tcp: is_tcp(address.transport()) && !is_through_proxy, found: Arc::default(), index: 0 }
    }

    /// The IP address after the one that was tried; `None` when that was the last, or nothing was looked up.
    pub(super) fn next(&self) -> Option<Self> {
        let next = Self { index: self.index + 1, ..self.clone() };
        next.ip().is_some().then_some(next)
    }

    /// The IP address; `None` when it is not known yet, or there is none.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.found.get()?.get(self.index).map(SocketAddr::ip)
    }
}

impl Runtime for OneIp {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        if !self.is_tcp {
            return Tokio.resolve(host, port);
        }
        Box::pin(async move {
            if self.found.get().is_none() {
                let found = Tokio.resolve(host, port).await?;
                self.found.get_or_init(|| each_once(found));
            }
            let found = self.found.get().and_then(|found| found.get(self.index));
            Ok(found.copied().into_iter().collect())
        })
    }

    fn tcp_connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
        Tokio.tcp_connect(address)
    }

    fn tcp_listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
        Tokio.tcp_listen(address)
    }

    fn unix_connect<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Duplex>> {
        Tokio.unix_connect(path)
    }

    fn tcp_adopt(&self, socket: std::net::TcpListener) -> io::Result<Box<dyn TcpListener>> {
        Tokio.tcp_adopt(socket)
    }

    fn unix_listen<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Box<dyn UnixListener>>> {
        Tokio.unix_listen(path)
    }

    #[cfg(unix)]
    fn unix_adopt(&self, socket: std::os::unix::net::UnixListener) -> io::Result<Box<dyn UnixListener>> {
        Tokio.unix_adopt(socket)
    }

    fn now(&self) -> SystemTime {
        Tokio.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Tokio.sleep(duration)
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        Tokio.spawn(future);
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        Tokio.random()
    }

    fn interfaces(&self) -> io::Result<Vec<IpAddr>> {
        Tokio.interfaces()
    }
}

impl Native for OneIp {
    type Connection = Connection;
}

fn is_tcp(transport: Layer<'_>) -> bool {
    address::Net::try_from(transport).is_ok()
        || address::Ws::try_from(transport).is_ok()
        || address::Wss::try_from(transport).is_ok()
}

/// The addresses in the same order without duplicates, since the hosts file may name one twice.
fn each_once(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut once = Vec::with_capacity(found.len());
    for address in found {
        if !once.contains(&address) {
            once.push(address);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::dial::DialOptions;
    use crate::options::security::Security;
    use crate::report::failure_words::reasons;
    use multiserver_tokio::{NetworkKey, generate_identity};
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn each_ip_address_is_tried_alone_and_the_host_keeps_its_name() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let security = Security::new(generate_identity().unwrap().into(), NetworkKey::SSB_MAIN);
        let key = generate_identity().unwrap().public();
        let address: Address = format!("ws://peer.example~shs:{key}").parse().unwrap();
        let ips = OneIp::first_of(&address, false);
        ips.found.set(each_once(vec![closed, closed, listener.local_addr().unwrap()])).unwrap();
        let connect = async |ip: &OneIp| {
            let multiserver = DialOptions::default().read().unwrap().multiserver_on(ip.clone(), &security).unwrap();
            multiserver.connect(&address.clone().into()).await.unwrap_err()
        };
        assert!(reasons(&connect(&ips).await).contains("nobody listens there"));
        let last = ips.next().unwrap();
        let serve = async {
            let mut lines = BufReader::new(listener.accept().await.unwrap().0).lines();
            let mut head = Vec::new();
            while let Some(line) = lines.next_line().await.unwrap().filter(|line| !line.is_empty()) {
                head.push(line.to_lowercase());
            }
            head
        };
        let both = async { tokio::join!(connect(&last), serve) };
        let (error, head) = tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
        assert!(reasons(&error).contains("no WebSocket"), "{error}");
        assert!(head.contains(&"host: peer.example".to_owned()), "{head:?}");
        assert!(last.next().is_none());
    }

    #[tokio::test]
    async fn a_proxy_is_looked_up_as_ever_and_is_not_the_address_of_the_peer() {
        let onion = format!("onion:{}.onion:1~shs:{}", "a".repeat(56), generate_identity().unwrap().public());
        let ips = OneIp::first_of(&onion.parse().unwrap(), false);
        assert_eq!(ips.resolve("127.0.0.1", 9050).await.unwrap(), ["127.0.0.1:9050".parse().unwrap()]);
        assert_eq!((ips.ip(), ips.next().is_none()), (None, true));
    }
}
