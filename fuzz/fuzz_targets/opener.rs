//! A decoder reads any bytes in any pieces. Sealed bytes come out complete, altered ones are an error, and neither
//! depends on the pieces. The same holds for a peer that has the key and breaks the protocol.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use multiserver_core::box_stream::{Decoded, Decoder, Encoder, Error, Opener, Sealer};

const KEY: [u8; 32] = [0x42; 32];

#[derive(Debug, Arbitrary)]
struct Input {
    nonce: [u8; 24],
    /// How many bytes each write has.
    writes: Vec<u16>,
    goodbye: bool,
    /// Exclusive-ors bytes of the stream: where, with what.
    altered: Option<(u16, u8)>,
    /// Bytes after the stream, or the whole stream if there are no writes.
    tail: Vec<u8>,
    /// How many bytes are fed, and read, at once.
    pieces: Vec<u16>,
    frames: u8,
    /// A stream of its own, by a peer that has the key.
    hostile: Vec<Frame>,
}

/// A frame whose header is authentic, with any content.
#[derive(Debug, Arbitrary)]
struct Frame {
    length: u16,
    /// `None` for the right tag.
    tag: Option<[u8; 16]>,
    body: Vec<u8>,
}

fuzz_target!(|input: Input| {
    honest(&input);
    hostile(&input);
});

fn hostile(input: &Input) {
    let (mut stream, mut plaintext) = (Vec::new(), Vec::new());
    for (frame, boxes) in input.hostile.iter().zip((0..254).step_by(2)) {
        let mut body = frame.body.clone();
        let right_tag = multiserver_secretbox::seal(&KEY, &nonce(boxes + 1), &mut body);
        let mut header = [0; 18];
        header[..2].copy_from_slice(&frame.length.to_be_bytes());
        header[2..].copy_from_slice(&frame.tag.unwrap_or(right_tag));
        stream.extend(multiserver_secretbox::seal(&KEY, &nonce(boxes), &mut header));
        stream.extend(header);
        stream.extend(body);
        plaintext.extend_from_slice(&frame.body);
    }
    let outcome = open(nonce(0), input.frames, &stream, &input.pieces);
    assert!(outcome == open(nonce(0), input.frames, &stream, &[]));
    assert!(plaintext.starts_with(&outcome.0));
}

fn nonce(boxes: u8) -> [u8; 24] {
    let mut nonce = [0; 24];
    nonce[23] = boxes;
    nonce
}

fn honest(input: &Input) {
    let (mut stream, plaintext) = seal(input);
    let sealed = stream.len();
    stream.extend_from_slice(&input.tail);
    let altered = match input.altered {
        Some((at, with)) if usize::from(at) < sealed && with != 0 => {
            stream[usize::from(at)] ^= with;
            true
        }
        _ => false,
    };

    let outcome = open(input.nonce, input.frames, &stream, &input.pieces);
    assert!(outcome == open(input.nonce, input.frames, &stream, &[]));
    let (received, result) = outcome;
    assert!(plaintext.starts_with(&received));
    if altered {
        assert!(matches!(result, Err(Error::ForgedHeader | Error::ForgedBody)), "{result:?}");
    } else {
        assert_eq!(received, plaintext);
        let expected = if input.goodbye {
            Ok(())
        } else if input.tail.len() < 34 {
            Err(Error::Truncated)
        } else {
            Err(Error::ForgedHeader)
        };
        assert_eq!(result, expected);
    }
}

fn seal(input: &Input) -> (Vec<u8>, Vec<u8>) {
    let mut encoder = Encoder::with_frames(Sealer::new(KEY, input.nonce), usize::from(input.frames));
    let (mut stream, mut plaintext) = (Vec::new(), Vec::new());
    for (index, length) in input.writes.iter().take(8).enumerate() {
        let write = vec![u8::try_from(index).unwrap(); usize::from(*length) % 10_000];
        let mut rest = &write[..];
        while !rest.is_empty() {
            let taken = encoder.write(rest).unwrap();
            rest = &rest[taken..];
            stream.extend_from_slice(encoder.ciphertext());
            encoder.advance(usize::MAX);
        }
        plaintext.extend(write);
    }
    if input.goodbye {
        encoder.goodbye();
        stream.extend_from_slice(encoder.ciphertext());
    }
    (stream, plaintext)
}

/// Feeds the stream in these pieces, as far as there is room, and returns the plaintext and how it ended.
fn open(nonce: [u8; 24], frames: u8, mut stream: &[u8], pieces: &[u16]) -> (Vec<u8>, Result<(), Error>) {
    let mut decoder = Decoder::with_frames(Opener::new(KEY, nonce), usize::from(frames));
    let mut received = Vec::new();
    let mut pieces = pieces.iter().map(|piece| usize::from(*piece).max(1)).cycle();
    let mut into = vec![0; 70_000];
    loop {
        let piece = pieces.next().unwrap_or(into.len());
        match decoder.read(&mut into[..piece]) {
            Ok(Decoded::Plaintext(count)) => received.extend_from_slice(&into[..count]),
            Ok(Decoded::NeedInput) if stream.is_empty() => return (received, decoder.end_of_input()),
            Ok(Decoded::NeedInput) => {
                let fed = decoder.feed(&stream[..piece.min(stream.len())]);
                assert_ne!(fed, 0);
                stream = &stream[fed..];
            }
            Ok(Decoded::Goodbye) => return (received, decoder.end_of_input()),
            Err(error) => {
                assert_eq!(decoder.read(&mut into), Err(Error::Finished));
                return (received, Err(error));
            }
        }
    }
}
