//! The server's states.

use super::schedule::{ClientProof, Ends, Hello, SealKey, Secrets, open, seal};
use super::{CLIENT_AUTH_SIZE, Error, HELLO_SIZE, Message, Outcome, SERVER_ACCEPT_SIZE};
use crate::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey};
use crate::point::{EphemeralKey, LongTermKey};
use alloc::sync::Arc;
use core::fmt;

/// A server that waits for a client.
pub struct Server {
    identity: Arc<KeyPair>,
    network: NetworkKey,
}

impl Server {
    /// A server with this identity in this network.
    #[must_use]
    pub fn new(identity: impl Into<Arc<KeyPair>>, network: &NetworkKey) -> Self {
        Self { identity: identity.into(), network: network.copy() }
    }

    /// Takes the client hello: returns the server hello to send, made with this ephemeral pair, which must serve once.
    ///
    /// # Errors
    /// The client is of another network, or its ephemeral key is not acceptable. Nothing may be sent then.
    pub fn client_hello(
        self,
        message: &[u8; HELLO_SIZE],
        ephemeral: Ephemeral,
    ) -> Result<(AwaitClientAuth, [u8; HELLO_SIZE]), Error> {
        let Self { identity, network } = self;
        let (client_hello, client_key) = Hello::verify(message, Message::ClientHello, &network)?;
        let hello = Hello::new(&network, ephemeral.public());
        let secrets = None;
        let next = AwaitClientAuth { identity, network, ephemeral, client_key, secrets, hello, client_hello };
        Ok((next, hello.to_bytes()))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("identity", &self.identity.public()).finish_non_exhaustive()
    }
}

/// A server that answered a hello and waits for the client's proof.
pub struct AwaitClientAuth {
    identity: Arc<KeyPair>,
    network: NetworkKey,
    ephemeral: Ephemeral,
    client_key: EphemeralKey,
    /// `None` until they were computed.
    secrets: Option<Secrets>,
    hello: Hello,
    client_hello: Hello,
}

impl AwaitClientAuth {
    /// Computes now what [`client_auth`](Self::client_auth) needs of the client's hello: two products on the curve.
    ///
    /// A server that calls it after it sent its hello has that behind it when the client's proof comes; one that does
    /// not loses nothing.
    pub fn prepare(&mut self) {
        if self.secrets.is_none() {
            self.secrets = self.compute_secrets();
        }
    }

    fn compute_secrets(&self) -> Option<Secrets> {
        let client_key = self.client_key.decode();
        let ab = client_key.product(&self.ephemeral.secret)?;
        Some(Secrets { ab, a_server: client_key.product(&self.identity.agreement)? })
    }

    /// Takes the client authenticate message, which proves the client's key.
    ///
    /// # Errors
    /// The message does not open, its key cannot be trusted, or its signature does not hold.
    pub fn client_auth(mut self, message: &[u8; CLIENT_AUTH_SIZE]) -> Result<Authenticated, Error> {
        self.prepare();
        let Self { identity, network, ephemeral, client_key: _, secrets, hello, client_hello } = self;
        let secrets = secrets.ok_or(Error::EphemeralKey(Message::ClientHello))?;
        let auth_key = secrets.client_auth_key(&network);
        let proof = ClientProof::from_bytes(&open(&auth_key, message, Message::ClientAuth)?);
        let client = LongTermKey::new(&proof.client).ok_or(Error::ClientKey)?;
        let statement = secrets.client_statement(&network, &identity.public());
        if !client.verifies(statement.as_slice(), &proof.signature) {
            return Err(Error::Signature(Message::ClientAuth));
        }
        let client_b = client.product(&ephemeral.secret).ok_or(Error::ClientKey)?;
        let accept_key = secrets.server_accept_key(&network, &client_b);
        Ok(Authenticated { identity, network, secrets, proof, accept_key, hello, client_hello })
    }
}

impl fmt::Debug for AwaitClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwaitClientAuth").finish_non_exhaustive()
    }
}

/// A server that knows who the client is and has granted nothing yet.
///
/// Dropping it refuses the client, silently, as the protocol wants; [`accept`](Self::accept) lets it in.
#[must_use = "dropping it refuses the client"]
pub struct Authenticated {
    identity: Arc<KeyPair>,
    network: NetworkKey,
    secrets: Secrets,
    proof: ClientProof,
    accept_key: SealKey,
    hello: Hello,
    client_hello: Hello,
}

impl Authenticated {
    /// The client's long-term key, proven.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        &self.proof.client
    }

    /// Lets the client in: returns the server accept message to send.
    #[must_use]
    pub fn accept(self) -> (Outcome, [u8; SERVER_ACCEPT_SIZE]) {
        let statement = self.secrets.server_statement(&self.network, &self.proof);
        let message = seal(&self.accept_key, self.identity.sign(statement.as_slice()));
        let ends = Ends {
            own: &self.identity.public(),
            peer: &self.proof.client,
            own_hello: self.hello,
            peer_hello: self.client_hello,
        };
        (ends.server_outcome(&self.accept_key), message)
    }
}

impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated").field("peer", self.peer()).finish_non_exhaustive()
    }
}
