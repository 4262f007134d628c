use super::{Error, Header, OpenBody, OpenFrames};
use crate::bytes::{within, within_mut};
use alloc::vec::Vec;
use core::ops::Range;
use core::{fmt, mem};

/// The reading half of a stream of frames, buffered: takes ciphertext in any pieces, yields plaintext.
///
/// ```text
/// buffer(), advance(n)  ─▶ [ plaintext | ciphertext | room ] ─▶ decode(), consume(n)   or read(into)
/// end_of_input()        ─▶ nothing more comes: an error, unless the goodbye was there
/// ```
/// Frames are decrypted where they were read, so that a byte is copied once at most, by the caller. All progress is in
/// here: whoever moves the bytes can stop between any two calls and go on later. After an error everything is
/// [`Error::Finished`].
///
/// The buffer starts with room for two frames and doubles each time a read fills it, up to a number of frames set at
/// the start ([`DEFAULT_FRAMES`](Self::DEFAULT_FRAMES)). It is allocated by [`buffer`](Self::buffer) and stays when
/// nothing is in it: [`take_buffer`](Self::take_buffer) frees it, or gives it to another decoder.
pub struct Decoder<O: OpenFrames> {
    state: State<O>,
    buffer: Vec<u8>,
    /// Decrypted and not yet consumed.
    plaintext: Range<usize>,
    /// Received and not yet decrypted; starts after `plaintext`.
    ciphertext: Range<usize>,
    /// The most bytes in `buffer`.
    limit: usize,
    input_ended: bool,
}

enum State<O: OpenFrames> {
    Header(O),
    Body(O::Body),
    Goodbye,
    /// Over, by an error that is still to be told where there is one.
    Failed(Option<Error>),
}

/// What a [`Decoder`] has to offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Decoded<T> {
    /// Plaintext: the bytes, or how many of them.
    Plaintext(T),
    /// Nothing until more is read into [`buffer`](Decoder::buffer), which is then not empty.
    NeedInput,
    /// The clean end of this direction.
    Goodbye,
}

impl<O: OpenFrames> Decoder<O> {
    /// How many full frames [`new`](Self::new) buffers: 16, in a box stream 66,080 bytes.
    pub const DEFAULT_FRAMES: usize = 16;

    /// The size that the buffer starts with; so large that half of it holds whatever frame is incomplete.
    const FIRST_SIZE: usize = 2 * O::MAX_FRAME_SIZE;

    /// A decoder over this opener that buffers at most [`DEFAULT_FRAMES`](Self::DEFAULT_FRAMES).
    #[must_use]
    pub const fn new(opener: O) -> Self {
        Self::with_frames(opener, Self::DEFAULT_FRAMES)
    }

    /// A decoder that buffers at most this many full frames, and at least two.
    #[must_use]
    pub const fn with_frames(opener: O, frames: usize) -> Self {
        let frames = if frames < 2 { 2 } else { frames };
        Self {
            state: State::Header(opener),
            buffer: Vec::new(),
            plaintext: 0..0,
            ciphertext: 0..0,
            limit: frames.saturating_mul(O::MAX_FRAME_SIZE),
            input_ended: false,
        }
    }

    /// The room to read ciphertext into.
    ///
    /// It is empty after the end, and may be while plaintext waits; never after [`Decoded::NeedInput`].
    #[must_use]
    pub fn buffer(&mut self) -> &mut [u8] {
        match self.state {
            State::Header(_) | State::Body(_) => self.make_room(),
            State::Goodbye | State::Failed(_) => return &mut [],
        }
        let end = self.buffer.len();
        within_mut(&mut self.buffer, self.ciphertext.end..end)
    }

    /// Notes that the first `count` bytes of [`buffer`](Self::buffer) were filled; a greater count means all of them.
    pub fn advance(&mut self, count: usize) {
        self.ciphertext.end = self.ciphertext.end.saturating_add(count).min(self.buffer.len());
    }

    /// How many bytes the buffer has; 0 when there is none.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Takes the buffer away when nothing is in it; with plaintext or part of a frame in it, the result has no capacity.
    ///
    /// One that the last read has filled has doubled, as it would here. It may still have the bytes of plaintext that was
    /// consumed.
    #[must_use]
    pub fn take_buffer(&mut self) -> Vec<u8> {
        if self.buffer.is_empty() || !self.plaintext.is_empty() || !self.ciphertext.is_empty() {
            return Vec::new();
        }
        self.make_room();
        (self.plaintext, self.ciphertext) = (0..0, 0..0);
        mem::take(&mut self.buffer)
    }

    /// Gives it a buffer, such as one that was [taken](Self::take_buffer) from another, of which it uses the length, up to its
    /// bound; it is dropped where there is a buffer already.
    pub fn give_buffer(&mut self, mut buffer: Vec<u8>) {
        if self.capacity() == 0 {
            buffer.truncate(self.limit);
            self.buffer = buffer;
        }
    }

    /// Copies ciphertext that is already at hand, such as bytes read together with the last message of a handshake,
    /// and returns how many bytes there was room for.
    ///
    /// After [`Decoded::NeedInput`] there is room for one at least; after the end nothing is taken.
    pub fn feed(&mut self, ciphertext: &[u8]) -> usize {
        let count = copy(ciphertext, self.buffer());
        self.advance(count);
        count
    }

    /// Returns the plaintext at hand, decrypting the next frame when there is none.
    ///
    /// One call yields one frame's plaintext at most, never an empty slice; the same bytes come again until they are
    /// [consumed](Self::consume).
    ///
    /// # Errors
    /// What was read is no valid stream, or was cut; everything before that place has been yielded. The next call is
    /// [`Error::Finished`].
    pub fn decode(&mut self) -> Result<Decoded<&[u8]>, Error> {
        self.decode_with(&mut None)
    }

    /// Decodes with key stream that may have been made ahead, and may be for the next frame.
    fn decode_with(&mut self, ahead: &mut Option<O::Ahead>) -> Result<Decoded<&[u8]>, Error> {
        while self.plaintext.is_empty() {
            match mem::replace(&mut self.state, State::Failed(None)) {
                State::Header(opener) => {
                    let Some(header) = self.received().get(..O::HEADER_SIZE) else {
                        return self.wait(State::Header(opener));
                    };
                    let received = self.ciphertext.len();
                    self.state = match opener.open_header(header, received, ahead.get_or_insert_default())? {
                        Header::Body(body) => State::Body(body),
                        Header::Goodbye => State::Goodbye,
                    };
                    self.ciphertext.start += O::HEADER_SIZE;
                }
                State::Body(body) => {
                    if self.ciphertext.len() < body.size() {
                        return self.wait(State::Body(body));
                    }
                    let start = self.ciphertext.start;
                    let end = start + body.size();
                    let ciphertext = within_mut(&mut self.buffer, start..end);
                    let opener = body.open(ciphertext, ahead.get_or_insert_default())?;
                    self.state = State::Header(opener);
                    self.plaintext = start..end.saturating_sub(O::TRAILER_SIZE);
                    self.ciphertext.start = end;
                }
                State::Goodbye => {
                    self.state = State::Goodbye;
                    return Ok(Decoded::Goodbye);
                }
                State::Failed(error) => return Err(error.unwrap_or(Error::Finished)),
            }
        }
        Ok(Decoded::Plaintext(within(&self.buffer, self.plaintext.clone())))
    }

    /// Notes that the first `count` bytes that [`decode`](Self::decode) yielded are used up; a greater count means all.
    pub fn consume(&mut self, count: usize) {
        self.plaintext.start = self.plaintext.start.saturating_add(count).min(self.plaintext.end);
    }

    /// Decrypts as many frames as are at hand and fit, copies their plaintext to the front of `into`, and returns how
    /// many bytes that were: 0 only for an empty `into`.
    ///
    /// # Errors
    /// As for [`decode`](Self::decode); plaintext from before the bad place is returned first, the error by the next
    /// call.
    pub fn read(&mut self, into: &mut [u8]) -> Result<Decoded<usize>, Error> {
        let mut copied = 0;
        let mut ahead = None;
        while let Some(rest) = into.get_mut(copied..).filter(|rest| !rest.is_empty()) {
            match self.decode_with(&mut ahead) {
                Ok(Decoded::Plaintext(plaintext)) => {
                    let count = copy(plaintext, rest);
                    self.consume(count);
                    copied += count;
                }
                Ok(Decoded::NeedInput) if copied == 0 => return Ok(Decoded::NeedInput),
                Ok(Decoded::Goodbye) if copied == 0 => return Ok(Decoded::Goodbye),
                Err(error) if copied == 0 => return Err(error),
                Ok(Decoded::NeedInput | Decoded::Goodbye) => break,
                Err(error) => {
                    self.state = State::Failed(Some(error));
                    break;
                }
            }
        }
        Ok(Decoded::Plaintext(copied))
    }

    /// Notes that no more ciphertext will come, because the stream below has ended.
    ///
    /// While plaintext is unread the result is `Ok`; the next [`decode`](Self::decode) after it is consumed reports the
    /// end.
    ///
    /// # Errors
    /// [`Error::Truncated`], unless the goodbye was seen; an error of [`decode`](Self::decode) that was still to come.
    pub fn end_of_input(&mut self) -> Result<(), Error> {
        self.input_ended = true;
        self.decode().map(|_| ())
    }

    /// Goes back to `state`, in which the bytes at hand are not enough.
    fn wait(&mut self, state: State<O>) -> Result<Decoded<&[u8]>, Error> {
        if self.input_ended {
            return Err(Error::Truncated);
        }
        self.state = state;
        Ok(Decoded::NeedInput)
    }

    fn received(&self) -> &[u8] {
        within(&self.buffer, self.ciphertext.clone())
    }

    /// Frees what is consumed, and lets the buffer grow when it is full all the same or was filled by the last read.
    fn make_room(&mut self) {
        let filled = self.ciphertext.end == self.buffer.len();
        let start = if self.plaintext.is_empty() { self.ciphertext.start } else { self.plaintext.start };
        if self.ciphertext.end - start <= start {
            self.buffer.copy_within(start..self.ciphertext.end, 0);
            self.plaintext = self.plaintext.start.saturating_sub(start)..self.plaintext.end.saturating_sub(start);
            self.ciphertext = self.ciphertext.start - start..self.ciphertext.end - start;
        }
        if filled && self.buffer.len() < self.limit {
            let size = self.buffer.len().saturating_mul(2).clamp(Self::FIRST_SIZE, self.limit);
            self.buffer.reserve_exact(size - self.buffer.len());
            self.buffer.resize(size, 0);
        }
    }
}

/// Copies as much as fits from the front of one slice to the front of another.
fn copy(from: &[u8], into: &mut [u8]) -> usize {
    let count = from.len().min(into.len());
    within_mut(into, 0..count).copy_from_slice(within(from, 0..count));
    count
}

impl<O: OpenFrames> fmt::Debug for Decoder<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Header(_) => "before a header",
            State::Body(_) => "before a body",
            State::Goodbye => "after goodbye",
            State::Failed(_) => "failed",
        };
        let (plaintext, ciphertext) = (self.plaintext.len(), self.ciphertext.len());
        write!(f, "Decoder({state}, {plaintext} bytes to consume, {ciphertext} to decrypt)")
    }
}
