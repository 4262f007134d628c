//! Connecting through a proxy that looks up the name.

use crate::Tested;
use crate::support::{CLIENT, SERVER, exchange, key, listen, multiserver, run, serve_echo, shs};
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{BoxFuture, ConnectError, Failure, LayerError, Net, Onion, Proxy, Stage, Suite, TcpListener};
use multiserver_core::address::{self, MultiAddress, Scope};
use multiserver_core::socks5::{Error, Refusal};
use multiserver_io::Duplex;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

/// A name that nobody can look up (RFC 7686).
const HOST: &str = "nobody.onion";

/// Connects by name through the second of two proxies, of which the first does not run, for `onion` and `net`.
///
/// The address of `onion` is the one by which a server behind an onion service is found in the public scope.
pub fn the_proxy_is_given_the_name_and_leads_there<R: Tested>() {
    run::<R>(async {
        let suite = Net::bind("127.0.0.1:0").external_at(HOST, 8008).then(shs(SERVER));
        let (server, within) = listen::<R>(suite).await;
        let public = server.address(Scope::Public).unwrap();
        assert_eq!(public, address("onion"));
        R::default().spawn(Box::pin(serve_echo(server)));
        let net = address::Net::try_from(within.addresses().next().unwrap().transport()).unwrap();
        let target = SocketAddr::new(net.host.ip().unwrap(), net.port);
        let nobody = tcp_listen::<R>().await.1;
        for is_onion in [true, false] {
            let (endpoint, request) = proxy::<R>(0, target).await;
            let proxy = Proxy::at([nobody.to_string(), endpoint.to_string()]);
            let suite: Suite =
                if is_onion { Onion::new().through(proxy).into() } else { Net::dial_only().through(proxy).into() };
            let address = if is_onion { public.clone() } else { address("net") };
            let connection = multiserver::<R>(suite.then(shs(CLIENT))).connect(&address).await.unwrap().into();
            assert_eq!(connection.peer_address().map(ToString::to_string), Some(address.to_string()));
            assert!(exchange(connection, &[7; 1 << 20]).await.unwrap() == [7; 1 << 20]);
            let expected = [&[5, 1, 0, 3, 12][..], HOST.as_bytes(), &8008_u16.to_be_bytes()].concat();
            assert_eq!(*request.lock().unwrap(), expected);
        }
    });
}

/// A proxy's refusal has its stage and its reason.
pub fn what_the_proxy_says_is_the_cause_of_the_failure<R: Tested>() {
    run::<R>(async {
        for (code, refusal) in [(5, Refusal::ConnectionRefused), (0xf0, Refusal::OnionNotFound)] {
            let (endpoint, _) = proxy::<R>(code, tcp_listen::<R>().await.1).await;
            let client = multiserver::<R>(Onion::new().through(Proxy::at([endpoint.to_string()])).then(shs(CLIENT)));
            let Err(ConnectError::Failed(attempts)) = client.connect(&address("onion")).await else {
                panic!("it is connected")
            };
            let Failure::Layer { stage, error: LayerError::Io(source) } = &attempts[0].failure else {
                panic!("{}", attempts[0])
            };
            let cause = source.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
            assert_eq!((*stage, cause), (Stage::Proxy, Some(&Error::Refused(refusal))));
        }
    });
}

fn address(transport: &str) -> MultiAddress {
    format!("{transport}:{HOST}:8008~shs:{}", key(SERVER)).parse().unwrap()
}

async fn tcp_listen<R: Tested>() -> (Box<dyn TcpListener>, SocketAddr) {
    let listener = R::default().tcp_listen((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let address = listener.local_address().unwrap();
    (listener, address)
}

/// A proxy for one connection: it needs no credentials, records the request, answers with `code` and, after success,
/// leads to `target`.
async fn proxy<R: Tested>(code: u8, target: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let (listener, endpoint) = tcp_listen::<R>().await;
    let requested = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&requested);
    let runtime = R::default();
    let serve: BoxFuture<'static, ()> = Box::pin(async move {
        let mut near = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap().io;
        let mut request = vec![0; 3];
        near.read_exact(&mut request).await.unwrap();
        assert_eq!(request, [5, 1, 0]);
        near.write_all(&[5, 0]).await.unwrap();
        request.resize(4 + 1 + HOST.len() + 2, 0);
        near.read_exact(&mut request).await.unwrap();
        *note.lock().unwrap() = request;
        near.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        if code == 0 {
            relay(near, runtime.tcp_connect(target).await.unwrap()).await;
        }
    });
    R::default().spawn(serve);
    (endpoint, requested)
}

/// Carries both directions to their ends.
async fn relay(near: Duplex, far: Duplex) {
    let ((near_read, mut near_write), (far_read, mut far_write)) = (near.into_halves(), far.into_halves());
    let there = async {
        futures_util::io::copy(near_read, &mut far_write).await?;
        far_write.close().await
    };
    let back = async {
        futures_util::io::copy(far_read, &mut near_write).await?;
        near_write.close().await
    };
    let (there, back) = join(there, back).await;
    there.and(back).unwrap();
}
