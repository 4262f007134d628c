//! A server as a listener for axum.

use crate::{Address, Connection, Connections, PublicKey};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io::{self, ErrorKind};

/// The peer of a request's connection: the connect info of [`Connections`] under `axum::serve`.
///
/// A handler takes it as `ConnectInfo<Peer<T>>`, if the router was made a service by
/// `into_make_service_with_connect_info::<Peer<T>>()`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Peer<T> {
    /// The peer's key, when a transform proved it.
    pub key: Option<PublicKey>,
    /// The peer's address in full, as far as the transport knows it.
    pub address: Option<Address>,
    /// The name of the suite that the peer came through.
    pub suite: String,
    /// What the authorizer returned about the peer.
    pub known: T,
}

impl<T: Clone + Send + Sync + 'static> Listener for Connections<T> {
    type Io = Connection;
    type Addr = Peer<T>;

    /// Returns the next connection. Once the server is closed it waits for ever, until axum is told to shut down.
    async fn accept(&mut self) -> (Connection, Peer<T>) {
        let Some((connection, known)) = self.next().await else { return std::future::pending().await };
        let (key, address) = (connection.peer().copied(), connection.peer_address().cloned());
        let peer = Peer { key, address, suite: connection.suite().to_owned(), known };
        (connection, peer)
    }

    fn local_addr(&self) -> io::Result<Peer<T>> {
        Err(io::Error::new(ErrorKind::Unsupported, "a server's own addresses are its handle's to tell"))
    }
}

impl<T: Clone + Send + Sync + 'static> Connected<IncomingStream<'_, Connections<T>>> for Peer<T> {
    fn connect_info(stream: IncomingStream<'_, Connections<T>>) -> Self {
        stream.remote_addr().clone()
    }
}
