//! The layers that prove both ends, and their machines, which tests drive by hand.

use crate::support::{CLIENT, NETWORK, SERVER, identity, key};
use multiserver_compose::{Shs, Suite};
use multiserver_core::box_stream;
use multiserver_core::frames::{OpenFrames, SealFrames};
use multiserver_core::handshake::Handshake;
use multiserver_core::keys::Ephemeral;
use multiserver_core::shs;
use multiserver_noise::{self as noise, Noise};

/// A layer that proves both ends.
pub trait Security: 'static {
    /// Its name in addresses.
    const NAME: &'static str;
    /// How many bytes of its handshake the client sends.
    const CLIENT_HANDSHAKE: usize;
    /// How many bytes of its handshake the server sends.
    const SERVER_HANDSHAKE: usize;

    /// The machine of the client.
    type Client: Machine<Output = Self::Outcome>;
    /// The machine of the server, up to the point where it decides about the client.
    type Server: Machine<Output = Self::Authenticated>;
    /// What the server decides about.
    type Authenticated;
    /// The machine of a server that has accepted the client.
    type Accepting: Machine<Output = Self::Outcome>;
    /// What a handshake yields.
    type Outcome;
    /// Encrypts the stream.
    type Sealer: SealFrames;
    /// Decrypts the stream.
    type Opener: OpenFrames;

    /// The suite with this layer on top, for the identity of this number.
    fn secured(suite: Suite, fill: u8) -> Suite;

    /// The machine of the tests' client, which wants to reach their server.
    fn client() -> Self::Client;

    /// The machine of the tests' server.
    fn server() -> Self::Server;

    /// Accepts the tests' client, after a look whether it is the one.
    fn accept(authenticated: Self::Authenticated) -> Self::Accepting;

    /// What encrypts and decrypts the stream.
    fn frames(outcome: Self::Outcome) -> (Self::Sealer, Self::Opener);
}

/// A machine whose errors tests can pass on.
pub trait Machine: Handshake<Error: std::error::Error + Send + Sync + 'static> {}

impl<H: Handshake<Error: std::error::Error + Send + Sync + 'static>> Machine for H {}

/// The secret handshake.
#[derive(Debug)]
pub struct OfShs;

impl Security for OfShs {
    const NAME: &'static str = "shs";
    const CLIENT_HANDSHAKE: usize = 64 + 112;
    const SERVER_HANDSHAKE: usize = 64 + 80;

    type Client = shs::ClientHandshake;
    type Server = shs::ServerHandshake;
    type Authenticated = shs::Authenticated;
    type Accepting = shs::Accepting;
    type Outcome = shs::Outcome;
    type Sealer = box_stream::Sealer;
    type Opener = box_stream::Opener;

    fn secured(suite: Suite, fill: u8) -> Suite {
        suite.then(Shs::new(identity(fill)))
    }

    fn client() -> Self::Client {
        let client = shs::Client::new(identity(CLIENT), &key(SERVER), &NETWORK).unwrap();
        shs::ClientHandshake::new(client, Ephemeral::from_random([3; 32]))
    }

    fn server() -> Self::Server {
        shs::ServerHandshake::new(shs::Server::new(identity(SERVER), &NETWORK), Ephemeral::from_random([4; 32]))
    }

    fn accept(authenticated: Self::Authenticated) -> Self::Accepting {
        assert_eq!(authenticated.peer(), &key(CLIENT));
        authenticated.into_machine()
    }

    fn frames(outcome: Self::Outcome) -> (Self::Sealer, Self::Opener) {
        outcome.into_boxes()
    }
}

/// Noise, in the place of the secret handshake.
#[derive(Debug)]
pub struct OfNoise;

impl Security for OfNoise {
    const NAME: &'static str = "noise";
    const CLIENT_HANDSHAKE: usize = noise::HELLO_SIZE + noise::CLIENT_AUTH_SIZE;
    const SERVER_HANDSHAKE: usize = noise::HELLO_SIZE + noise::SERVER_ACCEPT_SIZE;

    type Client = noise::ClientHandshake;
    type Server = noise::ServerHandshake;
    type Authenticated = noise::Authenticated;
    type Accepting = noise::Accepting;
    type Outcome = noise::Outcome;
    type Sealer = noise::Sealer;
    type Opener = noise::Opener;

    fn secured(suite: Suite, fill: u8) -> Suite {
        suite.then(Noise::new(identity(fill)))
    }

    fn client() -> Self::Client {
        noise::ClientHandshake::new(identity(CLIENT), &key(SERVER), &NETWORK, [3; 32]).unwrap()
    }

    fn server() -> Self::Server {
        noise::ServerHandshake::new(identity(SERVER), &NETWORK, [4; 32])
    }

    fn accept(authenticated: Self::Authenticated) -> Self::Accepting {
        assert_eq!(authenticated.peer(), &key(CLIENT));
        authenticated.into_machine()
    }

    fn frames(outcome: Self::Outcome) -> (Self::Sealer, Self::Opener) {
        outcome.into_frames()
    }
}
