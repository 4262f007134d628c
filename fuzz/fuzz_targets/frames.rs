//! Frames, sealed one by one or many at once and opened with key stream made ahead or not, are the boxes that
//! RustCrypto makes one by one; what is altered is forged for both.
#![no_main]

use arbitrary::Arbitrary;
use crypto_secretbox::aead::AeadInPlace;
use crypto_secretbox::{KeyInit, XSalsa20Poly1305};
use libfuzzer_sys::fuzz_target;
use multiserver_secretbox::Forged;
use multiserver_secretbox::frame::{Ahead, FrameCipher, HEADER_SIZE, Header, MAX_BODY_SIZE, MAX_FRAME_SIZE};

#[derive(Debug, Arbitrary)]
struct Input {
    key: [u8; 32],
    nonce: [u8; 24],
    /// What each body is a repetition of, how long it is, and whether it is opened with nothing made ahead.
    bodies: Vec<(u8, u16, bool)>,
    /// How many bytes are sealed at once after those, each other than the one before.
    batch: u16,
    /// How far from an even address the batch begins.
    offset: u8,
    /// Exclusive-ors a byte of a body or header: which, with what.
    altered: Option<(u16, u8)>,
}

fuzz_target!(|input: Input| {
    let reference = XSalsa20Poly1305::new(&input.key.into());
    let mut nonce = input.nonce;
    let mut sealer = FrameCipher::new(input.key, input.nonce);
    let mut opener = FrameCipher::new(input.key, input.nonce);
    let mut ahead = Ahead::new();
    for (fill, length, fresh) in input.bodies.iter().take(64) {
        let plaintext = vec![*fill; usize::from(*length).clamp(1, MAX_BODY_SIZE)];
        let mut body = plaintext.clone();
        let header = sealer.seal_frame(&mut body);
        assert_eq!((header, body.clone()), expect(&reference, &mut nonce, &plaintext));
        if *fresh {
            ahead = Ahead::new();
        }
        assert_eq!(open(&mut opener, &mut ahead, header, &mut body), Ok(()));
        assert_eq!(body, plaintext);
    }

    let plaintext: Vec<u8> = (0..input.batch).map(|index| index.to_le_bytes()[0]).collect();
    let mut buffer = vec![0; usize::from(input.offset)];
    for body in plaintext.chunks(MAX_BODY_SIZE) {
        buffer.extend([0; HEADER_SIZE]);
        buffer.extend_from_slice(body);
    }
    let frames = &mut buffer[usize::from(input.offset)..];
    sealer.seal_frames(frames);
    let mut bodies = plaintext.chunks(MAX_BODY_SIZE);
    for (index, frame) in frames.chunks_mut(MAX_FRAME_SIZE).enumerate() {
        let (header, body) = frame.split_first_chunk_mut().unwrap();
        let plaintext = bodies.next().unwrap();
        let (expected_header, expected_body) = expect(&reference, &mut nonce, plaintext);
        assert_eq!((&*header, &*body), (&expected_header, &*expected_body));
        match input.altered {
            Some((at, with)) if index == 0 && with != 0 => {
                let at = usize::from(at) % (HEADER_SIZE + body.len());
                match at.checked_sub(HEADER_SIZE) {
                    None => header[at] ^= with,
                    Some(at) => body[at] ^= with,
                }
                let before = body.to_vec();
                assert_eq!(open(&mut opener, &mut ahead, *header, body), Err(Forged));
                assert_eq!(body, before);
                return;
            }
            _ => assert_eq!(open(&mut opener, &mut ahead, *header, body), Ok(())),
        }
        assert_eq!(body, plaintext);
    }
});

/// The frame of this body, and the nonce after it.
fn expect(cipher: &XSalsa20Poly1305, nonce: &mut [u8; 24], body: &[u8]) -> ([u8; HEADER_SIZE], Vec<u8>) {
    let header_nonce = *nonce;
    increment(nonce);
    let mut body = body.to_vec();
    let tag = cipher.encrypt_in_place_detached((&*nonce).into(), b"", &mut body).unwrap();
    increment(nonce);
    let mut header = [0; HEADER_SIZE];
    header[16..18].copy_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
    header[18..].copy_from_slice(&tag);
    let tag = cipher.encrypt_in_place_detached(&header_nonce.into(), b"", &mut header[16..]).unwrap();
    header[..16].copy_from_slice(&tag);
    (header, body)
}

fn increment(nonce: &mut [u8; 24]) {
    for byte in nonce.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}

fn open(opener: &mut FrameCipher, ahead: &mut Ahead, header: [u8; HEADER_SIZE], body: &mut [u8]) -> Result<(), Forged> {
    let Header::Body { length, tag } = opener.open_header(ahead, &header, HEADER_SIZE + body.len())? else {
        panic!("a header with a valid tag announces a body")
    };
    assert_eq!(usize::from(length), body.len());
    opener.open_body(ahead, body, &tag)
}
