//! The buffers of encoders and decoders: when they can be taken away, and what one makes of another's.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use multiserver_core::box_stream::{Decoded, Decoder, Encoder, Error, HEADER_SIZE, MAX_FRAME_SIZE, Opener, Sealer};

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 24] = [0x17; 24];

fn encoder() -> Encoder {
    Encoder::new(Sealer::new(KEY, NONCE))
}

fn decoder() -> Decoder {
    Decoder::with_frames(Opener::new(KEY, NONCE), 3)
}

/// Frames with these bytes.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = encoder();
    assert_eq!(encoder.write(bytes), Ok(bytes.len()));
    encoder.ciphertext().to_vec()
}

#[test]
fn a_decoders_buffer_is_taken_when_nothing_is_in_it() {
    let mut decoder = decoder();
    assert_eq!(decoder.capacity(), 0);
    assert_eq!(decoder.take_buffer().capacity(), 0, "there is none");

    let frame = frame(b"hello");
    decoder.feed(&frame[..HEADER_SIZE + 1]);
    assert_eq!(decoder.decode(), Ok(Decoded::NeedInput));
    assert_eq!(decoder.take_buffer().capacity(), 0, "part of a frame is in it");
    decoder.feed(&frame[HEADER_SIZE + 1..]);
    assert_eq!(decoder.decode(), Ok(Decoded::Plaintext(&b"hello"[..])));
    assert_eq!(decoder.take_buffer().capacity(), 0, "plaintext is in it");
    decoder.consume(4);
    assert_eq!(decoder.take_buffer().capacity(), 0, "one byte of plaintext is in it");
    decoder.consume(1);
    assert_eq!(decoder.capacity(), 2 * MAX_FRAME_SIZE, "no read has filled it");
    assert_eq!(decoder.take_buffer().len(), 2 * MAX_FRAME_SIZE);
    assert_eq!(decoder.capacity(), 0);
}

#[test]
fn a_decoders_buffer_that_a_read_has_filled_is_larger_when_it_is_taken() {
    let mut decoder = decoder();
    assert_eq!(decoder.feed(&frame(&[7; 8192])), 2 * MAX_FRAME_SIZE);
    assert_eq!(decoder.read(&mut [0; 8192]), Ok(Decoded::Plaintext(8192)));
    let buffer = decoder.take_buffer();
    assert_eq!((buffer.len(), buffer.capacity()), (3 * MAX_FRAME_SIZE, 3 * MAX_FRAME_SIZE), "it grows up to its bound");
}

#[test]
fn a_decoder_goes_on_in_a_buffer_that_it_is_given() {
    let frame = frame(b"hello");
    for (length, used) in [(0, 2), (1, 2), (MAX_FRAME_SIZE, 2), (2 * MAX_FRAME_SIZE, 2), (9 * MAX_FRAME_SIZE, 3)] {
        let mut decoder = decoder();
        decoder.give_buffer(vec![9; length]);
        assert_eq!(decoder.capacity() == 0, length == 0);
        let mut rest = &frame[..];
        while !rest.is_empty() {
            let count = decoder.feed(rest);
            assert_ne!(count, 0);
            rest = &rest[count..];
        }
        assert_eq!(decoder.decode(), Ok(Decoded::Plaintext(&b"hello"[..])), "{length} bytes");
        assert!(decoder.buffer().len() <= used * MAX_FRAME_SIZE, "{length} bytes");
    }
    let mut decoder = decoder();
    decoder.feed(&frame[..10]);
    decoder.give_buffer(Vec::new());
    decoder.feed(&frame[10..]);
    assert_eq!(decoder.decode(), Ok(Decoded::Plaintext(&b"hello"[..])), "its own buffer stays");
}

#[test]
fn an_encoders_buffer_is_taken_when_all_is_written() {
    let mut encoder = encoder();
    assert_eq!(encoder.capacity(), 0);
    assert_eq!(encoder.write(b"hello"), Ok(5));
    assert!(encoder.capacity() >= HEADER_SIZE + 5);
    encoder.advance(HEADER_SIZE + 4);
    assert_eq!(encoder.take_buffer().capacity(), 0, "one byte is to be written");
    encoder.advance(1);
    let buffer = encoder.take_buffer();
    assert!(buffer.capacity() >= HEADER_SIZE + 5 && buffer.is_empty());
    assert_eq!(encoder.capacity(), 0);
}

#[test]
fn an_encoder_goes_on_in_a_buffer_that_it_is_given() {
    let expected = frame(b"hello");
    let mut encoder = encoder();
    encoder.give_buffer(vec![9; 100]);
    assert_eq!(encoder.capacity(), 100);
    assert!(encoder.ciphertext().is_empty(), "what was in it is of nobody");
    assert_eq!(encoder.write(b"hello"), Ok(5));
    encoder.give_buffer(vec![9; 1000]);
    assert_eq!(encoder.ciphertext(), expected, "its own buffer stays");
    assert_eq!(encoder.capacity(), 100);
}

#[test]
fn an_encoder_grows_by_what_is_written_and_by_doubling_up_to_its_bound() {
    let mut encoder = Encoder::with_frames(Sealer::new(KEY, NONCE), 2);
    for (length, capacity) in [
        // What is written, and a goodbye.
        (100, 134 + 34),
        // Twice as much as before, and a goodbye.
        (100, 2 * (134 + 34) + 34),
        (5000, 2 * 134 + 5068 + 34),
        // The bound.
        (8000, 2 * MAX_FRAME_SIZE + 34),
    ] {
        encoder.write(&vec![1; length]).unwrap();
        assert_eq!(encoder.capacity(), capacity);
    }
}

#[test]
fn an_encoder_that_gets_as_much_each_time_keeps_its_buffer() {
    let mut encoder = encoder();
    for _ in 0..3 {
        assert_eq!(encoder.write(&[1; 100]), Ok(100));
        assert_eq!(encoder.capacity(), 134 + 34);
        encoder.advance(usize::MAX);
    }
}

#[test]
fn an_empty_frame_is_made_where_nothing_waits_and_the_peer_does_not_see_it() {
    let (mut encoder, mut decoder) = (encoder(), decoder());
    let mut move_all = |encoder: &mut Encoder| {
        let count = decoder.feed(encoder.ciphertext());
        encoder.advance(count);
        let mut plaintext = [0; 8];
        match decoder.read(&mut plaintext) {
            Ok(Decoded::Plaintext(length)) => plaintext[..length].to_vec(),
            read => {
                assert_eq!(read, Ok(Decoded::NeedInput));
                Vec::new()
            }
        }
    };
    assert_eq!(encoder.empty_frame(), Ok(true));
    assert_eq!(encoder.empty_frame(), Ok(true));
    assert_eq!(encoder.ciphertext().len(), HEADER_SIZE, "one will do");
    assert_eq!(move_all(&mut encoder), b"");
    assert_eq!(encoder.write(b"hello"), Ok(5));
    assert_eq!(encoder.empty_frame(), Ok(true));
    assert_eq!(encoder.ciphertext().len(), HEADER_SIZE + 5, "there is something to write already");
    assert_eq!(move_all(&mut encoder), b"hello");
    assert_eq!(encoder.empty_frame(), Ok(true));
    assert_eq!(move_all(&mut encoder), b"");
    encoder.goodbye();
    assert_eq!(encoder.empty_frame(), Err(Error::Finished));
}
