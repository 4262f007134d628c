//! The secret handshake over a tokio stream of the caller's own, without addresses or suites.

use crate::compat::{Compat, tokio_read, tokio_write};
use multiserver_compose::{self as compose, LayerError, Shs};
use multiserver_core::keys::PublicKey;
use multiserver_io::{SecureReader, SecureWriter};
use tokio::io::{AsyncRead, AsyncWrite};

/// Runs the client's side of the secret handshake over tokio streams that the caller has opened.
///
/// The [front page](crate) has an example.
#[derive(Debug, Clone)]
pub struct ShsConnector(compose::ShsConnector);

/// Runs the server's side of the secret handshake over tokio streams that the caller has accepted.
///
/// ```
/// use multiserver_tokio::{LayerError, PublicKey, ShsAcceptor, ShsStream};
/// use tokio::net::TcpStream;
///
/// async fn let_in(shs: &ShsAcceptor, tcp: TcpStream, friend: &PublicKey) -> Result<(), LayerError> {
///     let request = shs.handshake(tcp).await?;
///     if request.peer() != friend {
///         return Ok(()); // Dropping the request refuses the client.
///     }
///     let (mut read, mut write) = request.accept().await?.into_split();
///     tokio::io::copy(&mut read, &mut write).await?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ShsAcceptor(compose::ShsAcceptor);

/// A client that has proven its key and waits to be accepted. Dropping this refuses the client without an answer.
#[derive(Debug)]
pub struct ShsRequest<S>(compose::ShsRequest<Compat<S>>);

/// An encrypted tokio stream between two ends that have proven their keys to each other.
///
/// It is read, written, flushed and shut down as a [`SecureStream`](multiserver_io::SecureStream) is read, written, flushed
/// and closed.
#[derive(Debug)]
pub struct ShsStream<S>(compose::ShsStream<Compat<S>>);

/// The half of a [`ShsStream`] that is read.
#[derive(Debug)]
pub struct ShsReadHalf<R>(SecureReader<Compat<R>>);

/// The half of a [`ShsStream`] that is written; dropping it without shutting it down truncates the stream.
#[derive(Debug)]
pub struct ShsWriteHalf<W>(SecureWriter<Compat<W>>);

impl ShsConnector {
    /// A connector with the identity and the network key of `shs`.
    #[must_use]
    pub const fn new(shs: Shs) -> Self {
        Self(compose::ShsConnector::new(shs))
    }

    /// Runs the handshake with the server that has this key.
    ///
    /// There is no deadline here: set one around it.
    ///
    /// # Errors
    /// The stream failed, the server does not have this key, or it [may have refused](LayerError::Refused) us.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it.
    pub async fn connect<S>(&self, server: &PublicKey, stream: S) -> Result<ShsStream<S>, LayerError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.0.connect(server, Compat(stream)).await.map(ShsStream)
    }
}

impl ShsAcceptor {
    /// An acceptor with the identity and the network key of `shs`.
    #[must_use]
    pub const fn new(shs: Shs) -> Self {
        Self(compose::ShsAcceptor::new(shs))
    }

    /// Runs the handshake until the client has proven its key and waits to be accepted.
    ///
    /// There is no deadline here, and no bound on how many handshakes run at once: set both around it.
    ///
    /// # Errors
    /// The stream failed, or the client has not proven who it is. Send it nothing, and drop the stream.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it.
    pub async fn handshake<S>(&self, stream: S) -> Result<ShsRequest<S>, LayerError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.0.handshake(Compat(stream)).await.map(ShsRequest)
    }
}

impl<S> ShsRequest<S> {
    /// The client's key, which it has proven.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        self.0.peer()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ShsRequest<S> {
    /// Accepts the client.
    ///
    /// # Errors
    /// The stream failed.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it.
    pub async fn accept(self) -> Result<ShsStream<S>, LayerError> {
        self.0.accept().await.map(ShsStream)
    }
}

impl<S> ShsStream<S> {
    /// The peer's key, which it has proven.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        self.0.peer()
    }

    /// A value that only the two ends of this stream know. A protocol above can sign it to bind itself to this stream.
    #[must_use]
    pub const fn channel_binding(&self) -> &[u8; 32] {
        self.0.channel_binding()
    }

    /// Splits this stream, where `split` splits the stream below, such as `TcpStream::into_split`; both halves continue
    /// where the stream was.
    #[must_use]
    pub fn into_split_with<R, W>(self, split: impl FnOnce(S) -> (R, W)) -> (ShsReadHalf<R>, ShsWriteHalf<W>) {
        let (read, write) = self.0.into_split_with(|Compat(stream)| {
            let (read, write) = split(stream);
            (Compat(read), Compat(write))
        });
        (ShsReadHalf(read), ShsWriteHalf(write))
    }
}

impl<S: AsyncRead + AsyncWrite> ShsStream<S> {
    /// Splits this stream by [`tokio::io::split`], which puts a lock between the halves;
    /// [`into_split_with`](Self::into_split_with) can split without a lock.
    #[must_use]
    pub fn into_split(self) -> (ShsReadHalf<tokio::io::ReadHalf<S>>, ShsWriteHalf<tokio::io::WriteHalf<S>>) {
        self.into_split_with(tokio::io::split)
    }
}

tokio_read!(ShsStream<S>, ShsReadHalf<S>);
tokio_write!(ShsStream<S>, ShsWriteHalf<S>);
