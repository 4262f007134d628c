//! `multiserver serve`.

use crate::command_line::IdentityOptions;
use crate::exit::{self, Failure, say};
use crate::pipe::{self, PumpError, pump};
use crate::runtime::{self, Signals};
use clap::Args;
use multiserver_tokio::{Connection, Event, Multiserver, Net, PublicKey, Scope, Server, Shs, Transport};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Semaphore, mpsc};

/// How long connections may go on after the first signal to end.
const GRACE: Duration = Duration::from_secs(3);

/// Listen, print our address as the first line, and serve whoever comes.
///
/// Without --echo, standard input goes to the first peer and what it sends to standard output; others are refused, and
/// the program ends with the connection. The exit status is then 0 when both directions ended with a goodbye.
///
/// Ctrl-C (SIGINT) and SIGTERM end it: it listens no longer, and connections that --echo serves have 3 seconds to end.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    multiserver serve --echo                       give every byte back, on this machine only\n  \
    multiserver serve --net '[::]:8008' --echo     the same for everyone on the network\n  \
    multiserver serve --allow KEY < gift.tar       send a file to the peer with this key")]
pub(crate) struct Options {
    /// Where to listen; IPv6 addresses stand in brackets, and port 0 takes a free one. Of `0.0.0.0` or `[::]`, the address
    /// that is printed has the public addresses of this machine, or the private ones if there are no others.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0", value_parser = parse_net)]
    net: String,
    /// Let in the peer with this public key, and nobody who is not named like this; by default, everyone who knows the
    /// address. May be given several times.
    #[arg(long, value_name = "KEY")]
    allow: Vec<PublicKey>,
    /// Give every byte back, to any number of peers.
    #[arg(long)]
    echo: bool,
    #[command(flatten)]
    identity: IdentityOptions,
}

pub(crate) fn run(options: Options) -> Result<(), Failure> {
    let network = options.identity.network_key()?;
    let shs = Shs::new(options.identity.identity()?).network(network);
    runtime::block_on(serve(options, shs))
}

/// Checks the place to listen at; the error does not repeat it, since it may be an address with a seed by mistake.
fn parse_net(text: &str) -> Result<String, &'static str> {
    let checked = Net::bind(text).check();
    checked
        .map(|()| text.to_owned())
        .map_err(|_| "expected a host, `:` and a port, such as 127.0.0.1:8008 or [::]:8008")
}

async fn serve(options: Options, shs: Shs) -> Result<(), Failure> {
    // Caught before the address is out: whoever reads it may send a signal at once.
    let signals = Signals::catch()?;
    let suite = Net::bind(options.net).then(shs);
    let multiserver = Multiserver::builder().suite(suite).report(log).build().map_err(Failure::failed)?;
    let server = multiserver.listen().await.map_err(Failure::failed)?;
    // The widest scope in which anybody finds us.
    let scopes = [Scope::Public, Scope::Local, Scope::Device];
    let address = scopes.into_iter().find_map(|scope| server.address(scope));
    let address =
        address.ok_or_else(|| Failure::failed("nobody could find us: the network interfaces have no address"))?;
    exit::print(&address)?;
    let allowed = Allowed(options.allow);
    if options.echo { echo(server, allowed, signals).await } else { first_peer(server, allowed, signals).await }
}

/// Serves everyone who is allowed, until a signal.
async fn echo(server: Server, allowed: Allowed, mut signals: Signals) -> Result<(), Failure> {
    let handle = server.handle();
    tokio::select! {
        () = server.serve(move |peer| ready(allowed.check(peer).then_some(())), |connection, ()| give_back(connection)) => {}
        () = signals.next() => {}
    }
    let cut = tokio::select! {
        cut = handle.close(GRACE) => cut,
        () = signals.next() => handle.live(),
    };
    if cut > 0 {
        say(format_args!("cut {cut} connection{} that had not ended", if cut == 1 { "" } else { "s" }));
    }
    Ok(())
}

/// Gives one peer all its bytes back.
async fn give_back(connection: Connection) {
    let address = connection.address().map(|address| address.redacted().to_string()).unwrap_or_default();
    let (mut read, mut write) = connection.into_split();
    let echoed = match pump(&mut read, &mut write).await {
        Ok(bytes) => write.shutdown().await.map(|()| bytes).map_err(PumpError::Write),
        Err(error) => Err(error),
    };
    match echoed {
        Ok(bytes) => tracing::info!(%address, bytes, "ended"),
        Err(PumpError::Read(error) | PumpError::Write(error)) => tracing::warn!(%address, "ended early: {error}"),
    }
}

/// Serves the first peer that is allowed with standard input and output, until it is gone or a signal comes.
async fn first_peer(server: Server, allowed: Allowed, mut signals: Signals) -> Result<(), Failure> {
    // The place of the first peer; given back if that peer does not make it in.
    let place = Arc::new(Semaphore::new(1));
    let (end, mut ended) = mpsc::channel(1);
    let claim = Arc::clone(&place);
    let authorize = move |peer| {
        if !allowed.check(peer) {
            return ready(None);
        }
        let claimed = Arc::clone(&claim).try_acquire_owned().ok();
        if claimed.is_none() {
            say(format_args!("refused a second peer, {}: standard input and output are the first one's", name(peer)));
        }
        ready(claimed)
    };
    let handle_peer = move |connection, place| {
        let end = end.clone();
        async move {
            let result = pipe::standard_streams(connection).await;
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

/// Who is let in: everyone, when nobody is named.
struct Allowed(Vec<PublicKey>);

impl Allowed {
    /// Whether this peer is let in; a refusal is logged.
    fn check(&self, peer: Option<PublicKey>) -> bool {
        let is_allowed = self.0.is_empty() || peer.is_some_and(|peer| self.0.contains(&peer));
        if !is_allowed {
            tracing::warn!("refused {}: not among the keys of --allow", name(peer));
        }
        is_allowed
    }
}

fn name(peer: Option<PublicKey>) -> String {
    peer.map_or_else(|| "a peer without a key".to_owned(), |peer| peer.to_string())
}

fn log(event: &Event<'_>) {
    match event {
        Event::Accepted { .. } => tracing::info!("{event}"),
        // Whoever refused has said why.
        Event::Refused { .. } => tracing::debug!("{event}"),
        Event::AcceptFailed { .. } | Event::Crowded { .. } | Event::Failed(_) | _ => tracing::warn!("{event}"),
    }
}
