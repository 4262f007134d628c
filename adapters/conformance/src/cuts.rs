//! Streams that end too early, and bytes that follow a message too early.

use crate::support::{
    CLIENT, NETWORK, REFUSED, SERVER, accept, client, client_as, echo_with, exchange, identity, key, listen, raw,
    raw_pair, run, serving,
};
use crate::{Tested, Way};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{Connection, Limits};
use multiserver_core::keys::Ephemeral;
use multiserver_core::shs::{Client, ClientHandshake, Outcome, Server, ServerHandshake};
use multiserver_io::{SecureStream, drive};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The bytes that the client below sends: a handshake, a frame and a goodbye.
const CLIENT_BYTES: usize = 64 + 112 + 34 + 5 + 34;
/// The bytes that the server below sends.
const SERVER_BYTES: usize = 64 + 80 + 34 + 5 + 34;

fn client_machine() -> ClientHandshake {
    let client = Client::new(identity(CLIENT), &key(SERVER), &NETWORK).unwrap();
    ClientHandshake::new(client, Ephemeral::from_random([3; 32]))
}

fn server_machine() -> ServerHandshake {
    ServerHandshake::new(Server::new(identity(SERVER), &NETWORK), Ephemeral::from_random([4; 32]))
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
async fn send_as_client(mut cut: Cut) -> io::Result<()> {
    let outcome = drive(&mut client_machine(), &mut cut).await?;
    send_hello(cut, outcome).await
}

/// The same as a server.
async fn send_as_server(mut cut: Cut) -> io::Result<()> {
    let authenticated = drive(&mut server_machine(), &mut cut).await?;
    let outcome = drive(&mut authenticated.into_machine(), &mut cut).await?;
    send_hello(cut, outcome).await
}

async fn send_hello(cut: Cut, outcome: Outcome) -> io::Result<()> {
    let (sealer, opener) = outcome.into_boxes();
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
        for left in 0..=CLIENT_BYTES {
            let send = async { send_as_client(Cut { io: raw::<R, W>(&address).await, left }).await };
            let receive = async {
                let request = server.accept().await.unwrap().handshake().await.map_err(io::Error::other)?;
                receive(request.accept().await.map_err(io::Error::other)?).await
            };
            let (sent, received) = join(send, receive).await;
            let is_whole = left == CLIENT_BYTES;
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
        let address = format!("{transport}~shs:{}", key(SERVER)).parse().unwrap();
        let client = client::<R, W>();
        for left in 0..=SERVER_BYTES {
            let send = async { send_as_server(Cut { io: accept(&mut server).await, left }).await };
            let receive = async { receive(client.connect(&address).await.map_err(io::Error::other)?).await };
            let (sent, received) = join(send, receive).await;
            let is_whole = left == SERVER_BYTES;
            assert_eq!((sent.is_ok(), received.is_ok()), (is_whole, is_whole), "{left} bytes: {received:?}");
            assert!(received.is_err() || received.unwrap() == b"hello");
        }
        assert_eq!(server.handle().live(), 0);
    });
}

/// Writes all of these bytes and flushes them.
async fn send(connection: &mut Connection, bytes: &[u8]) {
    connection.write_all(bytes).await.unwrap();
    connection.flush().await.unwrap();
}

/// Bytes that follow the last message in the same write are left in the stream for the next reader, on both sides.
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
            let authenticated = drive(&mut server_machine(), &mut far).await.unwrap();
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

/// Peers that are silent, speak another protocol, send noise or are refused, with room for one peer at a time.
pub fn peers_that_fail_harm_nobody<R: Tested, W: Way>() {
    run::<R>(async {
        let way = W::default();
        let server = echo_with::<R>(serving(&way, false), Limits::default().pending(5)).await;
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
