//! The secret handshake as a transform.

use crate::{Admission, BoxFuture, Context, Stage, Transform, Transformed};
use multiserver_core::address::{self, Layer, LayerBuf};
use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::keys::{KeyPair, NetworkKey, PublicKey};
use multiserver_core::shs::{self, Authenticated, Client, ClientHandshake, Message, Outcome, Server, ServerHandshake};
use multiserver_io::{Duplex, SecureReader, SecureWriter, drive};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// `shs`: the secret handshake, then box streams; proves both ends' keys to each other.
#[derive(Debug, Clone)]
pub struct Shs {
    identity: Arc<KeyPair>,
    network: Arc<NetworkKey>,
}

impl Shs {
    /// The secret handshake with this identity, in the main network of Secure Scuttlebutt.
    #[must_use]
    pub fn new(identity: impl Into<Arc<KeyPair>>) -> Self {
        Self { identity: identity.into(), network: Arc::new(NetworkKey::SSB_MAIN) }
    }

    /// The same in another network.
    #[must_use]
    pub fn network(mut self, key: impl Into<Arc<NetworkKey>>) -> Self {
        self.network = key.into();
        self
    }
}

impl Transform for Shs {
    fn name(&self) -> &str {
        "shs"
    }

    fn matches(&self, layer: Layer<'_>) -> bool {
        address::Shs::try_from(layer).is_ok()
    }

    fn layer(&self) -> LayerBuf {
        address::Shs::from(self.identity.public()).into()
    }

    fn proves_peer(&self) -> bool {
        true
    }

    fn expected_peer(&self, layer: Layer<'_>) -> Option<PublicKey> {
        address::Shs::try_from(layer).ok().map(|shs| shs.key)
    }

    fn without_secrets(&self, layer: Layer<'_>) -> LayerBuf {
        self.expected_peer(layer).map_or_else(|| layer.into(), |key| address::Shs::from(key).into())
    }

    fn is_spent_by_use(&self, layer: Layer<'_>) -> bool {
        address::Shs::try_from(layer).is_ok_and(|shs| shs.seed.is_some())
    }

    fn client<'a>(
        &'a self,
        context: &'a Context,
        layer: Layer<'a>,
        mut io: Duplex,
    ) -> BoxFuture<'a, io::Result<Transformed>> {
        Box::pin(async move {
            let shs = address::Shs::try_from(layer).map_err(invalid)?;
            let seeded = shs.seed.map(|seed| Arc::new(KeyPair::from_seed(seed)));
            let identity = seeded.unwrap_or_else(|| Arc::clone(&self.identity));
            let client = Client::new(identity, &shs.key, &self.network).map_err(invalid)?;
            let mut handshake = ClientHandshake::new(client, context.runtime().ephemeral()?);
            match drive(&mut handshake, &mut io).await {
                Ok(outcome) => Ok(boxed(outcome, io)),
                Err(error) => {
                    if is_refusal(&error) {
                        context.enter(Stage::Refused);
                    }
                    Err(error)
                }
            }
        })
    }

    fn server<'a>(&'a self, context: &'a Context, mut io: Duplex) -> BoxFuture<'a, io::Result<Box<dyn Admission>>> {
        Box::pin(async move {
            let server = Server::new(Arc::clone(&self.identity), &self.network);
            let machine = ServerHandshake::new(server, context.runtime().ephemeral()?);
            let mut handshake = Watched { machine, context, has_answered: false, verdict: None };
            let driven = drive(&mut handshake, &mut io).await;
            let verdict = handshake.verdict;
            match driven {
                Ok(authenticated) => {
                    let admission: Box<dyn Admission> = Box::new(ShsAdmission { authenticated, io, verdict });
                    Ok(admission)
                }
                Err(error) => {
                    if let Some(verdict) = verdict.filter(|_| is_peers_fault(&error)) {
                        verdict.await;
                    }
                    Err(error)
                }
            }
        })
    }
}

/// How long after the client's proof the server closes on a client that it does not let in.
///
/// It is the same time for whoever fails as for whoever is refused: how long the server takes to find out would say which
/// of the two it was, and so whether the client had the right key of the server. It has to be enough for a check of the
/// client's key.
const VERDICT: Duration = Duration::from_millis(50);

/// A server's machine, whose answers say that a message of the client was right.
struct Watched<'a, M> {
    machine: M,
    context: &'a Context,
    has_answered: bool,
    /// Ends when a client that is not let in may be told so.
    verdict: Option<BoxFuture<'static, ()>>,
}

impl<M: Handshake> Handshake for Watched<'_, M> {
    type Output = M::Output;
    type Error = M::Error;

    fn step(&mut self) -> Result<Step<'_, M::Output>, M::Error> {
        if self.has_answered {
            // Anew with every step: the last of them begins when the proof has come.
            self.verdict = Some(self.context.runtime().sleep(VERDICT));
        }
        let step = self.machine.step()?;
        if matches!(step, Step::Flush(_)) {
            self.context.step();
            self.has_answered = true;
        }
        Ok(step)
    }

    fn end_of_input(&mut self) -> M::Error {
        self.machine.end_of_input()
    }
}

/// A client that is proven and waits for message 4.
struct ShsAdmission {
    authenticated: Authenticated,
    io: Duplex,
    /// Ends when the client may be told that it is refused.
    verdict: Option<BoxFuture<'static, ()>>,
}

impl Admission for ShsAdmission {
    fn peer(&self) -> Option<&PublicKey> {
        Some(self.authenticated.peer())
    }

    fn layer(&self) -> LayerBuf {
        address::Shs::from(*self.authenticated.peer()).into()
    }

    fn admit(self: Box<Self>) -> BoxFuture<'static, io::Result<Transformed>> {
        Box::pin(async move {
            let Self { authenticated, mut io, .. } = *self;
            let outcome = drive(&mut authenticated.into_machine(), &mut io).await?;
            Ok(boxed(outcome, io))
        })
    }

    /// Closes when a client that has failed would be closed on.
    fn refuse(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Some(verdict) = self.verdict {
                verdict.await;
            }
            drop(self.io);
        })
    }
}

/// The box streams of a completed handshake.
fn boxed(outcome: Outcome, io: Duplex) -> Transformed {
    let (peer, channel_binding) = (*outcome.peer(), *outcome.channel_binding());
    let (sealer, opener) = outcome.into_boxes();
    let (read, write) = io.into_halves();
    let io = Duplex::of_streams(SecureReader::new(read, opener), SecureWriter::new(write, sealer));
    Transformed::proven(io, peer).with_channel_binding(channel_binding)
}

/// Whether the server went away where it decides about the client.
fn is_refusal(error: &io::Error) -> bool {
    let source = error.get_ref().and_then(|source| source.downcast_ref());
    source == Some(&shs::Error::Closed(Message::ServerAccept))
}

fn is_peers_fault(error: &io::Error) -> bool {
    let source: Option<&shs::Error> = error.get_ref().and_then(|source| source.downcast_ref());
    source.is_some_and(shs::Error::is_peers_fault)
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, error)
}
