//! A security protocol as the model sees it: what a machine says and becomes when it has heard these messages.

use multiserver_core::frames::{Decoded, Decoder, Encoder, OpenFrames, SealFrames};
use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::{box_stream, shs};
use multiserver_noise as noise;
use std::error::Error;
use std::sync::Arc;

/// A message, as bytes.
pub type Message = Arc<[u8]>;

/// The network of all peers; the attacker knows its key.
pub const NETWORK: NetworkKey = NetworkKey::SSB_MAIN;

/// Somebody with a long-term key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// An honest client.
    Alice,
    /// An honest server.
    Bob,
    /// Another honest client.
    Carol,
    /// The attacker, who has a long-term key as well.
    Mallory,
}

impl Name {
    /// The long-term pair.
    #[must_use]
    pub fn pair(self) -> KeyPair {
        let fill = match self {
            Self::Alice => 1,
            Self::Bob => 2,
            Self::Carol => 3,
            Self::Mallory => 4,
        };
        KeyPair::from_seed(Seed::from_bytes([fill; 32]))
    }

    /// Who has this key.
    #[must_use]
    pub fn of(key: &PublicKey) -> Option<Self> {
        [Self::Alice, Self::Bob, Self::Carol, Self::Mallory].into_iter().find(|name| name.pair().public() == *key)
    }
}

/// One side of one handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Role {
    /// Whose side it is.
    pub me: Name,
    /// Whom a client wants to reach; `None` for a server, which accepts everybody who proves a key.
    pub to: Option<Name>,
    /// The randomness of its ephemeral key.
    pub random: u8,
}

impl Role {
    fn client<P: Protocol>(self, to: Name) -> P::Client {
        P::client(self.me.pair(), &to.pair().public(), [self.random; 32])
    }

    fn server<P: Protocol>(self) -> P::Server {
        P::server(self.me.pair(), [self.random; 32])
    }
}

/// What a machine has become.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Status {
    /// It wants a message of this many bytes.
    Waits(usize),
    /// It is over, with an error.
    Failed,
    /// It has accepted this peer, and sends this first frame.
    Done {
        /// Who the peer is.
        peer: Name,
        /// What it seals first.
        frame: Message,
    },
}

/// What a machine says, message by message, and becomes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reaction {
    /// The messages.
    pub said: Vec<Message>,
    /// The state at the end.
    pub status: Status,
}

/// The plaintext of every first frame.
const FRAME: &[u8] = b"the first frame";

/// A machine whose errors can be passed on.
pub trait Machine: Handshake<Error: Error + Send + Sync + 'static> {}

impl<H: Handshake<Error: Error + Send + Sync + 'static>> Machine for H {}

/// A security protocol: its machines in [`NETWORK`], with randomness that is given.
pub trait Protocol: Send + Sync + 'static {
    /// Its name in addresses.
    const NAME: &'static str;
    /// The client's machine.
    type Client: Machine<Output = Self::Outcome>;
    /// The server's machine, up to the point where it decides about the client.
    type Server: Machine<Output = Self::Authenticated>;
    /// What the server decides about.
    type Authenticated;
    /// The machine of a server that has accepted.
    type Accepting: Machine<Output = Self::Outcome>;
    /// What both sides have in the end.
    type Outcome;
    /// Encrypts the stream.
    type Sealer: SealFrames;
    /// Decrypts the stream.
    type Opener: OpenFrames;

    /// The machine of a client that wants to reach this server.
    fn client(identity: KeyPair, server: &PublicKey, random: [u8; 32]) -> Self::Client;
    /// The machine of a server.
    fn server(identity: KeyPair, random: [u8; 32]) -> Self::Server;
    /// Accepts the client.
    fn accept(authenticated: Self::Authenticated) -> Self::Accepting;
    /// The peer that was proven.
    fn peer(outcome: &Self::Outcome) -> PublicKey;
    /// What encrypts and decrypts the stream.
    fn frames(outcome: Self::Outcome) -> (Self::Sealer, Self::Opener);

    /// What an attacker who is no honest machine can say when everybody has said this.
    #[must_use]
    fn forgeries(known: &[Message]) -> Vec<Message> {
        let _ = known;
        Vec::new()
    }
}

/// The secret handshake.
#[derive(Debug, Clone, Copy)]
pub struct Shs;

impl Protocol for Shs {
    const NAME: &'static str = "shs";
    type Client = shs::ClientHandshake;
    type Server = shs::ServerHandshake;
    type Authenticated = shs::Authenticated;
    type Accepting = shs::Accepting;
    type Outcome = shs::Outcome;
    type Sealer = box_stream::Sealer;
    type Opener = box_stream::Opener;

    fn client(identity: KeyPair, server: &PublicKey, random: [u8; 32]) -> Self::Client {
        let client = shs::Client::new(identity, server, &NETWORK).unwrap();
        shs::ClientHandshake::new(client, Ephemeral::from_random(random))
    }

    fn server(identity: KeyPair, random: [u8; 32]) -> Self::Server {
        shs::ServerHandshake::new(shs::Server::new(identity, &NETWORK), Ephemeral::from_random(random))
    }

    fn accept(authenticated: Self::Authenticated) -> Self::Accepting {
        authenticated.into_machine()
    }

    fn peer(outcome: &Self::Outcome) -> PublicKey {
        *outcome.peer()
    }

    fn frames(outcome: Self::Outcome) -> (Self::Sealer, Self::Opener) {
        outcome.into_boxes()
    }

    fn forgeries(known: &[Message]) -> Vec<Message> {
        crate::attacker::forgeries(known)
    }
}

/// Noise.
#[derive(Debug, Clone, Copy)]
pub struct Noise;

impl Protocol for Noise {
    const NAME: &'static str = "noise";
    type Client = noise::ClientHandshake;
    type Server = noise::ServerHandshake;
    type Authenticated = noise::Authenticated;
    type Accepting = noise::Accepting;
    type Outcome = noise::Outcome;
    type Sealer = noise::Sealer;
    type Opener = noise::Opener;

    fn client(identity: KeyPair, server: &PublicKey, random: [u8; 32]) -> Self::Client {
        noise::ClientHandshake::new(identity, server, &NETWORK, random).unwrap()
    }

    fn server(identity: KeyPair, random: [u8; 32]) -> Self::Server {
        noise::ServerHandshake::new(identity, &NETWORK, random)
    }

    fn accept(authenticated: Self::Authenticated) -> Self::Accepting {
        authenticated.into_machine()
    }

    fn peer(outcome: &Self::Outcome) -> PublicKey {
        *outcome.peer()
    }

    fn frames(outcome: Self::Outcome) -> (Self::Sealer, Self::Opener) {
        outcome.into_frames()
    }
}

/// What a machine in this role says and becomes when it has heard these messages.
#[must_use]
pub fn react<P: Protocol>(role: Role, heard: &[Message]) -> Reaction {
    let (said, status) = replay::<P>(role, heard);
    let status = match status {
        Replayed::Waits(wanted) => Status::Waits(wanted),
        Replayed::Failed => Status::Failed,
        Replayed::Done(outcome) => {
            let peer = Name::of(&P::peer(&outcome)).unwrap();
            let mut encoder = Encoder::new(P::frames(outcome).0);
            encoder.write(FRAME).unwrap();
            Status::Done { peer, frame: encoder.ciphertext().into() }
        }
    };
    Reaction { said, status }
}

/// Whether a machine that is done, with what it has heard, opens this frame as its peer's first one.
#[must_use]
pub fn opens<P: Protocol>(role: Role, heard: &[Message], frame: &[u8]) -> bool {
    let (_, Replayed::Done(outcome)) = replay::<P>(role, heard) else { return false };
    let mut decoder = Decoder::new(P::frames(outcome).1);
    assert_eq!(decoder.feed(frame), frame.len());
    matches!(decoder.decode(), Ok(Decoded::Plaintext(FRAME)))
}

/// What a machine in this role makes of the end of the stream after it has heard these messages; `None` if it was over
/// before, or is not over then.
#[must_use]
pub fn end<P: Protocol>(role: Role, heard: &[Message]) -> Option<String> {
    fn of<H: Machine>(mut machine: H, heard: &[Message]) -> Option<String> {
        let driven = drive(&mut machine, &mut heard.concat(), &mut Vec::new());
        if !matches!(driven, Replayed::Waits(_)) {
            return None;
        }
        let error = machine.end_of_input().to_string();
        machine.step().is_err().then_some(error)
    }
    match role.to {
        Some(to) => of(role.client::<P>(to), heard),
        None => of(role.server::<P>(), heard),
    }
}

/// The end of a replay.
enum Replayed<T> {
    Waits(usize),
    Failed,
    Done(T),
}

fn replay<P: Protocol>(role: Role, heard: &[Message]) -> (Vec<Message>, Replayed<P::Outcome>) {
    let (mut said, mut input) = (Vec::new(), heard.concat());
    let replayed = match role.to {
        Some(to) => drive(&mut role.client::<P>(to), &mut input, &mut said),
        None => match drive(&mut role.server::<P>(), &mut input, &mut said) {
            Replayed::Done(authenticated) => drive(&mut P::accept(authenticated), &mut input, &mut said),
            Replayed::Waits(wanted) => Replayed::Waits(wanted),
            Replayed::Failed => Replayed::Failed,
        },
    };
    (said, replayed)
}

/// Drives a machine until it wants more than the input, which it uses up; what it writes up to a flush is a message.
fn drive<H: Machine>(machine: &mut H, input: &mut Vec<u8>, said: &mut Vec<Message>) -> Replayed<H::Output> {
    let mut message = Vec::new();
    loop {
        match machine.step() {
            Ok(Step::Write(step)) => {
                message.extend_from_slice(step.bytes());
                let count = step.bytes().len();
                step.advance(count);
            }
            Ok(Step::Flush(step)) => {
                step.done();
                said.push(std::mem::take(&mut message).into());
            }
            Ok(Step::Read(mut step)) if input.is_empty() => return Replayed::Waits(step.buffer().len()),
            Ok(Step::Read(mut step)) => {
                let count = step.buffer().len().min(input.len());
                let rest = input.split_off(count);
                step.buffer()[..count].copy_from_slice(input);
                step.advance(count);
                *input = rest;
            }
            Ok(Step::Done(outcome)) => return Replayed::Done(outcome),
            Err(_) => return Replayed::Failed,
        }
    }
}
