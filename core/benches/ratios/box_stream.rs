//! A frame beside its two boxes made directly with crypto_secretbox, and a stream beside all of its boxes.

use crate::measure;
use multiserver_core::box_stream::{Decoded, Decoder, Encoder, HEADER_SIZE, Opened, Opener, Sealer};
use std::hint::black_box;
use xsalsa20poly1305::aead::AeadInPlace;
use xsalsa20poly1305::{KeyInit, XSalsa20Poly1305};

const KEY: [u8; 32] = [0x42; 32];
/// With AVX-512; in plain Rust it is 0.85.
const LIMIT: f64 = 0.3;

/// How many frames are opened one after the other before starting over.
const FRAMES: u8 = 100;

pub(crate) fn compare() {
    for size in [64, 4096] {
        seal(size);
        open(size);
    }
    stream();
}

/// The nonce of the box that follows this many others.
fn nonce(boxes: u8) -> [u8; 24] {
    let mut nonce = [0; 24];
    nonce[23] = boxes;
    nonce
}

fn seal(size: usize) {
    let mut sealer = Sealer::new(KEY, nonce(0));
    let mut ours = vec![1; size];
    let cipher = XSalsa20Poly1305::new(&KEY.into());
    let mut direct = vec![1; size];
    measure::compare(
        &format!("frame of {size} B, sealed"),
        LIMIT,
        || {
            black_box(sealer.seal(black_box(&mut ours)).unwrap());
        },
        || {
            let tag = cipher.encrypt_in_place_detached(&nonce(1).into(), b"", black_box(&mut direct)).unwrap();
            let mut header = [0; 18];
            header[2..].copy_from_slice(&tag);
            black_box(cipher.encrypt_in_place_detached(&nonce(0).into(), b"", &mut header).unwrap());
            black_box(header);
        },
    );
}

/// Both sides copy the ciphertext first: what is opened in place is gone.
fn open(size: usize) {
    let mut sealer = Sealer::new(KEY, nonce(0));
    let frames: Vec<([u8; HEADER_SIZE], Vec<u8>)> = (0..FRAMES)
        .map(|_| {
            let mut body = vec![1; size];
            (sealer.seal(&mut body).unwrap(), body)
        })
        .collect();

    let mut opener = None;
    let mut sent = [].iter();
    let mut ours = vec![0; size];
    let cipher = XSalsa20Poly1305::new(&KEY.into());
    let mut boxes = 0;
    let mut direct = vec![0; size];
    measure::compare(
        &format!("frame of {size} B, opened"),
        LIMIT,
        || {
            let (header, body) = sent.next().unwrap_or_else(|| {
                opener = Some(Opener::new(KEY, nonce(0)));
                sent = frames.iter();
                sent.next().unwrap()
            });
            ours.copy_from_slice(body);
            let Ok(Opened::Body(frame)) = opener.take().unwrap().open_header(header) else { return };
            opener = Some(frame.open(black_box(&mut ours)).unwrap());
        },
        || {
            let (header, body) = &frames[usize::from(boxes / 2)];
            direct.copy_from_slice(body);
            let (tag, content) = header.split_first_chunk::<16>().unwrap();
            let mut content: [u8; 18] = content.try_into().unwrap();
            cipher.decrypt_in_place_detached(&nonce(boxes).into(), b"", &mut content, tag.into()).unwrap();
            let tag: &[u8; 16] = content.last_chunk().unwrap();
            let body_nonce = nonce(boxes + 1).into();
            cipher.decrypt_in_place_detached(&body_nonce, b"", black_box(&mut direct), tag.into()).unwrap();
            boxes = (boxes + 2) % (2 * FRAMES);
        },
    );
}

/// 64 KiB from a writer's buffer to a reader's.
fn stream() {
    const SIZE: usize = 65_536;
    let mut encoder = Encoder::new(Sealer::new(KEY, nonce(0)));
    let mut decoder = Decoder::new(Opener::new(KEY, nonce(0)));
    let (plaintext, mut received) = (vec![1; SIZE], vec![0; SIZE]);
    let cipher = XSalsa20Poly1305::new(&KEY.into());
    let mut direct = vec![1; SIZE];
    measure::compare(
        "64 KiB through an encoder and a decoder",
        LIMIT,
        || {
            assert_eq!(encoder.write(black_box(&plaintext)), Ok(SIZE));
            let mut read = 0;
            while read < SIZE {
                let fed = decoder.feed(encoder.ciphertext());
                encoder.advance(fed);
                if let Ok(Decoded::Plaintext(count)) = decoder.read(&mut received[read..]) {
                    read += count;
                }
            }
            black_box(&mut received);
        },
        || {
            for body in direct.chunks_mut(4096) {
                let mut header = [0; 18];
                let tag = cipher.encrypt_in_place_detached(&nonce(1).into(), b"", black_box(body)).unwrap();
                header[2..].copy_from_slice(&tag);
                let header_tag = cipher.encrypt_in_place_detached(&nonce(0).into(), b"", &mut header).unwrap();
                cipher.decrypt_in_place_detached(&nonce(0).into(), b"", &mut header, &header_tag).unwrap();
                cipher.decrypt_in_place_detached(&nonce(1).into(), b"", black_box(body), &tag).unwrap();
            }
        },
    );
}
