//! Peers behind a load balancer, which says by the PROXY protocol who they are.

use crate::clock::Clocked;
use crate::support::{CLIENT, SERVER, client, echo_back, echo_with, exchange, is_closed_stream, key, listen, run, shs};
use crate::tested::CERTIFICATE;
use crate::{Loopback, SecureWebSocket, Tested, Way, WebSocket};
use futures_util::future::{Either, join, join_all, select};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{
    Failure, Incoming, Limits, Multiserver, Net, Request, Runtime, Server, ShsConnector, ShsStream, Stage, Suite, Ws,
    Wss,
};
use multiserver_core::address::{MultiAddress, Scope};
use multiserver_io::Duplex;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Where all connections of these tests come from.
const HERE: &str = "127.0.0.1";

/// How a header and what is behind it arrive.
#[derive(Debug, Clone, Copy)]
enum Pieces {
    /// In one piece with the client's first bytes.
    Together,
    /// Each byte of the header by itself.
    Bytes,
}

/// The start of version 2, then this command, this family, and this behind the length.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n".as_slice(), &[command, family], &length, rest].concat()
}

/// A header of version 1 for a client from this host.
fn from_host(last: u8) -> Vec<u8> {
    format!("PROXY TCP4 192.0.2.{last} 198.51.100.2 8008 80\r\n").into_bytes()
}

/// Headers, and the addresses of both ends that they name.
fn headers() -> Vec<(Vec<u8>, &'static str, &'static str)> {
    let ipv4 = [192, 0, 2, 1, 198, 51, 100, 2, 0x1f, 0x48, 0, 80];
    let mut mapped = [0; 36];
    mapped[10..16].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 1]);
    mapped[26..].copy_from_slice(&[0xff, 0xff, 198, 51, 100, 2, 0x1f, 0x48, 0, 80]);
    let told = ("192.0.2.1:8008", "198.51.100.2:80");
    vec![
        (from_host(1), told.0, told.1),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 8008 80\r\n".to_vec(), "[2001:db8::1]:8008", "[2001:db8::2]:80"),
        (v2(0x21, 0x11, &ipv4), told.0, told.1),
        (v2(0x21, 0x11, &[ipv4.as_slice(), &[4, 0, 3, 0, 0, 0]].concat()), told.0, told.1),
        (v2(0x21, 0x21, &mapped), told.0, told.1),
    ]
}

/// Headers that name nobody.
fn nameless() -> [Vec<u8>; 3] {
    [b"PROXY UNKNOWN\r\n".to_vec(), v2(0x20, 0x00, &[]), v2(0x21, 0x00, &[])]
}

/// A suite that listens and believes headers from these networks.
fn believing(networks: &[&str]) -> Suite {
    let net = networks.iter().fold(Net::bind("127.0.0.1:0"), |net, network| net.proxy_protocol_from(*network));
    net.then(shs(SERVER))
}

/// The `HOST:PORT` in an address.
fn place(address: &MultiAddress) -> SocketAddr {
    let text = address.to_string();
    let transport = text.split('~').next().unwrap().trim_end_matches('/');
    transport
        .rsplit_once([':', '/'])
        .map(|_| transport.trim_start_matches(|c: char| !c.is_ascii_digit()))
        .unwrap()
        .parse()
        .unwrap()
}

/// A connection of TCP that has sent this.
async fn sending(runtime: &dyn Runtime, to: SocketAddr, bytes: &[u8]) -> Duplex {
    let mut io = runtime.tcp_connect(to).await.unwrap();
    // The other side may have closed before it has read all.
    let _ = io.write_all(bytes).await;
    let _ = io.flush().await;
    io
}

/// Begins a balancer before this address, and returns the address with the balancer in the place of the server.
async fn balanced<R: Tested>(address: &MultiAddress, header: &[u8], pieces: Pieces) -> MultiAddress {
    let listener = R::default().tcp_listen((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let (to, own) = (place(address), listener.local_address().unwrap());
    let header = header.to_vec();
    R::default().spawn(Box::pin(async move {
        let client = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap().io;
        let (mut from_client, mut to_client) = client.into_halves();
        let mut first = [0; 64];
        let count = from_client.read(&mut first).await.unwrap();
        let server = match pieces {
            Pieces::Together => sending(&R::default(), to, &[&header, &first[..count]].concat()).await,
            Pieces::Bytes => {
                let mut server = sending(&R::default(), to, &[]).await;
                for byte in header {
                    server.write_all(&[byte]).await.unwrap();
                    server.flush().await.unwrap();
                }
                server.write_all(&first[..count]).await.unwrap();
                server
            }
        };
        let (mut from_server, mut to_server) = server.into_halves();
        let there = async {
            let _ = futures_util::io::copy(&mut from_client, &mut to_server).await;
            let _ = to_server.close().await;
        };
        let back = async {
            let _ = futures_util::io::copy(&mut from_server, &mut to_client).await;
            let _ = to_client.close().await;
        };
        join(there, back).await;
    }));
    address.to_string().replace(&to.to_string(), &own.to_string()).parse().unwrap()
}

/// Lets a peer in that comes behind this header, exchanges some bytes with it, and returns where it came from and arrived.
async fn exchange_behind<R: Tested, W: Way>(
    (server, address): (&mut Server<R>, &MultiAddress),
    (header, pieces): (&[u8], Pieces),
) -> (SocketAddr, SocketAddr) {
    let by_balancer = balanced::<R>(address, header, pieces).await;
    let (client, sent) = (client::<R, W>(), vec![7; 100_000]);
    let talk = async { exchange(client.connect(&by_balancer).await.unwrap(), &sent).await.unwrap() };
    let answer = async {
        let request = server.accept().await.unwrap().handshake().await.unwrap();
        let (source, named) = (request.source().unwrap(), request.peer_address().unwrap().to_string());
        let far: multiserver_compose::Connection = request.accept().await.unwrap().into();
        let (remote, local) = (far.remote_address().unwrap(), far.local_address().unwrap());
        assert_eq!(remote.ip(), source);
        assert_eq!(far.peer_address().unwrap().to_string(), named);
        let ip = remote.ip().to_string();
        assert!(
            named.starts_with(W::NAME) && named.contains(&ip) && named.contains(&key(CLIENT).to_string()),
            "{named}"
        );
        echo_back(far).await;
        (remote, local)
    };
    let (back, ends) = join(talk, answer).await;
    assert_eq!(back, sent);
    ends
}

/// Over each transport that stands on TCP: no byte of the client's is lost, whatever the pieces.
pub fn the_header_says_who_comes<R: Tested>() {
    says_who_comes::<R, Loopback>(Net::bind("127.0.0.1:0").proxy_protocol_from(HERE).then(shs(SERVER)));
    says_who_comes::<R, WebSocket>(Ws::bind("127.0.0.1:0").proxy_protocol_from(HERE).then(shs(SERVER)));
    let wss = Wss::bind("127.0.0.1:0", CERTIFICATE.1.clone()).proxy_protocol_from(HERE);
    says_who_comes::<R, SecureWebSocket>(wss.then(shs(SERVER)));
}

fn says_who_comes<R: Tested, W: Way>(suite: Suite) {
    run::<R>(async {
        let (mut server, address) = listen::<R>(suite).await;
        for (header, source, destination) in headers() {
            for pieces in [Pieces::Together, Pieces::Bytes] {
                let ends = exchange_behind::<R, W>((&mut server, &address), (&header, pieces)).await;
                assert_eq!(ends, (source.parse().unwrap(), destination.parse().unwrap()), "{header:?}");
            }
        }
    });
}

/// The connection has the addresses of its socket.
pub fn who_is_not_named_is_the_balancer<R: Tested>() {
    run::<R>(async {
        let (mut server, address) = listen::<R>(believing(&[HERE])).await;
        for header in nameless() {
            for pieces in [Pieces::Together, Pieces::Bytes] {
                let ends = exchange_behind::<R, Loopback>((&mut server, &address), (&header, pieces)).await;
                assert_eq!((ends.0.ip(), ends.1), (IpAddr::from(Ipv4Addr::LOCALHOST), place(&address)));
            }
        }
    });
}

/// A balancer that says that it speaks for itself, and goes, is told of as what it is.
pub fn a_health_check_is_no_failure<R: Tested>() {
    run::<R>(async {
        let echo = echo_with::<R>(believing(&[HERE]), Limits::default()).await;
        for (count, header) in nameless().iter().enumerate() {
            drop(sending(&R::default(), place(&echo.address), header).await);
            echo.reports.wait_for("a health check", count + 1).await;
        }
        assert_eq!(echo.handle.stats()[0].failed, 0);
        // One with a name that goes is a peer that fails.
        drop(sending(&R::default(), place(&echo.address), &from_host(1)).await);
        echo.reports.wait_for("net:192.0.2.1:8008: the handshake failed", 1).await;
        assert_eq!(echo.handle.stats()[0].failed, 1);
    });
}

/// Each is closed at once, and others get in.
pub fn what_begins_with_no_header_is_refused<R: Tested>() {
    run::<R>(async {
        let (suite, reason) = (believing(&["192.0.2.1", "127.0.0.0/8"]), "reading the PROXY header failed: ");
        let echo = echo_with::<R>(suite, Limits::default()).await;
        let long = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
        let long_v2 = v2(0x21, 0x11, &[0; 5000]);
        for (bytes, is_cut, said) in [
            (vec![0x42; 64], false, "there is no header"),
            (b"GET / HTTP/1.1\r\n\r\n".to_vec(), false, "there is no header"),
            (b"PROXY TCP4 192.0.2.1\r\n\r\n\r\n".to_vec(), false, "is malformed"),
            (long, false, "is longer than 107 bytes"),
            (long_v2, false, "is longer than 4096 bytes"),
            (b"PROXY TCP4".to_vec(), true, "the connection ended before"),
            (Vec::new(), true, "the connection ended before"),
        ] {
            let before = echo.reports.count(said);
            let mut io = sending(&R::default(), place(&echo.address), &bytes).await;
            if is_cut {
                io.close().await.unwrap();
            }
            echo.reports.wait_for(said, before + 1).await;
            assert!(is_closed_stream(&mut io).await, "{said}");
        }
        assert_eq!(echo.reports.count(reason), 7);
        let by_balancer = balanced::<R>(&echo.address, &from_host(1), Pieces::Together).await;
        let connection = client::<R, Loopback>().connect(&by_balancer).await.unwrap();
        assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello");
    });
}

/// It is what a peer begins its handshake with, and that is wrong.
pub fn a_header_from_elsewhere_is_believed_by_nobody<R: Tested>() {
    run::<R>(async {
        for suite in [believing(&["192.0.2.0/24", "::1"]), Net::bind("127.0.0.1:0").then(shs(SERVER))] {
            let echo = echo_with::<R>(suite, Limits::default()).await;
            for header in [from_host(1), v2(0x20, 0x00, &[])] {
                let bytes = [header, vec![0; 64]].concat();
                let mut io = sending(&R::default(), place(&echo.address), &bytes).await;
                assert!(is_closed_stream(&mut io).await);
            }
            echo.reports.wait_for("the handshake failed", 2).await;
            assert_eq!((echo.reports.count("net:127.0.0.1:"), echo.reports.count("192.0.2.1")), (2, 0));
            let connection = client::<R, Loopback>().connect(&echo.address).await.unwrap();
            assert_eq!(exchange(connection, b"hello").await.unwrap(), b"hello", "and none is asked for");
        }
    });
}

/// The header is part of the handshake, which has one deadline.
pub fn a_balancer_that_is_slow_is_cut_at_the_deadline<R: Tested>() {
    const DEADLINE: Duration = Duration::from_secs(15);
    run::<R>(async {
        let clock = Clocked::<R>::default();
        let builder = Multiserver::builder_on(clock.clone()).suite(believing(&[HERE]));
        let mut server = builder.build().unwrap().listen().await.unwrap();
        let address = server.address(Scope::Device).unwrap();
        let header = from_host(1);
        let mut slow = sending(&R::default(), place(&address), &header[..1]).await;
        let mut handshake = pin!(server.accept().await.unwrap().handshake());
        for byte in &header[1..] {
            let polled = poll_fn(|cx| Poll::Ready(handshake.as_mut().poll(cx))).await;
            let Poll::Ready(ended) = polled else {
                assert!(clock.now() < DEADLINE, "it is still held open");
                slow.write_all(&[*byte]).await.unwrap();
                slow.flush().await.unwrap();
                clock.advance(Duration::from_secs(4));
                continue;
            };
            let error = ended.map(drop).unwrap_err();
            assert!(
                matches!(error.failure, Failure::Deadline { stage: Stage::ProxyHeader, limit: DEADLINE }),
                "{error}"
            );
            assert!(clock.now() >= DEADLINE);
            assert!(is_closed_stream(&mut slow).await);
            return;
        }
        panic!("all of the header was waited for");
    });
}

/// Runs the client's side of a handshake behind a header that was sent; `None` when the server has closed.
async fn handshake(io: Duplex) -> Option<ShsStream<Duplex>> {
    ShsConnector::new(shs(CLIENT)).connect(&key(SERVER), io).await.ok()
}

/// Before its header nobody is bounded by a source, and the balancer is none; behind it each source has its own places.
pub fn a_source_is_bounded_as_the_header_names_it<R: Tested>() {
    run::<R>(async {
        let limits = Limits::default().pending(16).pending_per_source(2);
        let echo = echo_with::<R>(believing(&[HERE]), limits).await;
        let to = place(&echo.address);
        let mut connections = join_all((0..9).map(async |_| sending(&R::default(), to, &[]).await)).await;
        while echo.handle.stats()[0].pending < 9 {
            yield_now().await;
        }
        // Five of one source, of which three have to make room, and two each of two others.
        for (io, source) in connections.iter_mut().zip([1, 1, 1, 1, 1, 2, 2, 3, 3]) {
            io.write_all(&from_host(source)).await.unwrap();
            io.flush().await.unwrap();
        }
        echo.reports.wait_for("was ended to make room", 3).await;
        assert_eq!(echo.reports.count("net:192.0.2.1:8008: "), 3);
        let through = join_all(connections.into_iter().map(handshake)).await;
        let through: Vec<_> = through.iter().map(Option::is_some).collect();
        assert_eq!(through[..5].iter().filter(|is_through| **is_through).count(), 2, "{through:?}");
        assert_eq!(through[5..], [true; 4]);
        let stats = &echo.handle.stats()[0];
        assert_eq!((stats.evicted, stats.over_source_limit), (3, 0));
    });
}

/// A newcomer from there is closed, and told of as what it is; one from elsewhere gets in.
pub fn a_source_with_proven_peers_alone_has_no_room<R: Tested>() {
    run::<R>(async {
        let reports = crate::support::Reports::default();
        let limits = Limits::default().pending(16).pending_per_source(2);
        let builder = Multiserver::<R>::builder().suite(believing(&[HERE])).limits(limits).report(reports.hook());
        let mut server = builder.build().unwrap().listen().await.unwrap();
        let to = place(&server.address(Scope::Device).unwrap());
        let mut arrive = async |source| {
            let io = sending(&R::default(), to, &from_host(source)).await;
            (io, server.accept().await.unwrap())
        };
        let mut proven = Vec::new();
        for _ in 0..2 {
            proven.push(prove::<R>(arrive(1).await).await.unwrap());
        }
        let Err(error) = prove::<R>(arrive(1).await).await else { panic!("a third one has a place") };
        assert!(matches!(error.failure, Failure::Evicted { stage: Stage::ProxyHeader }), "{error}");
        assert_eq!(reports.count("net:192.0.2.1:8008: closed, too many handshakes from there"), 1);
        proven.push(prove::<R>(arrive(2).await).await.unwrap());
        let sources: Vec<_> = proven.iter().map(|(_, request)| request.source().unwrap().to_string()).collect();
        assert_eq!(sources, ["192.0.2.1", "192.0.2.1", "192.0.2.2"]);
        let stats = &server.handle().stats()[0];
        assert_eq!((stats.pending, stats.over_source_limit, stats.failed), (3, 1, 0));
    });
}

type Proven<R> = (std::pin::Pin<Box<dyn Future<Output = Option<ShsStream<Duplex>>>>>, Request<R>);

/// Runs both sides of a handshake until the client is proven.
async fn prove<R: Tested>(
    (io, incoming): (Duplex, Incoming<R>),
) -> Result<Proven<R>, multiserver_compose::IncomingError> {
    let client = Box::pin(handshake(io));
    match select(client, pin!(incoming.handshake())).await {
        Either::Left((_, server)) => Err(server.await.map(drop).unwrap_err()),
        Either::Right((request, client)) => Ok((client, request?)),
    }
}

/// Lets other tasks go on.
async fn yield_now() {
    let mut is_second = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_second, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
