//! Sockets and listeners, from the network's side.

use crate::network::{Content, Id, Network, Transit};
use crate::settings::pick_size;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How many connections a listener holds that were not accepted yet.
const BACKLOG: usize = 1024;

/// One end of a connection.
pub(crate) struct Socket {
    machine: Id,
    local: SocketAddr,
    remote_machine: Id,
    remote: SocketAddr,
    /// The other end; `None` until it has accepted the connection.
    peer: Option<Id>,
    was_reset: bool,
    received: VecDeque<u8>,
    /// Whether the end of the incoming direction has arrived.
    pub(crate) has_ended: bool,
    /// Whether the end of the outgoing direction was sent.
    is_closed: bool,
    /// How many of the bytes that were sent the other side has not read yet.
    unread: usize,
    /// When the packet that was sent last arrives.
    pub(crate) last_arrival: Duration,
    pub(crate) reader: Option<Waker>,
    writer: Option<Waker>,
}

pub(crate) struct Listening {
    pub(crate) id: Id,
    pub(crate) machine: Id,
    pub(crate) local: SocketAddr,
    backlog: VecDeque<Id>,
    acceptor: Option<Waker>,
}

impl Listening {
    /// Whether a connection request to this address of this machine is for this listener.
    pub(crate) fn is_asked(&self, machine: Id, address: SocketAddr) -> bool {
        self.machine == machine && self.local.port() == address.port() && covers(self.local.ip(), address.ip())
    }

    pub(crate) fn is_full(&self) -> bool {
        self.backlog.len() >= BACKLOG
    }
}

impl Network {
    pub(crate) fn listen(&mut self, machine: Id, address: SocketAddr) -> io::Result<(Id, SocketAddr)> {
        let ip = address.ip();
        if !ip.is_unspecified() && self.machine_at(machine, ip) != Some(machine) {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        let port = match address.port() {
            0 => self.free_port(machine).ok_or(ErrorKind::AddrNotAvailable)?,
            port => port,
        };
        let is_taken = |other: &Listening| {
            let taken = other.local.ip();
            other.machine == machine && other.local.port() == port && (covers(taken, ip) || covers(ip, taken))
        };
        if self.listeners.values().any(is_taken) {
            return Err(ErrorKind::AddrInUse.into());
        }
        let (id, local) = (self.number(), SocketAddr::new(ip, port));
        self.listeners.insert(id, Listening { id, machine, local, backlog: VecDeque::new(), acceptor: None });
        Ok((id, local))
    }

    /// Stops listening; connections that were not accepted are reset.
    pub(crate) fn stop_listening(&mut self, listener: Id) {
        let Some(listening) = self.listeners.remove(&listener) else { return };
        for id in listening.backlog {
            self.send_on(id, |receiver| Content::Reset { receiver });
            self.sockets.remove(&id);
        }
    }

    /// The next socket, with its remote and its local address.
    pub(crate) fn poll_accept(
        &mut self,
        listener: Id,
        cx: &Context<'_>,
    ) -> Poll<io::Result<(Id, SocketAddr, SocketAddr)>> {
        let Some(listening) = self.listeners.get_mut(&listener) else {
            return Poll::Ready(Err(ErrorKind::NotConnected.into()));
        };
        while let Some(id) = listening.backlog.pop_front() {
            if let Some(socket) = self.sockets.get(&id) {
                return Poll::Ready(Ok((id, socket.remote, socket.local)));
            }
        }
        listening.acceptor = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Sends a connection request.
    pub(crate) fn connect(&mut self, machine: Id, remote: SocketAddr) -> io::Result<Id> {
        let port = self.free_port(machine).ok_or(ErrorKind::AddrNotAvailable)?;
        let is_own = |ip: &IpAddr| ip.is_ipv4() == remote.is_ipv4();
        let own = self.machine(machine).and_then(|machine| machine.addresses.iter().copied().find(is_own));
        let ip = if remote.ip().is_loopback() { Some(remote.ip()) } else { own };
        let local = SocketAddr::new(ip.ok_or(ErrorKind::AddrNotAvailable)?, port);
        let (id, found) = (self.number(), self.machine_at(machine, remote.ip()));
        let remote_machine = found.unwrap_or(machine);
        self.sockets.insert(id, Socket::new((machine, local), (remote_machine, remote), None));
        let content = Content::Connect;
        let transit = Transit { from: local, to: remote, source: machine, target: remote_machine, sender: id, content };
        match found {
            Some(_) => self.send(transit),
            None => self.record(&transit, crate::Fate::Lost),
        }
        Ok(id)
    }

    pub(crate) fn poll_connected(&mut self, id: Id, cx: &Context<'_>) -> Poll<io::Result<()>> {
        match self.sockets.get_mut(&id) {
            None => Poll::Ready(Err(ErrorKind::NotConnected.into())),
            Some(socket) if socket.peer.is_some() => Poll::Ready(Ok(())),
            Some(socket) if socket.was_reset => Poll::Ready(Err(ErrorKind::ConnectionRefused.into())),
            Some(socket) => {
                socket.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    pub(crate) fn poll_read(&mut self, id: Id, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let Some(socket) = self.sockets.get_mut(&id) else {
            return Poll::Ready(Err(ErrorKind::NotConnected.into()));
        };
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if socket.received.is_empty() {
            if socket.was_reset {
                return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
            }
            if socket.has_ended {
                return Poll::Ready(Ok(0));
            }
            socket.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let segment = pick_size(&mut self.random, &self.settings.segments);
        let count = segment.min(buffer.len()).min(socket.received.len());
        for (place, byte) in buffer.iter_mut().zip(socket.received.drain(..count)) {
            *place = byte;
        }
        let peer = socket.peer;
        if let Some(sender) = peer.and_then(|peer| self.sockets.get_mut(&peer)) {
            sender.unread = sender.unread.saturating_sub(count);
            self.woken.extend(sender.writer.take());
        }
        Poll::Ready(Ok(count))
    }

    pub(crate) fn poll_write(&mut self, id: Id, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let segment = pick_size(&mut self.random, &self.settings.segments);
        let window = self.settings.window.get();
        let Some(socket) = self.sockets.get_mut(&id) else {
            return Poll::Ready(Err(ErrorKind::NotConnected.into()));
        };
        if socket.was_reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if socket.is_closed {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let count = segment.min(bytes.len()).min(window.saturating_sub(socket.unread));
        if count == 0 {
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            socket.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        socket.unread += count;
        let bytes: Vec<u8> = bytes.iter().copied().take(count).collect();
        self.send_on(id, |receiver| Content::Data { receiver, bytes });
        Poll::Ready(Ok(count))
    }

    /// Ends the direction to the other side; a second time does nothing.
    pub(crate) fn close_write(&mut self, id: Id) {
        let Some(socket) = self.sockets.get_mut(&id) else { return };
        if !std::mem::replace(&mut socket.is_closed, true) && !socket.was_reset {
            self.send_on(id, |receiver| Content::End { receiver });
        }
    }

    /// Removes a socket that was dropped; if it has unread bytes, the connection is reset.
    pub(crate) fn drop_socket(&mut self, id: Id) {
        self.close_write(id);
        if self.sockets.get(&id).is_some_and(|socket| !socket.received.is_empty() && !socket.was_reset) {
            self.send_on(id, |receiver| Content::Reset { receiver });
        }
        self.sockets.remove(&id);
    }

    pub(crate) fn reset(&mut self, id: Id) {
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.was_reset = true;
            self.woken.extend(socket.reader.take());
            self.woken.extend(socket.writer.take());
        }
    }

    /// Resets all connections between two machines, at both ends at once.
    pub(crate) fn reset_between(&mut self, one: Id, other: Id) {
        let is_between = |socket: &Socket| {
            let ends = (socket.machine, socket.remote_machine);
            ends == (one, other) || ends == (other, one)
        };
        let sockets = self.sockets.iter().filter(|(_, socket)| is_between(socket));
        for id in sockets.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.reset(id);
        }
    }

    /// Handles a connection request that has reached its listener.
    pub(crate) fn establish(&mut self, listener: Id, transit: &Transit) {
        let id = self.number();
        let Some(listening) = self.listeners.get_mut(&listener) else { return };
        listening.backlog.push_back(id);
        self.woken.extend(listening.acceptor.take());
        let socket = Socket::new((transit.target, transit.to), (transit.source, transit.from), Some(transit.sender));
        self.sockets.insert(id, socket);
        self.send_on(id, |receiver| Content::Accept { receiver });
    }

    pub(crate) fn accept_arrives(&mut self, transit: &Transit, receiver: Id) {
        match self.sockets.get_mut(&receiver) {
            Some(socket) => {
                socket.peer = Some(transit.sender);
                self.woken.extend(socket.reader.take());
            }
            None => self.answer(transit, Content::Reset { receiver: transit.sender }),
        }
    }

    pub(crate) fn data_arrives(&mut self, transit: &Transit, receiver: Id, bytes: &[u8]) {
        match self.sockets.get_mut(&receiver) {
            Some(socket) if socket.was_reset => {}
            Some(socket) => {
                socket.received.extend(bytes);
                self.woken.extend(socket.reader.take());
            }
            None => self.answer(transit, Content::Reset { receiver: transit.sender }),
        }
    }

    /// Sends to the other end, if it has accepted the connection.
    fn send_on(&mut self, id: Id, content: impl FnOnce(Id) -> Content) {
        if let Some(transit) = self.sockets.get(&id).and_then(|socket| socket.transit(id, content)) {
            self.send(transit);
        }
    }
}

impl Socket {
    fn new((machine, local): (Id, SocketAddr), (remote_machine, remote): (Id, SocketAddr), peer: Option<Id>) -> Self {
        Self {
            machine,
            local,
            remote_machine,
            remote,
            peer,
            was_reset: false,
            received: VecDeque::new(),
            has_ended: false,
            is_closed: false,
            unread: 0,
            last_arrival: Duration::ZERO,
            reader: None,
            writer: None,
        }
    }

    /// A packet to the other end; `None` before it has accepted the connection.
    fn transit(&self, sender: Id, content: impl FnOnce(Id) -> Content) -> Option<Transit> {
        let content = content(self.peer?);
        let (from, to, source, target) = (self.local, self.remote, self.machine, self.remote_machine);
        Some(Transit { from, to, source, target, sender, content })
    }
}

/// Whether a listener on the first address is reached at the second.
fn covers(bound: IpAddr, ip: IpAddr) -> bool {
    bound == ip || (bound.is_unspecified() && (bound.is_ipv6() || ip.is_ipv4()))
}
