//! async-io as a runtime.

use crate::socket::{self, Listener};
use async_io::{Async, Timer};
use multiserver_compose::{BoxFuture, Connection, Native, Runtime, TcpListener, UnixListener, system};
use multiserver_io::Duplex;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
#[cfg(unix)]
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Spawns futures. The sockets and timers are those of `async-io`, whatever the executor is.
pub trait Executor: Default + Send + Sync + 'static {
    /// Runs this future in a task of its own, to its end.
    fn spawn(&self, future: BoxFuture<'static, ()>);
}

/// The runtime of async-io's sockets and timers and this executor.
///
/// The reactor of `async-io` needs no set-up: if no executor polls it, it runs in a thread of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsyncIo<E>(E);

impl<E: Executor> Runtime for AsyncIo<E> {
    /// Asks the system's resolver in a thread for blocking calls.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let host = host.to_owned();
        Box::pin(blocking::unblock(move || Ok((host.as_str(), port).to_socket_addrs()?.collect())))
    }

    fn tcp_connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
        Box::pin(async move { Ok(socket::duplex(Async::<TcpStream>::connect(address).await?)) })
    }

    fn tcp_listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
        Box::pin(async move {
            let listener: Box<dyn TcpListener> = Box::new(Listener(Async::<std::net::TcpListener>::bind(address)?));
            Ok(listener)
        })
    }

    fn tcp_adopt(&self, socket: std::net::TcpListener) -> io::Result<Box<dyn TcpListener>> {
        Ok(Box::new(Listener(Async::new(socket)?)))
    }

    #[cfg(unix)]
    fn unix_connect<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Duplex>> {
        Box::pin(async move { Ok(socket::split(Async::<UnixStream>::connect(path).await?)) })
    }

    #[cfg(unix)]
    fn unix_listen<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Box<dyn UnixListener>>> {
        Box::pin(async move {
            let (file, listener) = system::listen_unix(self, path).await?;
            let socket = Async::new(listener)?;
            let listener: Box<dyn UnixListener> = Box::new(socket::UnixListener { _file: Some(file), socket });
            Ok(listener)
        })
    }

    #[cfg(unix)]
    fn unix_adopt(&self, socket: std::os::unix::net::UnixListener) -> io::Result<Box<dyn UnixListener>> {
        Ok(Box::new(socket::UnixListener { _file: None, socket: Async::new(socket)? }))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let timer = Timer::after(duration);
        Box::pin(async move {
            timer.await;
        })
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.0.spawn(future);
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

impl<E: Executor> Native for AsyncIo<E> {
    type Connection = Connection;
}
