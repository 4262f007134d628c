//! Box streams against recorded ones of the reference, and against every way to cut or alter them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use data_encoding::HEXLOWER;
use multiserver_core::box_stream::{
    BodyLength, Decoded, Decoder, Encoder, Error, HEADER_SIZE, MAX_BODY_SIZE, MAX_FRAME_SIZE, Opened, Opener, Sealer,
};
use xsalsa20poly1305::aead::AeadInPlace;
use xsalsa20poly1305::{KeyInit, XSalsa20Poly1305};

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 24] = [0x17; 24];

struct Recording {
    name: String,
    key: [u8; 32],
    nonce: [u8; 24],
    chunks: Vec<Vec<u8>>,
    output: Vec<u8>,
}

impl Recording {
    fn plaintext(&self) -> Vec<u8> {
        self.chunks.concat()
    }
}

fn recordings() -> Vec<Recording> {
    let file: serde_json::Value = serde_json::from_str(include_str!("vectors/box_stream.json")).unwrap();
    let hex = |value: &serde_json::Value| HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap();
    let recordings: Vec<_> = file
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| Recording {
            name: entry["name"].as_str().unwrap().to_owned(),
            key: hex(&entry["key"]).try_into().unwrap(),
            nonce: hex(&entry["nonce"]).try_into().unwrap(),
            chunks: entry["chunks"].as_array().unwrap().iter().map(hex).collect(),
            output: hex(&entry["output"]),
        })
        .collect();
    assert_eq!(recordings.len(), 5);
    recordings
}

/// A stream of two frames and a goodbye: 111 bytes.
fn short_stream() -> Vec<u8> {
    let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
    assert_eq!(encoder.write(b"hello"), Ok(5));
    assert_eq!(encoder.write(b"over"), Ok(4));
    encoder.goodbye();
    encoder.ciphertext().to_vec()
}

/// Feeds the pieces one after the other, then the end, and returns what came out before the end or the error.
fn decode<'a>(decoder: &mut Decoder, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Result<(), Error>) {
    let mut plaintext = Vec::new();
    let mut pieces = pieces.into_iter();
    let mut piece: &[u8] = &[];
    let mut fed = 0;
    loop {
        match decoder.decode() {
            Ok(Decoded::Plaintext(bytes)) => {
                assert!(!bytes.is_empty());
                plaintext.extend_from_slice(bytes);
                assert!(plaintext.len() < fed, "more comes out than went in");
                decoder.consume(usize::MAX);
            }
            Ok(Decoded::NeedInput) => {
                while piece.is_empty() {
                    match pieces.next() {
                        Some(next) => piece = next,
                        None => return (plaintext, decoder.end_of_input()),
                    }
                }
                assert!(!decoder.buffer().is_empty());
                let count = decoder.feed(piece);
                assert_ne!(count, 0, "nothing is taken after it was asked for");
                fed += count;
                piece = &piece[count..];
            }
            Ok(Decoded::Goodbye) => return (plaintext, decoder.end_of_input()),
            Err(error) => return (plaintext, Err(error)),
        }
    }
}

fn decoder() -> Decoder {
    Decoder::new(Opener::new(KEY, NONCE))
}

/// A box made directly, tag apart, under the nonce that follows [`NONCE`] after `steps` boxes.
fn direct_box(steps: u8, data: &mut [u8]) -> [u8; 16] {
    let mut nonce = NONCE;
    nonce[23] += steps;
    XSalsa20Poly1305::new(&KEY.into()).encrypt_in_place_detached(&nonce.into(), b"", data).unwrap().into()
}

/// A header, valid in itself, that announces `length` bytes whose tag is `tag`.
fn direct_header(steps: u8, length: u16, tag: [u8; 16]) -> [u8; HEADER_SIZE] {
    let mut content = [&length.to_be_bytes()[..], &tag].concat();
    let header_tag = direct_box(steps, &mut content);
    [&header_tag[..], &content].concat().try_into().unwrap()
}

#[test]
fn the_sealer_writes_what_the_reference_wrote() {
    for recording in recordings() {
        let mut sealer = Sealer::new(recording.key, recording.nonce);
        let mut output = Vec::new();
        for chunk in recording.chunks.iter().filter(|chunk| !chunk.is_empty()) {
            let mut body = chunk.clone();
            output.extend(sealer.seal(&mut body).unwrap());
            output.extend(body);
        }
        output.extend(sealer.goodbye());
        assert_eq!(output, recording.output, "{}", recording.name);
    }
}

#[test]
fn the_opener_reads_what_the_reference_wrote() {
    for recording in recordings() {
        let mut input = &recording.output[..];
        let mut plaintext = Vec::new();
        let mut opener = Opener::new(recording.key, recording.nonce);
        loop {
            let (header, rest) = input.split_first_chunk::<HEADER_SIZE>().unwrap();
            match opener.open_header(header).unwrap() {
                Opened::Body(frame) => {
                    let (body, rest) = rest.split_at(frame.len());
                    let mut body = body.to_vec();
                    opener = frame.open(&mut body).unwrap();
                    plaintext.extend(body);
                    input = rest;
                }
                Opened::Goodbye => break assert!(rest.is_empty()),
            }
        }
        assert_eq!(plaintext, recording.plaintext(), "{}", recording.name);
    }
}

#[test]
fn the_encoder_writes_what_the_reference_wrote_however_little_is_taken_at_once() {
    for recording in recordings() {
        for step in 1..=recording.output.len() {
            let mut encoder = Encoder::with_frames(Sealer::new(recording.key, recording.nonce), 1);
            let mut output = Vec::new();
            let mut drain = |encoder: &mut Encoder| {
                while !encoder.ciphertext().is_empty() {
                    let count = encoder.ciphertext().len().min(step);
                    output.extend_from_slice(&encoder.ciphertext()[..count]);
                    assert!(output.len() <= recording.output.len());
                    encoder.advance(count);
                }
            };
            for chunk in &recording.chunks {
                assert_eq!(encoder.write(chunk), Ok(chunk.len()));
                drain(&mut encoder);
            }
            encoder.goodbye();
            drain(&mut encoder);
            assert_eq!(output, recording.output, "{}", recording.name);
        }
    }
}

#[test]
fn the_decoder_reads_what_the_reference_wrote_in_every_split_into_three() {
    for recording in recordings() {
        let output = &recording.output[..];
        for second in 0..=output.len() {
            for first in 0..=second {
                let mut decoder = Decoder::new(Opener::new(recording.key, recording.nonce));
                let pieces = [&output[..first], &output[first..second], &output[second..]];
                assert_eq!(decode(&mut decoder, pieces), (recording.plaintext(), Ok(())), "{}", recording.name);
            }
        }
        let mut decoder = Decoder::new(Opener::new(recording.key, recording.nonce));
        assert_eq!(decode(&mut decoder, output.chunks(1)), (recording.plaintext(), Ok(())), "{}", recording.name);
    }
}

#[test]
fn the_end_at_any_byte_before_the_last_is_truncation() {
    let stream = short_stream();
    for end in 0..stream.len() {
        let mut decoder = decoder();
        let (plaintext, result) = decode(&mut decoder, [&stream[..end]]);
        assert_eq!(result, Err(Error::Truncated), "cut after {end} bytes");
        let complete = [(HEADER_SIZE + 5, 5), (2 * HEADER_SIZE + 9, 4)];
        let expected = complete.iter().filter(|(at, _)| *at <= end).map(|(_, length)| length).sum::<usize>();
        assert_eq!(plaintext, b"helloover"[..expected]);
        assert_eq!(decoder.decode(), Err(Error::Finished));
        assert_eq!(decoder.end_of_input(), Err(Error::Finished));
    }
    assert_eq!(decode(&mut decoder(), [&stream[..]]), (b"helloover".to_vec(), Ok(())));
}

#[test]
fn every_flipped_bit_is_an_error() {
    let stream = short_stream();
    for bit in 0..stream.len() * 8 {
        let mut flipped = stream.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut decoder = decoder();
        let (plaintext, result) = decode(&mut decoder, [&flipped[..]]);
        let byte = bit / 8;
        let (intact, expected) = match byte {
            0..34 => ("", Error::ForgedHeader),
            34..39 => ("", Error::ForgedBody),
            39..73 => ("hello", Error::ForgedHeader),
            73..77 => ("hello", Error::ForgedBody),
            _ => ("helloover", Error::ForgedHeader),
        };
        assert_eq!((plaintext, result), (intact.as_bytes().to_vec(), Err(expected)), "bit {bit}");
        assert_eq!(decoder.decode(), Err(Error::Finished));
        assert!(decoder.buffer().is_empty());
        assert_eq!(decoder.feed(&stream), 0);
    }
}

#[test]
fn a_frame_holds_1_to_4096_bytes() {
    let mut sealer = Sealer::new(KEY, NONCE);
    assert_eq!(sealer.seal(&mut []), Err(BodyLength(0)));
    assert_eq!(sealer.seal(&mut [7; MAX_BODY_SIZE + 1]), Err(BodyLength(4097)));
    assert_eq!(sealer.seal(&mut [7; 65_536]), Err(BodyLength(65_536)));
    let mut body = [7; MAX_BODY_SIZE];
    let header = sealer.seal(&mut body).unwrap();
    let Opened::Body(frame) = Opener::new(KEY, NONCE).open_header(&header).unwrap() else { panic!("no body") };
    assert_eq!(frame.len(), MAX_BODY_SIZE);
    frame.open(&mut body).unwrap();
    assert_eq!(body, [7; MAX_BODY_SIZE]);
}

#[test]
fn more_than_4096_bytes_are_split() {
    for (length, frames) in [(4096, 1), (4097, 2), (8192, 2), (8193, 3), (65_536, 16)] {
        let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
        let plaintext = vec![9; length];
        assert_eq!(encoder.write(&plaintext), Ok(length));
        assert_eq!(encoder.ciphertext().len(), length + frames * HEADER_SIZE);
        encoder.goodbye();
        assert_eq!(decode(&mut decoder(), [encoder.ciphertext()]), (plaintext, Ok(())));
    }
}

#[test]
fn a_length_over_4096_is_an_error_before_anything_is_read_for_it() {
    for length in [4097, 4098, 0x1fff, 0xffff] {
        let header = direct_header(0, length, [1; 16]);
        assert_eq!(Opener::new(KEY, NONCE).open_header(&header).map(|_| ()), Err(Error::BodyTooLong(length)));
        assert_eq!(decode(&mut decoder(), [&header[..]]), (Vec::new(), Err(Error::BodyTooLong(length))));
    }
    let announced = decode(&mut decoder(), [&direct_header(0, 4096, [1; 16])[..]]);
    assert_eq!(announced, (Vec::new(), Err(Error::Truncated)));
}

#[test]
fn an_empty_body_is_authenticated_and_delivers_nothing() {
    let empty = direct_header(0, 0, direct_box(1, &mut []));
    let mut body = *b"after";
    let tag = direct_box(3, &mut body);
    let frame = direct_header(2, 5, tag);
    let goodbye = direct_header(4, 0, [0; 16]);
    let stream = [&empty[..], &frame, &body, &goodbye].concat();
    assert_eq!(decode(&mut decoder(), [&stream[..]]), (b"after".to_vec(), Ok(())));

    let forged = direct_header(0, 0, [1; 16]);
    let stream = [&forged[..], &frame, &body, &goodbye].concat();
    assert_eq!(decode(&mut decoder(), [&stream[..]]), (Vec::new(), Err(Error::ForgedBody)));
}

#[test]
fn a_zero_tag_with_a_length_is_no_goodbye() {
    let header = direct_header(0, 3, [0; 16]);
    assert_eq!(decode(&mut decoder(), [&header[..], b"abc"]), (Vec::new(), Err(Error::ForgedBody)));
}

#[test]
fn nonces_wrap_from_all_ones_to_zero() {
    let mut encoder = Encoder::new(Sealer::new(KEY, [0xff; 24]));
    encoder.write(b"wrap").unwrap();
    let mut body = *b"wrap";
    let cipher = XSalsa20Poly1305::new(&KEY.into());
    let tag = cipher.encrypt_in_place_detached(&[0; 24].into(), b"", &mut body).unwrap();
    let mut content = [&[0, 4][..], &tag].concat();
    let header_tag = cipher.encrypt_in_place_detached(&[0xff; 24].into(), b"", &mut content).unwrap();
    assert_eq!(encoder.ciphertext(), [&header_tag[..], &content, &body].concat());
    encoder.goodbye();
    let mut decoder = Decoder::new(Opener::new(KEY, [0xff; 24]));
    assert_eq!(decode(&mut decoder, [encoder.ciphertext()]), (b"wrap".to_vec(), Ok(())));
}

#[test]
fn a_slice_of_another_length_than_announced_is_the_callers_error() {
    let mut body = *b"four";
    let header = Sealer::new(KEY, NONCE).seal(&mut body).unwrap();
    for given in [0, 3, 5] {
        let Ok(Opened::Body(frame)) = Opener::new(KEY, NONCE).open_header(&header) else { panic!("no body") };
        let result = frame.open(&mut vec![0; given]);
        assert_eq!(result.map(|_| ()), Err(Error::WrongBodyLength { expected: 4, given }));
    }
}

#[test]
fn an_empty_write_sends_nothing_and_nothing_is_written_after_goodbye() {
    let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
    assert_eq!(encoder.write(b""), Ok(0));
    assert!(encoder.ciphertext().is_empty());
    encoder.goodbye();
    encoder.goodbye();
    assert_eq!(encoder.ciphertext().len(), HEADER_SIZE);
    assert_eq!(encoder.write(b"more"), Err(Error::Finished));
    assert_eq!(encoder.write(b""), Err(Error::Finished));
    encoder.advance(usize::MAX);
    encoder.goodbye();
    assert!(encoder.ciphertext().is_empty());
}

#[test]
fn the_encoder_holds_its_bound_and_the_goodbye_on_top() {
    let mut encoder = Encoder::with_frames(Sealer::new(KEY, NONCE), 2);
    assert_eq!(encoder.write(&[1; 20_000]), Ok(8192));
    assert_eq!(encoder.write(&[1; 20_000]), Ok(0));
    encoder.advance(1);
    assert_eq!(encoder.write(&[1; 1]), Ok(0));
    encoder.goodbye();
    assert_eq!(encoder.ciphertext().len(), 2 * 4130 - 1 + HEADER_SIZE);
}

#[test]
fn the_encoder_is_full_to_the_byte_and_has_room_again_before_all_is_written() {
    let mut encoder = Encoder::with_frames(Sealer::new(KEY, NONCE), 1);
    assert_eq!(encoder.write(b"1"), Ok(1));
    assert_eq!(encoder.write(&[2; 4062]), Ok(0));
    assert_eq!(encoder.write(&[2; 4061]), Ok(4061));
    assert_eq!(encoder.ciphertext().len(), MAX_FRAME_SIZE);

    let mut encoder = Encoder::with_frames(Sealer::new(KEY, NONCE), 2);
    assert_eq!(encoder.write(&[1; 8192]), Ok(8192));
    encoder.advance(MAX_FRAME_SIZE);
    assert_eq!(encoder.write(&[2; 8192]), Ok(4096));
    let mut received = decoder();
    let mut first = [0; MAX_BODY_SIZE];
    let mut head = Encoder::new(Sealer::new(KEY, NONCE));
    head.write(&[1; MAX_BODY_SIZE]).unwrap();
    received.feed(head.ciphertext());
    assert_eq!(received.read(&mut first), Ok(Decoded::Plaintext(4096)));
    encoder.goodbye();
    let expected = [[1; 4096], [2; 4096]].concat();
    assert_eq!(decode(&mut received, [encoder.ciphertext()]), (expected, Ok(())));
}

#[test]
fn the_decoder_grows_to_its_bound_when_reads_fill_it() {
    let mut encoder = Encoder::with_frames(Sealer::new(KEY, NONCE), 100);
    let plaintext = vec![3; 300_000];
    assert_eq!(encoder.write(&plaintext), Ok(300_000));
    encoder.goodbye();
    let mut small = Decoder::with_frames(Opener::new(KEY, NONCE), 0);
    let mut large = decoder();
    assert_eq!((small.buffer().len(), large.buffer().len()), (2 * MAX_FRAME_SIZE, 2 * MAX_FRAME_SIZE));
    assert_eq!(decode(&mut small, [&encoder.ciphertext()[..8 * MAX_FRAME_SIZE]]).0.len(), 8 * MAX_BODY_SIZE);
    let mut into = vec![0; 300_000];
    let (mut fed, mut read) = (0, 0);
    while fed < 40 * MAX_FRAME_SIZE {
        let room = large.buffer().len().min(40 * MAX_FRAME_SIZE - fed);
        assert_eq!(large.feed(&encoder.ciphertext()[fed..fed + room]), room);
        assert_ne!(room, 0);
        fed += room;
        while let Ok(Decoded::Plaintext(count)) = large.read(&mut into[read..]) {
            assert_ne!(count, 0);
            read += count;
        }
    }
    assert_eq!(read, 40 * MAX_BODY_SIZE);
    assert_eq!(large.buffer().len(), Decoder::DEFAULT_FRAMES * MAX_FRAME_SIZE);
}

#[test]
fn bytes_after_the_goodbye_are_ignored() {
    let mut stream = short_stream();
    stream.extend_from_slice(&[0xaa; 100]);
    let mut decoder = decoder();
    assert_eq!(decode(&mut decoder, [&stream[..]]), (b"helloover".to_vec(), Ok(())));
    assert!(decoder.buffer().is_empty());
    assert_eq!(decoder.decode(), Ok(Decoded::Goodbye));
}

#[test]
fn read_gathers_frames_and_tells_an_error_after_what_came_before_it() {
    let mut stream = short_stream();
    let mut read_all = decoder();
    read_all.feed(&stream);
    let mut into = [0; 100];
    assert_eq!(read_all.read(&mut []), Ok(Decoded::Plaintext(0)));
    assert_eq!(read_all.read(&mut into[..7]), Ok(Decoded::Plaintext(7)));
    assert_eq!(read_all.read(&mut into[7..]), Ok(Decoded::Plaintext(2)));
    assert_eq!(&into[..9], b"helloover");
    assert_eq!(read_all.read(&mut into), Ok(Decoded::Goodbye));
    assert_eq!(read_all.read(&mut into), Ok(Decoded::Goodbye));

    stream[39] ^= 1;
    let mut read_part = decoder();
    read_part.feed(&stream);
    assert_eq!(read_part.read(&mut into), Ok(Decoded::Plaintext(5)));
    assert_eq!(read_part.read(&mut into), Err(Error::ForgedHeader));
    assert_eq!(read_part.read(&mut into), Err(Error::Finished));
}

#[test]
fn the_end_of_input_loses_no_plaintext_at_hand() {
    let stream = short_stream();
    let mut decoder = decoder();
    decoder.feed(&stream[..80]);
    assert_eq!(decoder.end_of_input(), Ok(()));
    let mut into = [0; 100];
    assert_eq!(decoder.read(&mut into), Ok(Decoded::Plaintext(9)));
    assert_eq!(decoder.read(&mut into), Err(Error::Truncated));
}

#[test]
fn debug_shows_no_secret_and_no_plaintext() {
    let mut decoder = decoder();
    decoder.feed(&short_stream());
    assert!(matches!(decoder.decode(), Ok(Decoded::Plaintext(_))));
    assert_eq!(format!("{decoder:?}"), "Decoder(before a header, 5 bytes to consume, 72 to decrypt)");
    assert_eq!(format!("{:?}", Sealer::new(KEY, NONCE)), "Sealer(..)");
    assert_eq!(format!("{:?}", Opener::new(KEY, NONCE)), "Opener(..)");
    let header = Sealer::new(KEY, NONCE).seal(&mut [7; 9]).unwrap();
    assert_eq!(format!("{:?}", Opener::new(KEY, NONCE).open_header(&header)), "Ok(Body(BodyOpener(9 bytes, ..)))");
    assert_eq!(format!("{:?}", Encoder::new(Sealer::new(KEY, NONCE))), "Encoder(open, 0 bytes to write)");
}
