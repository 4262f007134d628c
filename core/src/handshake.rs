//! The one way anything with a dialogue is driven: a machine gives one instruction at a time.
//!
//! ```
//! use multiserver_core::handshake::{Handshake, Step};
//! use std::io::{self, ErrorKind, Read, Write};
//!
//! /// Runs any handshake over a blocking stream.
//! fn drive<H>(machine: &mut H, stream: &mut (impl Read + Write)) -> io::Result<H::Output>
//! where
//!     H: Handshake<Error: std::error::Error + Send + Sync + 'static>,
//! {
//!     let mut ended = false;
//!     loop {
//!         match machine.step().map_err(io::Error::other)? {
//!             Step::Write(step) => match stream.write(step.bytes())? {
//!                 0 => return Err(ErrorKind::WriteZero.into()),
//!                 count => step.advance(count),
//!             },
//!             Step::Flush(step) => {
//!                 stream.flush()?;
//!                 step.done();
//!             }
//!             Step::Read(mut step) => {
//!                 let count = stream.read(step.buffer())?;
//!                 step.advance(count);
//!                 ended = count == 0;
//!             }
//!             Step::Done(output) => return Ok(output),
//!         }
//!         if ended {
//!             return Err(io::Error::new(ErrorKind::UnexpectedEof, machine.end_of_input()));
//!         }
//!     }
//! }
//! ```

use core::fmt;
use zeroize::Zeroize;

/// A dialogue of messages that is driven one [`Step`] at a time.
///
/// The machine keeps its own progress: whoever drives it may stop at any step, drop everything else and go on later
/// with nothing lost.
///
/// ```text
///        ┌──────────── step() ───────────┐
///        ▼                               │
///   Write(bytes) ─ advance(n) until all ─┤
///   Flush ──────── done() ───────────────┤
///   Read(buffer) ─ advance(n) until full ┘   or end_of_input() when there is nothing more to read
///   Done(output)                             afterwards, and after an error, step() is an error
/// ```
pub trait Handshake {
    /// What a completed dialogue yields.
    type Output;
    /// Why a dialogue failed.
    type Error;

    /// Says what to do next.
    ///
    /// # Errors
    /// The dialogue has failed, or was over before this call.
    fn step(&mut self) -> Result<Step<'_, Self::Output>, Self::Error>;

    /// Tells the machine that the peer's bytes ended where it wanted to read some, and returns what that means.
    ///
    /// The dialogue is over: each later [`step`](Self::step) is an error.
    fn end_of_input(&mut self) -> Self::Error;
}

/// What the driver of a [`Handshake`] has to do next.
#[derive(Debug)]
pub enum Step<'a, T> {
    /// Write some of these bytes to the peer.
    Write(WriteStep<'a>),
    /// Flush what was written: the machine is about to wait for an answer, or is about to end.
    Flush(FlushStep<'a>),
    /// Read from the peer into this buffer, which never reaches past the current message.
    Read(ReadStep<'a>),
    /// The dialogue is complete.
    Done(T),
}

/// Bytes to write, and the place to say how many were.
#[derive(Debug)]
pub struct WriteStep<'a>(&'a mut Exchange);

impl WriteStep<'_> {
    /// The bytes that are still to be written; never empty.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.unfinished()
    }

    /// Notes that the first `count` of [`bytes`](Self::bytes) were written; a greater count means all of them.
    pub fn advance(self, count: usize) {
        self.0.advance(count);
    }
}

/// A flush to carry out, and the place to say that it was.
#[derive(Debug)]
pub struct FlushStep<'a>(&'a mut Exchange);

impl FlushStep<'_> {
    /// Notes that the stream was flushed.
    pub fn done(self) {
        self.0.flushed();
    }
}

/// Room for bytes to read, and the place to say how many came.
#[derive(Debug)]
pub struct ReadStep<'a>(&'a mut Exchange);

impl ReadStep<'_> {
    /// The part of the message that is still to be read; never empty.
    #[must_use]
    pub fn buffer(&mut self) -> &mut [u8] {
        let Exchange { bytes, done, end, .. } = &mut *self.0;
        bytes.get_mut(*done..*end).unwrap_or_default()
    }

    /// Notes that the first `count` bytes of [`buffer`](Self::buffer) were filled; a greater count means all of them.
    pub fn advance(self, count: usize) {
        self.0.advance(count);
    }
}

/// The longest message of any machine here: a SOCKS5 user/password request (RFC 1929).
const LONGEST_MESSAGE: usize = 513;

/// The message a machine is about to have written, flushed or read, and how far that is.
pub(crate) struct Exchange {
    bytes: [u8; LONGEST_MESSAGE],
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

impl Exchange {
    /// Nothing to do yet.
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; LONGEST_MESSAGE], done: 0, end: 0, answer: 0, doing: Doing::Nothing }
    }

    /// Sets out to write a message, then to flush; what is over [`LONGEST_MESSAGE`] is a mistake of this crate.
    pub(crate) fn write(&mut self, message: &[u8]) {
        debug_assert!(message.len() <= LONGEST_MESSAGE);
        for (slot, byte) in self.bytes.iter_mut().zip(message) {
            *slot = *byte;
        }
        (self.done, self.end, self.answer) = (0, message.len().min(LONGEST_MESSAGE), 0);
        self.doing = Doing::Writing;
    }

    /// Sets out to write a message, to flush, and to read an answer of `length` bytes.
    pub(crate) fn ask(&mut self, message: &[u8], length: usize) {
        self.write(message);
        self.answer = length;
    }

    /// Sets out to read a message of `length` bytes, into zeros.
    pub(crate) fn read(&mut self, length: usize) {
        self.bytes.fill(0);
        self.done = 0;
        self.read_on(length);
    }

    /// Sets out to read on, until the message has `length` bytes in all.
    pub(crate) fn read_on(&mut self, length: usize) {
        debug_assert!(length <= LONGEST_MESSAGE);
        (self.end, self.doing) = (length.min(LONGEST_MESSAGE), Doing::Reading);
        self.settle();
    }

    /// The step to hand out, or `None` when the message is through and the machine has to move.
    pub(crate) fn step<T>(&mut self) -> Option<Step<'_, T>> {
        match self.doing {
            Doing::Writing => Some(Step::Write(WriteStep(self))),
            Doing::Flushing => Some(Step::Flush(FlushStep(self))),
            Doing::Reading => Some(Step::Read(ReadStep(self))),
            Doing::Nothing => None,
        }
    }

    /// Whether [`step`](Self::step) has something to hand out.
    pub(crate) fn is_busy(&self) -> bool {
        self.doing != Doing::Nothing
    }

    /// The message that was read, when it has exactly `N` bytes.
    pub(crate) fn message<const N: usize>(&self) -> Option<&[u8; N]> {
        self.message_bytes().try_into().ok()
    }

    /// The message that was read.
    pub(crate) fn message_bytes(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or_default()
    }

    fn unfinished(&self) -> &[u8] {
        self.bytes.get(self.done..self.end).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        self.done = self.done.saturating_add(count).min(self.end);
        self.settle();
    }

    fn flushed(&mut self) {
        self.doing = Doing::Nothing;
        if self.answer > 0 {
            self.read(self.answer);
        }
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

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} byte {} of {}", self.doing, self.done, self.end)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// The end of a dialogue that closes with a message of ours: it is written and flushed, and nothing is read.
#[derive(Debug)]
pub(crate) struct LastMessage<T> {
    exchange: Exchange,
    /// What the dialogue yields, until it has.
    output: Option<T>,
}

impl<T> LastMessage<T> {
    /// Sets out to write the message, to flush, and to yield `output`.
    pub(crate) fn new(message: &[u8], output: T) -> Self {
        let mut exchange = Exchange::new();
        exchange.write(message);
        Self { exchange, output: Some(output) }
    }

    /// The step to hand out, or `None` when the dialogue is over.
    pub(crate) fn step(&mut self) -> Option<Step<'_, T>> {
        if self.exchange.is_busy() { self.exchange.step() } else { self.output.take().map(Step::Done) }
    }

    /// Ends the dialogue at once.
    pub(crate) fn end(&mut self) {
        (self.exchange, self.output) = (Exchange::new(), None);
    }
}
