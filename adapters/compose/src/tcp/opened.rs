//! A socket that the caller opened and gave to a transport.

use crate::{Runtime, TcpListener};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// A socket that is open already, kept until a server listens on it.
#[derive(Debug)]
pub(super) struct Opened {
    address: SocketAddr,
    socket: Mutex<Option<std::net::TcpListener>>,
}

impl Opened {
    pub(super) fn new(socket: std::net::TcpListener) -> io::Result<Self> {
        Ok(Self { address: socket.local_addr()?, socket: Mutex::new(Some(socket)) })
    }

    /// Where it is bound.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens on the socket, which can be done once: a copy that was kept here would keep the socket open after its
    /// server has closed.
    pub(super) fn listen(&self, runtime: &dyn Runtime) -> io::Result<Box<dyn TcpListener>> {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner).take();
        runtime.tcp_adopt(socket.ok_or_else(Taken::error)?)
    }
}

/// Another server has taken the socket before.
#[derive(Debug, thiserror::Error)]
#[error("this socket went to a server before, and serves one only: open another one, or bind to the address")]
pub(crate) struct Taken;

impl Taken {
    pub(crate) fn error() -> io::Error {
        io::Error::new(ErrorKind::AddrInUse, Self)
    }
}
