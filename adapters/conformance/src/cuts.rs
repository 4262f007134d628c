//! Streams that end where they should not, and bytes that come where they need not.

use crate::support::{
    CLIENT, NETWORK, REFUSED, SERVER, client, client_as, echo_with, exchange, identity, key, listen, raw, raw_pair,
    run, serving,
};
use crate::{Tested, Way};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{Connection, Limits};
use multiserver_core::keys::Ephemeral;
use multiserver_core::shs::{Client, ClientHandshake, Server, ServerHandshake};
use multiserver_io::{SecureStream, drive};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A handshake, a frame and a goodbye: what the client below sends.
const CLIENT_BYTES: usize = 64 + 112 + 34 + 5 + 34;

fn client_machine() -> ClientHandshake {
    let client = Client::new(identity(CLIENT), &key(SERVER), &NETWORK).unwrap();
    ClientHandshake::new(client, Ephemeral::from_random([3; 32]))
}

/// A stream that takes so many bytes and no more.
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

/// Sends five bytes and a goodbye through a stream that is cut, and goes away.
async fn send_cut(mut cut: Cut) -> io::Result<()> {
    let (sealer, opener) = drive(&mut client_machine(), &mut cut).await?.into_boxes();
    let mut stream = SecureStream::new(cut, sealer, opener);
    stream.write_all(b"hello").await?;
    stream.close().await
}

/// Only the whole of it is a clean end.
pub fn a_cut_at_every_byte_is_an_error<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let (mut server, address) = listen::<R>(serving(&way, false)).await;
        for left in 0..=CLIENT_BYTES {
            let send = async { send_cut(Cut { io: raw::<R, W>(&address).await, left }).await };
            let receive = async {
                let request = server.accept().await.unwrap().handshake().await.map_err(io::Error::other)?;
                let mut connection: Connection = request.accept().await.map_err(io::Error::other)?.into();
                let mut received = Vec::new();
                connection.read_to_end(&mut received).await?;
                Ok::<_, io::Error>(received)
            };
            let (sent, received) = join(send, receive).await;
            let is_whole = left == CLIENT_BYTES;
            assert_eq!((sent.is_ok(), received.is_ok()), (is_whole, is_whole), "{left} bytes: {received:?}");
            assert!(received.is_err() || received.unwrap() == b"hello");
        }
        assert_eq!(server.handle().live(), 0);
    });
}

/// Writes all of these bytes, and has them sent.
async fn send(connection: &mut Connection, bytes: &[u8]) {
    connection.write_all(bytes).await.unwrap();
    connection.flush().await.unwrap();
}

/// What follows the last message in the same write is left for whoever reads next, on both sides.
pub fn no_byte_behind_a_handshake_is_taken<R: Tested, W: Way>() {
    const TAIL: &[u8] = b"what comes next";
    run::<R>(async {
        let way = W::default();
        let ephemeral = |fill| Ephemeral::from_random([fill; 32]);

        let (mut near, mut far) = raw_pair::<R, W>(&way).await;
        let by_hand = async {
            let client = Client::new(identity(CLIENT), &key(SERVER), &NETWORK).unwrap();
            let (client, hello) = client.start(ephemeral(3));
            send(&mut near, &hello).await;
            let mut server_hello = [0; 64];
            near.read_exact(&mut server_hello).await.unwrap();
            let (_, auth) = client.server_hello(&server_hello).unwrap();
            send(&mut near, &[&auth[..], TAIL].concat()).await;
        };
        let driven = async {
            let mut machine = ServerHandshake::new(Server::new(identity(SERVER), &NETWORK), ephemeral(4));
            let authenticated = drive(&mut machine, &mut far).await.unwrap();
            drive(&mut authenticated.into_machine(), &mut far).await.unwrap();
            let mut tail = [0; TAIL.len()];
            far.read_exact(&mut tail).await.unwrap();
            assert_eq!(tail, TAIL);
        };
        join(by_hand, driven).await;

        let (mut near, mut far) = raw_pair::<R, W>(&way).await;
        let by_hand = async {
            let mut hello = [0; 64];
            far.read_exact(&mut hello).await.unwrap();
            let server = Server::new(identity(SERVER), &NETWORK);
            let (server, server_hello) = server.client_hello(&hello, ephemeral(4)).unwrap();
            send(&mut far, &server_hello).await;
            let mut auth = [0; 112];
            far.read_exact(&mut auth).await.unwrap();
            let (_, accept) = server.client_auth(&auth).unwrap().accept();
            send(&mut far, &[&accept[..], TAIL].concat()).await;
        };
        let driven = async {
            drive(&mut client_machine(), &mut near).await.unwrap();
            let mut tail = [0; TAIL.len()];
            near.read_exact(&mut tail).await.unwrap();
            assert_eq!(tail, TAIL);
        };
        join(by_hand, driven).await;
    });
}

/// Silence, another protocol, noise and a refusal, with room for one peer at a time.
pub fn peers_that_fail_harm_nobody<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let server = echo_with::<R>(serving(&way, false), Limits { pending: 1, ..Limits::default() }).await;
        for garbage in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[0; 64], &[0xff; 4096]] {
            let mut peer = raw::<R, W>(&server.address).await;
            let _ = peer.write_all(garbage).await;
        }
        assert!(client_as::<R, W>(REFUSED).connect(&server.address).await.is_err());
        let connection = client::<R, W>().connect(&server.address).await.unwrap();
        assert_eq!(exchange(connection, b"still here").await.unwrap(), b"still here");
        server.reports.wait_for("the handshake failed", 4).await;
        server.reports.wait_for("refused", 1).await;
    });
}
