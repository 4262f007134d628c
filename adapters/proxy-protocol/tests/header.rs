//! Headers in every piece, and what are none.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use futures_executor::block_on;
use futures_util::io::{AllowStdIo, AsyncReadExt, Cursor};
use multiserver_core::handshake::{Handshake, Step};
use multiserver_io::DriveError;
use multiserver_proxy_protocol::{Error, Header, Proxied, read_header};

/// The start of version 2, then this command, this family, and this behind the length.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n".as_slice(), &[command, family], &length, rest].concat()
}

const IPV4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 2, 0x1f, 0x48, 0, 80];

fn proxied(source: &str, destination: &str) -> Option<Proxied> {
    Some(Proxied { source: source.parse().unwrap(), destination: destination.parse().unwrap() })
}

fn headers() -> Vec<(Vec<u8>, Option<Proxied>)> {
    let ipv6 = [[0x20; 16], [0x30; 16]].concat();
    let ipv6 = [ipv6.as_slice(), &[0, 1, 0, 2]].concat();
    let told = proxied("192.0.2.1:8008", "198.51.100.2:80");
    let longest =
        "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
    assert_eq!(longest.len(), 107);
    vec![
        (b"PROXY TCP4 192.0.2.1 198.51.100.2 8008 80\r\n".to_vec(), told),
        (b"PROXY TCP4 192.0.2.11 198.51.100.2 8008 80\r\n".to_vec(), proxied("192.0.2.11:8008", "198.51.100.2:80")),
        (b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n".to_vec(), proxied("[2001:db8::1]:1", "[::1]:2")),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
        (longest.into(), None),
        (v2(0x21, 0x11, &IPV4), told),
        (v2(0x21, 0x11, &[IPV4.as_slice(), &[4, 0, 1, 0]].concat()), told),
        (v2(0x21, 0x11, &[IPV4.as_slice(), &[0; 4096 - 28]].concat()), told),
        (
            v2(0x21, 0x21, &ipv6),
            proxied("[2020:2020:2020:2020:2020:2020:2020:2020]:1", "[3030:3030:3030:3030:3030:3030:3030:3030]:2"),
        ),
        (v2(0x21, 0x00, &[]), None),
        (v2(0x21, 0x31, &[0; 216]), None),
        (v2(0x20, 0x00, &[]), None),
        // What a LOCAL header has besides is to be skipped, whatever it is.
        (v2(0x20, 0x11, &[]), None),
        (v2(0x20, 0xff, &[1, 2, 3]), None),
    ]
}

fn read(bytes: &[u8]) -> (Result<Option<Proxied>, DriveError<Error>>, usize) {
    let mut stream = AllowStdIo::new(std::io::Cursor::new(bytes.to_vec()));
    let read = block_on(read_header(&mut stream));
    (read, usize::try_from(stream.into_inner().position()).unwrap())
}

#[test]
fn a_header_is_read_and_no_byte_behind_it() {
    for (header, told) in headers() {
        let mut stream = Cursor::new([header.as_slice(), b"behind"].concat());
        assert_eq!(block_on(read_header(&mut stream)).unwrap(), told, "{header:?}");
        let mut behind = Vec::new();
        block_on(stream.read_to_end(&mut behind)).unwrap();
        assert_eq!(behind, b"behind", "{header:?}");
    }
}

#[test]
fn a_header_comes_in_any_pieces() {
    for (header, told) in headers() {
        for piece in [1, 2, 3, 7, 13] {
            let (mut machine, mut rest) = (Header::new(), header.as_slice());
            let read = loop {
                match machine.step().unwrap() {
                    Step::Read(mut step) => {
                        let count = step.buffer().len().min(piece);
                        step.buffer()[..count].copy_from_slice(&rest[..count]);
                        step.advance(count);
                        rest = &rest[count..];
                    }
                    Step::Done(read) => break read,
                    Step::Write(_) | Step::Flush(_) => panic!("the reader has nothing to say"),
                }
            };
            assert_eq!((read, rest), (told, [].as_slice()));
            assert_eq!(machine.step().unwrap_err(), Error::Finished);
        }
    }
}

#[test]
fn a_header_that_is_cut_is_an_error_at_every_byte() {
    for (header, _) in headers() {
        let cuts = (0..header.len()).step_by(if header.len() > 1000 { 97 } else { 1 });
        for cut in cuts {
            let (read, _) = read(&header[..cut]);
            assert!(matches!(read, Err(DriveError::Closed(Error::Closed))), "{cut}: {read:?}");
        }
    }
}

#[test]
fn what_is_no_header_is_refused_at_once() {
    let long_line = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
    let long_tlvs = v2(0x21, 0x11, &[0; 4096 - 15]);
    for (bytes, error, most_read) in [
        (b"GET / HTTP/1.1\r\n".to_vec(), Error::Missing, 1),
        (vec![0; 64], Error::Missing, 1),
        (b"POST / HTTP/1.1\r\n".to_vec(), Error::Missing, 12),
        (b"\r\n\r\n\0\r\nQUOT\n\x21\x11\0\0".to_vec(), Error::Missing, 16),
        (b"PROXY TCP4 192.0.2.1\r\n".to_vec(), Error::Malformed, 22),
        (b"PROXY TCP4 192.0.2.1\n198.51.100.2 1 2\r\n".to_vec(), Error::Malformed, 22),
        (b"PROXY UNKNOWN\rx\n".to_vec(), Error::Malformed, 15),
        (b"PROXY TCP4 ::1 ::1 1 2\r\n".to_vec(), Error::Malformed, 24),
        (b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n".to_vec(), Error::Malformed, 43),
        (long_line, Error::TooLong { limit: 107 }, 107),
        (v2(0x11, 0x11, &IPV4), Error::Malformed, 16),
        (v2(0x22, 0x11, &IPV4), Error::Malformed, 28),
        (v2(0x21, 0x11, &IPV4[..11]), Error::Malformed, 27),
        (v2(0x21, 0x44, &IPV4), Error::Malformed, 28),
        (v2(0x21, 0x12, &IPV4), Error::Datagram, 28),
        (long_tlvs, Error::TooLong { limit: 4096 }, 16),
    ] {
        let (read, count) = read(&bytes);
        assert!(matches!(read, Err(DriveError::Handshake(found)) if found == error), "{bytes:?}: {read:?}");
        assert!(count <= most_read, "{bytes:?}: {count} bytes were read");
    }
}

#[test]
fn a_machine_is_over_after_its_header_an_error_or_an_end() {
    let fed = |bytes: &[u8]| {
        let mut header = Header::default();
        for byte in bytes {
            let Ok(Step::Read(mut step)) = header.step() else { panic!("it does not read") };
            step.buffer()[0] = *byte;
            step.advance(1);
        }
        header
    };
    let mut read = fed(b"PROXY UNKNOWN\r\n");
    assert!(matches!(read.step(), Ok(Step::Done(None))));
    let mut refused = fed(b"G");
    assert!(matches!(refused.step(), Err(Error::Missing)));
    let mut cut = fed(b"PROXY");
    assert_eq!(cut.end_of_input(), Error::Closed);
    for mut header in [read, refused, cut] {
        assert!(matches!(header.step(), Err(Error::Finished)));
    }
}

#[test]
fn debug_says_how_far_a_header_was_read() {
    let mut header = Header::new();
    assert_eq!(format!("{header:?}"), "Header { state: New, messages: Nothing byte 0 of 0 }");
    assert!(matches!(header.step(), Ok(Step::Read(_))));
    assert_eq!(format!("{header:?}"), "Header { state: First, messages: Reading byte 0 of 1 }");
}
