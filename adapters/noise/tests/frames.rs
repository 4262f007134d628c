//! The stream of `noise`: lengths, cuts, altered, repeated and exchanged frames.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use common::{opened, sealed, transcript};
use multiserver_core::frames::Error;
use multiserver_noise::{HEADER_SIZE, MAX_BODY_SIZE, MAX_FRAME_SIZE, Opener, Sealer};

fn pair() -> (Sealer, Opener) {
    let whole = transcript();
    (whole.client.into_frames().0, whole.server.into_frames().1)
}

#[test]
fn every_length_comes_through() {
    for length in (0..300).chain([4095, 4096, 4097, 8192, 8193, 100_000]) {
        let plaintext: Vec<u8> = (0..=255).cycle().take(length).collect();
        let (sealer, opener) = pair();
        let ciphertext = sealed(sealer, &[&plaintext]);
        let frames = length.div_ceil(MAX_BODY_SIZE);
        assert_eq!(ciphertext.len(), length + 34 * frames + HEADER_SIZE);
        assert_eq!(opened(opener, &ciphertext), (plaintext, None));
    }
}

#[test]
fn both_directions_go_on_after_the_handshake() {
    let whole = transcript();
    let (sealer, opener) = (whole.server.into_frames().0, whole.client.into_frames().1);
    assert_eq!(opened(opener, &sealed(sealer, &[b"welcome"])), (b"welcome".to_vec(), None));
}

#[test]
fn a_cut_at_every_byte_is_an_error_after_what_came_before() {
    let whole = sealed(pair().0, &[b"hello", b"world"]);
    for length in 0..whole.len() {
        let (plaintext, error) = opened(pair().1, &whole[..length]);
        assert_eq!(error, Some(Error::Truncated), "{length}");
        assert!(b"helloworld".starts_with(&plaintext));
        assert_eq!(
            plaintext.len(),
            if length < 39 {
                0
            } else if length < 78 {
                5
            } else {
                10
            },
            "{length}"
        );
    }
}

#[test]
fn a_flipped_bit_anywhere_is_an_error() {
    let whole = sealed(pair().0, &[b"hello", b"world"]);
    for bit in 0..8 * whole.len() {
        let mut altered = whole.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let (plaintext, error) = opened(pair().1, &altered);
        assert!(matches!(error, Some(Error::ForgedHeader | Error::ForgedBody)), "bit {bit}: {error:?}");
        assert!(b"helloworld".starts_with(&plaintext));
    }
}

#[test]
fn frames_out_of_order_repeated_or_left_out_are_errors() {
    let whole = sealed(pair().0, &[b"hello", b"world"]);
    let (first, rest) = whole.split_at(39);
    let (second, goodbye) = rest.split_at(39);
    for wrong in [
        [second, first, goodbye].concat(),
        [first, first, second, goodbye].concat(),
        [second, goodbye].concat(),
        [first, goodbye].concat(),
    ] {
        assert_eq!(opened(pair().1, &wrong).1, Some(Error::ForgedHeader));
    }
    let back = transcript().client.into_frames().1;
    assert_eq!(opened(back, &whole).1, Some(Error::ForgedHeader), "sent back to who wrote it");
}

#[test]
fn a_frame_is_as_large_as_that_of_a_box_stream() {
    assert_eq!(MAX_FRAME_SIZE, multiserver_core::box_stream::MAX_FRAME_SIZE);
}
