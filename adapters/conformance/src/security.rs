//! The layers that prove both ends, and their machines, which tests drive by hand.

use crate::support::{CLIENT, SERVER, identity, key, shs};
use multiserver_compose::Suite;
use multiserver_model::protocol::{self, Protocol};
use multiserver_noise::{CLIENT_AUTH_SIZE, HELLO_SIZE, Noise, SERVER_ACCEPT_SIZE};

/// A layer that proves both ends.
pub trait Security: Protocol {
    /// How many bytes of its handshake the client sends.
    const CLIENT_HANDSHAKE: usize;
    /// How many bytes of its handshake the server sends.
    const SERVER_HANDSHAKE: usize;

    /// The suite with this layer on top, for the identity of this number.
    fn secured(suite: Suite, fill: u8) -> Suite;

    /// The machine of the tests' client, which wants to reach their server.
    #[must_use]
    fn of_client() -> Self::Client {
        Self::client(identity(CLIENT), &key(SERVER), [3; 32])
    }

    /// The machine of the tests' server.
    #[must_use]
    fn of_server() -> Self::Server {
        Self::server(identity(SERVER), [4; 32])
    }
}

impl Security for protocol::Shs {
    const CLIENT_HANDSHAKE: usize = 64 + 112;
    const SERVER_HANDSHAKE: usize = 64 + 80;

    fn secured(suite: Suite, fill: u8) -> Suite {
        suite.then(shs(fill))
    }
}

impl Security for protocol::Noise {
    const CLIENT_HANDSHAKE: usize = HELLO_SIZE + CLIENT_AUTH_SIZE;
    const SERVER_HANDSHAKE: usize = HELLO_SIZE + SERVER_ACCEPT_SIZE;

    fn secured(suite: Suite, fill: u8) -> Suite {
        suite.then(Noise::new(identity(fill)))
    }
}
