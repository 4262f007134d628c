//! A runtime, a transport and a transform from outside.
#![allow(clippy::unwrap_used)]

#[path = "../examples/own_layers/pipe.rs"]
mod pipe;
mod support;

use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::io::{BoxRead, BoxWrite, Duplex};
use multiserver_tokio::{
    Admission, Attempt, BoxFuture, Connection, LayerError, Limits, Multiserver, Native, Net, NoAuth, Opened, Plan,
    Runtime, Scope, Shs, Suite, TcpListener, Tokio, Transform, Transport, Wrap, WrapPlan,
};
use pipe::Pipes;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::{Duration, SystemTime};
use support::{CLIENT, PATIENCE, Reports, SERVER, echo, echo_back, exchange, identity, key};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

/// `xor:NUMBER`: changes each byte; asks the other side for the same number first, so that it has a handshake.
#[derive(Clone, Copy)]
struct Xor(u8);

struct XorRead(BoxRead, u8);

struct XorWrite(BoxWrite, u8);

impl Xor {
    async fn agree(self, io: Duplex) -> Result<Opened, LayerError> {
        let (mut read, mut write) = io.into_halves();
        let mut theirs = [0];
        std::future::poll_fn(|cx| write.as_mut().poll_write(cx, &[self.0])).await?;
        std::future::poll_fn(|cx| write.as_mut().poll_flush(cx)).await?;
        std::future::poll_fn(|cx| read.as_mut().poll_read(cx, &mut theirs)).await?;
        if theirs != [self.0] {
            return Err(LayerError::PeerMisbehaved("the other side has another number".into()));
        }
        Ok(Opened::new(Duplex::new(XorRead(read, self.0), XorWrite(write, self.0))))
    }
}

impl Transform for Xor {
    fn name(&self) -> &str {
        "xor"
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        let is_ours = layer.name() == "xor" && layer.fields().eq([self.0.to_string()]);
        is_ours.then(|| Plan::wrap(layer, *self))
    }

    fn layer(&self) -> LayerBuf {
        LayerBuf::new("xor", [self.0.to_string()]).unwrap()
    }

    fn proves_peer(&self) -> bool {
        false
    }

    fn server<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async { Ok(Admission::open(self.layer(), self.agree(io).await?)) })
    }
}

impl Wrap for Xor {
    fn wrap<'a>(&'a self, _: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(self.agree(io))
    }
}

impl futures_io::AsyncRead for XorRead {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = task::ready!(self.0.as_mut().poll_read(cx, buffer))?;
        buffer.iter_mut().take(count).for_each(|byte| *byte ^= self.1);
        Poll::Ready(Ok(count))
    }
}

impl futures_io::AsyncWrite for XorWrite {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let bytes: Vec<_> = bytes.iter().map(|byte| byte ^ self.1).collect();
        self.0.as_mut().poll_write(cx, &bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_close(cx)
    }
}

/// Also behind several pointers, every method of a layer is forwarded.
#[tokio::test]
async fn layers_behind_pointers_are_what_they_were() {
    let transport: Box<dyn Transport> = Box::new(Net::bind("127.0.0.1:0"));
    let transform: Arc<dyn Transform> = Arc::new(Shs::new(identity(SERVER)));
    let server = echo(Suite::new(Arc::new(transport)).then(Box::new(transform))).await;
    let client = support::client();
    assert_eq!(exchange(client.connect(&server.address).await.unwrap(), b"hello").await.unwrap(), b"hello");

    let nowhere: Box<dyn Transport> = Box::new(Net::bind("nowhere"));
    let wrong = Multiserver::builder().suite(Suite::new(nowhere).then(Shs::new(identity(SERVER)))).build();
    assert!(wrong.unwrap_err().to_string().contains("cannot listen on `nowhere`"));
    let in_the_clear: Arc<dyn Transform> = Arc::new(NoAuth);
    let wrong = Multiserver::builder().suite(Suite::new(Net::bind("0.0.0.0:0")).then(in_the_clear)).build();
    assert!(wrong.unwrap_err().to_string().contains("can be reached in the public scope"));
    let dialling: Arc<dyn Transport> = Arc::new(Net::dial_only());
    assert_eq!(Transport::max_scope(&Box::new(dialling)), None);
}

#[tokio::test]
async fn transforms_stand_below_and_above_the_one_that_proves_the_peer() {
    let pipes = Pipes::default();
    let suite = |fill| Suite::new(pipes.clone()).then(Xor(1)).then(Shs::new(identity(fill))).then(Xor(2));
    let mut server = Multiserver::builder().suite(suite(SERVER)).build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    assert_eq!(address.to_string(), format!("pipe:one~xor:1~shs:{}~xor:2", key(SERVER)));
    let client = Multiserver::builder().suite(suite(CLIENT)).build().unwrap();
    let accept = async { server.accept().await.unwrap().handshake().await.unwrap().accept().await.unwrap() };
    let (near, far) = tokio::join!(client.connect(&address), accept);
    let (mut near, mut far) = (near.unwrap(), far);
    assert_eq!((near.peer(), near.suite()), (Some(&key(SERVER)), "pipe~xor~shs~xor"));
    assert!(near.channel_binding().is_some());
    assert_eq!(near.channel_binding(), far.channel_binding());
    for from_near in [true, false] {
        let (from, to) = if from_near { (&mut near, &mut far) } else { (&mut far, &mut near) };
        from.write_all(b"neither more nor less").await.unwrap();
        from.shutdown().await.unwrap();
        let mut said = Vec::new();
        to.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, b"neither more nor less");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_fails_is_asked_again_later_and_later() {
    let pipes = Pipes::default();
    let reports = Reports::default();
    let multiserver = Multiserver::builder().suite(pipes.clone()).report(reports.hook()).build().unwrap();
    let mut server = multiserver.listen().await.unwrap();
    for _ in 0..3 {
        // EMFILE: the process has no descriptor left.
        pipes.arrive(Err(io::Error::from_raw_os_error(24)));
    }
    pipes.arrive(Err(ErrorKind::ConnectionAborted.into()));
    pipes.arrive(Ok(tokio::io::duplex(1).0));
    let before = Instant::now();
    server.accept().await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(10 + 20 + 40), "{:?}", before.elapsed());
    assert_eq!(reports.count("a peer was lost"), 1);
    for pause in ["10ms", "20ms", "40ms"] {
        assert_eq!(reports.count(&format!("trying again in {pause}")), 1, "{pause}");
    }
}

/// Tokio, with a name service in which `both` has addresses that never answer before the one that does, and `nowhere`
/// has addresses that answer with a refusal; on a machine where no Tor runs.
#[derive(Default)]
struct Names(Tokio);

const SILENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

const DEAD: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3))];

/// The SOCKS ports of Tor and of Tor Browser, in the order to be tried in.
const TOR: [SocketAddr; 2] =
    [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9050), SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9150)];

impl Runtime for Names {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        if host == "both" {
            let hosts = [SILENT, SILENT, Ipv4Addr::LOCALHOST.into()];
            return Box::pin(async move { Ok(hosts.map(|ip| SocketAddr::new(ip, port)).into()) });
        }
        if host == "nowhere" {
            return Box::pin(async move { Ok(DEAD.map(|ip| SocketAddr::new(ip, port)).into()) });
        }
        self.0.resolve(host, port)
    }

    fn tcp_connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
        if address.ip() == SILENT {
            return Box::pin(std::future::pending());
        }
        if DEAD.contains(&address.ip()) || TOR.contains(&address) {
            return Box::pin(async { Err(ErrorKind::ConnectionRefused.into()) });
        }
        self.0.tcp_connect(address)
    }

    fn tcp_listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
        self.0.tcp_listen(address)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }

    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.0.spawn(future);
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        self.0.random()
    }

    fn interfaces(&self) -> io::Result<Vec<IpAddr>> {
        Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(10, 1, 2, 3).into(), "2001:db8::1".parse().unwrap()])
    }
}

impl Native for Names {
    type Connection = Connection;
}

#[tokio::test(start_paused = true)]
async fn an_ip_address_that_does_not_answer_has_a_short_head_start_only() {
    let server = echo(support::suite()).await;
    let address = server.address.to_string().replace("127.0.0.1", "both").parse().unwrap();
    let shs = Shs::new(identity(CLIENT));
    let client =
        multiserver_compose::Multiserver::<Names>::builder().suite(Net::dial_only().then(shs)).build().unwrap();
    let before = Instant::now();
    let connection = client.connect(&address).await.unwrap();
    assert!(before.elapsed() >= Duration::from_millis(500), "{:?}", before.elapsed());
    assert!(before.elapsed() < Limits::default().deadline, "{:?}", before.elapsed());
    assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello");
}

#[tokio::test]
async fn every_ip_address_that_failed_is_named() {
    let client = multiserver_compose::Multiserver::<Names>::builder().suite(Net::dial_only()).build().unwrap();
    let text = client.connect(&"net:nowhere:1000".parse().unwrap()).await.unwrap_err().to_string();
    for part in ["net:nowhere:1000: connecting failed", "192.0.2.2:1000: connection refused", "192.0.2.3:1000: con"] {
        assert!(text.contains(part), "{text}");
    }
}

#[cfg(feature = "onion")]
#[tokio::test]
async fn tor_is_looked_for_at_its_own_port_and_at_that_of_its_browser() {
    let client =
        multiserver_compose::Multiserver::<Names>::builder().suite(multiserver_tokio::Onion::new()).build().unwrap();
    let text = client.connect(&"onion:a.onion:1000".parse().unwrap()).await.unwrap_err().to_string();
    let [tor, browser] = TOR;
    for part in [format!("no proxy at {tor} or {browser};"), format!("{tor}: con"), format!("{browser}: con")] {
        assert!(text.contains(&part), "{part} in {text}");
    }
}

#[tokio::test]
async fn a_wildcard_lists_the_interfaces_of_the_scope() {
    let address = |bind: &str, scope| {
        let suite = Net::bind(bind).then(Shs::new(identity(SERVER)));
        let multiserver = multiserver_compose::Multiserver::<Names>::builder().suite(suite).build().unwrap();
        let address = multiserver.address(scope)?.to_string();
        Some(address.split('~').next().unwrap().to_owned())
    };
    assert_eq!(address("0.0.0.0:1000", Scope::Device).unwrap(), "net:127.0.0.1:1000");
    assert_eq!(address("0.0.0.0:1000", Scope::Local).unwrap(), "net:10.1.2.3:1000");
    assert_eq!(address("0.0.0.0:1000", Scope::Public), None);
    assert_eq!(address("[::]:1000", Scope::Public).unwrap(), "net:2001:db8::1:1000");
    assert_eq!(address("[::]:1000", Scope::Local).unwrap(), "net:10.1.2.3:1000");
}

#[tokio::test]
async fn a_connection_is_split_into_halves_for_two_tasks() {
    let pipes = Pipes::default();
    let multiserver = Multiserver::builder().suite(pipes).build().unwrap();
    let mut server = multiserver.listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap();
    tokio::spawn(async move {
        echo_back(server.accept().await.unwrap().handshake().await.unwrap().accept().await.unwrap()).await;
    });
    let (mut read, mut write) = multiserver.connect(&address).await.unwrap().into_split();
    let writing = tokio::spawn(async move {
        write.write_all(&[5; 100_000]).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let mut back = Vec::new();
    timeout(PATIENCE, read.read_to_end(&mut back)).await.unwrap().unwrap();
    writing.await.unwrap();
    assert!(back == vec![5; 100_000]);
}
