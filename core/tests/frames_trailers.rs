//! Frames of another format than box streams, with bytes behind their bodies.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use multiserver_core::frames::{Decoded, Decoder, Encoder, Error, Header, OpenBody, OpenFrames, SealFrames};

const HEADER_SIZE: usize = 1;
const MAX_BODY_SIZE: usize = 10;
const TRAILER_SIZE: usize = 2;

/// Frames that hide nothing: the length of the body, the body, and two bytes that are always the same.
struct Plain;

struct PlainBody(usize);

impl SealFrames for Plain {
    const HEADER_SIZE: usize = HEADER_SIZE;
    const MAX_BODY_SIZE: usize = MAX_BODY_SIZE;
    const TRAILER_SIZE: usize = TRAILER_SIZE;
    type Goodbye = [u8; 1];

    fn seal_frames(&mut self, frames: &mut [u8]) {
        for frame in frames.chunks_mut(<Self as SealFrames>::MAX_FRAME_SIZE) {
            let body = frame.len() - HEADER_SIZE - TRAILER_SIZE;
            frame[0] = body.try_into().unwrap();
            frame[HEADER_SIZE + body..].copy_from_slice(b"!!");
        }
    }

    fn goodbye(self) -> [u8; 1] {
        [0]
    }
}

impl OpenFrames for Plain {
    const HEADER_SIZE: usize = HEADER_SIZE;
    const TRAILER_SIZE: usize = TRAILER_SIZE;
    const MAX_FRAME_SIZE: usize = HEADER_SIZE + MAX_BODY_SIZE + TRAILER_SIZE;
    type Body = PlainBody;
    type Ahead = ();

    fn open_header(self, header: &[u8], _: usize, (): &mut ()) -> Result<Header<PlainBody>, Error> {
        Ok(if header == [0] { Header::Goodbye } else { Header::Body(PlainBody(header[0].into())) })
    }
}

impl OpenBody for PlainBody {
    type Opener = Plain;
    type Ahead = ();

    fn size(&self) -> usize {
        self.0 + TRAILER_SIZE
    }

    fn open(self, body: &mut [u8], (): &mut ()) -> Result<Plain, Error> {
        if body.ends_with(b"!!") { Ok(Plain) } else { Err(Error::ForgedBody) }
    }
}

#[test]
fn trailers_stand_behind_bodies_and_are_read_away() {
    let mut encoder = Encoder::new(Plain);
    assert_eq!(encoder.write(b"twelve bytes"), Ok(12));
    encoder.goodbye();
    assert_eq!(encoder.ciphertext(), b"\x0atwelve byt!!\x02es!!\0");

    let mut decoder = Decoder::new(Plain);
    let mut into = [0; 20];
    for &byte in &encoder.ciphertext()[..12] {
        assert_eq!(decoder.read(&mut into), Ok(Decoded::NeedInput));
        assert_eq!(decoder.feed(&[byte]), 1);
    }
    assert_eq!(decoder.feed(&encoder.ciphertext()[12..]), 7);
    assert_eq!(decoder.read(&mut into), Ok(Decoded::Plaintext(12)));
    assert_eq!(&into[..12], b"twelve bytes");
    assert_eq!(decoder.read(&mut into), Ok(Decoded::Goodbye));
}

#[test]
fn an_altered_trailer_is_an_error() {
    let mut decoder = Decoder::new(Plain);
    assert_eq!(decoder.feed(b"\x02es!?"), 5);
    assert_eq!(decoder.decode(), Err(Error::ForgedBody));
}

#[test]
fn the_encoder_has_room_for_so_many_frames_with_their_trailers() {
    for frames in [1, 2, 3] {
        let mut encoder = Encoder::with_frames(Plain, frames);
        assert_eq!(encoder.write(&[7; 100]), Ok(frames * MAX_BODY_SIZE));
        assert_eq!(encoder.write(&[7]), Ok(0));
        assert_eq!(encoder.ciphertext().len(), frames * 13);
    }
}
