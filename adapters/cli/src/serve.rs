//! `multiserver serve`.

mod allow;
mod listening;
mod service;

use crate::config::ConfigOptions;
use crate::exit::{self, Failure};
use crate::log::notice;
use crate::options::IdentityOptions;
use crate::pipe;
use crate::place::Place;
use crate::runtime::{self, Signals};
use allow::{AllowOptions, name};
use clap::Args;
use listening::Listening;
use multiserver_tokio::{Event, PublicKey, Server, Shs};
use service::Service;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// How long connections may go on after the first signal to end.
const GRACE: Duration = Duration::from_secs(3);

/// Listen, print our address as the first line, and serve whoever comes.
///
/// Without --echo, --to or --exec, standard input goes to the first peer and what it sends to standard output; others
/// are refused, and the program ends with the connection. The exit status is then 0 when both directions ended with a
/// goodbye.
///
/// Ctrl-C (SIGINT) and SIGTERM end it: it listens no longer, and connections that --echo, --to or --exec serve have 3
/// seconds to end.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    multiserver serve --echo                       give every byte back, on this machine only\n  \
    multiserver serve --net '[::]:8008' --echo     the same for everyone on the network\n  \
    multiserver serve --allow KEY < gift.tar       send a file to the peer with this key\n  \
    multiserver serve --net '[::]:8008' --ws '[::]:8009' --allow-file friends --to localhost:22\n                                                 \
    let friends reach the SSH server, through web proxies too\n  \
    multiserver serve --unix /tmp/date --allow-anyone --exec date -u")]
pub(crate) struct Options {
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    allow: AllowOptions,
    /// Give every byte back, to any number of peers.
    #[arg(long)]
    echo: bool,
    /// Connect each peer to the TCP service or the Unix socket there.
    #[arg(long, value_name = "HOST:PORT|unix:PATH", requires = "allowed", conflicts_with = "echo")]
    to: Option<Place>,
    /// Run this program for each peer, which has its standard input and output; the environment variable
    /// MULTISERVER_PEER is the peer's key and MULTISERVER_PEER_ADDRESS where it comes from. All that follows is the
    /// program's.
    #[arg(long, value_names = ["PROGRAM", "ARGS"], num_args = 1.., allow_hyphen_values = true, requires = "allowed")]
    #[arg(conflicts_with_all = ["echo", "to"])]
    exec: Vec<OsString>,
    /// How many peers --echo, --to or --exec serve at the same time; more are refused.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    max_peers: u16,
    #[command(flatten)]
    identity: IdentityOptions,
    /// Read before the other options are.
    #[command(flatten)]
    _config: ConfigOptions,
}

pub(crate) fn run(options: Options) -> Result<(), Failure> {
    let shs = options.identity.shs()?;
    runtime::block_on(serve(options, shs))
}

async fn serve(options: Options, shs: Shs) -> Result<(), Failure> {
    // Caught before the address is out: whoever reads it may send a signal at once.
    let signals = Signals::catch()?;
    let server = options.listening.start(&shs, log).await?;
    exit::print(options.listening.address(&server)?)?;
    let service = match (options.to, options.echo, options.exec.is_empty()) {
        (Some(place), ..) => Service::To(place),
        (None, true, _) => Service::Echo,
        (None, false, false) => Service::Exec(options.exec),
        (None, false, true) => return first_peer(server, options.allow, signals).await,
    };
    everyone(server, options.allow, service, options.max_peers.into(), signals).await
}

/// Serves everyone who is allowed, until a signal.
async fn everyone(
    server: Server,
    allow: AllowOptions,
    service: Service,
    max_peers: usize,
    mut signals: Signals,
) -> Result<(), Failure> {
    let handle = server.handle();
    let (allow, service, places) = (Arc::new(allow), Arc::new(service), Arc::new(Semaphore::new(max_peers)));
    let authorize = move |peer: Option<PublicKey>| {
        let (allow, places) = (Arc::clone(&allow), Arc::clone(&places));
        async move {
            if !allow.check(peer).await {
                return None;
            }
            let place = places.try_acquire_owned().ok();
            if place.is_none() {
                tracing::warn!("refused {}: {max_peers} peers are served already, see --max-peers", name(peer));
            }
            place
        }
    };
    let handle_peer = move |connection, place| {
        let service = Arc::clone(&service);
        async move {
            service.serve(connection).await;
            drop(place);
        }
    };
    tokio::select! {
        () = server.serve(authorize, handle_peer) => {}
        () = signals.next() => {}
    }
    let cut = tokio::select! {
        cut = handle.close(GRACE) => cut,
        () = signals.next() => handle.live(),
    };
    if cut > 0 {
        notice(format_args!("cut {cut} connection{} that had not ended", if cut == 1 { "" } else { "s" }));
    }
    Ok(())
}

/// Serves the first peer that is allowed with standard input and output, until it is gone or a signal comes.
async fn first_peer(server: Server, allow: AllowOptions, mut signals: Signals) -> Result<(), Failure> {
    // The place of the first peer; given back if that peer does not make it in.
    let place = Arc::new(Semaphore::new(1));
    let (end, mut ended) = mpsc::channel(1);
    let (allow, claim) = (Arc::new(allow), Arc::clone(&place));
    let authorize = move |peer: Option<PublicKey>| {
        let (allow, claim) = (Arc::clone(&allow), Arc::clone(&claim));
        async move {
            if !allow.check(peer).await {
                return None;
            }
            let claimed = claim.try_acquire_owned().ok();
            if claimed.is_none() {
                let name = name(peer);
                notice(format_args!("refused a second peer, {name}: standard input and output are the first one's"));
            }
            claimed
        }
    };
    let handle_peer = move |connection, place| {
        let end = end.clone();
        async move {
            let result = pipe::standard_streams(connection, None).await;
            // Nobody waits for it any longer after a signal.
            let _ = end.send(result).await;
            drop(place);
        }
    };
    tokio::select! {
        result = ended.recv() => result.unwrap_or(Ok(())),
        () = server.serve(authorize, handle_peer) => Ok(()),
        () = signals.next() => {
            let is_idle = place.available_permits() > 0;
            if is_idle { Ok(()) } else { Err(Failure::failed("ended by a signal, and the peer's connection with it")) }
        }
    }
}

fn log(event: &Event<'_>) {
    match event {
        Event::Accepted { .. } => tracing::info!("{event}"),
        // Whoever refused has said why.
        Event::Refused { .. } => tracing::debug!("{event}"),
        Event::AcceptFailed { .. } | Event::Crowded { .. } | Event::Failed(_) | _ => tracing::warn!("{event}"),
    }
}
