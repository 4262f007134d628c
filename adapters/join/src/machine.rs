//! Both ends of the dialogue, as machines for a driver.

use super::{Answer, Error, Message, application};
use core::mem;
use multiserver_core::handshake::{Handshake, LastMessage, Messages, Step};
use multiserver_core::keys::{KeyPair, PublicKey};
use zeroize::Zeroizing;

/// A client that wants to join.
///
/// ```text
/// write and flush application ─▶ read answer ─▶ Done
/// ```
#[derive(Debug)]
pub struct Client {
    messages: Messages<[u8; application::SIZE]>,
    is_over: bool,
}

impl Client {
    /// A client that applies with this identity, on the connection with this
    /// [binding](multiserver_core::shs::Outcome::channel_binding).
    #[must_use]
    pub fn new(identity: &KeyPair, binding: &[u8; 32]) -> Self {
        let mut messages = Messages::new([0; application::SIZE]);
        messages.must_ask(&application::sign(identity, binding), 1);
        Self { messages, is_over: false }
    }
}

impl Handshake for Client {
    type Output = Answer;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Answer>, Error> {
        if self.messages.is_busy() {
            return Ok(self.messages.must_step());
        }
        if mem::replace(&mut self.is_over, true) {
            return Err(Error::Finished);
        }
        let [code] = *self.messages.message();
        Answer::from_code(code).map(Step::Done).ok_or(Error::UnknownAnswer(code))
    }

    fn end_of_input(&mut self) -> Error {
        self.messages.clear();
        if mem::replace(&mut self.is_over, true) { Error::Finished } else { Error::Closed(Message::Answer) }
    }
}

/// A server that waits for an application.
///
/// ```text
/// read magic ─▶ read key and signature ─▶ Done: drop it, or answer()
/// ```
#[derive(Debug)]
pub struct Server {
    messages: Messages<[u8; application::SIZE]>,
    state: State,
}

/// What the server waits for, with the connection's binding. `Zeroizing` also keeps the binding out of `Debug`.
#[derive(Debug)]
enum State {
    /// The magic. It is checked before the rest is read, since a peer that speaks another protocol may never send the
    /// rest.
    Magic(Zeroizing<[u8; 32]>),
    /// The whole application.
    Application(Zeroizing<[u8; 32]>),
    Finished,
}

impl Server {
    /// Waits for an application on the connection with this [binding](multiserver_core::shs::Outcome::channel_binding).
    #[must_use]
    pub fn new(binding: &[u8; 32]) -> Self {
        let mut messages = Messages::new([0; application::SIZE]);
        messages.must_read(application::MAGIC.len());
        Self { messages, state: State::Magic(Zeroizing::new(*binding)) }
    }
}

impl Handshake for Server {
    type Output = Applicant;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Applicant>, Error> {
        while !self.messages.is_busy() {
            match mem::replace(&mut self.state, State::Finished) {
                State::Magic(binding) => {
                    if self.messages.bytes() != application::MAGIC {
                        return Err(Error::Magic);
                    }
                    self.messages.must_read_on(application::SIZE);
                    self.state = State::Application(binding);
                }
                State::Application(binding) => {
                    let peer = application::verify(self.messages.message(), &binding)?;
                    return Ok(Step::Done(Applicant { peer }));
                }
                State::Finished => return Err(Error::Finished),
            }
        }
        Ok(self.messages.must_step())
    }

    fn end_of_input(&mut self) -> Error {
        self.messages.clear();
        match mem::replace(&mut self.state, State::Finished) {
            State::Magic(_) | State::Application(_) => Error::Closed(Message::Application),
            State::Finished => Error::Finished,
        }
    }
}

/// A client that has proven its key and was not answered yet; it can be answered once:
/// ```compile_fail,E0382
/// # fn answer(applicant: multiserver_join::Applicant) {
/// # use multiserver_join::Answer;
/// let _ = applicant.answer(Answer::Joined);
/// let _ = applicant.answer(Answer::Spent);
/// # }
/// ```
///
/// The server has to store the key and use up the invite before it answers, since the answer can get lost. A client
/// without an answer does not know whether it joined.
#[derive(Debug)]
#[must_use = "dropping it leaves the client without an answer"]
pub struct Applicant {
    peer: PublicKey,
}

impl Applicant {
    /// The client's long-term key, proven.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        &self.peer
    }

    /// Returns the machine that sends the client this answer.
    #[must_use]
    pub fn answer(self, answer: Answer) -> Answering {
        Answering(LastMessage::new([answer.code()], ()))
    }
}

/// The end of the server's side: sends the client its answer.
///
/// ```text
/// write and flush answer ─▶ Done
/// ```
#[derive(Debug)]
pub struct Answering(LastMessage<1, ()>);

impl Handshake for Answering {
    type Output = ();
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, ()>, Error> {
        self.0.step().ok_or(Error::Finished)
    }

    /// This machine never reads, so it is over when a driver calls this.
    fn end_of_input(&mut self) -> Error {
        self.0.end();
        Error::Finished
    }
}
