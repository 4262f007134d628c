//! The last message of a dialogue.

use super::{Messages, Step};

/// The end of a dialogue whose last message is ours: it is written and flushed, and nothing is read after it.
#[derive(Debug)]
pub struct LastMessage<const N: usize, T> {
    messages: Messages<[u8; N]>,
    /// What the dialogue yields; `None` once it was yielded.
    output: Option<T>,
}

impl<const N: usize, T> LastMessage<N, T> {
    /// Prepares to write the message, to flush, and then to yield `output`.
    #[must_use]
    pub fn new(message: [u8; N], output: T) -> Self {
        let mut messages = Messages::new([0; N]);
        messages.must_write(&message);
        Self { messages, output: Some(output) }
    }

    /// The next step, or `None` when the dialogue is over.
    pub fn step(&mut self) -> Option<Step<'_, T>> {
        if self.messages.is_busy() { self.messages.step() } else { self.output.take().map(Step::Done) }
    }

    /// Ends the dialogue at once.
    pub fn end(&mut self) {
        self.messages.clear();
        self.output = None;
    }
}
