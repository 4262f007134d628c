//! Frames, sealed one by one or many at once and opened with key stream made ahead or not, are the boxes that
//! RustCrypto makes one by one; what is altered is forged for both.
#![no_main]

mod plain_boxes;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use multiserver_secretbox::Forged;
use multiserver_secretbox::frame::{Ahead, FrameCipher, HEADER_SIZE, Header, MAX_BODY_SIZE, MAX_FRAME_SIZE};
use plain_boxes::Boxes;

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
    /// Exclusive-ors a byte of the batch's frames: which, with what.
    altered: Option<(u16, u8)>,
}

fuzz_target!(|input: Input| {
    let mut reference = Boxes::new(input.key, input.nonce);
    let mut sealer = FrameCipher::new(input.key, input.nonce);
    let mut opener = FrameCipher::new(input.key, input.nonce);
    let mut ahead = Ahead::new();
    for (fill, length, fresh) in input.bodies.iter().take(64) {
        let plaintext = vec![*fill; usize::from(*length).min(MAX_BODY_SIZE)];
        let mut body = plaintext.clone();
        let header = sealer.seal_frame(&mut body);
        assert_eq!([&header, &*body].concat(), reference.frame(&plaintext));
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
    let mut reader = reference.clone();
    let expected: Vec<u8> = plaintext.chunks(MAX_BODY_SIZE).flat_map(|body| reference.frame(body)).collect();
    assert_eq!(frames, expected);
    if let Some((at, with)) = input.altered
        && !frames.is_empty()
    {
        frames[usize::from(at) % expected.len()] ^= with;
    }
    for (frame, plaintext) in frames.chunks_mut(MAX_FRAME_SIZE).zip(plaintext.chunks(MAX_BODY_SIZE)) {
        let (read, _) = reader.read_stream(frame);
        let (header, body) = frame.split_first_chunk_mut().unwrap();
        let before = body.to_vec();
        let opened = open(&mut opener, &mut ahead, *header, body);
        if read.is_empty() {
            assert_eq!(opened, Err(Forged));
            assert_eq!(body, before);
            return;
        }
        assert_eq!(opened, Ok(()));
        assert_eq!((&*body, read.as_slice()), (plaintext, plaintext));
    }
});

fn open(opener: &mut FrameCipher, ahead: &mut Ahead, header: [u8; HEADER_SIZE], body: &mut [u8]) -> Result<(), Forged> {
    let Header::Body { length, tag } = opener.open_header(ahead, &header, HEADER_SIZE + body.len())? else {
        panic!("a header with a valid tag announces a body")
    };
    assert_eq!(usize::from(length), body.len());
    opener.open_body(ahead, body, &tag)
}
