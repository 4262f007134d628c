//! The handshake as machines for drivers.

use crate::cipher::TAG_SIZE;
use crate::primitives::{Primitives, STANDS_FOR_IDENTITY};
use crate::{Error, Message, Opener, Sealer};
use multiserver_core::handshake::{Handshake, LastMessage, Messages, Step};
use multiserver_core::keys::{KeyPair, NetworkKey, PublicKey};
use snow::{Builder, HandshakeState};
use std::sync::Arc;
use std::{fmt, mem};
use zeroize::Zeroizing;

/// The bytes of messages 1 and 2: an ephemeral key, and a tag.
pub const HELLO_SIZE: usize = 32 + TAG_SIZE;

/// The bytes of message 3: the client's key in X25519 form, then in Ed25519 form, each with a tag.
pub const CLIENT_AUTH_SIZE: usize = 2 * (32 + TAG_SIZE);

/// The bytes of message 4: a tag.
pub const SERVER_ACCEPT_SIZE: usize = TAG_SIZE;

/// The protocol's name in Noise.
const PATTERN: &str = "Noise_XKpsk0_25519_ChaChaPoly_SHA256";

/// What both sides hash first: it keeps this protocol apart from others with the same keys.
const PROLOGUE: &[u8] = b"multiserver noise 1";

/// The client's side of a handshake, step by step.
///
/// ```text
/// write and flush client hello ─▶ read server hello ─▶ write and flush client authenticate ─▶ read server accept ─▶ Done
/// ```
#[derive(Debug)]
pub struct ClientHandshake {
    messages: Messages<[u8; CLIENT_AUTH_SIZE]>,
    state: ClientState,
}

enum ClientState {
    AwaitServerHello { noise: Box<HandshakeState>, identity: PublicKey, server: PublicKey },
    AwaitServerAccept(Outcome),
    Finished,
}

impl ClientHandshake {
    /// The handshake of this identity with the server that has this key. `random` is 32 bytes of fresh entropy, which must
    /// serve once.
    ///
    /// # Errors
    /// [`Error::ServerKey`].
    pub fn new(
        identity: impl Into<Arc<KeyPair>>,
        server: &PublicKey,
        network: &NetworkKey,
        random: [u8; 32],
    ) -> Result<Self, Error> {
        let identity = identity.into();
        let key = identity.public();
        let x25519 = server.to_x25519().ok_or(Error::ServerKey)?;
        let mut noise = begin(identity, Some(&x25519), network, random).map_err(|_| Error::ServerKey)?;
        let mut hello = [0; HELLO_SIZE];
        noise.write_message(&[], &mut hello).map_err(|_| Error::ServerKey)?;
        let mut messages = Messages::new([0; CLIENT_AUTH_SIZE]);
        messages.must_ask(&hello, HELLO_SIZE);
        let state = ClientState::AwaitServerHello { noise: Box::new(noise), identity: key, server: *server };
        Ok(Self { messages, state })
    }
}

impl Handshake for ClientHandshake {
    type Output = Outcome;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Outcome>, Error> {
        while !self.messages.is_busy() {
            match mem::replace(&mut self.state, ClientState::Finished) {
                ClientState::AwaitServerHello { mut noise, identity, server } => {
                    let failed = |error| failure(error, Message::ServerHello);
                    noise.read_message(self.messages.bytes(), &mut []).map_err(failed)?;
                    let mut auth = [0; CLIENT_AUTH_SIZE];
                    noise.write_message(identity.as_bytes(), &mut auth).map_err(failed)?;
                    self.messages.must_ask(&auth, SERVER_ACCEPT_SIZE);
                    self.state = ClientState::AwaitServerAccept(Outcome::new(*noise, server));
                }
                ClientState::AwaitServerAccept(mut outcome) => {
                    let opened = outcome.opener.open_empty(self.messages.message());
                    opened.map_err(|_| Error::Sealed(Message::ServerAccept))?;
                    return Ok(Step::Done(outcome));
                }
                ClientState::Finished => return Err(Error::Finished),
            }
        }
        Ok(self.messages.must_step())
    }

    fn end_of_input(&mut self) -> Error {
        self.messages.clear();
        match mem::replace(&mut self.state, ClientState::Finished) {
            ClientState::AwaitServerHello { .. } => Error::Closed(Message::ServerHello),
            ClientState::AwaitServerAccept(_) => Error::Closed(Message::ServerAccept),
            ClientState::Finished => Error::Finished,
        }
    }
}

/// The server's side of a handshake, step by step, up to where the client is known and not yet accepted.
///
/// ```text
/// read client hello ─▶ write and flush server hello ─▶ read client authenticate ─▶ Done: drop it, or into_machine()
/// ```
#[derive(Debug)]
pub struct ServerHandshake {
    messages: Messages<[u8; CLIENT_AUTH_SIZE]>,
    state: ServerState,
}

enum ServerState {
    AwaitClientHello(Box<HandshakeState>),
    AwaitClientAuth(Box<HandshakeState>),
    Finished,
}

impl ServerHandshake {
    /// The handshake of the server with this identity. `random` is 32 bytes of fresh entropy, which must serve once.
    #[must_use]
    pub fn new(identity: impl Into<Arc<KeyPair>>, network: &NetworkKey, random: [u8; 32]) -> Self {
        let mut messages = Messages::new([0; CLIENT_AUTH_SIZE]);
        messages.must_read(HELLO_SIZE);
        let noise = begin(identity.into(), None, network, random);
        let state = noise.map_or(ServerState::Finished, |noise| ServerState::AwaitClientHello(Box::new(noise)));
        Self { messages, state }
    }
}

impl Handshake for ServerHandshake {
    type Output = Authenticated;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Authenticated>, Error> {
        while !self.messages.is_busy() {
            match mem::replace(&mut self.state, ServerState::Finished) {
                ServerState::AwaitClientHello(mut noise) => {
                    let failed = |error| failure(error, Message::ClientHello);
                    noise.read_message(self.messages.bytes(), &mut []).map_err(failed)?;
                    let mut hello = [0; HELLO_SIZE];
                    noise.write_message(&[], &mut hello).map_err(failed)?;
                    self.messages.must_ask(&hello, CLIENT_AUTH_SIZE);
                    self.state = ServerState::AwaitClientAuth(noise);
                }
                ServerState::AwaitClientAuth(mut noise) => {
                    let mut key = [0; 32];
                    let read = noise.read_message(self.messages.bytes(), &mut key);
                    read.map_err(|error| failure(error, Message::ClientAuth))?;
                    let client = PublicKey::from_bytes(key);
                    let named = client.to_x25519().ok_or(Error::ClientKey)?;
                    if noise.get_remote_static() != Some(named.as_slice()) {
                        return Err(Error::ClientKey);
                    }
                    return Ok(Step::Done(Authenticated(Outcome::new(*noise, client))));
                }
                ServerState::Finished => return Err(Error::Finished),
            }
        }
        Ok(self.messages.must_step())
    }

    fn end_of_input(&mut self) -> Error {
        self.messages.clear();
        match mem::replace(&mut self.state, ServerState::Finished) {
            ServerState::AwaitClientHello(_) => Error::Closed(Message::ClientHello),
            ServerState::AwaitClientAuth(_) => Error::Closed(Message::ClientAuth),
            ServerState::Finished => Error::Finished,
        }
    }
}

/// A client that has proven its key and waits to be accepted. Dropping this refuses it, without an answer.
#[derive(Debug)]
pub struct Authenticated(Outcome);

/// The end of the server's side: the client is accepted.
///
/// ```text
/// write and flush server accept ─▶ Done
/// ```
#[derive(Debug)]
pub struct Accepting(LastMessage<SERVER_ACCEPT_SIZE, Outcome>);

impl Authenticated {
    /// The client's key, which it has proven.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        &self.0.peer
    }

    /// Accepts the client: returns the machine that tells it so.
    #[must_use]
    pub fn into_machine(self) -> Accepting {
        let Self(mut outcome) = self;
        Accepting(LastMessage::new(outcome.sealer.seal_empty(), outcome))
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

/// What a completed handshake yields.
pub struct Outcome {
    peer: PublicKey,
    channel_binding: [u8; 32],
    sealer: Sealer,
    opener: Opener,
}

impl Outcome {
    /// The keys of a handshake whose third message is through.
    fn new(mut noise: HandshakeState, peer: PublicKey) -> Self {
        let (clients, servers) = noise.dangerously_get_raw_split();
        let (clients, servers) = (Zeroizing::new(clients), Zeroizing::new(servers));
        let (writes, reads) = if noise.is_initiator() { (&clients, &servers) } else { (&servers, &clients) };
        let channel_binding = noise.get_handshake_hash().first_chunk().copied().unwrap_or_default();
        Self { peer, channel_binding, sealer: Sealer::new(writes), opener: Opener::new(reads) }
    }

    /// The peer's key, which it has proven.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        &self.peer
    }

    /// A value that is the same on both sides, and on no other connection: Noise's handshake hash. A protocol above can
    /// sign it to bind itself to this connection.
    #[must_use]
    pub const fn channel_binding(&self) -> &[u8; 32] {
        &self.channel_binding
    }

    /// The two directions of the stream.
    #[must_use]
    pub fn into_frames(self) -> (Sealer, Opener) {
        (self.sealer, self.opener)
    }
}

/// A Noise state machine; a client's knows the server's X25519 key.
fn begin(
    identity: Arc<KeyPair>,
    server: Option<&[u8; 32]>,
    network: &NetworkKey,
    random: [u8; 32],
) -> Result<HandshakeState, snow::Error> {
    let primitives = Primitives { identity, random: Zeroizing::new(random) };
    let builder = Builder::with_resolver(PATTERN.parse()?, Box::new(primitives));
    let builder = builder.prologue(PROLOGUE)?.psk(0, network.as_bytes())?.local_private_key(&STANDS_FOR_IDENTITY)?;
    match server {
        Some(key) => builder.remote_public_key(key)?.build_initiator(),
        None => builder.build_responder(),
    }
}

fn failure(error: snow::Error, message: Message) -> Error {
    if matches!(error, snow::Error::Dh) { Error::WeakKey(message) } else { Error::Sealed(message) }
}

impl fmt::Debug for ClientState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AwaitServerHello { .. } => "AwaitServerHello",
            Self::AwaitServerAccept(_) => "AwaitServerAccept",
            Self::Finished => "Finished",
        })
    }
}

impl fmt::Debug for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AwaitClientHello(_) => "AwaitClientHello",
            Self::AwaitClientAuth(_) => "AwaitClientAuth",
            Self::Finished => "Finished",
        })
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome").field("peer", &self.peer).finish_non_exhaustive()
    }
}
