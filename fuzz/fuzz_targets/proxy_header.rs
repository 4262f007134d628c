//! A balancer may send anything, in any pieces: what is read ends in a header or an error, and never reaches behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use multiserver_core::handshake::{Handshake, Step};
use multiserver_proxy_protocol::{Error, Header, Proxied};

fuzz_target!(|input: (&[u8], &[u8])| {
    let (sent, pieces) = input;
    let in_pieces = read(sent, pieces);
    assert_eq!(in_pieces, read(sent, &[]));
    let (result, count) = in_pieces;
    let header = &sent[..count];
    match result {
        Ok(proxied) => match header {
            [b'P', ..] => {
                assert!((15..=107).contains(&count) && header.starts_with(b"PROXY ") && header.ends_with(b"\r\n"));
                assert_eq!(proxied.is_none(), header.starts_with(b"PROXY UNKNOWN"));
            }
            _ => {
                assert!((16..=4096).contains(&count) && header.starts_with(b"\r\n\r\n\0\r\nQUIT\n"));
                assert_eq!(count, 16 + usize::from(u16::from_be_bytes([header[14], header[15]])));
                assert_eq!(proxied.is_some(), header[12] == 0x21 && matches!(header[13], 0x11 | 0x21));
            }
        },
        Err(Error::Closed) => assert_eq!(count, sent.len()),
        Err(error) => assert!(count <= 4096 && !error.to_string().is_empty()),
    }
});

/// Sends in these pieces, and returns the result and how much was read.
fn read(sent: &[u8], pieces: &[u8]) -> (Result<Option<Proxied>, Error>, usize) {
    let mut machine = Header::new();
    let mut pieces = pieces.iter().map(|piece| usize::from(*piece).max(1)).cycle();
    let mut count = 0;
    let result = loop {
        match machine.step() {
            Ok(Step::Read(mut step)) => {
                let rest = &sent[count..];
                let piece = step.buffer().len().min(rest.len()).min(pieces.next().unwrap_or(usize::MAX));
                step.buffer()[..piece].copy_from_slice(&rest[..piece]);
                step.advance(piece);
                count += piece;
                if piece == 0 {
                    break Err(machine.end_of_input());
                }
            }
            Ok(Step::Done(proxied)) => break Ok(proxied),
            Ok(Step::Write(_) | Step::Flush(_)) => panic!("the header's reader has nothing to say"),
            Err(error) => break Err(error),
        }
    };
    assert_eq!(machine.step().unwrap_err(), Error::Finished);
    (result, count)
}
