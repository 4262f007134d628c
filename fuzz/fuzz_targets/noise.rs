//! Both sides of `noise` with peers that send messages altered, cut, repeated and out of order, in any pieces; clients that
//! put any keys in their places; and a stream that was altered.
#![no_main]

#[path = "../../adapters/noise/tests/common/mod.rs"]
mod common;

use arbitrary::Arbitrary;
use common::straight_line::{Values, hello, honest, prove, read_answer};
use common::{alice, client, opened, run, sealed, server, transcript};
use libfuzzer_sys::fuzz_target;
use multiserver_core::frames::Error as FrameError;
use multiserver_noise::Error;

#[derive(Debug, Arbitrary)]
struct Input {
    /// Which messages of both sides come, in the place of the two that are due.
    order: Option<[u8; 5]>,
    /// Where the bytes that come are altered, and by what.
    altered: Option<(u16, u8)>,
    /// How many of them come.
    length: u16,
    piece: u8,
    ephemeral: Option<[u8; 32]>,
    x25519: Option<[u8; 32]>,
    ed25519: Option<[u8; 32]>,
    writes: Vec<u16>,
    stream_altered: Option<(u16, u8)>,
}

fuzz_target!(|input: Input| {
    let whole = transcript();
    let [first, second, third, fourth] = &whole.messages;
    let piece = usize::from(input.piece).max(1);

    let expected = [&first[..], third].concat();
    let received = altered(&expected, &whole.messages, &input);
    let said = run(&mut server(), &received, piece);
    let is_done = matches!(said.end, Some(Ok(_)));
    assert_eq!(is_done, received.starts_with(&expected), "only the honest bytes complete a server's handshake");
    assert!(matches!(said.bytes.len(), 0 | 48));

    let expected = [&second[..], fourth].concat();
    let received = altered(&expected, &whole.messages, &input);
    let said = run(&mut client(), &received, piece);
    let is_done = matches!(said.end, Some(Ok(_)));
    assert_eq!(is_done, received.starts_with(&expected), "only the honest bytes complete a client's handshake");
    assert!(matches!(said.bytes.len(), 48 | 144));

    forge(&input);
    stream(&input);
});

/// The first of the honest bytes, or of other messages, one byte of them altered.
fn altered(honest: &[u8], messages: &[Vec<u8>; 4], input: &Input) -> Vec<u8> {
    let mut bytes = match input.order {
        None => honest.to_vec(),
        Some(order) => order.iter().flat_map(|index| &messages[usize::from(index % 4)]).copied().collect(),
    };
    bytes.truncate(usize::from(input.length));
    if let Some((at, with)) = input.altered
        && let Some(byte) = bytes.get_mut(usize::from(at))
    {
        *byte ^= with;
    }
    bytes
}

/// A client that knows all secrets of its own, and sends other keys than they have.
fn forge(input: &Input) {
    let values = Values {
        ephemeral: input.ephemeral,
        x25519: input.x25519,
        ed25519: input.ed25519.unwrap_or(*alice().public().as_bytes()),
        ..honest()
    };
    let mut machine = server();
    let (mut state, first) = hello(&values);
    let said = run(&mut machine, &first, 200);
    assert_eq!(said.end.is_some(), input.ephemeral.is_some(), "an honest hello is answered, and no other");
    if let Some(end) = said.end {
        assert!(end.is_err());
        return;
    }
    let ephemeral = read_answer(&mut state, &values, &said.bytes).expect("the answer is authentic");
    let proof = prove(&mut state, &values, ephemeral);
    let is_own = |key: &[u8; 32]| {
        let mut without_sign = *key;
        without_sign[31] = without_sign[31] & 0x7f | alice().public().as_bytes()[31] & 0x80;
        without_sign == *alice().public().as_bytes()
    };
    let is_honest = is_own(&values.ed25519) && input.x25519.is_none_or(|key| key == alice().x25519_public());
    match run(&mut machine, &proof, 200).end.expect("message 3 is whole") {
        Ok(request) => {
            assert!(is_honest, "nobody is taken for another");
            assert_eq!(request.peer().as_bytes(), &values.ed25519);
        }
        Err(error) => {
            assert!(!is_honest, "{error}");
            assert!(matches!(error, Error::ClientKey | Error::WeakKey(_) | Error::Sealed(_)), "{error}");
        }
    }
}

/// A stream of which one byte may be altered.
fn stream(input: &Input) {
    let whole = transcript();
    let (sealer, opener) = (whole.client.into_frames().0, whole.server.into_frames().1);
    let texts: Vec<_> = input.writes.iter().take(6).map(|length| vec![7; usize::from(*length) % 9000]).collect();
    let plaintext = texts.concat();
    let writes: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    let mut ciphertext = sealed(sealer, &writes);
    let altered = input.stream_altered.is_some_and(|(at, with)| match ciphertext.get_mut(usize::from(at)) {
        Some(byte) => {
            *byte ^= with;
            with != 0
        }
        None => false,
    });
    let (received, error) = opened(opener, &ciphertext);
    assert!(plaintext.starts_with(&received));
    match error {
        None => assert!(!altered && received == plaintext),
        Some(error) => {
            assert!(altered && matches!(error, FrameError::ForgedHeader | FrameError::ForgedBody), "{error}")
        }
    }
}
