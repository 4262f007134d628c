//! Connections: a byte stream, and who is at its other end.

mod ends;

use crate::exclusive::Exclusive;
use crate::live::Guard;
use crate::traffic::{ByteCounter, Traffic};
use ends::Ends;
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::address::Address;
use multiserver_core::keys::PublicKey;
use multiserver_io::{BoxRead, BoxWrite, Duplex, MaybeSend};
use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

/// How many bytes are read at once to be dropped.
const DROPPED_AT_ONCE: usize = 8 * 1024;

/// A byte stream to a peer: read it, write it, and close it to say that nothing more will be written.
///
/// Writes may be held back until a flush. Closing ends the direction to the peer only; what the peer sends can still
/// be read. Dropping it without closing leaves the peer with a truncated stream, which it takes for an error, and dropping
/// it while the peer still sends can lose what was written last: see [`finish`](Self::finish).
///
/// What the caller's authorizer returned about the peer is not in here, since its type is the caller's own:
/// [`Server::serve`](crate::Server::serve) hands it to the handler and
/// [`Incoming::authorize`](crate::Incoming::authorize) returns it, both beside the connection.
pub struct Connection {
    read: ReadHalf,
    write: WriteHalf,
}

/// The half of a [`Connection`] that is read.
pub struct ReadHalf {
    /// `None` when it was read to its end.
    io: Exclusive<Option<BoxRead>>,
    ends: Arc<Ends>,
    info: Arc<ConnectionInfo>,
}

/// The half of a [`Connection`] that is written; dropping it without closing it truncates the stream.
pub struct WriteHalf {
    /// `None` when it was closed.
    io: Exclusive<Option<BoxWrite>>,
    ends: Arc<Ends>,
    info: Arc<ConnectionInfo>,
}

/// What both halves know of their connection.
pub(crate) struct ConnectionInfo {
    pub(crate) address: Option<Address>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) peer: Option<PublicKey>,
    pub(crate) channel_binding: Option<[u8; 32]>,
    pub(crate) suite: Arc<str>,
    pub(crate) since: SystemTime,
    pub(crate) counter: ByteCounter,
    /// Count the connection as long as it lives, when it is one of a server or a reconnector.
    #[expect(dead_code, reason = "they are there to be dropped")]
    pub(crate) guards: Vec<Guard>,
}

impl Connection {
    pub(crate) fn new(io: Duplex, info: ConnectionInfo) -> Self {
        let info = Arc::new(info);
        let (read, write) = io.into_halves();
        let ends = Arc::<Ends>::default();
        let read = ReadHalf { io: Exclusive::new(Some(read)), ends: Arc::clone(&ends), info: Arc::clone(&info) };
        Self { read, write: WriteHalf { io: Exclusive::new(Some(write)), ends, info } }
    }

    /// The peer's key, when a transform proved it.
    #[must_use]
    pub fn peer(&self) -> Option<&PublicKey> {
        self.read.info.peer.as_ref()
    }

    /// The peer's address in full, as far as the transport knows it: where the peer connected from or was dialled, and
    /// its key.
    ///
    /// It never holds a seed. A peer that came through a Unix socket has the path where the server listens.
    #[must_use]
    pub fn peer_address(&self) -> Option<&Address> {
        self.read.info.address.as_ref()
    }

    /// The socket address of ours at which the peer arrived, for one that was accepted over TCP; `None` for all others.
    ///
    /// It is the destination that a PROXY protocol header names, of those that are sent and of those that are
    /// [believed](crate::Net). IPv4-mapped IPv6 addresses are returned as IPv4.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.read.info.local
    }

    /// The socket address that the peer came from, for one that was accepted over TCP; `None` for all others.
    ///
    /// It may be that of a proxy, unless its PROXY protocol header is [believed](crate::Net). IPv4-mapped IPv6 addresses are returned as IPv4.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.read.info.remote
    }

    /// A value that only the two ends of this connection know. A protocol above can sign it to bind itself to this
    /// connection.
    #[must_use]
    pub fn channel_binding(&self) -> Option<&[u8; 32]> {
        self.read.info.channel_binding.as_ref()
    }

    /// The name of the suite that the connection runs through.
    #[must_use]
    pub fn suite(&self) -> &str {
        &self.read.info.suite
    }

    /// When the connection's handshake was complete.
    #[must_use]
    pub fn since(&self) -> SystemTime {
        self.read.info.since
    }

    /// How many bytes the connection has carried each way.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.read.traffic()
    }

    /// Returns a counter of the bytes that the connection carries, which can be read also after the connection was
    /// split or moved.
    #[must_use]
    pub fn counter(&self) -> ByteCounter {
        self.read.info.counter.clone()
    }

    /// Ends when the peer has said goodbye, and the stream below has ended too: mostly the peer is gone then, and nothing
    /// that is written arrives any more. It can be awaited wherever the halves are by now, and it also ends when both
    /// halves are dropped.
    ///
    /// A peer that has ended its direction of the stream below as well may still read. npm multiserver does that over
    /// TCP; this library does not. [`WriteHalf::probe`] finds out.
    ///
    /// Some task has to read the connection to its end first. A task that goes on writing after that should await this
    /// at the same time, since nothing else tells it that the peer is gone. Pings and the Close frame of a WebSocket
    /// are answered meanwhile, the latter when nothing was written for the time of its `linger`. Where no layer has a
    /// goodbye, as with `noauth` over a socket, a peer that has ended may still read, and this never ends.
    ///
    /// # Errors
    /// Reading failed, or the stream below failed after the goodbye.
    pub fn closed(&self) -> impl Future<Output = io::Result<()>> + MaybeSend + use<> {
        let ends = Arc::downgrade(&self.read.ends);
        poll_fn(move |cx| ends.upgrade().map_or(Poll::Ready(Ok(())), |ends| ends.poll_below(cx)))
    }

    /// The two halves, to be used from different tasks; this crate puts no lock between them.
    #[must_use]
    pub fn into_split(self) -> (ReadHalf, WriteHalf) {
        (self.read, self.write)
    }

    /// Flushes what was written, then tells the peer that nothing more will follow; what the peer sends can still be
    /// read.
    ///
    /// # Errors
    /// The stream failed.
    ///
    /// # Cancel safety
    /// After the future is dropped, calling this again continues where it stopped.
    pub async fn close(&mut self) -> io::Result<()> {
        self.write.close().await
    }

    /// Closes the connection, then reads and drops what the peer still sends, up to `most` bytes. Returns whether the
    /// peer has closed its direction within these bytes.
    ///
    /// Call this and then drop the connection to part from a peer that may still be sending: the system resets a socket
    /// that is dropped with unread bytes in it, and the reset overtakes what was written last. There is no time limit
    /// here: set one of some seconds, and drop the connection when it has passed.
    ///
    /// # Errors
    /// The stream failed.
    ///
    /// # Cancel safety
    /// After the future is dropped, calling this again continues where it stopped, but counts the bytes anew.
    pub async fn finish(&mut self, most: u64) -> io::Result<bool> {
        self.close().await?;
        let (mut buffer, mut left) = (vec![0; DROPPED_AT_ONCE], most);
        loop {
            let count = poll_fn(|cx| Pin::new(&mut self.read).poll_read(cx, &mut buffer)).await?;
            match left.checked_sub(u64::try_from(count).unwrap_or(u64::MAX)) {
                Some(_) if count == 0 => return Ok(true),
                Some(rest) => left = rest,
                None => return Ok(false),
            }
        }
    }
}

impl ReadHalf {
    /// How many bytes the connection has carried each way, through both halves.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.info.counter.traffic()
    }
}

impl WriteHalf {
    /// How many bytes the connection has carried each way, through both halves.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.info.counter.traffic()
    }

    /// Flushes what was written, then tells the peer that nothing more will follow.
    ///
    /// # Errors
    /// The stream failed.
    ///
    /// # Cancel safety
    /// After the future is dropped, calling this again continues where it stopped.
    pub async fn close(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_close(cx)).await
    }

    /// Sends something that the peer does not see, if the connection has that: a box stream has, `noise` has not. When
    /// the peer is gone, this fails: not the first time, perhaps, but once the peer's system has answered, so call it again
    /// after a while.
    ///
    /// Returns whether something is on its way: false says nothing about the peer. Call it when [`Connection::closed`] has
    /// ended well, to find out whether the peer still reads.
    ///
    /// # Errors
    /// The stream failed, or was closed.
    pub async fn probe(&mut self) -> io::Result<bool> {
        poll_fn(|cx| {
            let io = self.io.get_mut().as_mut().ok_or_else(closed)?;
            io.as_mut().poll_probe(cx)
        })
        .await
    }

    /// Checks whether the stream below has ended, which no reader sees once the peer has said goodbye.
    fn watch(&self, cx: &Context<'_>) -> io::Result<()> {
        match self.ends.is_read().then(|| self.ends.poll_below(cx)) {
            Some(Poll::Ready(Err(error))) => Err(error),
            // Without a goodbye, a peer that has ended its own direction may still read.
            Some(Poll::Ready(Ok(())) | Poll::Pending) | None => Ok(()),
        }
    }
}

impl AsyncRead for ReadHalf {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let Some(io) = self.io.get_mut() else { return Poll::Ready(Ok(0)) };
        let read = ready!(io.as_mut().poll_read(cx, buffer));
        let count = read.inspect_err(|error| self.ends.failed(error.kind()))?;
        if count == 0
            && !buffer.is_empty()
            && let Some(io) = self.io.get_mut().take()
        {
            self.ends.read(io);
        }
        self.info.counter.receive(count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for WriteHalf {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.watch(cx)?;
        let io = self.io.get_mut().as_mut().ok_or_else(closed)?;
        let count = ready!(io.as_mut().poll_write(cx, bytes))?;
        self.info.counter.send(count);
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.watch(cx)?;
        let io = self.io.get_mut().as_mut().ok_or_else(closed)?;
        let count = ready!(io.as_mut().poll_write_vectored(cx, slices))?;
        self.info.counter.send(count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.io.get_mut() {
            Some(io) => io.as_mut().poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(io) = self.io.get_mut() {
            ready!(io.as_mut().poll_close(cx))?;
            let io = self.io.get_mut().take();
            self.ends.closed(io);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.read).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_close(cx)
    }
}

impl ConnectionInfo {
    fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("suite", &self.suite)
            .field("address", &self.address)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read.info.debug("Connection", f)
    }
}

impl fmt::Debug for ReadHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.debug("ReadHalf", f)
    }
}

impl fmt::Debug for WriteHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.debug("WriteHalf", f)
    }
}

fn closed() -> io::Error {
    io::Error::new(ErrorKind::BrokenPipe, "written after the connection was closed on this side")
}
