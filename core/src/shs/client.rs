//! The client's states.

use super::schedule::{ClientProof, Ends, Hello, SealKey, Secrets, open, seal};
use super::{CLIENT_AUTH_SIZE, Error, HELLO_SIZE, Message, Outcome, SERVER_ACCEPT_SIZE};
use crate::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey};
use crate::point::{DecodedKey, LongTermKey, Product};
use alloc::sync::Arc;
use core::fmt;

/// A client that is about to begin: it knows its own identity and the server's key.
pub struct Client {
    identity: Arc<KeyPair>,
    server: PublicKey,
    server_key: LongTermKey,
    network: NetworkKey,
}

impl Client {
    /// A client that speaks as `identity` to the holder of `server`, in this network.
    ///
    /// # Errors
    /// [`Error::ServerKey`] when `server` is not on the curve, of low order or not canonical.
    pub fn new(identity: impl Into<Arc<KeyPair>>, server: &PublicKey, network: &NetworkKey) -> Result<Self, Error> {
        Ok(Self {
            identity: identity.into(),
            server: *server,
            server_key: LongTermKey::new(server).ok_or(Error::ServerKey)?,
            network: network.copy(),
        })
    }

    /// Begins with this ephemeral pair, which must serve once: returns the client hello to send.
    #[must_use]
    pub fn start(self, ephemeral: Ephemeral) -> (AwaitServerHello, [u8; HELLO_SIZE]) {
        let hello = Hello::new(&self.network, ephemeral.public());
        (AwaitServerHello { client: self, ephemeral, a_server: None, hello }, hello.to_bytes())
    }

    /// The product of this ephemeral and the server's long-term key.
    fn a_server(&self, ephemeral: &Ephemeral) -> Option<Product> {
        self.server_key.product(&ephemeral.secret)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.server).finish_non_exhaustive()
    }
}

/// A client that sent its hello.
pub struct AwaitServerHello {
    client: Client,
    ephemeral: Ephemeral,
    /// `None` until it was computed.
    a_server: Option<Product>,
    hello: Hello,
}

impl AwaitServerHello {
    /// Computes now what [`server_hello`](Self::server_hello) needs of the server's long-term key: a product on the curve.
    ///
    /// A client that calls it after it sent its hello has that behind it when the answer comes; one that does not loses
    /// nothing.
    pub fn prepare(&mut self) {
        if self.a_server.is_none() {
            self.a_server = self.client.a_server(&self.ephemeral);
        }
    }

    /// Takes the server hello: returns the client authenticate message to send.
    ///
    /// # Errors
    /// The server is of another network, or its ephemeral key is not acceptable: our own, sent back to us, is not either.
    pub fn server_hello(
        self,
        message: &[u8; HELLO_SIZE],
    ) -> Result<(AwaitServerAccept, [u8; CLIENT_AUTH_SIZE]), Error> {
        let Self { client, ephemeral, a_server, hello } = self;
        let (server_hello, server_ephemeral) = Hello::verify(message, Message::ServerHello, &client.network)?;
        let bad_key = Error::EphemeralKey(Message::ServerHello);
        if server_hello.has_key_of(&hello) {
            return Err(bad_key);
        }
        let server_ephemeral = server_ephemeral.decode();
        let secrets = Secrets {
            ab: server_ephemeral.product(&ephemeral.secret).ok_or(bad_key)?,
            a_server: a_server.or_else(|| client.a_server(&ephemeral)).ok_or(Error::ServerKey)?,
        };

        let Client { identity, server, server_key, network } = client;
        let signature = identity.sign(secrets.client_statement(&network, &server).as_slice());
        let proof = ClientProof { signature, client: identity.public() };
        let message = seal(&secrets.client_auth_key(&network), proof.to_bytes());
        let accept_key = None;
        let next = AwaitServerAccept {
            identity,
            server,
            server_key,
            server_ephemeral,
            network,
            secrets,
            proof,
            accept_key,
            hello,
            server_hello,
        };
        Ok((next, message))
    }
}

impl fmt::Debug for AwaitServerHello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwaitServerHello").field("server", &self.client.server).finish_non_exhaustive()
    }
}

/// A client that proved its key and waits to be accepted.
pub struct AwaitServerAccept {
    identity: Arc<KeyPair>,
    server: PublicKey,
    server_key: LongTermKey,
    server_ephemeral: DecodedKey,
    network: NetworkKey,
    secrets: Secrets,
    proof: ClientProof,
    /// `None` until it was computed.
    accept_key: Option<SealKey>,
    hello: Hello,
    server_hello: Hello,
}

impl AwaitServerAccept {
    /// Computes now the key that [`server_accept`](Self::server_accept) opens its message with: a product on the curve.
    ///
    /// A client that calls it after it sent its proof has that behind it when the answer comes; one that does not loses
    /// nothing.
    pub fn prepare(&mut self) {
        if self.accept_key.is_none() {
            let client_b = self.server_ephemeral.product(&self.identity.agreement);
            self.accept_key = client_b.map(|client_b| self.secrets.server_accept_key(&self.network, &client_b));
        }
    }

    /// Takes the server accept message, which proves the server's key.
    ///
    /// # Errors
    /// The message does not open, or its signature does not hold.
    pub fn server_accept(mut self, message: &[u8; SERVER_ACCEPT_SIZE]) -> Result<Outcome, Error> {
        self.prepare();
        let accept_key = self.accept_key.ok_or(Error::EphemeralKey(Message::ServerHello))?;
        let signature = open(&accept_key, message, Message::ServerAccept)?;
        let statement = self.secrets.server_statement(&self.network, &self.proof);
        if !self.server_key.verifies(statement.as_slice(), &signature) {
            return Err(Error::Signature(Message::ServerAccept));
        }
        let ends =
            Ends { own: &self.proof.client, peer: &self.server, own_hello: self.hello, peer_hello: self.server_hello };
        Ok(ends.client_outcome(&accept_key))
    }
}

impl fmt::Debug for AwaitServerAccept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwaitServerAccept").field("server", &self.server).finish_non_exhaustive()
    }
}
