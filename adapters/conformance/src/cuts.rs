//! Streams that end too early, and bytes that follow a message too early.

use crate::support::{
    CLIENT, REFUSED, SERVER, accept, client, client_as, echo_with, exchange, key, listen, raw, raw_pair, run, serving,
};
use crate::{Security, Tested, Way};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{Connection, Limits};
use multiserver_core::frames::SealFrames;
use multiserver_io::{SecureStream, drive};
use multiserver_model::protocol::Protocol;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The bytes of what follows a handshake below: a frame with five bytes, and a goodbye, which is a header alone.
const fn hello_bytes<S: SealFrames>() -> usize {
    S::HEADER_SIZE + 5 + S::TRAILER_SIZE + S::HEADER_SIZE
}

/// A stream that accepts this many bytes and then fails.
struct Cut {
    io: Connection,
    left: usize,
}

impl AsyncRead for Cut {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Cut {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = bytes.len().min(self.left);
        if count == 0 {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let written = Pin::new(&mut self.io).poll_write(cx, &bytes[..count]);
        if let Poll::Ready(Ok(count)) = written {
            self.left -= count;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_close(cx)
    }
}

/// As a client, sends five bytes and a goodbye through a stream that is cut, and drops it.
async fn send_as_client<S: Security>(mut cut: Cut) -> io::Result<()> {
    let outcome = drive(&mut S::of_client(), &mut cut).await?;
    send_hello::<S>(cut, outcome).await
}

/// The same as a server.
async fn send_as_server<S: Security>(mut cut: Cut) -> io::Result<()> {
    let outcome = drive_server::<S>(&mut cut).await?;
    send_hello::<S>(cut, outcome).await
}

/// The server's whole handshake.
async fn drive_server<S: Security>(io: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<S::Outcome> {
    let authenticated = drive(&mut S::of_server(), io).await?;
    let outcome = drive(&mut S::accept(authenticated), io).await?;
    assert_eq!(S::peer(&outcome), key(CLIENT));
    Ok(outcome)
}

async fn send_hello<S: Security>(cut: Cut, outcome: S::Outcome) -> io::Result<()> {
    let (sealer, opener) = S::frames(outcome);
    let mut stream = SecureStream::new(cut, sealer, opener);
    stream.write_all(b"hello").await?;
    stream.close().await
}

/// Reads to the end.
async fn receive(connection: impl Into<Connection>) -> io::Result<Vec<u8>> {
    let mut received = Vec::new();
    connection.into().read_to_end(&mut received).await?;
    Ok(received)
}

/// The server sees a clean end only if it receives everything that the client sends.
pub fn a_client_cut_at_every_byte_is_an_error<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (mut server, address) = listen::<R>(serving(&way, false)).await;
        let whole = W::Security::CLIENT_HANDSHAKE + hello_bytes::<<W::Security as Protocol>::Sealer>();
        for left in 0..=whole {
            let send = async { send_as_client::<W::Security>(Cut { io: raw::<R, W>(&address).await, left }).await };
            let receive = async {
                let request = server.accept().await.unwrap().handshake().await.map_err(io::Error::other)?;
                receive(request.accept().await.map_err(io::Error::other)?).await
            };
            let (sent, received) = join(send, receive).await;
            let is_whole = left == whole;
            assert_eq!((sent.is_ok(), received.is_ok()), (is_whole, is_whole), "{left} bytes: {received:?}");
            assert!(received.is_err() || received.unwrap() == b"hello");
        }
        assert_eq!(server.handle().live(), 0);
    });
}

/// The client sees a clean end only if it receives everything that the server sends.
pub fn a_server_cut_at_every_byte_is_an_error<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (mut server, transport) = listen::<R>(way.listening()).await;
        let address = format!("{transport}~{}:{}", W::Security::NAME, key(SERVER)).parse().unwrap();
        let client = client::<R, W>();
        let whole = W::Security::SERVER_HANDSHAKE + hello_bytes::<<W::Security as Protocol>::Sealer>();
        for left in 0..=whole {
            let send = async { send_as_server::<W::Security>(Cut { io: accept(&mut server).await, left }).await };
            let receive = async { receive(client.connect(&address).await.map_err(io::Error::other)?).await };
            let (sent, received) = join(send, receive).await;
            let is_whole = left == whole;
            assert_eq!((sent.is_ok(), received.is_ok()), (is_whole, is_whole), "{left} bytes: {received:?}");
            assert!(received.is_err() || received.unwrap() == b"hello");
        }
        assert_eq!(server.handle().live(), 0);
    });
}

/// What follows a handshake.
const TAIL: &[u8] = b"what comes next";

/// A stream that writes whole messages, and [`TAIL`] in one piece with the last of them.
struct Tail {
    io: Connection,
    message: Vec<u8>,
    /// How many messages come before the last one.
    before: usize,
}

impl Tail {
    /// Each side sends two messages.
    const fn new(io: Connection) -> Self {
        Self { io, message: Vec::new(), before: 1 }
    }
}

impl AsyncRead for Tail {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Tail {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.message.extend_from_slice(bytes);
        if self.before == 0 {
            self.message.extend_from_slice(TAIL);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, message, before } = &mut *self;
        while !message.is_empty() {
            let count = ready!(Pin::new(&mut *io).poll_write(cx, message))?;
            message.drain(..count);
            if message.is_empty() {
                *before = before.saturating_sub(1);
            }
        }
        Pin::new(io).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_close(cx)
    }
}

async fn read_tail(mut io: Connection) {
    let mut tail = [0; TAIL.len()];
    io.read_exact(&mut tail).await.unwrap();
    assert_eq!(tail, TAIL);
}

/// Bytes that follow the last message in the same write are left in the stream for the next reader, on both sides.
pub fn no_byte_behind_a_handshake_is_taken<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (near, mut far) = raw_pair::<R, W>(&way).await;
        let mut near = Tail::new(near);
        let client = async { drive(&mut W::Security::of_client(), &mut near).await.unwrap() };
        let server = async {
            drive_server::<W::Security>(&mut far).await.unwrap();
            read_tail(far).await;
        };
        join(client, server).await;

        let (mut near, far) = raw_pair::<R, W>(&way).await;
        let mut far = Tail::new(far);
        let client = async {
            drive(&mut W::Security::of_client(), &mut near).await.unwrap();
            read_tail(near).await;
        };
        join(client, drive_server::<W::Security>(&mut far)).await.1.unwrap();
    });
}

/// Peers that are silent, speak another protocol, send noise or are refused, each with a place of its own beside a good
/// client.
pub fn peers_that_fail_harm_nobody<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let server = echo_with::<R>(serving(&way, false), Limits::default().pending(5)).await;
        let mut peers = Vec::new();
        for garbage in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[0; 64], &[0xff; 4096]] {
            let mut peer = raw::<R, W>(&server.address).await;
            let _ = peer.write_all(garbage).await;
            peers.push(peer);
        }
        assert!(client_as::<R, W>(REFUSED).connect(&server.address).await.is_err());
        let connection = client::<R, W>().connect(&server.address).await.unwrap();
        assert_eq!(exchange(connection, b"still here").await.unwrap(), b"still here");
        drop(peers);
        server.reports.wait_for("the handshake failed", 4).await;
        server.reports.wait_for("refused", 1).await;
    });
}
