//! A TCP socket that listens, and the peers that arrive there.

#[cfg(feature = "proxy-protocol")]
use super::proxied::{Balancers, behind_header};
use crate::transport::{Open, Opening};
use crate::{Arrival, Attempt, BoxFuture, LayerError, Opened, Runtime, TcpArrival, TcpListener};
use multiserver_core::address::{Host, LayerBuf};
use multiserver_io::{Duplex, MaybeSend};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{self, Poll, ready};

/// A socket that listens.
pub(crate) struct Listening {
    pub(super) listener: Box<dyn TcpListener>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) port: u16,
    #[cfg(feature = "proxy-protocol")]
    pub(super) balancers: Balancers,
}

/// The first layer of a peer's address.
pub(crate) type ToLayer = fn(Host, u16) -> LayerBuf;

impl Listening {
    pub(crate) fn runtime(&self) -> &dyn Runtime {
        &*self.runtime
    }

    /// The port it really has.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The next peer, whose stream `open` makes of its connection; IPv4-mapped IPv6 addresses are returned as IPv4.
    ///
    /// Of a connection from a balancer the header is read before.
    pub(crate) fn poll_accept<F>(
        &self,
        cx: &mut task::Context<'_>,
        to_layer: ToLayer,
        open: F,
    ) -> Poll<io::Result<Arrival>>
    where
        F: for<'a> FnOnce(Duplex, &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> + MaybeSend + 'static,
    {
        let TcpArrival { io, remote, local } = ready!(self.listener.poll_accept(cx))?;
        let remote = canonical(remote);
        #[cfg(feature = "proxy-protocol")]
        let opening = if self.balancers.has(remote.ip()) {
            Opening::Header(behind_header(io, to_layer, open))
        } else {
            Opening::Stream(opening(io, open))
        };
        #[cfg(not(feature = "proxy-protocol"))]
        let opening = Opening::Stream(opening(io, open));
        let arrival = Arrival::of(opening).from_remote(remote).with_local(local.map(canonical));
        Poll::Ready(Ok(arrival.with_layer(to_layer(remote.ip().into(), remote.port()))))
    }
}

/// What `open` makes of this connection, when it is asked to.
pub(super) fn opening<F>(io: Duplex, open: F) -> Box<dyn Open<Opened>>
where
    F: for<'a> FnOnce(Duplex, &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> + MaybeSend + 'static,
{
    fn boxed<F>(open: F) -> Box<dyn Open<Opened>>
    where
        F: for<'a> FnOnce(&'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> + MaybeSend + 'static,
    {
        Box::new(open)
    }
    boxed(move |attempt| open(io, attempt))
}

pub(super) fn canonical(mut address: SocketAddr) -> SocketAddr {
    address.set_ip(address.ip().to_canonical());
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_addresses_are_such_and_the_others_keep_their_zones() {
        for (told, meant) in [
            ("[::ffff:192.0.2.1]:8008", "192.0.2.1:8008"),
            ("192.0.2.1:8008", "192.0.2.1:8008"),
            ("[fe80::1%7]:8008", "[fe80::1%7]:8008"),
        ] {
            assert_eq!(canonical(told.parse().unwrap()), meant.parse().unwrap(), "{told}");
        }
    }
}
