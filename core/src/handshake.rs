//! The interface between protocols and I/O: a machine returns one instruction at a time, and a driver carries it out.
//!
//! A driver runs any machine over a stream; this is one for blocking streams:
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
//!                 machine.prepare();
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

mod last_message;
mod messages;

pub use last_message::LastMessage;
pub use messages::{FlushStep, MessageTooLong, Messages, ReadStep, WriteStep};

/// A dialogue of messages that is driven one [`Step`] at a time.
///
/// The machine keeps its own progress: a driver may stop after any step, drop everything else, and go on later with
/// nothing lost. A machine of your own can keep its progress in [`Messages`].
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

    /// Returns what to do next.
    ///
    /// # Errors
    /// The dialogue has failed, or was over before this call.
    fn step(&mut self) -> Result<Step<'_, Self::Output>, Self::Error>;

    /// Does work now that the peer's next message will need, while that message is under way.
    ///
    /// A driver calls it after it flushed and before it reads. Nothing but time depends on it: what was not prepared is
    /// done when the message has come.
    fn prepare(&mut self) {}

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
