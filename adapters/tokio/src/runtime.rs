//! Tokio as a runtime.

use crate::Connection;
use crate::compat::Compat;
use multiserver_compose::{BoxFuture, Native, Runtime, TcpArrival, TcpListener, system};
use multiserver_io::Duplex;
use std::io;
use std::net::{IpAddr, SocketAddr};
#[cfg(unix)]
use std::path::Path;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};
use tokio::net::{TcpStream, lookup_host};

/// The tokio runtime in which the caller runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tokio;

impl Runtime for Tokio {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(lookup_host((host, port)).await?.collect()) })
    }

    fn tcp_connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
        Box::pin(async move { Ok(duplex(TcpStream::connect(address).await?)) })
    }

    fn tcp_listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
        Box::pin(async move {
            let listener: Box<dyn TcpListener> = Box::new(Listener(tokio::net::TcpListener::bind(address).await?));
            Ok(listener)
        })
    }

    fn tcp_adopt(&self, socket: std::net::TcpListener) -> io::Result<Box<dyn TcpListener>> {
        socket.set_nonblocking(true)?;
        Ok(Box::new(Listener(tokio::net::TcpListener::from_std(socket)?)))
    }

    #[cfg(unix)]
    fn unix_connect<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Duplex>> {
        Box::pin(async move { Ok(unix_duplex(tokio::net::UnixStream::connect(path).await?)) })
    }

    #[cfg(unix)]
    fn unix_listen<'a>(
        &'a self,
        path: &'a Path,
    ) -> BoxFuture<'a, io::Result<Box<dyn multiserver_compose::UnixListener>>> {
        Box::pin(async move {
            let (file, listener) = system::listen_unix(self, path).await?;
            let socket = tokio::net::UnixListener::from_std(listener)?;
            let listener = UnixListener { _file: Some(file), socket };
            let listener: Box<dyn multiserver_compose::UnixListener> = Box::new(listener);
            Ok(listener)
        })
    }

    #[cfg(unix)]
    fn unix_adopt(
        &self,
        socket: std::os::unix::net::UnixListener,
    ) -> io::Result<Box<dyn multiserver_compose::UnixListener>> {
        socket.set_nonblocking(true)?;
        let socket = tokio::net::UnixListener::from_std(socket)?;
        Ok(Box::new(UnixListener { _file: None, socket }))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        tokio::spawn(future);
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        system::random()
    }

    fn interfaces(&self) -> io::Result<Vec<IpAddr>> {
        system::interfaces()
    }
}

impl Native for Tokio {
    type Connection = Connection;
}

struct Listener(tokio::net::TcpListener);

impl TcpListener for Listener {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpArrival>> {
        let (stream, remote) = ready!(self.0.poll_accept(cx))?;
        let local = stream.local_addr().ok();
        Poll::Ready(Ok(TcpArrival::new(duplex(stream), remote, local)))
    }
}

/// The stream in two halves; tokio splits it without a lock.
fn duplex(stream: TcpStream) -> Duplex {
    system::tune_tcp(&stream);
    let (read, write) = stream.into_split();
    Duplex::new(Compat(read), Compat(write))
}

#[cfg(unix)]
struct UnixListener {
    /// Declared first, so that it is dropped, and the file removed, before the socket closes.
    _file: Option<system::SocketFile>,
    socket: tokio::net::UnixListener,
}

#[cfg(unix)]
impl multiserver_compose::UnixListener for UnixListener {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Duplex>> {
        let (stream, _) = ready!(self.socket.poll_accept(cx))?;
        Poll::Ready(Ok(unix_duplex(stream)))
    }
}

#[cfg(unix)]
fn unix_duplex(stream: tokio::net::UnixStream) -> Duplex {
    let (read, write) = stream.into_split();
    Duplex::new(Compat(read), Compat(write))
}
