//! Box streams against plain ones. What an encoder makes of any calls is the frames of what it took, byte by byte;
//! what a decoder makes of any stream, in any calls, is the plaintext and the end that a reader of the whole finds.
#![no_main]

mod plain_boxes;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use multiserver_core::box_stream::{
    Decoded, Decoder, Encoder, Error, HEADER_SIZE, MAX_BODY_SIZE, MAX_FRAME_SIZE, Opener, Sealer,
};
use plain_boxes::{Boxes, TAG_SIZE};

const KEY: [u8; 32] = [0x42; 32];

#[derive(Debug, Arbitrary)]
struct Input {
    nonce: [u8; 24],
    /// How many frames are buffered.
    frames: u8,
    writings: Vec<Writing>,
    parts: Vec<Part>,
    /// Exclusive-ors a byte of the parts: where, with what.
    altered: Option<(u16, u8)>,
    /// How many bytes at the end of the parts do not come.
    missing: u16,
    readings: Vec<Reading>,
}

/// A call of an encoder.
#[derive(Debug, Arbitrary)]
enum Writing {
    Write {
        length: u16,
    },
    Advance {
        count: u16,
    },
    /// Takes its buffer, and gives it another one that has been used.
    Exchange {
        length: u16,
    },
    Goodbye,
}

/// A part of what a decoder's peer sends, who has the key.
#[derive(Debug, Arbitrary)]
enum Part {
    Frame {
        length: u16,
    },
    /// A frame of which the header announces something else.
    Announced {
        body: Vec<u8>,
        length: Option<u16>,
        tag: Option<[u8; TAG_SIZE]>,
    },
    Goodbye,
    Bytes(Vec<u8>),
}

/// A call of a decoder.
#[derive(Debug, Arbitrary)]
enum Reading {
    Feed {
        count: u16,
    },
    /// Decodes a frame, and consumes some of it.
    Decode {
        count: u16,
    },
    Read {
        length: u16,
    },
    /// Takes its buffer, and gives it another one that has been used.
    Exchange {
        length: u16,
    },
}

fuzz_target!(|input: Input| {
    encode(&input);
    let stream = stream(&input);
    let expected = Boxes::new(KEY, input.nonce).read_stream(&stream);
    assert!(decode(&input, &stream) == expected, "not {:?} after {} bytes", expected.1, expected.0.len());
});

fn encode(input: &Input) {
    let mut encoder = Encoder::with_frames(Sealer::new(KEY, input.nonce), usize::from(input.frames));
    let bound = usize::from(input.frames).max(1) * MAX_FRAME_SIZE + HEADER_SIZE;
    let (mut boxes, mut expected, mut written) = (Boxes::new(KEY, input.nonce), Vec::new(), Vec::new());
    let mut is_over = false;
    for writing in input.writings.iter().take(32) {
        match *writing {
            Writing::Write { length } => {
                let plaintext = counted(usize::from(length), written.len());
                let was_empty = encoder.ciphertext().is_empty();
                let taken = encoder.write(&plaintext);
                assert_eq!(taken.is_err(), is_over);
                let Ok(taken) = taken else { continue };
                assert!(taken > 0 || plaintext.is_empty() || !was_empty, "what is empty has room");
                plaintext[..taken].chunks(MAX_BODY_SIZE).for_each(|body| expected.extend(boxes.frame(body)));
            }
            Writing::Advance { count } => {
                let ciphertext = encoder.ciphertext();
                written.extend_from_slice(&ciphertext[..ciphertext.len().min(usize::from(count))]);
                encoder.advance(usize::from(count));
            }
            Writing::Exchange { length } => {
                drop(encoder.take_buffer());
                encoder.give_buffer(vec![0xaa; usize::from(length)]);
            }
            Writing::Goodbye => {
                encoder.goodbye();
                if !is_over {
                    expected.extend(boxes.goodbye());
                }
                is_over = true;
            }
        }
        assert!(encoder.ciphertext().len() <= bound);
    }
    written.extend_from_slice(encoder.ciphertext());
    assert!(written == expected);
}

/// Bytes that tell one place from another.
fn counted(length: usize, from: usize) -> Vec<u8> {
    (from..from + length).map(|index| (index % 251).try_into().unwrap()).collect()
}

/// The stream that the decoder gets.
fn stream(input: &Input) -> Vec<u8> {
    let (mut boxes, mut stream) = (Boxes::new(KEY, input.nonce), Vec::new());
    for part in input.parts.iter().take(32) {
        match part {
            Part::Frame { length } => {
                stream.extend(boxes.frame(&counted(usize::from(*length) % (MAX_BODY_SIZE + 1), stream.len())));
            }
            Part::Announced { body, length, tag } => {
                stream.extend(boxes.frame_that_announces(body, *length, *tag));
            }
            Part::Goodbye => stream.extend(boxes.goodbye()),
            Part::Bytes(bytes) => stream.extend_from_slice(bytes),
        }
    }
    if let Some((at, with)) = input.altered
        && let Some(byte) = stream.get_mut(usize::from(at))
    {
        *byte ^= with;
    }
    stream.truncate(stream.len().saturating_sub(usize::from(input.missing)));
    stream
}

/// Makes these calls, and then reads what is left.
fn decode(input: &Input, stream: &[u8]) -> (Vec<u8>, Result<(), Error>) {
    let mut decoder = Decoder::with_frames(Opener::new(KEY, input.nonce), usize::from(input.frames));
    let (mut rest, mut plaintext) = (stream, Vec::new());
    let to_the_end = Reading::Read { length: u16::MAX };
    for reading in input.readings.iter().take(256).chain(std::iter::repeat(&to_the_end)) {
        let state = match *reading {
            Reading::Feed { count } => {
                let fed = decoder.feed(&rest[..rest.len().min(usize::from(count))]);
                rest = &rest[fed..];
                continue;
            }
            Reading::Exchange { length } => {
                drop(decoder.take_buffer());
                decoder.give_buffer(vec![0xaa; usize::from(length)]);
                continue;
            }
            Reading::Decode { count } => decoder.decode().map(|decoded| match decoded {
                Decoded::Plaintext(bytes) => {
                    assert!(!bytes.is_empty());
                    let count = bytes.len().min(usize::from(count));
                    plaintext.extend_from_slice(&bytes[..count]);
                    Decoded::Plaintext(count)
                }
                Decoded::NeedInput => Decoded::NeedInput,
                Decoded::Goodbye => Decoded::Goodbye,
            }),
            Reading::Read { length } => {
                let mut into = vec![0; usize::from(length)];
                let read = decoder.read(&mut into);
                if let Ok(Decoded::Plaintext(count)) = read {
                    assert_eq!(count == 0, into.is_empty());
                    plaintext.extend_from_slice(&into[..count]);
                }
                read
            }
        };
        match state {
            Ok(Decoded::Plaintext(count)) => {
                if matches!(reading, Reading::Decode { .. }) {
                    decoder.consume(count);
                }
            }
            Ok(Decoded::NeedInput) => {
                assert!(!decoder.buffer().is_empty());
                if rest.is_empty() {
                    return (plaintext, over(&mut decoder));
                }
                if std::ptr::eq(reading, &to_the_end) {
                    let fed = decoder.feed(rest);
                    rest = &rest[fed..];
                }
            }
            Ok(Decoded::Goodbye) => return (plaintext, over(&mut decoder)),
            Err(error) => {
                assert_eq!(over(&mut decoder), Err(Error::Finished));
                return (plaintext, Err(error));
            }
        }
    }
    unreachable!("the last reading repeats until the end")
}

/// Ends the input of a decoder that has nothing more to give, and returns what it says of that.
fn over(decoder: &mut Decoder) -> Result<(), Error> {
    let end = decoder.end_of_input();
    let afterwards = if end.is_ok() { Ok(Decoded::Goodbye) } else { Err(Error::Finished) };
    assert_eq!(decoder.decode(), afterwards);
    assert_eq!(decoder.feed(&[0]), 0, "nothing is taken after the end");
    end
}
