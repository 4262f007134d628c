//! Checks that code which must not allocate on the heap does not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use allocation_counter::measure;
use multiserver_core::box_stream::{Decoded, Decoder, Encoder, Opened, Opener, Sealer};
use multiserver_core::handshake::{Handshake, Step};

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 24] = [0x17; 24];

#[test]
fn sealing_and_opening_a_frame_allocates_nothing() {
    let mut body = [7; 4096];
    let allocations = measure(|| {
        let mut sealer = Sealer::new(KEY, NONCE);
        let header = sealer.seal(&mut body).unwrap();
        let goodbye = sealer.goodbye();
        let Ok(Opened::Body(frame)) = Opener::new(KEY, NONCE).open_header(&header) else { return };
        let opener = frame.open(&mut body).unwrap();
        assert!(matches!(opener.open_header(&goodbye), Ok(Opened::Goodbye)));
    });
    assert_eq!(allocations.count_total, 0);
    assert_eq!(body, [7; 4096]);
}

#[test]
fn an_encoder_and_a_decoder_that_have_grown_allocate_nothing() {
    let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
    let mut decoder = Decoder::new(Opener::new(KEY, NONCE));
    let plaintext = vec![7; 200_000];
    let mut received = vec![0; 200_000];
    transfer(&mut encoder, &mut decoder, &plaintext, &mut received);
    let allocations = measure(|| {
        for length in [1, 64, 4096, 4097, 65_536, 200_000] {
            received.fill(0);
            transfer(&mut encoder, &mut decoder, &plaintext[..length], &mut received[..length]);
            assert!(received[..length] == plaintext[..length]);
        }
        encoder.goodbye();
        decoder.feed(encoder.ciphertext());
        assert_eq!(decoder.end_of_input(), Ok(()));
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn an_idle_encoder_and_decoder_hold_no_buffer() {
    let allocations = measure(|| {
        let _ = (Encoder::new(Sealer::new(KEY, NONCE)), Decoder::new(Opener::new(KEY, NONCE)));
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn buffers_go_from_stream_to_stream_when_nothing_is_in_them() {
    let plaintext = vec![7; 200_000];
    let mut received = vec![0; 200_000];
    let stream = || (Encoder::new(Sealer::new(KEY, NONCE)), Decoder::new(Opener::new(KEY, NONCE)));
    let [(mut encoder, mut decoder), (mut next_encoder, mut next_decoder)] = [stream(), stream()];
    assert_eq!((encoder.capacity(), decoder.capacity()), (0, 0));
    transfer(&mut encoder, &mut decoder, &plaintext, &mut received);
    let allocations = measure(|| {
        next_encoder.give_buffer(encoder.take_buffer());
        next_decoder.give_buffer(decoder.take_buffer());
        assert_eq!((encoder.capacity(), decoder.capacity()), (0, 0));
        transfer(&mut next_encoder, &mut next_decoder, &plaintext, &mut received);
    });
    assert_eq!((allocations.count_total, &received), (0, &plaintext));
    // The streams that gave theirs away go on with others.
    transfer(&mut encoder, &mut decoder, &plaintext, &mut received);
    assert_eq!(received, plaintext);
}

/// Frames of the largest size fill the first buffer to the byte.
#[test]
fn a_buffer_that_reads_fill_grows_from_stream_to_stream() {
    let mut buffer = Vec::new();
    for length in [2, 4, 8, 16, 16].map(|frames| frames * 4096) {
        let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
        let mut decoder = Decoder::new(Opener::new(KEY, NONCE));
        decoder.give_buffer(buffer);
        let mut received = vec![0; length];
        assert_eq!(encoder.write(&vec![7; length]), Ok(length));
        assert_eq!(decoder.feed(encoder.ciphertext()), encoder.ciphertext().len());
        assert_eq!(decoder.read(&mut received), Ok(Decoded::Plaintext(length)));
        buffer = decoder.take_buffer();
        assert_eq!(buffer.len(), 66_080.min(2 * length / 4096 * 4130));
    }
}

#[test]
fn buffers_with_something_in_them_are_not_taken() {
    let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
    let mut decoder = Decoder::new(Opener::new(KEY, NONCE));
    assert_eq!(encoder.write(b"plaintext"), Ok(9));
    assert_eq!(encoder.take_buffer().capacity(), 0);
    // Part of a frame, then plaintext of which a part is consumed.
    let frame = encoder.ciphertext().to_vec();
    assert_eq!(decoder.feed(&frame[..40]), 40);
    assert_eq!(decoder.decode(), Ok(Decoded::NeedInput));
    assert_eq!(decoder.take_buffer().capacity(), 0);
    assert_eq!(decoder.feed(&frame[40..]), 3);
    assert_eq!(decoder.decode(), Ok(Decoded::Plaintext(b"plaintext".as_slice())));
    decoder.consume(5);
    assert_eq!(decoder.take_buffer().capacity(), 0);
    decoder.give_buffer(vec![0; 100]);
    assert_eq!(decoder.decode(), Ok(Decoded::Plaintext(b"text".as_slice())));
    decoder.consume(4);
    encoder.advance(frame.len());
    let buffers = (decoder.take_buffer(), encoder.take_buffer());
    assert!(buffers.0.capacity() > 0 && buffers.1.capacity() > 0);
}

#[test]
fn buffers_stay_in_their_bounds() {
    let plaintext = vec![7; 1_000_000];
    let mut received = vec![0; 1_000_000];
    let allocations = measure(|| {
        let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
        let mut decoder = Decoder::new(Opener::new(KEY, NONCE));
        transfer(&mut encoder, &mut decoder, &plaintext, &mut received);
    });
    // Each end keeps 16 frames at most, and half as much beside it while it grows to that.
    assert!(allocations.bytes_max < 3 * 66_080, "{} bytes", allocations.bytes_max);
}

#[test]
fn an_encoder_that_grows_by_little_keeps_its_bound_and_allocates_seldom() {
    let mut encoder = Encoder::new(Sealer::new(KEY, NONCE));
    let allocations = measure(|| while encoder.write(b"1") == Ok(1) {});
    assert_eq!(encoder.ciphertext().len(), 66_080);
    assert_eq!(allocations.bytes_current, 66_080 + 34);
    assert!(allocations.count_total < 16, "{} allocations", allocations.count_total);
}

/// Writes all of `plaintext` and reads it, both as far as there is room.
fn transfer(encoder: &mut Encoder, decoder: &mut Decoder, mut plaintext: &[u8], mut received: &mut [u8]) {
    while !received.is_empty() {
        let taken = encoder.write(plaintext).unwrap();
        plaintext = &plaintext[taken..];
        let fed = decoder.feed(encoder.ciphertext());
        encoder.advance(fed);
        match decoder.read(received).unwrap() {
            Decoded::Plaintext(count) => received = received.split_at_mut(count).1,
            Decoded::NeedInput => assert!(!encoder.ciphertext().is_empty() || !plaintext.is_empty()),
            Decoded::Goodbye => break,
        }
    }
}

#[test]
fn a_handshake_allocates_nothing_on_either_side() {
    // The two identities are made on first use, and shared from then on.
    let _ = (common::client_machine(), common::accepting_server());
    let allocations = measure(|| {
        let mut client = common::client_machine();
        let mut server = common::accepting_server();
        let mut wire = Wire { bytes: [0; 112], length: 0 };
        let (mut ours, mut theirs) = (None, None);
        while ours.is_none() {
            ours = wire.turn(&mut client);
            theirs = theirs.or_else(|| wire.turn(&mut server));
        }
        let (mut sealer, _) = ours.unwrap().into_boxes();
        let (_, opener) = theirs.unwrap().into_boxes();
        assert!(matches!(opener.open_header(&sealer.seal(&mut [1]).unwrap()), Ok(Opened::Body(_))));
    });
    assert_eq!(allocations.count_total, 0);
}

/// One message at a time, without a heap.
struct Wire {
    bytes: [u8; 112],
    length: usize,
}

impl Wire {
    /// Steps a machine until it is done or has written its message; what it reads is the other's last one.
    fn turn<H: Handshake<Error: std::fmt::Debug>>(&mut self, machine: &mut H) -> Option<H::Output> {
        let mut written = false;
        loop {
            match machine.step().unwrap() {
                Step::Write(step) => {
                    self.length = step.bytes().len();
                    self.bytes[..self.length].copy_from_slice(step.bytes());
                    step.advance(usize::MAX);
                    written = true;
                }
                Step::Flush(step) => step.done(),
                Step::Read(_) if written => return None,
                Step::Read(mut step) => {
                    let count = step.buffer().len();
                    step.buffer().copy_from_slice(&self.bytes[..count]);
                    step.advance(count);
                    self.bytes.copy_within(count..self.length, 0);
                    self.length -= count;
                }
                Step::Done(output) => return Some(output),
            }
        }
    }
}
