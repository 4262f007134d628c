use crate::frame::{HEADER_CONTENT_SIZE, HEADER_SIZE, MAX_BODY_SIZE};
use crate::native::salsa20::BLOCK_SIZE;

/// Which blocks of key stream will be wanted next, box after box, as far as it can be told.
///
/// All nonces are the last 8 bytes as a number, and have the same 16 bytes before them: a plan ends where those would
/// change.
#[derive(Debug)]
pub(crate) struct Plan {
    nonce: u64,
    /// The next block of this box, and how many it needs after those before.
    counter: u64,
    left: u64,
    /// The other box of the frame under way: its nonce, and the bytes of its data.
    second: Option<(u64, usize)>,
    frames: Option<Frames>,
}

/// The frames after the one under way.
#[derive(Debug)]
struct Frames {
    order: Order,
    /// The nonce of the next header.
    header: u64,
    /// The bytes of every body but the last.
    body: usize,
    /// The bytes that are left for frames: of bodies alone where frames are sealed, of headers too where they are opened.
    bytes: usize,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    /// A frame is sealed body first, since its header has the body's tag.
    BodyFirst,
    /// A frame is opened header first.
    HeaderFirst,
}

impl Plan {
    pub(crate) const NONE: Self = Self { nonce: 0, counter: 0, left: 0, second: None, frames: None };

    /// One box of `length` bytes, from one of its blocks on.
    pub(crate) fn single(nonce: u64, counter: u64, length: usize) -> Self {
        Self { nonce, counter, left: blocks(length).saturating_sub(counter), ..Self::NONE }
    }

    /// Frames to seal, the header of the first under `nonce`, that hold so many bytes of plaintext.
    pub(crate) const fn sealing(nonce: u64, plaintext: usize) -> Self {
        Self::frames(Order::BodyFirst, nonce, MAX_BODY_SIZE, plaintext)
    }

    /// Frames to open, the header of the first under `nonce`, each perhaps with `body` bytes, `bytes` of them at hand.
    pub(crate) const fn opening(nonce: u64, body: usize, bytes: usize) -> Self {
        Self::frames(Order::HeaderFirst, nonce, body, bytes)
    }

    const fn frames(order: Order, header: u64, body: usize, bytes: usize) -> Self {
        Self { frames: Some(Frames { order, header, body, bytes }), ..Self::NONE }
    }

    /// The nonce of the next box, and the number of its data's bytes.
    fn next_box(&mut self) -> Option<(u64, usize)> {
        if let Some(second) = self.second.take() {
            return Some(second);
        }
        let frames = self.frames.as_mut()?;
        let (header, body) = (frames.header, frames.header.checked_add(1)?);
        frames.header = header.checked_add(2)?;
        match frames.order {
            Order::BodyFirst => {
                let length = frames.body.min(frames.bytes);
                frames.bytes -= length;
                self.second = Some((header, HEADER_CONTENT_SIZE));
                (length != 0).then_some((body, length))
            }
            Order::HeaderFirst => {
                frames.bytes = frames.bytes.checked_sub(HEADER_SIZE)?;
                let length = frames.body.min(frames.bytes);
                frames.bytes -= length;
                self.second = (length != 0).then_some((body, length));
                Some((header, HEADER_CONTENT_SIZE))
            }
        }
    }
}

impl Iterator for Plan {
    /// The nonce and the number of a block.
    type Item = (u64, u64);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            let (nonce, length) = self.next_box()?;
            (self.nonce, self.counter, self.left) = (nonce, 0, blocks(length));
        }
        let position = (self.nonce, self.counter);
        self.counter += 1;
        self.left -= 1;
        Some(position)
    }
}

/// The blocks of a box with so many bytes of data: the first begins with the 32 bytes of the tag's key.
fn blocks(length: usize) -> u64 {
    let blocks = length / BLOCK_SIZE + usize::from(length % BLOCK_SIZE > BLOCK_SIZE / 2) + 1;
    u64::try_from(blocks).unwrap_or_else(|_| unreachable!("a length in memory fits 64 bits"))
}

#[cfg(test)]
mod tests;
