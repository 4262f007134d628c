//! The driver, over pipes that are narrower than any message.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use futures_executor::block_on;
use futures_util::future::join;
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_core::shs::{self, Message};
use multiserver_io::{DriveError, drive, drive_blocking};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::task::Poll;
use support::{End, ends, handshakes, key_pair, poll_once};

#[test]
fn a_handshake_completes_over_narrow_pipes() {
    for capacity in [1, 3, 64, 200] {
        let (mut client, mut server) = handshakes();
        let (mut near, mut far) = ends(capacity);
        let (client, server) = block_on(join(drive(&mut client, &mut near), async {
            let authenticated = drive(&mut server, &mut far).await?;
            assert_eq!(*authenticated.peer(), key_pair(1).public());
            drive(&mut authenticated.into_machine(), &mut far).await
        }));
        let (client, server) = (client.unwrap(), server.unwrap());
        assert_eq!(*client.peer(), key_pair(2).public());
        assert_eq!(client.channel_binding(), server.channel_binding(), "pipes of {capacity}");
    }
}

#[test]
fn a_driver_dropped_at_every_poll_goes_on_where_it_was() {
    for capacity in [1, 3, 64, 200] {
        let (mut client, mut server) = handshakes();
        let (mut near, mut far) = ends(capacity);
        let (mut client_outcome, mut accepting, mut server_outcome) = (None, None, None);
        let mut polls = 0;
        while client_outcome.is_none() || server_outcome.is_none() {
            polls += 1;
            assert!(polls < 10_000, "no progress over pipes of {capacity}");
            if client_outcome.is_none()
                && let Poll::Ready(outcome) = poll_once(drive(&mut client, &mut near))
            {
                client_outcome = Some(outcome.unwrap());
            }
            match &mut accepting {
                None => {
                    if let Poll::Ready(authenticated) = poll_once(drive(&mut server, &mut far)) {
                        accepting = Some(authenticated.unwrap().into_machine());
                    }
                }
                Some(accepting) if server_outcome.is_none() => {
                    if let Poll::Ready(outcome) = poll_once(drive(accepting, &mut far)) {
                        server_outcome = Some(outcome.unwrap());
                    }
                }
                Some(_) => {}
            }
        }
        let (client, server) = (client_outcome.unwrap(), server_outcome.unwrap());
        assert_eq!(client.channel_binding(), server.channel_binding(), "pipes of {capacity}");
    }
}

/// The bytes that a client and a server send in a whole handshake.
fn recorded() -> (Vec<u8>, Vec<u8>) {
    let (mut client, mut server) = handshakes();
    let (mut near, mut relay_near) = ends(200);
    let (mut relay_far, mut far) = ends(200);
    let relay = async {
        let (mut up, mut down) = (vec![0; 176], vec![0; 144]);
        for (from, to) in [(0, 64), (64, 176)] {
            relay_near.read_exact(&mut up[from..to]).await.unwrap();
            relay_far.write_all(&up[from..to]).await.unwrap();
            relay_far.flush().await.unwrap();
            let (from, to) = if from == 0 { (0, 64) } else { (64, 144) };
            relay_far.read_exact(&mut down[from..to]).await.unwrap();
            relay_near.write_all(&down[from..to]).await.unwrap();
            relay_near.flush().await.unwrap();
        }
        (up, down)
    };
    let both = join(drive(&mut client, &mut near), async {
        let authenticated = drive(&mut server, &mut far).await?;
        drive(&mut authenticated.into_machine(), &mut far).await
    });
    let ((client, server), recorded) = block_on(join(both, relay));
    client.unwrap();
    server.unwrap();
    recorded
}

/// An end whose peer has already sent these bytes, and nothing else.
fn said(bytes: &[u8]) -> (End, End) {
    let (near, mut far) = ends(1000);
    block_on(async {
        far.write_all(bytes).await.unwrap();
        far.close().await.unwrap();
    });
    (near, far)
}

fn assert_truncated(error: DriveError<shs::Error>, expected: Message) {
    assert!(matches!(error, DriveError::Closed(shs::Error::Closed(message)) if message == expected), "{error}");
    let error = io::Error::from(error);
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let source = error.get_ref().and_then(|source| source.downcast_ref());
    assert_eq!(source, Some(&shs::Error::Closed(expected)));
}

#[test]
fn an_end_at_every_byte_is_an_error_that_says_what_is_missing() {
    let (up, down) = recorded();
    for length in 0..down.len() {
        let (mut client, _) = handshakes();
        let (mut near, _far) = said(&down[..length]);
        let error = block_on(drive(&mut client, &mut near)).unwrap_err();
        assert_truncated(error, if length < 64 { Message::ServerHello } else { Message::ServerAccept });
        assert!(block_on(drive(&mut client, &mut near)).is_err(), "it is over");
    }
    for length in 0..up.len() {
        let (_, mut server) = handshakes();
        let (mut near, _far) = said(&up[..length]);
        let error = block_on(drive(&mut server, &mut near)).unwrap_err();
        assert_truncated(error, if length < 64 { Message::ClientHello } else { Message::ClientAuth });
    }
}

#[test]
fn bytes_after_the_last_message_are_left_in_the_stream() {
    let (_, mut down) = recorded();
    down.extend(b"box stream");
    let (mut client, _) = handshakes();
    let (mut near, _far) = said(&down);
    block_on(drive(&mut client, &mut near)).unwrap();
    let mut rest = Vec::new();
    block_on(near.read_to_end(&mut rest)).unwrap();
    assert_eq!(rest, b"box stream");
}

/// A stream that a signal interrupts once at every call.
struct Interrupted(TcpStream, bool);

impl Interrupted {
    fn once<T>(&mut self, call: impl FnOnce(&mut TcpStream) -> io::Result<T>) -> io::Result<T> {
        self.1 = !self.1;
        if self.1 { Err(ErrorKind::Interrupted.into()) } else { call(&mut self.0) }
    }
}

impl Read for Interrupted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.once(|stream| stream.read(buffer))
    }
}

impl Write for Interrupted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.once(|stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.once(Write::flush)
    }
}

#[test]
fn a_signal_does_not_end_a_handshake_over_a_blocking_stream() {
    let (mut client, mut server) = handshakes();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    let server = std::thread::spawn(move || {
        let authenticated = drive_blocking(&mut server, &mut far).unwrap();
        drive_blocking(&mut authenticated.into_machine(), &mut far).unwrap()
    });
    let outcome = drive_blocking(&mut client, &mut Interrupted(near, false)).unwrap();
    assert_eq!(outcome.channel_binding(), server.join().unwrap().channel_binding());
}
