//! Helpers of the handshake's tests: two identities, and both ends of a handshake in memory.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test uses a part, and may panic"
)]

pub mod forger;
pub mod points;
pub mod schedule;

use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{Accepting, Client, ClientHandshake, Error, Outcome, Server, ServerHandshake};
use std::sync::{Arc, LazyLock};

/// The client's identity.
pub static ALICE: LazyLock<Arc<KeyPair>> = LazyLock::new(|| Arc::new(KeyPair::from_seed(Seed::from_bytes([1; 32]))));
/// The server's identity.
pub static BOB: LazyLock<Arc<KeyPair>> = LazyLock::new(|| Arc::new(KeyPair::from_seed(Seed::from_bytes([2; 32]))));

/// The client's ephemeral of every test.
pub fn client_ephemeral() -> Ephemeral {
    Ephemeral::from_random([3; 32])
}

/// The server's ephemeral of every test.
pub fn server_ephemeral() -> Ephemeral {
    Ephemeral::from_random([4; 32])
}

pub fn client() -> Client {
    client_to(&BOB.public())
}

pub fn client_to(server: &PublicKey) -> Client {
    Client::new(ALICE.clone(), server, &NetworkKey::SSB_MAIN).unwrap()
}

pub fn server() -> Server {
    Server::new(BOB.clone(), &NetworkKey::SSB_MAIN)
}

/// The four messages of the handshake between [`client`] and [`server`].
pub struct Transcript {
    pub client_hello: [u8; 64],
    pub server_hello: [u8; 64],
    pub client_auth: [u8; 112],
    pub server_accept: [u8; 80],
}

pub fn transcript() -> Transcript {
    let (client, client_hello) = client().start(client_ephemeral());
    let (server, server_hello) = server().client_hello(&client_hello, server_ephemeral()).unwrap();
    let (_, client_auth) = client.server_hello(&server_hello).unwrap();
    let (_, server_accept) = server.client_auth(&client_auth).unwrap().accept();
    Transcript { client_hello, server_hello, client_auth, server_accept }
}

/// The state of a machine when its input was used up.
#[derive(Debug)]
pub enum Driven<T, E> {
    /// It wants more bytes.
    Wants,
    Done(T),
    Failed(E),
}

impl<T: std::fmt::Debug, E: std::fmt::Debug> Driven<T, E> {
    pub fn done(self) -> T {
        match self {
            Self::Done(output) => output,
            other @ (Self::Wants | Self::Failed(_)) => panic!("not done: {other:?}"),
        }
    }

    pub fn failed(self) -> E {
        match self {
            Self::Failed(error) => error,
            other @ (Self::Wants | Self::Done(_)) => panic!("not failed: {other:?}"),
        }
    }
}

/// More steps than any handshake has that moves one byte a step.
const MOST_STEPS: usize = 10_000;

/// Steps a machine, at most `chunk` bytes at a time, until `input` is used up; what it writes is added to `output`.
pub fn drive<H: Handshake>(
    machine: &mut H,
    input: &mut &[u8],
    output: &mut Vec<u8>,
    chunk: usize,
) -> Driven<H::Output, H::Error> {
    for _ in 0..MOST_STEPS {
        match machine.step() {
            Ok(Step::Write(step)) => {
                let count = step.bytes().len().min(chunk);
                output.extend_from_slice(&step.bytes()[..count]);
                step.advance(count);
            }
            Ok(Step::Flush(step)) => {
                step.done();
                machine.prepare();
            }
            Ok(Step::Read(_)) if input.is_empty() => return Driven::Wants,
            Ok(Step::Read(mut step)) => {
                let count = step.buffer().len().min(chunk).min(input.len());
                let (now, later) = input.split_at(count);
                step.buffer()[..count].copy_from_slice(now);
                step.advance(count);
                *input = later;
            }
            Ok(Step::Done(output)) => return Driven::Done(output),
            Err(error) => return Driven::Failed(error),
        }
    }
    panic!("the machine does not come to an end");
}

/// Feeds a machine its input in pieces that end at `cuts`, and returns what it did and wrote.
pub fn feed<H: Handshake>(machine: &mut H, input: &[u8], cuts: &[usize]) -> (Driven<H::Output, H::Error>, Vec<u8>) {
    let mut output = Vec::new();
    let mut start = 0;
    for end in cuts.iter().copied().chain([input.len()]) {
        let mut piece = &input[start..end];
        let driven = drive(machine, &mut piece, &mut output, usize::MAX);
        if !matches!(driven, Driven::Wants) {
            assert!(piece.is_empty() || matches!(driven, Driven::Failed(_)), "it read past its last message");
            return (driven, output);
        }
        start = end;
    }
    (Driven::Wants, output)
}

pub fn client_machine() -> ClientHandshake {
    ClientHandshake::new(client(), client_ephemeral())
}

pub fn server_machine() -> ServerHandshake {
    ServerHandshake::new(server(), server_ephemeral())
}

/// A machine that accepts every client that proves its key, so that a server is one machine from start to end.
#[expect(clippy::large_enum_variant, reason = "a handshake allocates nothing")]
pub enum AcceptingServer {
    Authenticating(ServerHandshake),
    Accepting(Accepting),
}

impl Handshake for AcceptingServer {
    type Output = Outcome;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Outcome>, Error> {
        if let Self::Authenticating(machine) = self {
            match machine.step()? {
                Step::Done(request) => *self = Self::Accepting(request.into_machine()),
                Step::Write(_) | Step::Flush(_) | Step::Read(_) => {}
            }
        }
        match self {
            Self::Authenticating(machine) => match machine.step()? {
                Step::Write(step) => Ok(Step::Write(step)),
                Step::Flush(step) => Ok(Step::Flush(step)),
                Step::Read(step) => Ok(Step::Read(step)),
                Step::Done(_) => Err(Error::Finished),
            },
            Self::Accepting(machine) => machine.step(),
        }
    }

    fn prepare(&mut self) {
        match self {
            Self::Authenticating(machine) => machine.prepare(),
            Self::Accepting(machine) => machine.prepare(),
        }
    }

    fn end_of_input(&mut self) -> Error {
        match self {
            Self::Authenticating(machine) => machine.end_of_input(),
            Self::Accepting(machine) => machine.end_of_input(),
        }
    }
}

pub fn accepting_server() -> AcceptingServer {
    AcceptingServer::Authenticating(server_machine())
}
