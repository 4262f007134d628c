//! Connections with tokio's own stream traits.

use crate::compat::{tokio_read, tokio_write};
use multiserver_compose::{ByteCounter, Traffic};
use multiserver_core::address::Address;
use multiserver_core::keys::PublicKey;
use std::io;
use std::net::SocketAddr;
use std::time::SystemTime;

/// A byte stream to a peer, with tokio's [`AsyncRead`](tokio::io::AsyncRead) and [`AsyncWrite`](tokio::io::AsyncWrite).
///
/// Writes may be held back until a flush. `shutdown` ends the direction to the peer only; what the peer sends can still
/// be read. Dropping it without that leaves the peer with a truncated stream, which it takes for an error, and dropping it
/// while the peer still sends can lose what was written last: see [`finish`](Self::finish).
#[derive(Debug)]
pub struct Connection(multiserver_compose::Connection);

/// The half of a [`Connection`] that is read.
#[derive(Debug)]
pub struct ReadHalf(multiserver_compose::ReadHalf);

/// The half of a [`Connection`] that is written; dropping it without `shutdown` truncates the stream.
#[derive(Debug)]
pub struct WriteHalf(multiserver_compose::WriteHalf);

impl Connection {
    /// The peer's key, when a transform proved it.
    #[must_use]
    pub fn peer(&self) -> Option<&PublicKey> {
        self.0.peer()
    }

    /// The peer's address in full, as far as the transport knows it; it never holds a seed.
    #[must_use]
    pub fn peer_address(&self) -> Option<&Address> {
        self.0.peer_address()
    }

    /// The socket address of ours at which the peer arrived, for one that was accepted over TCP; `None` for all others.
    ///
    /// It is the destination that a PROXY protocol header names. IPv4-mapped IPv6 addresses are returned as IPv4.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.local_address()
    }

    /// The socket address that the peer came from, for one that was accepted over TCP; `None` for all others.
    ///
    /// It may be that of a proxy. IPv4-mapped IPv6 addresses are returned as IPv4.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.0.remote_address()
    }

    /// A value that only the two ends of this connection know. A protocol above can sign it to bind itself to this
    /// connection.
    #[must_use]
    pub fn channel_binding(&self) -> Option<&[u8; 32]> {
        self.0.channel_binding()
    }

    /// The name of the suite that the connection runs through.
    #[must_use]
    pub fn suite(&self) -> &str {
        self.0.suite()
    }

    /// When the connection's handshake was complete.
    #[must_use]
    pub fn since(&self) -> SystemTime {
        self.0.since()
    }

    /// How many bytes the connection has carried each way.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.0.traffic()
    }

    /// Returns a counter of the bytes that the connection carries, which can be read also after the connection was
    /// split or moved.
    #[must_use]
    pub fn counter(&self) -> ByteCounter {
        self.0.counter()
    }

    /// Ends when the peer has said goodbye, and the stream below has ended too: mostly the peer is gone then; see
    /// [`multiserver_compose::Connection::closed`].
    ///
    /// # Errors
    /// Reading failed, or the stream below failed after the goodbye.
    pub fn closed(&self) -> impl Future<Output = io::Result<()>> + Send + use<> {
        self.0.closed()
    }

    /// The two halves, to be used from different tasks; this crate puts no lock between them.
    #[must_use]
    pub fn into_split(self) -> (ReadHalf, WriteHalf) {
        let (read, write) = self.0.into_split();
        (ReadHalf(read), WriteHalf(write))
    }

    /// Flushes what was written, then tells the peer that nothing more will follow; what the peer sends can still be
    /// read.
    ///
    /// Same as `AsyncWriteExt::shutdown`, under the name that the other runtimes' crates use.
    ///
    /// # Errors
    /// The stream failed.
    ///
    /// # Cancel safety
    /// After the future is dropped, calling this again continues where it stopped.
    pub async fn close(&mut self) -> io::Result<()> {
        self.0.close().await
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
        self.0.finish(most).await
    }
}

impl ReadHalf {
    /// How many bytes the connection has carried each way, through both halves.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.0.traffic()
    }
}

impl WriteHalf {
    /// How many bytes the connection has carried each way, through both halves.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.0.traffic()
    }

    /// Flushes what was written, then tells the peer that nothing more will follow.
    ///
    /// Same as `AsyncWriteExt::shutdown`, under the name that the other runtimes' crates use.
    ///
    /// # Errors
    /// The stream failed.
    ///
    /// # Cancel safety
    /// After the future is dropped, calling this again continues where it stopped.
    pub async fn close(&mut self) -> io::Result<()> {
        self.0.close().await
    }

    /// Sends something that the peer does not see, to find out whether it is there; see
    /// [`multiserver_compose::WriteHalf::probe`].
    ///
    /// # Errors
    /// The stream failed, or was closed.
    pub async fn probe(&mut self) -> io::Result<bool> {
        self.0.probe().await
    }
}

impl From<multiserver_compose::Connection> for Connection {
    fn from(connection: multiserver_compose::Connection) -> Self {
        Self(connection)
    }
}

/// The same connection with the stream traits of futures-io.
impl From<Connection> for multiserver_compose::Connection {
    fn from(connection: Connection) -> Self {
        connection.0
    }
}

tokio_read!(Connection, ReadHalf);
tokio_write!(Connection, WriteHalf);
