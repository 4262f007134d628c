//! TCP sockets: those that were opened before a server listens on them, and the options that all have.

use crate::support::{
    CLIENT, PATIENCE, SERVER, accept, client, echo_back, exchange, key, listen, multiserver, run, shs,
};
use crate::tested::CERTIFICATE;
use crate::{File, Loopback, SecureWebSocket, Tested, Way, WebSocket};
use futures_util::future::{Either, join, select};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{Builder, Multiserver, Net, NoAuth, ShsAcceptor, ShsConnector, Suite, Unix, Ws, Wss};
use multiserver_core::address::Scope;
use multiserver_io::Duplex;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::pin::pin;
use std::time::Instant;

/// Over each transport that takes one. The multiserver does not keep the socket after its server has closed.
pub fn a_socket_is_listened_on_until_its_server_goes<R: Tested>() {
    on_a_socket::<R, Loopback>(|socket| Net::listener(socket).into());
    on_a_socket::<R, WebSocket>(|socket| Ws::listener(socket).into());
    on_a_socket::<R, SecureWebSocket>(|socket| Wss::listener(socket, CERTIFICATE.1.clone()).into());
}

fn on_a_socket<R: Tested, W: Way>(suite: impl FnOnce(TcpListener) -> Suite) {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = socket.local_addr().unwrap();
    run::<R>(async {
        let multiserver = multiserver::<R>(suite(socket).then(shs(SERVER)));
        let address = multiserver.address(Scope::Device).unwrap();
        assert!(address.to_string().contains(&endpoint.to_string()), "{address}");
        let mut server = multiserver.listen().await.unwrap();
        assert_eq!(server.address(Scope::Device).as_ref(), Some(&address));
        let client = client::<R, W>();
        let talk = async { exchange(client.connect(&address).await.unwrap(), b"hello").await.unwrap() };
        let answer = async { echo_back(accept(&mut server).await).await };
        assert_eq!(join(talk, answer).await.0, b"hello");

        let text = multiserver.listen().await.unwrap_err().to_string();
        assert!(text.contains(&format!("cannot listen on {endpoint}: this socket went to a server before")), "{text}");
        drop(server);
        assert_eq!(TcpStream::connect(endpoint).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    });
}

/// The same for a Unix socket, whose file belongs to the program that opened it.
pub fn a_unix_socket_is_listened_on_until_its_server_goes<R: Tested>() {
    let way = File::default();
    let path = way.path();
    let socket = UnixListener::bind(&path).unwrap();
    run::<R>(async {
        let multiserver = multiserver::<R>(Unix::listener(socket).then(shs(SERVER)));
        let address = multiserver.address(Scope::Device).unwrap();
        assert!(address.to_string().starts_with(&format!("unix:{}~shs:", path.display())), "{address}");
        let mut server = multiserver.listen().await.unwrap();
        let client = client::<R, File>();
        let talk = async { exchange(client.connect(&address).await.unwrap(), b"hello").await.unwrap() };
        let answer = async { echo_back(accept(&mut server).await).await };
        assert_eq!(join(talk, answer).await.0, b"hello");
        let text = multiserver.listen().await.unwrap_err().to_string();
        assert!(text.contains("this socket went to a server before"), "{text}");
        drop(server);
        assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert!(path.exists(), "the file is its opener's");
    });
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let builder: Builder<R> = Multiserver::builder().suite(Unix::listener(OwnedFd::from(tcp).into()).then(shs(SERVER)));
    let text = builder.build().unwrap_err().to_string();
    assert!(text.contains("the socket that is open already: it has no path"), "{text}");
}

/// A socket of another kind, which a service manager may pass on as well, is refused before anybody listens.
pub fn a_socket_that_is_not_of_tcp_is_refused<R: Tested>() {
    let unix = UnixListener::bind(File::default().path()).unwrap();
    let builder: Builder<R> = Multiserver::builder().suite(Net::listener(OwnedFd::from(unix).into()).then(shs(SERVER)));
    let text = builder.build().unwrap_err().to_string();
    assert!(text.contains("cannot listen on the socket that is open already: it has no address of TCP"), "{text}");
}

/// The socket has addresses in the scopes of its bound address, and each peer has the local address at which it
/// arrived.
pub fn a_socket_is_found_where_it_is_bound<R: Tested>() {
    let anywhere = || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    for in_the_clear in [Net::listener(anywhere()).then(NoAuth), Net::listener(anywhere()).into()] {
        let builder: Builder<R> = Multiserver::builder().suite(in_the_clear);
        let text = builder.build().unwrap_err().to_string();
        assert!(text.contains("can be reached in the public scope"), "{text}");
    }
    let socket = anywhere();
    let endpoint = SocketAddr::from((Ipv4Addr::LOCALHOST, socket.local_addr().unwrap().port()));
    run::<R>(async {
        let mut server = multiserver::<R>(Net::listener(socket).then(shs(SERVER))).listen().await.unwrap();
        let address = server.address(Scope::Device).unwrap();
        assert!(address.to_string().starts_with(&format!("net:{endpoint}~")), "{address}");
        let client = client::<R, Loopback>();
        let (near, far) = join(client.connect(&address), accept(&mut server)).await;
        let near = near.unwrap().into();
        assert_eq!((near.local_address(), near.remote_address()), (None, None));
        assert_eq!(far.local_address(), Some(endpoint));
        let remote = far.remote_address().unwrap();
        let address = format!("net:{}:{}~shs:{}", remote.ip(), remote.port(), key(CLIENT));
        assert_eq!(far.peer_address().unwrap().to_string(), address);
    });
}

/// Over the runtime's own sockets, without a multiserver.
pub fn a_stream_of_ones_own_becomes_a_secure_one<R: Tested>() {
    run::<R>(async {
        let listener = R::default().tcp_listen((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let endpoint = listener.local_address().unwrap();
        let connect = async {
            let io = R::default().tcp_connect(endpoint).await.unwrap();
            ShsConnector::new(shs(CLIENT)).connect(&key(SERVER), io).await.unwrap()
        };
        let accept = async {
            let io = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap().io;
            let request = ShsAcceptor::new(shs(SERVER)).handshake(io).await.unwrap();
            assert_eq!(request.peer(), &key(CLIENT));
            request.accept().await.unwrap()
        };
        let (mut near, far) = join(connect, accept).await;
        assert_eq!((near.peer(), near.channel_binding()), (&key(SERVER), far.channel_binding()));
        let (mut read, mut write) = far.into_split_with(Duplex::into_halves);
        let talk = async {
            near.write_all(b"hello").await.unwrap();
            near.close().await.unwrap();
            let mut answer = String::new();
            near.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let echo = async {
            futures_util::io::copy(&mut read, &mut write).await.unwrap();
            write.close().await.unwrap();
        };
        assert_eq!(join(talk, echo).await.0, "hello");
    });
}

/// Each gets a part of the connections; whoever does not want to share finds the port taken.
pub fn servers_share_a_port_where_all_want_it<R: Tested>() {
    share_a_port::<R, Loopback>(|place| Net::bind(place).reuse_port().into());
    share_a_port::<R, WebSocket>(|place| Ws::bind(place).reuse_port().into());
    run::<R>(async {
        let (server, address) = listen::<R>(Net::bind("127.0.0.1:0").then(shs(SERVER))).await;
        let place = port_of(&address.to_string());
        let second = multiserver::<R>(Net::bind(place).reuse_port().then(shs(SERVER))).listen().await;
        assert!(second.is_err_and(|error| error.to_string().contains("cannot listen")), "the first does not share");
        drop(server);
    });
}

/// How many connections may all go to one of two servers: each is as likely to go to either.
const ALL_TO_ONE: usize = 200;

fn share_a_port<R: Tested, W: Way>(suite: impl Fn(String) -> Suite) {
    run::<R>(async {
        let (mut first, address) = listen::<R>(suite("127.0.0.1:0".to_owned()).then(shs(SERVER))).await;
        let (mut second, same) = listen::<R>(suite(port_of(&address.to_string())).then(shs(SERVER))).await;
        assert_eq!(address, same);
        let client = client::<R, W>();
        let mut counts = [0, 0];
        while counts.contains(&0) && counts.iter().sum::<usize>() < ALL_TO_ONE {
            let (at_first, at_second) = (pin!(accept(&mut first)), pin!(accept(&mut second)));
            let (near, far) = join(client.connect(&address), select(at_first, at_second)).await;
            let (index, far) = match far {
                Either::Left((far, _)) => (0, far),
                Either::Right((far, _)) => (1, far),
            };
            let talk = async { exchange(near.unwrap(), b"hello").await.unwrap() };
            assert_eq!(join(talk, echo_back(far)).await.0, b"hello");
            counts[index] += 1;
        }
        assert!(!counts.contains(&0), "{counts:?}");
    });
}

/// The `HOST:PORT` of an address.
fn port_of(address: &str) -> String {
    let transport = address.split('~').next().unwrap().trim_end_matches('/');
    transport.trim_start_matches("net:").trim_start_matches("ws://").to_owned()
}

/// Both ends of a connection have a keepalive timer, as the kernel's table of sockets shows it.
pub fn a_connection_of_tcp_is_kept_alive<R: Tested>() {
    run::<R>(async {
        let (mut server, address) = listen::<R>(Net::bind("127.0.0.1:0").then(shs(SERVER))).await;
        let client = client::<R, Loopback>();
        let (near, far) = join(client.connect(&address), accept(&mut server)).await;
        let _near = near.unwrap();
        let endpoint = far.local_address().unwrap();
        // Bytes that the other end has not acknowledged yet have another timer first, so this waits for the keepalive
        // timer.
        let begun = Instant::now();
        while keepalive_timers(endpoint.port()) != 2 {
            assert!(begun.elapsed() < PATIENCE, "no keepalive at {endpoint}");
        }
    });
}

/// How many connections of `/proc/net/tcp` to or from this port wait for nothing but their keepalive timer: in state 01
/// (established) with a timer of kind 02, as `Documentation/networking/proc_net_tcp.rst` of Linux has it.
fn keepalive_timers(port: u16) -> usize {
    let port = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let is_kept_alive = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        (fields[1].ends_with(&port) || fields[2].ends_with(&port)) && fields[3] == "01" && fields[5].starts_with("02:")
    };
    table.lines().skip(1).filter(is_kept_alive).count()
}
