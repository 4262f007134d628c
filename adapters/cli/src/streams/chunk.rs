//! Buffers that bytes are copied through, which nobody holds while nothing is under way.

use std::cell::Cell;
use std::mem;
use tokio::io::ReadBuf;

/// How much is read at once, in bytes: as much as a pipe holds.
const SIZE: usize = 64 * 1024;

thread_local! {
    /// A buffer for whoever needs one next: a thread keeps one at most.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes on their way, in a buffer that goes back to the thread.
#[derive(Debug)]
pub(super) struct Chunk {
    buffer: Vec<u8>,
    filled: usize,
}

impl Chunk {
    /// The buffer that the thread keeps, or a new one, with nothing in it.
    pub(super) fn take() -> Self {
        let mut buffer = SPARE.take();
        buffer.resize(SIZE, 0);
        Self { buffer, filled: 0 }
    }

    /// Has the buffer filled.
    pub(super) fn fill<T>(&mut self, fill: impl FnOnce(&mut ReadBuf<'_>) -> T) -> T {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        let filled = fill(&mut buffer);
        self.filled = buffer.filled().len();
        filled
    }

    /// What it was filled with.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let buffer = mem::take(&mut self.buffer);
        // A thread that ends keeps none.
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_one_buffer_of_those_that_come_back() {
        let [mut first, second] = [Chunk::take(), Chunk::take()];
        first.fill(|buffer| buffer.put_slice(b"bytes"));
        assert_eq!((first.bytes(), second.bytes()), (b"bytes".as_slice(), b"".as_slice()));
        let address = second.buffer.as_ptr();
        drop((first, second));
        let third = Chunk::take();
        assert_eq!((third.buffer.as_ptr(), third.bytes()), (address, b"".as_slice()));
        assert!(SPARE.take().is_empty());
    }
}
