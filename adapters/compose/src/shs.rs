//! The secret handshake as a transform, and over streams of the caller's own.

mod ready;
#[cfg(feature = "system")]
mod stream;

#[cfg(feature = "system")]
pub use stream::{ShsAcceptor, ShsConnector, ShsRequest, ShsStream};

use self::ready::{MakingReady, ReadyPairs};
use crate::{Admission, Attempt, BoxFuture, LayerError, Opened, Plan, Runtime, Transform, Undecided, Wrap, WrapPlan};
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::address::{self, Layer, LayerBuf};
use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::keys::{KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{self, Authenticated, Client, ClientHandshake, Message, Outcome, Server, ServerHandshake};
use multiserver_io::{DriveError, Duplex, SecureReader, SecureWriter, drive};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// `shs`: the secret handshake, then box streams; proves both ends' keys to each other.
///
/// It and its clones keep a few ephemeral pairs ready for handshakes to come, each of which serves once: a process that
/// forks must not use the same `Shs` on both sides.
#[derive(Debug, Clone)]
pub struct Shs {
    identity: Arc<KeyPair>,
    network: Arc<NetworkKey>,
    ready: Arc<ReadyPairs>,
}

impl Shs {
    /// The secret handshake with this identity, in the main network of Secure Scuttlebutt.
    #[must_use]
    pub fn new(identity: impl Into<Arc<KeyPair>>) -> Self {
        Self { identity: identity.into(), network: Arc::new(NetworkKey::SSB_MAIN), ready: Arc::default() }
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

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        let address::Shs { key, seed } = address::Shs::try_from(layer).ok()?;
        let is_single_use = seed.is_some();
        let client = ShsClient { shs: self, seed, server: key };
        let plan = Plan::wrap(address::Shs::from(key), client).proves(key);
        Some(if is_single_use { plan.single_use() } else { plan })
    }

    fn layer(&self) -> LayerBuf {
        address::Shs::from(self.identity.public()).into()
    }

    fn proves_peer(&self) -> bool {
        true
    }

    fn server<'a>(&'a self, attempt: &'a Attempt, mut io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async move {
            let server = Server::new(Arc::clone(&self.identity), &self.network);
            let ephemeral = self.ready.take(|| attempt.runtime().random())?;
            let machine = ServerHandshake::new(server, ephemeral);
            let mut handshake = Watched { machine, attempt, has_answered: false, verdict: None };
            let driven = drive(&mut handshake, &mut io).await.map_err(layer_error);
            let verdict = handshake.verdict;
            match driven {
                Ok(authenticated) => {
                    let peer = *authenticated.peer();
                    let (ready, runtime) = (Arc::clone(&self.ready), Arc::clone(attempt.runtime()));
                    let waiting = ShsUndecided { authenticated, io, verdict, ready, runtime };
                    Ok(Admission::undecided(address::Shs::from(peer), peer, waiting))
                }
                Err(error) => {
                    if let (Some(verdict), LayerError::PeerMisbehaved(_)) = (verdict, &error) {
                        verdict.await;
                    }
                    Err(error)
                }
            }
        })
    }
}

/// The client's side, planned for one layer of an address.
struct ShsClient<'a> {
    shs: &'a Shs,
    /// The seed from the address; if there is one, the client's identity is made from it.
    seed: Option<Seed>,
    server: PublicKey,
}

impl Wrap for ShsClient<'_> {
    fn wrap<'a>(&'a self, attempt: &'a Attempt, mut io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async move {
            let Self { shs, seed, server } = self;
            let seeded = |seed: &Seed| Arc::new(KeyPair::from_seed(Seed::from_bytes(*seed.as_bytes())));
            let identity = seed.as_ref().map_or_else(|| Arc::clone(&shs.identity), seeded);
            let random = || attempt.runtime().random();
            let outcome = run_client(identity, server, &shs.network, &shs.ready, random, &mut io).await?;
            Ok(open_box_streams(outcome, io))
        })
    }
}

/// Runs the client's side of the handshake over a stream.
async fn run_client<S: AsyncRead + AsyncWrite + Unpin>(
    identity: Arc<KeyPair>,
    server: &PublicKey,
    network: &NetworkKey,
    ready: &ReadyPairs,
    random: impl Fn() -> io::Result<[u8; 32]>,
    stream: &mut S,
) -> Result<Outcome, LayerError> {
    let client = Client::new(identity, server, network).map_err(|error| LayerError::Unusable(error.into()))?;
    let machine = ClientHandshake::new(client, ready.take(&random)?);
    drive(&mut MakingReady::new(machine, 2, ready, random), stream).await.map_err(layer_error)
}

/// Sends the client the message that accepts it.
async fn run_acceptance<S: AsyncRead + AsyncWrite + Unpin>(
    authenticated: Authenticated,
    ready: &ReadyPairs,
    random: impl Fn() -> io::Result<[u8; 32]>,
    stream: &mut S,
) -> Result<Outcome, LayerError> {
    let machine = authenticated.into_machine();
    drive(&mut MakingReady::new(machine, 1, ready, random), stream).await.map_err(layer_error)
}

/// How long after the client's proof the server closes the stream of a client that it does not accept.
///
/// The time is the same for a client whose proof is wrong and for one that is refused. Otherwise the time until the
/// close would tell the two cases apart, and so tell the client whether it had the right key of the server. It has to
/// be long enough for a check of the client's key.
const VERDICT: Duration = Duration::from_millis(50);

/// A server's handshake that notes a step each time it answers, since it answers only valid messages.
struct Watched<'a, M> {
    machine: M,
    attempt: &'a Attempt,
    has_answered: bool,
    /// Ends when the stream of a client that is not accepted may be closed.
    verdict: Option<BoxFuture<'static, ()>>,
}

impl<M: Handshake> Handshake for Watched<'_, M> {
    type Output = M::Output;
    type Error = M::Error;

    fn step(&mut self) -> Result<Step<'_, M::Output>, M::Error> {
        if self.has_answered {
            // The timer starts anew with every step; the last step begins when the client's proof has arrived.
            self.verdict = Some(self.attempt.runtime().sleep(VERDICT));
        }
        let step = self.machine.step()?;
        if matches!(step, Step::Flush(_)) {
            self.attempt.step();
            self.has_answered = true;
        }
        Ok(step)
    }

    fn prepare(&mut self) {
        self.machine.prepare();
    }

    fn end_of_input(&mut self) -> M::Error {
        self.machine.end_of_input()
    }
}

/// A client that has proven its key and waits for message 4, which accepts it.
struct ShsUndecided {
    authenticated: Authenticated,
    io: Duplex,
    /// Ends when the client's stream may be closed as a refusal.
    verdict: Option<BoxFuture<'static, ()>>,
    ready: Arc<ReadyPairs>,
    runtime: Arc<dyn Runtime>,
}

impl Undecided for ShsUndecided {
    fn accept(self: Box<Self>) -> BoxFuture<'static, Result<Opened, LayerError>> {
        Box::pin(async move {
            let Self { authenticated, mut io, ready, runtime, .. } = *self;
            let outcome = run_acceptance(authenticated, &ready, || runtime.random(), &mut io).await?;
            Ok(open_box_streams(outcome, io))
        })
    }

    /// Closes the stream at the time at which that of a client with a wrong proof would be closed.
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
fn open_box_streams(outcome: Outcome, io: Duplex) -> Opened {
    let (peer, channel_binding) = (*outcome.peer(), *outcome.channel_binding());
    let (sealer, opener) = outcome.into_boxes();
    let (read, write) = io.into_halves();
    let io = Duplex::of_streams(SecureReader::new(read, opener), SecureWriter::new(write, sealer));
    Opened::proven(io, peer).with_channel_binding(channel_binding)
}

/// The error of the handshake in terms that need no knowledge of the protocol.
fn layer_error(error: DriveError<shs::Error>) -> LayerError {
    match error {
        // The server went away at the point where it decides about the client.
        DriveError::Closed(error @ shs::Error::Closed(Message::ServerAccept)) => LayerError::Refused(error.into()),
        // Message 4 proves whether the server has the key of the address.
        DriveError::Handshake(
            error @ (shs::Error::Sealed(Message::ServerAccept) | shs::Error::Signature(Message::ServerAccept)),
        ) => LayerError::WrongPeer(error.into()),
        DriveError::Handshake(error) if error.is_peers_fault() => LayerError::PeerMisbehaved(error.into()),
        error @ (DriveError::Io(_) | DriveError::Closed(_)) => LayerError::Io(error.into()),
        DriveError::Handshake(error) => LayerError::Unusable(error.into()),
    }
}
