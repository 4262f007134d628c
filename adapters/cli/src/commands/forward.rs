//! `multiserver forward`.

use crate::options::dial::DialOptions;
use crate::options::duration;
use crate::options::security::Security;
use crate::options::{AddressOptions, IdentityOptions, count};
use crate::process::runtime::{self, Signals};
use crate::report::exit::{self, Failure};
use crate::report::failure_words::{no_connection, not_carried};
use crate::streams::endpoint::{Endpoint, Listener, Streams};
use crate::streams::pipe::{Ends, both_ways};
use clap::Args;
use multiserver_tokio::{ConnectError, Connection, MultiAddress, Multiserver};
use std::io::{self, Cursor};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long to wait when no connection can be accepted, mostly because of too many open files, and before the first new
/// attempt to reach the peer.
const PAUSE: Duration = Duration::from_millis(200);

/// How long to wait at most before the peer is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long to wait at least before a peer is tried again that may have refused us.
const REFUSED_PAUSE: Duration = Duration::from_secs(2);

/// How many bytes of a program are read before there is a connection for it.
const EARLY: u64 = 64 * 1024;

/// How many bytes are read at once, at least.
const CHUNK: usize = 4 * 1024;

/// How many connections are opened at the same time: far fewer than a server accepts from one source by default.
const OPENING: usize = 16;

/// Listen on this machine, and connect each program that connects to an address, by a connection of its own.
///
/// The first line on standard output says where it listens. Programs that connect are not checked, and act with our
/// identity. The end of each direction is passed on separately. While the peer cannot be reached, refuses us or is
/// busy, connecting is tried again for the time of --retry, and the program has to wait. If connecting fails or a
/// connection breaks, the program's connection is closed, a TCP connection by a reset, and the error is logged; other
/// connections are not affected.
///
/// Ctrl-C (SIGINT) and SIGTERM end it and its connections.
#[derive(Args)]
#[command(after_help = examples!(
    "reach a peer by a local port; then: ssh -p 2222 localhost":
        "multiserver forward --listen 127.0.0.1:2222 'net:example.com:8008~shs:KEY'",
    "reach it by a Unix socket":
        "multiserver forward --listen unix:/tmp/remote --address-file home.address"
))]
pub(crate) struct Options {
    #[command(flatten)]
    address: AddressOptions,
    /// Where to listen: port 0 takes a free port, and a Unix socket is for programs of the same user.
    #[arg(long, value_name = "HOST:PORT|unix:PATH", default_value = "127.0.0.1:0")]
    listen: Endpoint,
    /// How many connections there may be at the same time; more have to wait.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = count::parse::<u16>)]
    max_connections: u16,
    /// How long to keep trying for each connection while the peer cannot be reached, refuses us or is busy; 0 tries once.
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = duration::parse)]
    retry: Duration,
    #[command(flatten)]
    dial: DialOptions,
    #[command(flatten)]
    identity: IdentityOptions,
}

/// The peer that the connections lead to.
struct Target {
    multiserver: Multiserver,
    address: MultiAddress,
    retry: Duration,
    /// The permits to open connections at the same time.
    opening: Semaphore,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let address = options.address.parse()?;
    let security = options.identity.security()?;
    runtime::block_on(forward(options, address, security))
}

async fn forward(options: &Options, address: MultiAddress, security: Security) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let multiserver = options.dial.read()?.multiserver(&security)?;
    let target = Target { multiserver, address, retry: options.retry, opening: Semaphore::new(OPENING) };
    let (listener, endpoint) = options.listen.listen().await?;
    exit::print(endpoint)?;
    let mut carried = JoinSet::new();
    tokio::select! {
        () = accept_all(listener, options.max_connections.into(), target, &mut carried) => {}
        () = signals.next() => {}
    }
    // Connections that are cut have to be reset before the program ends.
    carried.shutdown().await;
    Ok(())
}

/// Accepts for ever, up to this many connections at once.
async fn accept_all(mut listener: Listener, most: usize, target: Target, carried: &mut JoinSet<()>) {
    let (permits, target) = (Arc::new(Semaphore::new(most)), Arc::new(target));
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        let streams = match listener.accept().await {
            Ok(streams) => streams,
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let target = Arc::clone(&target);
        while carried.try_join_next().is_some() {}
        carried.spawn(async move {
            match target.carry(streams).await {
                Ok(()) => tracing::info!("ended"),
                Err(reason) => tracing::warn!("{reason}"),
            }
            drop(permit);
        });
    }
}

impl Target {
    /// Connects to the address and carries bytes both ways, to the end.
    async fn carry(&self, (mut input, output): Streams) -> Result<(), String> {
        let mut early = Vec::new();
        let connection = tokio::select! {
            connected = self.connect() => connected.map_err(|error| no_connection(&error).to_string()),
            error = read_early(&mut input, &mut early) => Err(format!("whoever came has gone: {error}")),
        }?;
        let input = Cursor::new(early).chain(input);
        let carried = both_ways(connection, input, output, Ends::OF_CONNECTIONS).await;
        carried.map_err(|broken| format!("ended early: {}", not_carried(&broken)))
    }

    /// Connects, and tries again as long as that may help and there is time; with longer pauses if the peer may have
    /// refused us.
    async fn connect(&self) -> Result<Connection, ConnectError> {
        // `None` if the end is later than the clock can express.
        let end = Instant::now().checked_add(self.retry);
        let mut pause = PAUSE;
        loop {
            let turn = self.opening.acquire().await;
            let connected = self.multiserver.connect(&self.address).await;
            drop(turn);
            let error = match connected {
                Err(error) if error.is_retryable() => error,
                connected => return connected,
            };
            if end.is_some_and(|end| Instant::now() + pause >= end) {
                return Err(error);
            }
            if pause == PAUSE {
                tracing::warn!("{}; trying again for {:?}", no_connection(&error), self.retry);
            }
            let now = if error.may_be_refusal() { pause.max(REFUSED_PAUSE) } else { pause };
            tokio::time::sleep(now).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

/// Reads what a program sends before there is a connection for it, within the bound. Ends when the program breaks off,
/// so that nothing is done on its behalf when it is gone.
async fn read_early(input: &mut (impl AsyncRead + Unpin), early: &mut Vec<u8>) -> io::Error {
    let mut input = input.take(EARLY);
    loop {
        early.reserve(CHUNK);
        match input.read_buf(early).await {
            Ok(0) => return std::future::pending().await,
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}
