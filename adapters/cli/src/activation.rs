//! What a service manager such as systemd does for a program, and wants to be told by it.

use crate::exit::Failure;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::env;
use std::net::TcpListener;

/// Sockets that the service manager has opened for the program (`sd_listen_fds(3)`), by their names.
#[derive(Debug, Default)]
pub(crate) struct Sockets(Vec<(String, TcpListener)>);

impl Sockets {
    /// Takes all of them; to be called before there are threads, since it changes the environment.
    pub(crate) fn take() -> Result<Self, Failure> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':').map(str::to_owned);
        let mut descriptors = ListenFd::from_env();
        let mut sockets = Vec::new();
        for index in 0..descriptors.len() {
            let name = names.next().unwrap_or_default();
            let socket = descriptors.take_tcp_listener(index).map_err(|error| {
                Failure::failed(format_args!(
                    "the socket `{name}` of the service manager does not listen for TCP: {error}"
                ))
            })?;
            sockets.extend(socket.map(|socket| (name, socket)));
        }
        Ok(Self(sockets))
    }

    /// Those with this name, or the only one.
    pub(crate) fn named(&mut self, name: &str) -> Result<Vec<TcpListener>, Failure> {
        let is_only_one = self.0.len() == 1;
        let (named, others) =
            std::mem::take(&mut self.0).into_iter().partition(|(other, _)| is_only_one || other == name);
        self.0 = others;
        let named: Vec<_> = named;
        if named.is_empty() {
            let failure = Failure::failed(format_args!("--{name} systemd: no socket named `{name}` was passed to us"));
            return Err(failure.hint(format_args!("the .socket unit needs FileDescriptorName={name}")));
        }
        Ok(named.into_iter().map(|(_, socket)| socket).collect())
    }
}

/// Tells the service manager, where there is one, that the program serves from now on.
pub(crate) fn ready() {
    tell(NotifyState::Ready);
}

/// Tells the service manager, where there is one, that the program is about to end.
pub(crate) fn stopping() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!("cannot tell the service manager: {error}");
    }
}
