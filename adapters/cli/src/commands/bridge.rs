//! `multiserver bridge`.

mod relayed;

use crate::options::AddressOptions;
use crate::options::dial::DialOptions;
use crate::options::limits::{LimitOptions, from_one_source, peers_are};
use crate::options::listening::Listening;
use crate::options::security::{Bare, Secure};
use crate::process::activation::{self, Sockets};
use crate::process::descriptors;
use crate::process::runtime::{self, Signals};
use crate::process::serving::{log, until_signal};
use crate::process::strangers::{self, Outcome};
use crate::report::exit::{self, Failure};
use crate::report::failure_words::no_connection;
use crate::seeds::{check_unknown_layers, without_seeds};
use crate::streams::idle::idle;
use crate::streams::pump::{PumpError, one_way_heard_out};
use clap::Args;
use multiserver_tokio::core::address::{LayerBuf, NoAuth};
use multiserver_tokio::{
    Address, ByteCounter, Connection, Limits, MultiAddress, Multiserver, PeerPermit, ReadHalf, Suite, Transport,
    WriteHalf,
};
use multiserver_tokio::{ConnectionLimiter, Permit};
use relayed::Relayed;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long one direction goes on when the other is broken.
const LINGER: Duration = Duration::from_secs(5);

/// Listen, and relay the bytes of each peer to another address unchanged: a relay that holds no keys.
///
/// The first line on standard output is our own address, by which the target is reached through us. The handshake and
/// everything after it pass through unchanged: the peers prove their keys to each other, and nobody between can read or
/// change a byte. A seed in the target's address is left out.
///
/// The addresses of the target are tried in their order, and have to name the same handshake. To the target, all peers
/// come from our IP address: its server should allow for that by --max-pending-per-source.
///
/// Ctrl-C (SIGINT) and SIGTERM end it as they end `serve`.
#[derive(Args)]
#[command(after_help = examples!(
    "let browsers reach a TCP server":
        "multiserver bridge --ws '[::]:8009' 'net:example.com:8008~shs:KEY'",
    "let programs without Tor reach an onion service":
        "multiserver bridge --net 127.0.0.1:8008 'onion:NAME.onion:8008~shs:KEY'"
))]
pub(crate) struct Options {
    /// The address of the target.
    #[command(flatten)]
    address: AddressOptions,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    dial: DialOptions,
    #[command(flatten)]
    limits: LimitOptions,
}

/// How many bytes of the target's answers in the handshake are read at once.
const ANSWER: usize = 4096;

/// The target of a bridge.
struct Target {
    /// The target's transports, without the layers over them.
    addresses: MultiAddress,
    /// The layers over the transports, which are the same for all addresses.
    layers: Vec<LayerBuf>,
}

impl Options {
    /// The limits for peers that the target has not answered yet; behind Tor all peers come from one source.
    fn unanswered(&self) -> Limits {
        let limits = self.limits.handshakes();
        if self.listening.is_behind_tor() { from_one_source(limits) } else { limits }
    }
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let target = Target::of(&options.address.parse()?)?;
    let sockets = options.listening.sockets()?;
    runtime::block_on(bridge(options, target, sockets))
}

async fn bridge(options: &Options, target: Target, sockets: Sockets) -> Result<(), Failure> {
    let signals = Signals::catch()?;
    let Options { listening, limits, .. } = options;
    descriptors::allow_for(limits.sockets(listening.count()));
    let server = listening.start(sockets, &target, limits.handshakes(), log).await?;
    let multiserver = options.dial.read()?.multiserver(&Bare)?;
    exit::print(listening.address(&server)?)?;
    activation::ready();
    let (peers, most) = (Arc::new(limits.peers()), limits.max_peers);
    let authorize = move |peer| {
        let permit = peers.enter(&peer);
        if permit.is_none() {
            let all = peers_are(most);
            strangers::log(Outcome::NoRoom, format_args!("refused a peer: {all} connected already, see --max-peers"));
        }
        std::future::ready(permit)
    };
    let (target, idle_timeout) = (Arc::new(target), limits.idle_timeout);
    // To the target all peers are one source, so no source of ours may use up the slots at the target.
    let unanswered = Arc::new(ConnectionLimiter::new(&options.unanswered()));
    let handle = move |near: Connection, peer_permit: PeerPermit| {
        let (multiserver, target, unanswered) = (multiserver.clone(), Arc::clone(&target), Arc::clone(&unanswered));
        async move {
            let address = near.peer_address().map(|address| address.redacted().to_string()).unwrap_or_default();
            peer_permit.watch(near.counter());
            let Some(permit) = unanswered.enter(near.remote_address().map(|origin| origin.ip())) else {
                let line = format_args!("{address}: closed, no room for another handshake with the target");
                return strangers::log(Outcome::NoRoom, line);
            };
            let evicted = permit.evicted();
            let relayed = tokio::select! {
                relayed = relay(near, &multiserver, &target, permit, idle_timeout) => relayed,
                () = evicted => {
                    let reason = "closed to make room, too many are in their handshakes with the target";
                    return strangers::log(Outcome::NoRoom, format_args!("{address}: {reason}"));
                }
                () = peer_permit.evicted() => {
                    let line = format_args!("{address}: closed to make room for others, see --max-peers");
                    return strangers::log(Outcome::NoRoom, line);
                }
            };
            match relayed {
                Ok(()) => tracing::info!(%address, "ended"),
                Err(reason) => tracing::warn!(%address, "ended early: {reason}"),
            }
            drop(peer_permit);
        }
    };
    until_signal(server, authorize, handle, limits.grace, signals).await;
    Ok(())
}

/// Connects a peer to the target, and passes bytes both ways until both have ended.
async fn relay(
    near: Connection,
    multiserver: &Multiserver,
    target: &Target,
    unanswered: Permit,
    idle_timeout: Option<Duration>,
) -> Result<(), String> {
    let far = multiserver.connect(&target.addresses).await.map_err(|error| no_connection(&error).to_string())?;
    let meter = near.counter();
    tokio::select! {
        passed = pass(near, far, target.has_handshake().then_some(unanswered)) => passed.map_err(|error| error.to_string()),
        error = idle(&meter, idle_timeout) => Err(error.to_string()),
    }
}

/// Passes bytes both ways until both have ended. The end of each direction is passed on at once, as far as the
/// transports can end one direction alone.
///
/// A side that reads nothing more or breaks off may have sent the reason before, and bytes may still be on their way to
/// the other side: both are waited for, but not long. Nothing is waited for that would go to a side which is gone.
async fn pass(near: Connection, far: Connection, unanswered: Option<Permit>) -> io::Result<()> {
    let meter = near.counter();
    let (near_closed, far_closed) = (near.closed(), far.closed());
    let ((near_read, mut near_write), (mut far_read, far_write)) = (near.into_split(), far.into_split());
    let mut forth = pin!(one_way_heard_out(near_read, far_write, far_closed));
    let mut back = pin!(async move {
        let mut near_closed = pin!(near_closed);
        if let Some(permit) = unanswered {
            tokio::select! {
                passed = pass_handshake(&mut far_read, &mut near_write, &meter) => passed?,
                gone = &mut near_closed => return gone.map_err(PumpError::Write),
            }
            drop(permit);
        }
        one_way_heard_out(far_read, near_write, near_closed).await
    });
    let (first, is_forth) = tokio::select! {
        ended = &mut forth => (ended, true),
        ended = &mut back => (ended, false),
    };
    let other = async { if is_forth { back.await } else { forth.await } };
    let ended = match first {
        Ok(()) => other.await,
        Err(_) => {
            let _ = tokio::time::timeout(LINGER, other).await;
            first
        }
    };
    ended.map_err(PumpError::into_inner)
}

/// Passes on the target's answers, up to one that follows bytes which the peer sent after the first answer: by then the
/// peer has sent a message of the handshake that only a valid client can send.
async fn pass_handshake(from: &mut ReadHalf, to: &mut WriteHalf, peer: &ByteCounter) -> Result<(), PumpError> {
    let mut answer = [0; ANSWER];
    let mut first = None;
    loop {
        let count = from.read(&mut answer).await.map_err(PumpError::Read)?;
        let has_gone_on = first.is_some_and(|first| peer.traffic().received > first);
        first.get_or_insert_with(|| peer.traffic().received);
        to.write_all(answer.get(..count).unwrap_or_default()).await.map_err(PumpError::Write)?;
        to.flush().await.map_err(PumpError::Write)?;
        if has_gone_on || count == 0 {
            return Ok(());
        }
    }
}

/// Makes suites that listen with the target's layers in their addresses, and leave the bytes unchanged.
impl Secure for Target {
    fn over(&self, transport: impl Transport) -> Suite {
        let layers = self.layers.iter().enumerate();
        layers.fold(Suite::new(transport), |suite, (index, layer)| suite.then(Relayed::new(layer.clone(), index == 0)))
    }
}

impl Target {
    /// Whether the target's layers have a handshake.
    fn has_handshake(&self) -> bool {
        self.layers.iter().any(|layer| NoAuth::try_from(layer.as_layer()).is_err())
    }

    fn of(addresses: &MultiAddress) -> Result<Self, Failure> {
        check_unknown_layers(addresses)?;
        let addresses: Vec<_> = addresses.addresses().map(|address| without_seeds(address).0).collect();
        let layers = |address: &Address| address.transforms().map(LayerBuf::from).collect::<Vec<_>>();
        let first = addresses.first().map(layers).unwrap_or_default();
        if first.is_empty() {
            let failure = Failure::usage("the target has no handshake, so that everybody would reach it through us");
            return Err(failure.hint("`~noauth` at its end says that this is wanted, within this machine"));
        }
        if addresses.iter().any(|address| layers(address) != first) {
            let failure = Failure::usage("the addresses of the target ask for different handshakes or keys");
            return Err(failure.hint("give those that are alike after their first layer"));
        }
        let transports = addresses.iter().map(|address| Address::new(address.transport()));
        let addresses = MultiAddress::new(transports).ok_or_else(|| Failure::usage("there is no target"))?;
        Ok(Self { addresses, layers: first })
    }
}
