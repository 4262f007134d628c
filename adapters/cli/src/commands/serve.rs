//! `multiserver serve`.

mod access;
mod allow;
mod guest;
mod proxy_header;
mod service;

use crate::options::IdentityOptions;
use crate::options::config::ConfigOptions;
use crate::options::count;
use crate::options::limits::{LimitOptions, peers_are};
use crate::options::listening::Listening;
use crate::options::security::Security;
use crate::process::activation::{self, Sockets};
use crate::process::descriptors;
use crate::process::runtime::{self, Signals};
use crate::process::serving::{log, until_signal};
use crate::process::strangers::{self, Outcome};
use crate::report::exit::{self, Failure};
use crate::streams::endpoint::Endpoint;
use crate::streams::pipe::Ends;
use crate::streams::standard::standard_streams;
use access::{Access, AccessControl};
use allow::AllowOptions;
use clap::{Args, FromArgMatches};
use multiserver_tokio::{Connection, PeerLimiter, Server};
use service::Service;
use std::ffi::OsString;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The heading of the options that say how peers are served.
const SERVICE: &str = "What to do with them";

/// How many slots a key may have at least, unless another bound is set.
const PER_KEY: usize = 16;

/// Listen, print our address as the first line, and serve the peers that connect.
///
/// Without --echo, --to or --exec, standard input is sent to the first peer, and the peer's bytes go to standard
/// output; other peers are refused, and the program ends with the connection. The exit status is then 0 when both
/// directions ended with a goodbye.
///
/// Ctrl-C (SIGINT) and SIGTERM end it: it stops listening, and connections that --echo, --to or --exec serve have the
/// time of --grace to end; a second signal cuts them. A cut is visible to the other side: a TCP service of --to sees a
/// reset, and a program of --exec is killed.
#[derive(Args)]
#[command(after_help = examples!(
    "give every byte back, on this machine only":
        "multiserver serve --echo",
    "the same for everyone on the network":
        "multiserver serve --net '[::]:8008' --echo",
    "send a file to the peer with this key":
        "multiserver serve --allow KEY < gift.tar",
    "let friends reach the SSH server, through web proxies too":
        "multiserver serve --net '[::]:8008' --ws '[::]:8009' --allow-file friends --to localhost:22",
    "the same, and let who has an invite become a friend":
        "multiserver serve --net '[::]:8008' --allow-file friends --invites invites --to localhost:22",
    "behind Tor's HiddenServicePort 80 127.0.0.1:8008":
        "multiserver serve --net 127.0.0.1:8008 --onion NAME.onion:80 --allow KEY --to localhost:22",
    "run a program for every peer on this machine":
        "multiserver serve --unix /tmp/date --allow-anyone --exec date -u",
    "with options from the section [serve] of a file":
        "multiserver serve --config server.toml"
))]
pub(crate) struct Options {
    /// Read before the other options.
    #[command(flatten)]
    _config: ConfigOptions,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    allow: AllowOptions,
    /// Send every byte back, to any number of peers.
    #[arg(long, help_heading = SERVICE)]
    echo: bool,
    /// Connect each peer to the TCP service or the Unix socket at this endpoint.
    #[arg(long, value_name = "HOST:PORT|unix:PATH", requires = "allowed", conflicts_with = "echo")]
    #[arg(help_heading = SERVICE)]
    to: Option<Endpoint>,
    /// Tell the service of --to who the peer is, before the peer's first byte, by a header of the PROXY protocol,
    /// version 2: the peer's IP address and port, and its key in base64 as the TLV of type 0xE0.
    // The conflicts are named because clap requires nothing that is in conflict with what is given.
    #[arg(long, requires = "to", conflicts_with_all = ["echo", "exec"], help_heading = SERVICE)]
    proxy_protocol: bool,
    /// Run this program for each peer, connected to its standard input and output. The environment variable
    /// MULTISERVER_PEER is the peer's key, and MULTISERVER_PEER_ADDRESS the address that it connects from; other
    /// variables are passed on, except those with our address and network key. When the connection is over, the program
    /// has 5 seconds to end; then it and all processes that it has started get SIGTERM, and SIGKILL later. All
    /// arguments after --exec belong to the program.
    #[arg(long, value_names = ["PROGRAM", "ARGS"], num_args = 1.., allow_hyphen_values = true, requires = "allowed")]
    #[arg(conflicts_with_all = ["echo", "to"], help_heading = SERVICE)]
    exec: Vec<OsString>,
    #[command(flatten)]
    limits: LimitOptions,
    /// How many of --max-peers may have the same key; by default half of them, but 16 at least. One more takes the slot of one with the
    /// same key that has been idle for a minute, or is refused.
    #[arg(long, value_name = "N", value_parser = count::parse::<usize>, help_heading = "Limits")]
    max_peers_per_key: Option<usize>,
    #[command(flatten)]
    identity: IdentityOptions,
}

impl Options {
    /// Reads these arguments, of which the first is the program's name.
    pub(crate) fn parse(arguments: impl IntoIterator<Item: Into<OsString> + Clone>) -> Result<Self, Failure> {
        let matches = Self::augment_args(clap::Command::new("serve")).try_get_matches_from(arguments);
        matches.and_then(|matches| Self::from_arg_matches(&matches)).map_err(Failure::failed)
    }
}

pub(crate) fn run(options: Options) -> Result<(), Failure> {
    options.allow.check_files()?;
    let security = options.identity.security()?;
    let sockets = options.listening.sockets()?;
    runtime::block_on(serve(options, security, sockets))
}

/// Serves whoever comes, until a signal.
pub(crate) async fn serve(options: Options, security: Security, sockets: Sockets) -> Result<(), Failure> {
    // Caught before the address is out: whoever reads it may send a signal at once.
    let signals = Signals::catch()?;
    descriptors::allow_for(options.limits.sockets(options.listening.count()));
    let server = options.listening.start(sockets, &security, options.limits.handshakes(), log).await?;
    exit::print(options.listening.address(&server)?)?;
    activation::ready();
    let service = match (options.to, options.echo, options.exec.is_empty()) {
        (Some(endpoint), ..) => Service::To { endpoint, proxy_protocol: options.proxy_protocol },
        (None, true, _) => Service::Echo,
        (None, false, false) => Service::Exec(options.exec),
        (None, false, true) => return first_peer(server, options.allow, &options.limits, signals).await,
    };
    let per_key = options.max_peers_per_key.unwrap_or_else(|| PER_KEY.max(options.limits.max_peers.div_ceil(2)));
    everyone(server, options.allow, service, options.limits, per_key, signals).await;
    Ok(())
}

/// Serves every peer that is allowed, until a signal arrives.
async fn everyone(
    server: Server,
    allow: AllowOptions,
    service: Service,
    limits: LimitOptions,
    per_key: usize,
    signals: Signals,
) {
    let full = format!("{} served already, see --max-peers and --max-peers-per-key", peers_are(limits.max_peers));
    let control = Arc::new(AccessControl::new(allow, limits.peers().per_key(per_key), full));
    let (authorize, service) = (control.authorizer(), Arc::new(service));
    let handle = move |connection: Connection, access| {
        let (control, service) = (Arc::clone(&control), Arc::clone(&service));
        async move {
            match access {
                Access::Peer(permit) => {
                    permit.watch(connection.counter());
                    let address = connection.peer_address().map(|address| address.redacted().to_string());
                    tokio::select! {
                        () = service.serve(connection, limits.idle_timeout) => {}
                        () = permit.evicted() => {
                            let address = address.unwrap_or_default();
                            let line = format_args!("{address}: ended to make room for others, see --max-peers");
                            strangers::log(Outcome::NoRoom, line);
                        }
                    }
                }
                Access::Guest(guest) => Box::pin(control.welcome(guest, connection)).await,
            }
        }
    };
    until_signal(server, authorize, handle, limits.grace, signals).await;
}

/// Serves the first peer that is allowed with standard input and output, until it is gone or a signal comes.
async fn first_peer(
    server: Server,
    allow: AllowOptions,
    limits: &LimitOptions,
    mut signals: Signals,
) -> Result<(), Failure> {
    let (end, mut ended) = mpsc::channel(1);
    // The slot of the first peer is freed if that peer's handshake fails.
    let full = "standard input and output are the first peer's".to_owned();
    let control = Arc::new(AccessControl::new(allow, PeerLimiter::new(1).without_eviction(), full));
    let (authorize, served, idle) = (control.authorizer(), Arc::clone(&control), limits.idle_timeout);
    let handle = move |connection, access| {
        let (control, end) = (Arc::clone(&served), end.clone());
        async move {
            match access {
                Access::Peer(permit) => {
                    let result = standard_streams(connection, Ends { idle, ..Ends::WITH_OUTPUT }).await;
                    // After a signal nothing waits for the result any more.
                    let _ = end.send(result).await;
                    drop(permit);
                }
                Access::Guest(guest) => control.welcome(guest, connection).await,
            }
        }
    };
    tokio::select! {
        result = ended.recv() => result.unwrap_or(Ok(())),
        () = server.serve(authorize, handle) => Ok(()),
        () = strangers::sum_up() => Ok(()),
        () = signals.next() => {
            activation::stopping();
            if control.is_empty() {
                Ok(())
            } else {
                Err(Failure::failed("ended by a signal, and the peer's connection with it"))
            }
        }
    }
}
