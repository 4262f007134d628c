//! A stream to a proxy whose answers are fixed.
#![allow(clippy::unwrap_used, clippy::panic)]

use futures_executor::block_on;
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_socks::connect;
use multiserver_socks::socks5::{Bound, Credentials, Error, Refusal, Stage, Target};
use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Answers with the given bytes, and keeps what is sent to it.
struct Proxy<'a> {
    says: &'a [u8],
    told: Vec<u8>,
}

impl AsyncRead for Proxy<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.says.read(buffer))
    }
}

impl AsyncWrite for Proxy<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.told.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn target() -> Target {
    Target::new("a.onion", 8008).unwrap()
}

/// The result of these answers, without credentials.
fn answered(says: &[u8]) -> io::Result<Bound> {
    block_on(connect(&mut Proxy { says, told: Vec::new() }, target(), None))
}

#[test]
fn names_go_to_the_proxy_and_nothing_is_read_past_its_reply() {
    let says = [&[5, 2, 1, 0][..], &[5, 0, 0, 1, 127, 0, 0, 1, 0, 9], b"hello"].concat();
    let mut proxy = Proxy { says: &says, told: Vec::new() };
    let credentials = Credentials::new("me", "pass").unwrap();
    let bound = block_on(connect(&mut proxy, target(), Some(&credentials))).unwrap();
    assert_eq!(bound, Bound::Ip("127.0.0.1:9".parse().unwrap()));
    assert_eq!(proxy.says, b"hello");
    assert_eq!(proxy.told, b"\x05\x01\x02\x01\x02me\x04pass\x05\x01\x00\x03\x07a.onion\x1f\x48");
}

#[test]
fn what_the_proxy_objects_to_has_its_error_for_source_and_the_nearest_kind() {
    let refused = |code, refusal| ([&[5, 0][..], &[5, code]].concat(), Error::Refused(refusal));
    for ((says, cause), kind) in [
        (refused(1, Refusal::GeneralFailure), ErrorKind::Other),
        (refused(2, Refusal::NotAllowed), ErrorKind::PermissionDenied),
        (refused(3, Refusal::NetworkUnreachable), ErrorKind::NetworkUnreachable),
        (refused(4, Refusal::HostUnreachable), ErrorKind::HostUnreachable),
        (refused(5, Refusal::ConnectionRefused), ErrorKind::ConnectionRefused),
        (refused(6, Refusal::TtlExpired), ErrorKind::TimedOut),
        (refused(7, Refusal::CommandNotSupported), ErrorKind::Unsupported),
        (refused(0xf0, Refusal::OnionNotFound), ErrorKind::HostUnreachable),
        (refused(0xf4, Refusal::OnionAuthorizationMissing), ErrorKind::PermissionDenied),
        (refused(0xf6, Refusal::OnionAddressInvalid), ErrorKind::InvalidInput),
        ((vec![5, 0xff], Error::AuthenticationRequired), ErrorKind::PermissionDenied),
        ((vec![5], Error::Closed(Stage::Method)), ErrorKind::UnexpectedEof),
        ((vec![5, 0], Error::Closed(Stage::Reply)), ErrorKind::UnexpectedEof),
        ((b"HTTP".to_vec(), Error::Version { stage: Stage::Method, found: b'H', expected: 5 }), ErrorKind::InvalidData),
    ] {
        let error = answered(&says).unwrap_err();
        assert_eq!((error.kind(), cause_of(&error)), (kind, Some(cause)), "{error}");
    }
}

#[test]
fn an_error_of_the_stream_stays_as_it_is() {
    struct Broken;

    impl AsyncRead for Broken {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
            panic!("nothing was written yet")
        }
    }

    impl AsyncWrite for Broken {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(ErrorKind::BrokenPipe.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    let error = block_on(connect(&mut Broken, target(), None)).unwrap_err();
    assert_eq!((error.kind(), cause_of(&error)), (ErrorKind::BrokenPipe, None));
}

/// The proxy's error, if the proxy is to blame.
fn cause_of(error: &io::Error) -> Option<Error> {
    error.get_ref().and_then(|source| source.downcast_ref()).copied()
}
