//! The handshake as machines for drivers.

use super::{
    Authenticated, AwaitClientAuth, AwaitServerAccept, AwaitServerHello, CLIENT_AUTH_SIZE, Client, Error, HELLO_SIZE,
    Message, Outcome, SERVER_ACCEPT_SIZE, Server,
};
use crate::handshake::{Handshake, LastMessage, Messages, Step};
use crate::keys::Ephemeral;
use core::mem;

/// The length of the longest message, in bytes.
const LONGEST: usize = CLIENT_AUTH_SIZE;

/// The client's side of a handshake, step by step.
///
/// ```text
/// write and flush client hello ─▶ read server hello ─▶ write and flush client authenticate ─▶ read server accept ─▶ Done
/// ```
#[derive(Debug)]
pub struct ClientHandshake {
    messages: Messages<[u8; LONGEST]>,
    state: ClientState,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a handshake allocates nothing")]
enum ClientState {
    AwaitServerHello(AwaitServerHello),
    AwaitServerAccept(AwaitServerAccept),
    Finished,
}

impl ClientHandshake {
    /// The handshake of this client with this ephemeral pair, which must serve once.
    #[must_use]
    pub fn new(client: Client, ephemeral: Ephemeral) -> Self {
        let (state, hello) = client.start(ephemeral);
        let mut messages = Messages::new([0; LONGEST]);
        messages.must_ask(&hello, HELLO_SIZE);
        Self { messages, state: ClientState::AwaitServerHello(state) }
    }
}

impl Handshake for ClientHandshake {
    type Output = Outcome;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Outcome>, Error> {
        while !self.messages.is_busy() {
            match mem::replace(&mut self.state, ClientState::Finished) {
                ClientState::AwaitServerHello(state) => {
                    let (next, auth) = state.server_hello(self.messages.message())?;
                    self.messages.must_ask(&auth, SERVER_ACCEPT_SIZE);
                    self.state = ClientState::AwaitServerAccept(next);
                }
                ClientState::AwaitServerAccept(state) => {
                    let message = self.messages.message();
                    return state.server_accept(message).map(Step::Done);
                }
                ClientState::Finished => return Err(Error::Finished),
            }
        }
        Ok(self.messages.must_step())
    }

    fn prepare(&mut self) {
        match &mut self.state {
            ClientState::AwaitServerHello(state) => state.prepare(),
            ClientState::AwaitServerAccept(state) => state.prepare(),
            ClientState::Finished => {}
        }
    }

    fn end_of_input(&mut self) -> Error {
        self.messages.clear();
        match mem::replace(&mut self.state, ClientState::Finished) {
            ClientState::AwaitServerHello(_) => Error::Closed(Message::ServerHello),
            ClientState::AwaitServerAccept(_) => Error::Closed(Message::ServerAccept),
            ClientState::Finished => Error::Finished,
        }
    }
}

/// The server's side of a handshake, step by step, up to where the client is known and not yet let in.
///
/// ```text
/// read client hello ─▶ write and flush server hello ─▶ read client authenticate ─▶ Done: drop it, or into_machine()
/// ```
#[derive(Debug)]
pub struct ServerHandshake {
    messages: Messages<[u8; LONGEST]>,
    state: ServerState,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a handshake allocates nothing")]
enum ServerState {
    AwaitClientHello(Server, Ephemeral),
    AwaitClientAuth(AwaitClientAuth),
    Finished,
}

impl ServerHandshake {
    /// The handshake of this server with this ephemeral pair, which must serve once.
    #[must_use]
    pub fn new(server: Server, ephemeral: Ephemeral) -> Self {
        let mut messages = Messages::new([0; LONGEST]);
        messages.must_read(HELLO_SIZE);
        Self { messages, state: ServerState::AwaitClientHello(server, ephemeral) }
    }
}

impl Handshake for ServerHandshake {
    type Output = Authenticated;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Authenticated>, Error> {
        while !self.messages.is_busy() {
            match mem::replace(&mut self.state, ServerState::Finished) {
                ServerState::AwaitClientHello(server, ephemeral) => {
                    let message = self.messages.message();
                    let (next, hello) = server.client_hello(message, ephemeral)?;
                    self.messages.must_ask(&hello, CLIENT_AUTH_SIZE);
                    self.state = ServerState::AwaitClientAuth(next);
                }
                ServerState::AwaitClientAuth(state) => {
                    let message = self.messages.message();
                    return state.client_auth(message).map(Step::Done);
                }
                ServerState::Finished => return Err(Error::Finished),
            }
        }
        Ok(self.messages.must_step())
    }

    fn prepare(&mut self) {
        if let ServerState::AwaitClientAuth(state) = &mut self.state {
            state.prepare();
        }
    }

    fn end_of_input(&mut self) -> Error {
        self.messages.clear();
        match mem::replace(&mut self.state, ServerState::Finished) {
            ServerState::AwaitClientHello(..) => Error::Closed(Message::ClientHello),
            ServerState::AwaitClientAuth(_) => Error::Closed(Message::ClientAuth),
            ServerState::Finished => Error::Finished,
        }
    }
}

/// The end of the server's side: the client is let in.
///
/// ```text
/// write and flush server accept ─▶ Done
/// ```
#[derive(Debug)]
pub struct Accepting(LastMessage<SERVER_ACCEPT_SIZE, Outcome>);

impl Authenticated {
    /// Lets the client in: returns the machine that tells it so.
    #[must_use]
    pub fn into_machine(self) -> Accepting {
        let (outcome, message) = self.accept();
        Accepting(LastMessage::new(message, outcome))
    }
}

impl Handshake for Accepting {
    type Output = Outcome;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Outcome>, Error> {
        self.0.step().ok_or(Error::Finished)
    }

    /// It never reads: asked for this, it is over.
    fn end_of_input(&mut self) -> Error {
        self.0.end();
        Error::Finished
    }
}
