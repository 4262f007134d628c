//! The buffers of streams that have nothing under way: each thread keeps one of either kind for whoever needs one next.
//!
//! Idle streams cost no buffer this way, and busy ones no allocation.

use multiserver_core::box_stream::{Decoder, Encoder};
use std::cell::Cell;
use std::thread::LocalKey;

type Spare = Cell<Vec<u8>>;

thread_local! {
    static TO_READ: Spare = const { Cell::new(Vec::new()) };
    static TO_WRITE: Spare = const { Cell::new(Vec::new()) };
}

/// Gives a decoder that has no buffer that of the thread.
pub(crate) fn to_decoder(decoder: &mut Decoder) {
    if decoder.capacity() == 0 {
        decoder.give_buffer(take(&TO_READ));
    }
}

/// Gives an encoder that has no buffer that of the thread.
pub(crate) fn to_encoder(encoder: &mut Encoder) {
    if encoder.capacity() == 0 {
        encoder.give_buffer(take(&TO_WRITE));
    }
}

/// Keeps the buffer of a decoder, if nothing is in it.
pub(crate) fn from_decoder(decoder: &mut Decoder) {
    keep(&TO_READ, decoder.take_buffer());
}

/// Keeps the buffer of an encoder, if nothing is in it.
pub(crate) fn from_encoder(encoder: &mut Encoder) {
    keep(&TO_WRITE, encoder.take_buffer());
}

/// The buffer that the thread keeps; a thread that ends has none.
fn take(spare: &'static LocalKey<Spare>) -> Vec<u8> {
    spare.try_with(Cell::take).unwrap_or_default()
}

/// Keeps the larger of two buffers.
fn keep(spare: &'static LocalKey<Spare>, buffer: Vec<u8>) {
    if buffer.capacity() > 0 {
        let _ = spare.try_with(|spare| {
            let other = spare.take();
            spare.set(if other.capacity() > buffer.capacity() { other } else { buffer });
        });
    }
}
