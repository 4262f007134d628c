use super::{Error, SealFrames};
use crate::bytes::{within, within_mut};
use alloc::vec::Vec;
use core::{fmt, mem};

/// The writing half of a stream of frames, buffered: takes plaintext of any length, yields ciphertext to write.
///
/// ```text
/// write(plaintext) ─▶ [ frames, sealed ] ─▶ ciphertext(), advance(n)
/// goodbye() ────────▶ [ frames, goodbye ]   nothing can be written any more; over when ciphertext() is empty
/// ```
/// All progress is in here: whoever moves the bytes can stop between any two calls and go on later.
///
/// The buffer grows with what is written at once, and never holds more than a number of frames set at the start
/// ([`DEFAULT_FRAMES`](Self::DEFAULT_FRAMES)) and the goodbye. It stays when all is written: [`take_buffer`](Self::take_buffer)
/// frees it, or gives it to another encoder.
pub struct Encoder<S> {
    /// `None` after the goodbye.
    sealer: Option<S>,
    buffer: Vec<u8>,
    /// How many bytes of `buffer` have been written.
    written: usize,
    /// The most bytes of frames in `buffer`; the goodbye may come on top.
    limit: usize,
}

impl<S: SealFrames> Encoder<S> {
    /// How many full frames [`new`](Self::new) buffers: 16, in a box stream 64 KiB of plaintext and 66,080 bytes of ciphertext.
    pub const DEFAULT_FRAMES: usize = 16;

    /// How many bytes a frame has besides its body, and a goodbye at most.
    const OVERHEAD: usize = S::HEADER_SIZE + S::TRAILER_SIZE;

    /// An encoder over this sealer that buffers at most [`DEFAULT_FRAMES`](Self::DEFAULT_FRAMES).
    #[must_use]
    pub const fn new(sealer: S) -> Self {
        Self::with_frames(sealer, Self::DEFAULT_FRAMES)
    }

    /// An encoder that buffers at most this many full frames, and at least one.
    #[must_use]
    pub const fn with_frames(sealer: S, frames: usize) -> Self {
        let frames = if frames == 0 { 1 } else { frames };
        Self { sealer: Some(sealer), buffer: Vec::new(), written: 0, limit: frames.saturating_mul(S::MAX_FRAME_SIZE) }
    }

    /// Takes plaintext from the front of `plaintext`, as far as there is room, and returns how many bytes it took.
    ///
    /// 0 means that [`ciphertext`](Self::ciphertext) has to be written first, or that there was nothing to take:
    /// an empty `plaintext` makes no frame. Once all ciphertext is written, something is always taken.
    ///
    /// # Errors
    /// [`Error::Finished`] after [`goodbye`](Self::goodbye).
    pub fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error> {
        let mut sealer = self.sealer.take().ok_or(Error::Finished)?;
        self.forget_written();
        let overhead = plaintext.len().div_ceil(S::MAX_BODY_SIZE).saturating_mul(Self::OVERHEAD);
        self.reserve(plaintext.len().saturating_add(overhead));
        let start = self.buffer.len();
        let mut taken = 0;
        for body in plaintext.chunks(S::MAX_BODY_SIZE) {
            if self.buffer.len() + Self::OVERHEAD + body.len() > self.limit {
                break;
            }
            self.buffer.resize(self.buffer.len() + S::HEADER_SIZE, 0);
            self.buffer.extend_from_slice(body);
            self.buffer.resize(self.buffer.len() + S::TRAILER_SIZE, 0);
            taken += body.len();
        }
        let end = self.buffer.len();
        sealer.seal_frames(within_mut(&mut self.buffer, start..end));
        self.sealer = Some(sealer);
        Ok(taken)
    }

    /// The ciphertext that is still to be written; empty when everything is out.
    #[must_use]
    pub fn ciphertext(&self) -> &[u8] {
        within(&self.buffer, self.written..self.buffer.len())
    }

    /// Notes that the first `count` bytes of [`ciphertext`](Self::ciphertext) were written; a greater count means all.
    pub fn advance(&mut self, count: usize) {
        self.written = self.written.saturating_add(count).min(self.buffer.len());
    }

    /// How many bytes the buffer has room for; 0 when there is none.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Takes the buffer away when all ciphertext is written; otherwise the result has no capacity.
    #[must_use]
    pub fn take_buffer(&mut self) -> Vec<u8> {
        if !self.ciphertext().is_empty() {
            return Vec::new();
        }
        self.forget_written();
        mem::take(&mut self.buffer)
    }

    /// Gives it a buffer, such as one that was [taken](Self::take_buffer) from another; it is dropped where there is a buffer
    /// already.
    pub fn give_buffer(&mut self, mut buffer: Vec<u8>) {
        if self.capacity() == 0 {
            buffer.clear();
            self.buffer = buffer;
        }
    }

    /// Puts a frame without a body after what is still to be written, unless that is something already. The peer does not
    /// see it, but its system has to take it, so that writing it fails when the peer is gone. Returns whether there is
    /// something to write then: false if the format has no such frame.
    ///
    /// # Errors
    /// [`Error::Finished`] after [`goodbye`](Self::goodbye).
    pub fn empty_frame(&mut self) -> Result<bool, Error> {
        let sealer = self.sealer.as_mut().ok_or(Error::Finished)?;
        if self.written == self.buffer.len() {
            let Some(frame) = sealer.empty_frame() else { return Ok(false) };
            self.forget_written();
            self.buffer.extend_from_slice(frame.as_ref());
        }
        Ok(true)
    }

    /// Puts the goodbye after what is still to be written; called again, it does nothing.
    pub fn goodbye(&mut self) {
        if let Some(sealer) = self.sealer.take() {
            self.forget_written();
            self.buffer.extend_from_slice(sealer.goodbye().as_ref());
        }
    }

    /// Makes room for `additional` bytes and a goodbye, within the limit; by doubling, so that growth costs little.
    fn reserve(&mut self, additional: usize) {
        let wanted = self.buffer.len().saturating_add(additional).min(self.limit);
        if self.buffer.capacity() < wanted + Self::OVERHEAD {
            let size = wanted.max(self.buffer.capacity().saturating_mul(2)).min(self.limit) + Self::OVERHEAD;
            self.buffer.reserve_exact(size - self.buffer.len());
        }
    }

    /// Moves what is unwritten to the front, once that moves no more bytes than were written since.
    fn forget_written(&mut self) {
        if self.ciphertext().len() <= self.written {
            self.buffer.drain(..self.written);
            self.written = 0;
        }
    }
}

impl<S: SealFrames> fmt::Debug for Encoder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.sealer.is_some() { "open" } else { "after goodbye" };
        write!(f, "Encoder({state}, {} bytes to write)", self.ciphertext().len())
    }
}
