//! The current message of a machine, and its progress.

use super::Step;
use crate::bytes::{within, within_mut};
use core::fmt;
use zeroize::Zeroize;

/// The message that a machine currently writes, flushes or reads, and how far it has come.
///
/// A machine of your own has one of these and a state. Its [`Handshake::step`](super::Handshake::step) returns what
/// [`step`](Self::step) returns; when that is `None`, the machine looks at the [message](Self::bytes) that arrived and
/// starts the next one.
///
/// The buffer is an array, so that nothing is allocated, or a `Vec<u8>` or `Box<[u8]>` for longer messages. It has the
/// length of the longest message, and is zeroized when this is dropped.
///
/// ```
/// use multiserver_core::handshake::{Handshake, Messages, Step};
///
/// /// Says a byte, and yields the byte that the peer answers.
/// struct Ping {
///     messages: Messages<[u8; 1]>,
///     is_over: bool,
/// }
///
/// impl Handshake for Ping {
///     type Output = u8;
///     type Error = &'static str;
///
///     fn step(&mut self) -> Result<Step<'_, u8>, &'static str> {
///         if self.messages.is_busy() {
///             return Ok(self.messages.must_step());
///         }
///         if std::mem::replace(&mut self.is_over, true) {
///             return Err("the ping is over");
///         }
///         let [answer] = *self.messages.message();
///         Ok(Step::Done(answer))
///     }
///
///     fn end_of_input(&mut self) -> &'static str {
///         self.is_over = true;
///         self.messages.clear();
///         "the peer did not answer"
///     }
/// }
///
/// let mut messages = Messages::new([0; 1]);
/// messages.must_ask(&[7], 1);
/// let mut ping = Ping { messages, is_over: false };
/// assert!(matches!(ping.step(), Ok(Step::Write(step)) if step.bytes() == [7]));
/// ```
pub struct Messages<B: AsRef<[u8]> + AsMut<[u8]>> {
    buffer: B,
    progress: Progress,
}

/// A message is longer than the machine's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message of {length} bytes is longer than the {capacity} bytes that its buffer holds")]
#[non_exhaustive]
pub struct MessageTooLong {
    /// The length of the message in bytes.
    pub length: usize,
    /// The length of the buffer in bytes.
    pub capacity: usize,
}

/// Bytes to write. The driver reports by [`advance`](Self::advance) how many were written.
pub struct WriteStep<'a> {
    buffer: &'a [u8],
    progress: &'a mut Progress,
}

/// A flush to carry out. The driver reports by [`done`](Self::done) that it was.
pub struct FlushStep<'a> {
    buffer: &'a mut [u8],
    progress: &'a mut Progress,
}

/// A buffer to read into. The driver reports by [`advance`](Self::advance) how many bytes were read.
pub struct ReadStep<'a> {
    buffer: &'a mut [u8],
    progress: &'a mut Progress,
}

impl WriteStep<'_> {
    /// The bytes that are still to be written; never empty.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.progress.rest(self.buffer)
    }

    /// Notes that the first `count` of [`bytes`](Self::bytes) were written; a greater count means all of them.
    pub fn advance(self, count: usize) {
        self.progress.advance(count);
    }
}

impl FlushStep<'_> {
    /// Notes that the stream was flushed.
    pub fn done(self) {
        self.progress.flushed(self.buffer);
    }
}

impl ReadStep<'_> {
    /// The part of the message that is still to be read; never empty.
    #[must_use]
    pub fn buffer(&mut self) -> &mut [u8] {
        let Progress { done, end, .. } = *self.progress;
        within_mut(self.buffer, done..end)
    }

    /// Notes that the first `count` bytes of [`buffer`](Self::buffer) were filled; a greater count means all of them.
    pub fn advance(self, count: usize) {
        self.progress.advance(count);
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Messages<B> {
    /// Without a message yet; no message may be longer than this buffer.
    #[must_use]
    pub const fn new(buffer: B) -> Self {
        Self { buffer, progress: Progress { done: 0, end: 0, answer: 0, doing: Doing::Nothing } }
    }

    /// Starts to write this message and then to flush; an empty message is only flushed.
    ///
    /// # Errors
    /// The message is longer than the buffer.
    pub fn write(&mut self, message: &[u8]) -> Result<(), MessageTooLong> {
        let end = message.len();
        self.check(end)?;
        within_mut(self.buffer.as_mut(), 0..end).copy_from_slice(message);
        self.progress = Progress { done: 0, end, answer: 0, doing: Doing::Writing };
        self.progress.settle();
        Ok(())
    }

    /// Starts to write this message, to flush, and then to read an answer of `length` bytes.
    ///
    /// # Errors
    /// The message or the answer is longer than the buffer.
    pub fn ask(&mut self, message: &[u8], length: usize) -> Result<(), MessageTooLong> {
        self.check(length)?;
        self.write(message)?;
        self.progress.answer = length;
        Ok(())
    }

    /// Starts to read a message of `length` bytes.
    ///
    /// # Errors
    /// The message is longer than the buffer.
    pub fn read(&mut self, length: usize) -> Result<(), MessageTooLong> {
        self.check(length)?;
        self.progress.read(self.buffer.as_mut(), length);
        Ok(())
    }

    /// Continues to read until the message that was [read](Self::read) has `length` bytes in total, for messages whose
    /// first bytes say how long they are.
    ///
    /// # Errors
    /// The message is longer than the buffer.
    pub fn read_on(&mut self, length: usize) -> Result<(), MessageTooLong> {
        self.check(length)?;
        self.progress.read_on(length);
        Ok(())
    }

    /// The next step, or `None` when the message is complete and the machine has to decide what comes next.
    pub fn step<T>(&mut self) -> Option<Step<'_, T>> {
        let Self { buffer, progress } = self;
        match progress.doing {
            Doing::Writing => Some(Step::Write(WriteStep { buffer: (*buffer).as_ref(), progress })),
            Doing::Flushing => Some(Step::Flush(FlushStep { buffer: buffer.as_mut(), progress })),
            Doing::Reading => Some(Step::Read(ReadStep { buffer: buffer.as_mut(), progress })),
            Doing::Nothing => None,
        }
    }

    /// Whether [`step`](Self::step) returns a step.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.progress.doing != Doing::Nothing
    }

    /// The message that was read; empty before the first.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        within(self.buffer.as_ref(), 0..self.progress.end)
    }

    /// Drops and zeroizes the current message; there are no more steps.
    pub fn clear(&mut self) {
        self.buffer.as_mut().zeroize();
        self.progress = Progress { done: 0, end: 0, answer: 0, doing: Doing::Nothing };
    }

    fn check(&self, length: usize) -> Result<(), MessageTooLong> {
        let capacity = self.buffer.as_ref().len();
        if length <= capacity { Ok(()) } else { Err(MessageTooLong { length, capacity }) }
    }
}

/// The same methods without errors, for a machine whose buffer has room for its longest message.
impl<B: AsRef<[u8]> + AsMut<[u8]>> Messages<B> {
    /// Like [`write`](Self::write), for a message that fits.
    ///
    /// # Panics
    /// The message is longer than the buffer.
    pub fn must_write(&mut self, message: &[u8]) {
        self.write(message).unwrap_or_else(too_long);
    }

    /// Like [`ask`](Self::ask), for a message and an answer that fit.
    ///
    /// # Panics
    /// The message or the answer is longer than the buffer.
    pub fn must_ask(&mut self, message: &[u8], length: usize) {
        self.ask(message, length).unwrap_or_else(too_long);
    }

    /// Like [`read`](Self::read), for a message that fits.
    ///
    /// # Panics
    /// The message is longer than the buffer.
    pub fn must_read(&mut self, length: usize) {
        self.read(length).unwrap_or_else(too_long);
    }

    /// Like [`read_on`](Self::read_on), for a message that fits.
    ///
    /// # Panics
    /// The message is longer than the buffer.
    pub fn must_read_on(&mut self, length: usize) {
        self.read_on(length).unwrap_or_else(too_long);
    }

    /// The next step, for a machine that [is busy](Self::is_busy).
    ///
    /// # Panics
    /// There is no step.
    pub fn must_step<T>(&mut self) -> Step<'_, T> {
        self.step().unwrap_or_else(|| unreachable!("a machine is asked for a step while it is busy"))
    }

    /// The message that was read, all `M` bytes of it.
    ///
    /// # Panics
    /// The machine has asked for a message of another length.
    #[must_use]
    pub fn message<const M: usize>(&self) -> &[u8; M] {
        self.bytes().try_into().unwrap_or_else(|_| unreachable!("the machine has asked for a message of this length"))
    }
}

macro_rules! debug_without_bytes {
    ($($name:ident),*) => {
        $(
            impl fmt::Debug for $name<'_> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, concat!(stringify!($name), "({:?})"), self.progress)
                }
            }
        )*
    };
}

debug_without_bytes!(WriteStep, FlushStep, ReadStep);

impl<B: AsRef<[u8]> + AsMut<[u8]>> fmt::Debug for Messages<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.progress.fmt(f)
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Drop for Messages<B> {
    fn drop(&mut self) {
        self.buffer.as_mut().zeroize();
    }
}

/// The progress of a message within its buffer.
struct Progress {
    /// How many bytes are written or read.
    done: usize,
    end: usize,
    /// The length of the answer to wait for once the message is flushed, or 0.
    answer: usize,
    doing: Doing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Writing,
    Flushing,
    Reading,
    Nothing,
}

impl Progress {
    fn rest<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        within(buffer, self.done..self.end)
    }

    fn read(&mut self, buffer: &mut [u8], length: usize) {
        // The driver that fills the buffer must not see its earlier content.
        buffer.fill(0);
        self.done = 0;
        self.read_on(length);
    }

    fn read_on(&mut self, length: usize) {
        (self.end, self.doing) = (length, Doing::Reading);
        self.done = self.done.min(length);
        self.settle();
    }

    fn advance(&mut self, count: usize) {
        self.done = self.done.saturating_add(count).min(self.end);
        self.settle();
    }

    fn flushed(&mut self, buffer: &mut [u8]) {
        self.read(buffer, self.answer);
    }

    fn settle(&mut self) {
        if self.done == self.end {
            self.doing = match self.doing {
                Doing::Writing => Doing::Flushing,
                Doing::Reading => Doing::Nothing,
                Doing::Flushing | Doing::Nothing => self.doing,
            };
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} byte {} of {}", self.doing, self.done, self.end)
    }
}

fn too_long(error: MessageTooLong) {
    unreachable!("the machine's buffer holds its longest message: {error}")
}
