//! Sockets in two halves, and listening sockets.

use async_io::{Async, IoSafe};
use futures_io::{AsyncRead, AsyncWrite};
#[cfg(unix)]
use multiserver_compose::system::SocketFile;
use multiserver_compose::{TcpArrival, TcpListener, system};
use multiserver_io::Duplex;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{Shutdown, SocketAddr, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A connected socket of the standard library.
pub(crate) trait Socket: IoSafe + Send + Sync + 'static
where
    for<'a> &'a Self: io::Read + io::Write,
{
    /// Ends the direction to the peer.
    fn end_writing(&self) -> io::Result<()>;
}

/// The read half of a socket.
struct Read<S>(Arc<Async<S>>);

/// The write half of a socket; dropping it ends the direction to the peer.
struct Write<S: Socket>(Arc<Async<S>>)
where
    for<'a> &'a S: io::Read + io::Write;

/// A listening TCP socket.
pub(crate) struct Listener(pub(crate) Async<std::net::TcpListener>);

/// A listening Unix socket.
#[cfg(unix)]
pub(crate) struct UnixListener {
    /// Declared first, so that it is dropped, and the file removed, before the socket closes.
    pub(crate) _file: Option<SocketFile>,
    pub(crate) socket: Async<std::os::unix::net::UnixListener>,
}

/// The TCP connection in two halves, without a lock.
pub(crate) fn duplex(stream: Async<TcpStream>) -> Duplex {
    system::tune_tcp(stream.get_ref());
    split(stream)
}

/// The socket in two halves; each direction has one task, which is what async-io's polling allows.
pub(crate) fn split<S: Socket>(stream: Async<S>) -> Duplex
where
    for<'a> &'a S: io::Read + io::Write,
{
    let stream = Arc::new(stream);
    Duplex::new(Read(Arc::clone(&stream)), Write(stream))
}

impl Socket for TcpStream {
    fn end_writing(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl TcpListener for Listener {
    fn local_address(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpArrival>> {
        let (stream, remote) = ready!(poll_accept(&self.0, cx, std::net::TcpListener::accept))?;
        let local = stream.local_addr().ok();
        Poll::Ready(Async::new(stream).map(|stream| TcpArrival::new(duplex(stream), remote, local)))
    }
}

#[cfg(unix)]
impl Socket for UnixStream {
    fn end_writing(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

#[cfg(unix)]
impl multiserver_compose::UnixListener for UnixListener {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Duplex>> {
        let (stream, _) = ready!(poll_accept(&self.socket, cx, std::os::unix::net::UnixListener::accept))?;
        Poll::Ready(Async::new(stream).map(split))
    }
}

/// Accepts without blocking.
fn poll_accept<L, T>(
    listener: &Async<L>,
    cx: &mut Context<'_>,
    accept: impl Fn(&L) -> io::Result<T>,
) -> Poll<io::Result<T>> {
    loop {
        match accept(listener.get_ref()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(listener.poll_readable(cx))?,
            accepted => return Poll::Ready(accepted),
        }
    }
}

impl<S: Socket> AsyncRead for Read<S>
where
    for<'a> &'a S: io::Read + io::Write,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_read(cx, buffer)
    }
}

impl<S: Socket> AsyncWrite for Write<S>
where
    for<'a> &'a S: io::Read + io::Write,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0.get_ref().end_writing() {
            // The peer has reset the connection: that direction has ended already.
            Err(error) if error.kind() == ErrorKind::NotConnected => Poll::Ready(Ok(())),
            ended => Poll::Ready(ended),
        }
    }
}

impl<S: Socket> Drop for Write<S>
where
    for<'a> &'a S: io::Read + io::Write,
{
    fn drop(&mut self) {
        // The peer may be gone already, so an error is ignored.
        let _ = self.0.get_ref().end_writing();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::io::Write as _;

    #[test]
    fn closing_what_the_peer_has_reset_is_no_error() {
        async_io::block_on(async {
            let listener = Async::<std::net::TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
            let near = Async::<TcpStream>::connect(listener.get_ref().local_addr().unwrap()).await.unwrap();
            let (far, _) = listener.accept().await.unwrap();
            near.get_ref().write_all(b"never read").unwrap();
            far.readable().await.unwrap();
            // The system resets the connection of a socket that is closed with unread bytes in it.
            drop(far);
            let mut near = duplex(near);
            let reset = poll_fn(|cx| Pin::new(&mut near).poll_read(cx, &mut [0; 1])).await.unwrap_err();
            assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
            poll_fn(|cx| Pin::new(&mut near).poll_close(cx)).await.unwrap();
        });
    }
}
