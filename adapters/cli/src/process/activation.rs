//! The interface to a service manager such as systemd: the sockets that it passes, and the notifications that it
//! expects.

use crate::report::exit::Failure;
use listenfd::ListenFd;
use std::env;
use std::io;
use std::net::TcpListener;
#[cfg(unix)]
use std::{
    net::TcpStream,
    os::fd::OwnedFd,
    os::unix::net::{UnixListener, UnixStream},
};

/// Sockets that the service manager has opened for the program (`sd_listen_fds(3)`), by their names.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    sockets: Vec<(String, Socket)>,
    /// Whether only one socket was passed, whose name does not matter.
    is_only_one: bool,
}

/// A listening socket.
#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Sockets {
    /// Takes all sockets that were passed. Call it before there are threads, since it changes the environment.
    pub(crate) fn take() -> Result<Self, Failure> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':').map(str::to_owned);
        let mut descriptors = ListenFd::from_env();
        let mut sockets = Vec::new();
        for index in 0..descriptors.len() {
            let name = names.next().unwrap_or_default();
            let socket = take(&mut descriptors, index).map_err(|error| {
                Failure::failed(format_args!("the socket `{name}` of the service manager does not listen: {error}"))
            })?;
            sockets.extend(socket.map(|socket| (name, socket)));
        }
        let is_only_one = sockets.len() == 1;
        Ok(Self { sockets, is_only_one })
    }

    /// The TCP sockets with this name, or the only socket.
    pub(crate) fn tcp_named(&mut self, name: &str) -> Result<Vec<TcpListener>, Failure> {
        let sockets = self.all_named(name)?.into_iter().map(|socket| match socket {
            Socket::Tcp(socket) => Ok(socket),
            #[cfg(unix)]
            Socket::Unix(_) => Err(of_another_kind(name, "a Unix socket")),
        });
        sockets.collect()
    }

    /// The Unix sockets with this name, or the only socket.
    #[cfg(unix)]
    pub(crate) fn unix_named(&mut self, name: &str) -> Result<Vec<UnixListener>, Failure> {
        let sockets = self.all_named(name)?.into_iter().map(|socket| match socket {
            Socket::Unix(socket) => Ok(socket),
            Socket::Tcp(_) => Err(of_another_kind(name, "one for TCP")),
        });
        sockets.collect()
    }

    fn all_named(&mut self, name: &str) -> Result<Vec<Socket>, Failure> {
        let is_meant = |(other, _): &(String, Socket)| self.is_only_one || other == name;
        let (named, others): (Vec<_>, _) = std::mem::take(&mut self.sockets).into_iter().partition(is_meant);
        self.sockets = others;
        if named.is_empty() {
            let option = option(name);
            let failure = Failure::failed(format_args!("{option}: no socket named `{name}` was passed to us"));
            return Err(failure.hint(format_args!("the .socket unit needs FileDescriptorName={name}")));
        }
        Ok(named.into_iter().map(|(_, socket)| socket).collect())
    }
}

#[cfg(unix)]
fn of_another_kind(name: &str, kind: &str) -> Failure {
    Failure::failed(format_args!("{}: the socket that was passed to us is {kind}", option(name)))
}

/// The option that asks for the sockets with this name: `--net systemd~noise` for `net~noise`.
fn option(name: &str) -> String {
    let (transport, protocol) = name.split_at(name.find('~').unwrap_or(name.len()));
    format!("--{transport} systemd{protocol}")
}

/// The socket with this index, of either kind.
fn take(descriptors: &mut ListenFd, index: usize) -> io::Result<Option<Socket>> {
    #[cfg(unix)]
    if let Ok(Some(socket)) = descriptors.take_unix_listener(index) {
        return unix_listening(socket).map(|socket| Some(Socket::Unix(socket)));
    }
    let socket = descriptors.take_tcp_listener(index)?;
    Ok(socket.map(listening).transpose()?.map(Socket::Tcp))
}

/// Like [`listening`], for a Unix socket.
#[cfg(unix)]
fn unix_listening(socket: UnixListener) -> io::Result<UnixListener> {
    let stream = UnixStream::from(OwnedFd::from(socket));
    if stream.peer_addr().is_ok() { Err(a_connection()) } else { Ok(OwnedFd::from(stream).into()) }
}

/// Refuses a socket that is a connection, as a unit with `Accept=yes` passes it: accepting on it would always fail.
#[cfg(unix)]
fn listening(socket: TcpListener) -> io::Result<TcpListener> {
    let stream = TcpStream::from(OwnedFd::from(socket));
    if stream.peer_addr().is_ok() { Err(a_connection()) } else { Ok(OwnedFd::from(stream).into()) }
}

#[cfg(unix)]
fn a_connection() -> io::Error {
    io::Error::other("it is a connection, as a .socket unit with Accept=yes has it")
}

#[cfg(not(unix))]
fn listening(socket: TcpListener) -> io::Result<TcpListener> {
    Ok(socket)
}

/// Tells the service manager, if there is one, that the program is ready.
pub(crate) fn ready() {
    #[cfg(unix)]
    tell(sd_notify::NotifyState::Ready);
}

/// Tells the service manager, if there is one, that the program is about to end.
pub(crate) fn stopping() {
    #[cfg(unix)]
    tell(sd_notify::NotifyState::Stopping);
}

#[cfg(unix)]
fn tell(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!("cannot tell the service manager: {error}");
    }
}
