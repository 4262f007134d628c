//! Buffers of which a thread keeps one for whoever needs one next.

use multiserver_core::frames::{Decoder, Encoder, OpenFrames, SealFrames};
use std::cell::Cell;
use std::fmt;
use std::thread::LocalKey;

/// A buffer that a thread keeps while nobody there needs it: idle streams cost no buffer this way, and busy ones no
/// allocation.
///
/// It is for a `thread_local!` of its own for each use, so that all that come back are of one size. What was in a buffer
/// stays in it, past its length at least.
#[derive(Default)]
pub struct Spare(Cell<Vec<u8>>);

impl Spare {
    /// No buffer is kept yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Cell::new(Vec::new()))
    }

    /// The buffer that the thread keeps, or one without capacity.
    #[must_use]
    pub fn take(spare: &'static LocalKey<Self>) -> Vec<u8> {
        // A thread that ends has none.
        spare.try_with(|spare| spare.0.take()).unwrap_or_default()
    }

    /// Has the thread keep this buffer, unless it keeps a larger one.
    pub fn keep(spare: &'static LocalKey<Self>, buffer: Vec<u8>) {
        if buffer.capacity() > 0 {
            let _ = spare.try_with(|Self(kept)| {
                let other = kept.take();
                kept.set(if other.capacity() > buffer.capacity() { other } else { buffer });
            });
        }
    }
}

impl fmt::Debug for Spare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spare").finish_non_exhaustive()
    }
}

thread_local! {
    static TO_READ: Spare = const { Spare::new() };
    static TO_WRITE: Spare = const { Spare::new() };
}

/// Gives a decoder that has no buffer that of the thread.
pub(crate) fn to_decoder<O: OpenFrames>(decoder: &mut Decoder<O>) {
    if decoder.capacity() == 0 {
        decoder.give_buffer(Spare::take(&TO_READ));
    }
}

/// Gives an encoder that has no buffer that of the thread.
pub(crate) fn to_encoder<S: SealFrames>(encoder: &mut Encoder<S>) {
    if encoder.capacity() == 0 {
        encoder.give_buffer(Spare::take(&TO_WRITE));
    }
}

/// Keeps the buffer of a decoder, if nothing is in it.
pub(crate) fn from_decoder<O: OpenFrames>(decoder: &mut Decoder<O>) {
    Spare::keep(&TO_READ, decoder.take_buffer());
}

/// Keeps the buffer of an encoder, if nothing is in it.
pub(crate) fn from_encoder<S: SealFrames>(encoder: &mut Encoder<S>) {
    Spare::keep(&TO_WRITE, encoder.take_buffer());
}
