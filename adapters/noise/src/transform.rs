//! The transform `noise`.

use crate::layer::NAME;
use crate::{Accepting, Authenticated, ClientHandshake, Error, Message, NoiseLayer, Outcome, ServerHandshake};
use multiserver_compose::{
    Admission, Attempt, BoxFuture, LayerError, Opened, Plan, Transform, Undecided, Wrap, WrapPlan,
};
use multiserver_core::address::{Layer, LayerBuf};
use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::keys::{KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_io::{DriveError, Duplex, SecureReader, SecureWriter, drive};
use std::sync::Arc;

/// How strong it is beside other protocols: a client that has seen it does not fall back to `shs`, which has 0.
const STRENGTH: u16 = 100;

/// `noise`: Noise XKpsk0, then encrypted frames; proves both ends' keys to each other.
#[derive(Debug, Clone)]
pub struct Noise {
    identity: Arc<KeyPair>,
    network: Arc<NetworkKey>,
}

impl Noise {
    /// Noise with this identity, in the main network of Secure Scuttlebutt.
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

impl Transform for Noise {
    fn name(&self) -> &str {
        NAME
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        let NoiseLayer { key: server, seed } = NoiseLayer::read(layer)?;
        let is_single_use = seed.is_some();
        let plan = Plan::wrap(NoiseLayer::from(server), NoiseClient { noise: self, seed, server })
            .proves(server)
            .strength(STRENGTH);
        Some(if is_single_use { plan.single_use() } else { plan })
    }

    fn layer(&self) -> LayerBuf {
        NoiseLayer::from(self.identity.public()).into()
    }

    fn proves_peer(&self) -> bool {
        true
    }

    fn server<'a>(&'a self, attempt: &'a Attempt, mut io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        Box::pin(async move {
            let machine = ServerHandshake::new(Arc::clone(&self.identity), &self.network, attempt.runtime().random()?);
            let authenticated = drive(&mut Noted { machine, attempt }, &mut io).await.map_err(layer_error)?;
            let peer = *authenticated.peer();
            Ok(Admission::undecided(NoiseLayer::from(peer), peer, NoiseUndecided { authenticated, io }))
        })
    }
}

/// The client's side, planned for one layer of an address.
struct NoiseClient<'a> {
    noise: &'a Noise,
    /// The seed from the address; if there is one, the client's identity is made from it.
    seed: Option<Seed>,
    server: PublicKey,
}

impl Wrap for NoiseClient<'_> {
    fn wrap<'a>(&'a self, attempt: &'a Attempt, mut io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async move {
            let Self { noise: Noise { identity, network }, seed, server } = self;
            let seeded = |seed: &Seed| Arc::new(KeyPair::from_seed(Seed::from_bytes(*seed.as_bytes())));
            let identity = seed.as_ref().map_or_else(|| Arc::clone(identity), seeded);
            let machine = ClientHandshake::new(identity, server, network, attempt.runtime().random()?);
            let mut machine = machine.map_err(|error| LayerError::Unusable(error.into()))?;
            let outcome = drive(&mut machine, &mut io).await.map_err(layer_error)?;
            Ok(open_frames(outcome, io))
        })
    }
}

/// A server's handshake that notes a step each time it answers, since it answers only valid messages.
struct Noted<'a> {
    machine: ServerHandshake,
    attempt: &'a Attempt,
}

impl Handshake for Noted<'_> {
    type Output = Authenticated;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Authenticated>, Error> {
        let step = self.machine.step()?;
        if matches!(step, Step::Flush(_)) {
            self.attempt.step();
        }
        Ok(step)
    }

    fn end_of_input(&mut self) -> Error {
        self.machine.end_of_input()
    }
}

/// A client that has proven its key and waits for message 4, which accepts it.
struct NoiseUndecided {
    authenticated: Authenticated,
    io: Duplex,
}

impl Undecided for NoiseUndecided {
    fn accept(self: Box<Self>) -> BoxFuture<'static, Result<Opened, LayerError>> {
        Box::pin(async move {
            let Self { authenticated, mut io } = *self;
            let mut machine: Accepting = authenticated.into_machine();
            let outcome = drive(&mut machine, &mut io).await.map_err(layer_error)?;
            Ok(open_frames(outcome, io))
        })
    }
}

/// The encrypted stream of a completed handshake.
fn open_frames(outcome: Outcome, io: Duplex) -> Opened {
    let (peer, channel_binding) = (*outcome.peer(), *outcome.channel_binding());
    let (sealer, opener) = outcome.into_frames();
    let (read, write) = io.into_halves();
    let io = Duplex::of_streams(SecureReader::new(read, opener), SecureWriter::new(write, sealer));
    Opened::proven(io, peer).with_channel_binding(channel_binding)
}

/// The error of the handshake in terms that need no knowledge of the protocol.
fn layer_error(error: DriveError<Error>) -> LayerError {
    match error {
        // The server went away at the point where it decides about the client.
        DriveError::Closed(error @ Error::Closed(Message::ServerAccept)) => LayerError::Refused(error.into()),
        // Message 2 proves whether the server has the key of the address.
        DriveError::Handshake(error @ Error::Sealed(Message::ServerHello | Message::ServerAccept)) => {
            LayerError::WrongPeer(error.into())
        }
        DriveError::Handshake(error) if error.is_peers_fault() => LayerError::PeerMisbehaved(error.into()),
        error @ (DriveError::Io(_) | DriveError::Closed(_)) => LayerError::Io(error.into()),
        DriveError::Handshake(error) => LayerError::Unusable(error.into()),
    }
}
