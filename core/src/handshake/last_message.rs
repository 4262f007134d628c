//! The end of a dialogue.

use super::{Messages, Step};

/// The end of a dialogue that closes with a message of ours: it is written and flushed, and nothing is read.
#[derive(Debug)]
pub struct LastMessage<const N: usize, T> {
    messages: Messages<[u8; N]>,
    /// What the dialogue yields, until it has.
    output: Option<T>,
}

impl<const N: usize, T> LastMessage<N, T> {
    /// Sets out to write the message, to flush, and to yield `output`.
    #[must_use]
    pub fn new(message: [u8; N], output: T) -> Self {
        let mut messages = Messages::new([0; N]);
        messages.must_write(&message);
        Self { messages, output: Some(output) }
    }

    /// The step to hand out, or `None` when the dialogue is over.
    pub fn step(&mut self) -> Option<Step<'_, T>> {
        if self.messages.is_busy() { self.messages.step() } else { self.output.take().map(Step::Done) }
    }

    /// Ends the dialogue at once.
    pub fn end(&mut self) {
        self.messages.clear();
        self.output = None;
    }
}
