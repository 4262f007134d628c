//! Frames beside the boxes that RustCrypto makes of them, one by one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use multiserver_secretbox::frame::{Ahead, FrameCipher, HEADER_SIZE, Header, MAX_BODY_SIZE, MAX_FRAME_SIZE};
use xsalsa20poly1305::aead::AeadInPlace;
use xsalsa20poly1305::{KeyInit, XSalsa20Poly1305};

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 24] = [0x17; 24];

/// Of how many cases one is tried: Miri takes a thousand times as long.
const EVERY: usize = if cfg!(miri) { 509 } else { 1 };

/// Bytes that differ from place to place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| index.wrapping_mul(0x9e37).to_le_bytes()[1]).collect()
}

/// The nonce so many boxes after another, as one number of 192 bits.
fn after(mut nonce: [u8; 24], boxes: usize) -> [u8; 24] {
    for _ in 0..boxes {
        for byte in nonce.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
    nonce
}

/// The frames of these bodies, box by box.
fn expected<'a>(nonce: [u8; 24], bodies: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let cipher = XSalsa20Poly1305::new(&KEY.into());
    let mut frames = Vec::new();
    for (index, body) in bodies.into_iter().enumerate() {
        let mut ciphertext = body.to_vec();
        let body_nonce = after(nonce, 2 * index + 1);
        let tag = cipher.encrypt_in_place_detached(&body_nonce.into(), b"", &mut ciphertext).unwrap();
        let mut content = u16::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        content.extend(tag);
        let header_tag = cipher.encrypt_in_place_detached(&after(nonce, 2 * index).into(), b"", &mut content).unwrap();
        frames.extend(header_tag);
        frames.extend(content);
        frames.extend(ciphertext);
    }
    frames
}

/// Opens all frames with the key stream that `ahead` gives before each, and returns their plaintext.
fn open_all(cipher: &mut FrameCipher, frames: &[u8], mut ahead: impl FnMut() -> Option<Ahead>) -> Vec<u8> {
    let (mut frames, mut rest) = (frames.to_vec(), 0);
    let (mut plaintext, mut made) = (Vec::new(), Ahead::new());
    while rest < frames.len() {
        if let Some(new) = ahead() {
            made = new;
        }
        let at_hand = frames.len() - rest;
        let header = *frames[rest..].first_chunk::<HEADER_SIZE>().unwrap();
        let Header::Body { length, tag } = cipher.open_header(&mut made, &header, at_hand).unwrap() else {
            panic!("no goodbye was sealed")
        };
        rest += HEADER_SIZE;
        let body = &mut frames[rest..rest + usize::from(length)];
        cipher.open_body(&mut made, body, &tag).unwrap();
        plaintext.extend_from_slice(body);
        rest += usize::from(length);
    }
    plaintext
}

#[test]
fn a_frame_of_every_length_is_its_two_boxes() {
    let message = pattern(MAX_BODY_SIZE);
    for length in (0..=MAX_BODY_SIZE).step_by(EVERY) {
        let mut body = message[..length].to_vec();
        let header = FrameCipher::new(KEY, NONCE).seal_frame(&mut body);
        let frame = [&header[..], &body].concat();
        assert_eq!(frame, expected(NONCE, [&message[..length]]), "{length} bytes");
        assert_eq!(open_all(&mut FrameCipher::new(KEY, NONCE), &frame, || None), message[..length]);
    }
}

/// Batches of 1 to 17 frames, the last of many lengths, at every alignment to 64 bytes.
#[test]
fn frames_sealed_together_are_those_sealed_one_by_one() {
    let message = pattern(17 * MAX_BODY_SIZE);
    let mut alignments = (0..64).cycle();
    for full in (0..17).step_by(EVERY) {
        for last in [0, 1, 31, 32, 33, 95, 96, 97, 1000, 4095] {
            let plaintext = &message[..full * MAX_BODY_SIZE + last];
            let alignment = alignments.next().unwrap();
            let mut buffer = vec![0; alignment];
            for body in plaintext.chunks(MAX_BODY_SIZE) {
                buffer.extend([0; HEADER_SIZE]);
                buffer.extend_from_slice(body);
            }
            let frames = &mut buffer[alignment..];
            FrameCipher::new(KEY, NONCE).seal_frames(frames);
            assert!(frames == expected(NONCE, plaintext.chunks(MAX_BODY_SIZE)), "{full} full ones and {last} bytes");
            assert!(open_all(&mut FrameCipher::new(KEY, NONCE), frames, || None) == plaintext);
            let each_its_own = || Some(Ahead::new());
            assert!(open_all(&mut FrameCipher::new(KEY, NONCE), frames, each_its_own) == plaintext);
        }
    }
}

/// Lengths of bodies that no guess foresees: what was made ahead is of the wrong box, too short or too long.
#[test]
fn frames_of_changing_lengths_are_opened_with_key_stream_made_ahead() {
    let lengths = [1, 64, 64, 64, 64, 64, 64, 64, 4096, 1, 4096, 4096, 2000, 33, 32, 31, 4096, 97, 96, 95, 500, 500, 1];
    let bodies: Vec<Vec<u8>> = lengths.into_iter().map(pattern).collect();
    let mut sealer = FrameCipher::new(KEY, NONCE);
    let mut frames = Vec::new();
    for body in &bodies {
        let mut body = body.clone();
        let header = sealer.seal_frame(&mut body);
        frames.extend(header);
        frames.extend(body);
    }
    assert_eq!(frames, expected(NONCE, bodies.iter().map(Vec::as_slice)));
    assert_eq!(open_all(&mut FrameCipher::new(KEY, NONCE), &frames, || None), bodies.concat());
}

/// The nonce carries into each of its bytes at each box of three frames.
#[test]
fn nonces_carry_anywhere() {
    let message = pattern(2 * MAX_BODY_SIZE + 100);
    for byte in (0..24).step_by(EVERY.min(23)) {
        for before in 1..=6 {
            // All ones from the next byte on, less the boxes that come before the carry.
            let mut nonce = NONCE;
            nonce[byte + 1..].fill(0xff);
            nonce[23] = nonce[23].wrapping_sub(before - 1);
            let mut frames = Vec::new();
            for body in message.chunks(MAX_BODY_SIZE) {
                frames.extend([0; HEADER_SIZE]);
                frames.extend_from_slice(body);
            }
            FrameCipher::new(KEY, nonce).seal_frames(&mut frames);
            assert!(frames == expected(nonce, message.chunks(MAX_BODY_SIZE)), "byte {byte}, {before} before");
            assert!(open_all(&mut FrameCipher::new(KEY, nonce), &frames, || None) == message);
        }
    }
}

#[test]
fn a_goodbye_is_a_box_of_zeros() {
    let goodbye = FrameCipher::new(KEY, NONCE).seal_goodbye();
    let mut content = [0; 18];
    let tag = multiserver_secretbox::seal(&KEY, &NONCE, &mut content);
    assert_eq!(goodbye[..], [&tag[..], &content].concat());
    let opened = FrameCipher::new(KEY, NONCE).open_header(&mut Ahead::new(), &goodbye, HEADER_SIZE);
    assert_eq!(opened, Ok(Header::Goodbye));
}

/// Every bit of a frame; what is altered stays as it was.
#[test]
fn altered_frames_are_forged() {
    let mut frame = vec![0; HEADER_SIZE + 600];
    FrameCipher::new(KEY, NONCE).seal_frames(&mut frame);
    for bit in (0..8 * frame.len()).step_by(EVERY) {
        let mut altered = frame.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let (header, body) = altered.split_first_chunk_mut::<HEADER_SIZE>().unwrap();
        let (mut cipher, mut ahead) = (FrameCipher::new(KEY, NONCE), Ahead::new());
        let opened = cipher.open_header(&mut ahead, header, HEADER_SIZE + body.len());
        if bit < 8 * HEADER_SIZE {
            assert!(opened.is_err(), "bit {bit}");
            continue;
        }
        let Ok(Header::Body { tag, .. }) = opened else { panic!("the header is whole") };
        let before = body.to_vec();
        assert!(cipher.open_body(&mut ahead, body, &tag).is_err(), "bit {bit}");
        assert_eq!(body, before);
    }
}

#[test]
fn what_is_too_short_for_a_frame_is_wiped() {
    let mut frames = vec![1; MAX_FRAME_SIZE + HEADER_SIZE];
    FrameCipher::new(KEY, NONCE).seal_frames(&mut frames);
    assert_eq!(frames[MAX_FRAME_SIZE..], [0; HEADER_SIZE]);
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(format!("{:?} {:?}", FrameCipher::new(KEY, NONCE), Ahead::new()), "FrameCipher(..) Ahead(..)");
}
