//! `multiserver forward`.

use crate::dial;
use crate::exit::{self, Failure};
use crate::failure_words::{no_connection, not_carried};
use crate::options::{AddressOptions, IdentityOptions};
use crate::pipe::{Ends, both_ways};
use crate::place::{Listener, Place, Streams};
use crate::runtime::{self, Signals};
use clap::Args;
use multiserver_tokio::{MultiAddress, Multiserver, Shs};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long to wait when no connection can be accepted, because there are too many open files above all.
const PAUSE: Duration = Duration::from_millis(200);

/// How many connections are opened at the same time: half of what a server takes from one place by default.
const OPENING: usize = 16;

/// Listen on this machine, and connect whoever comes to an address, each by a connection of its own.
///
/// The first line on standard output says where it listens. What comes is not checked: it acts with our identity. The
/// end of each direction is passed on by itself. A connection that cannot be had, or breaks, is closed here, a TCP
/// connection by a reset, and logged; the next one is tried again.
///
/// Ctrl-C (SIGINT) and SIGTERM end it and its connections.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    multiserver forward --listen 127.0.0.1:2222 'net:example.com:8008~shs:KEY'    then: ssh -p 2222 localhost\n  \
    multiserver forward --listen unix:/tmp/remote --address-file invite.txt")]
pub(crate) struct Options {
    #[command(flatten)]
    address: AddressOptions,
    /// Where to listen; port 0 takes a free one, and a Unix socket lets programs of the same user in.
    #[arg(long, value_name = "HOST:PORT|unix:PATH", default_value = "127.0.0.1:0")]
    listen: Place,
    /// How many connections there may be at the same time; more have to wait.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    max_connections: u16,
    #[command(flatten)]
    identity: IdentityOptions,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let address = options.address.parse()?;
    let shs = options.identity.shs()?;
    runtime::block_on(forward(options, address, shs))
}

async fn forward(options: &Options, address: MultiAddress, shs: Shs) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let multiserver = dial::multiserver(&shs)?;
    let (listener, place) = options.listen.listen().await?;
    exit::print(place)?;
    tokio::select! {
        () = accept_all(listener, options.max_connections.into(), multiserver, address) => {}
        () = signals.next() => {}
    }
    Ok(())
}

/// Accepts for ever, as many at once as there may be.
async fn accept_all(mut listener: Listener, most: usize, multiserver: Multiserver, address: MultiAddress) {
    let (places, opening) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(OPENING)));
    let address = Arc::new(address);
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let streams = match listener.accept().await {
            Ok(streams) => streams,
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (multiserver, address, opening) = (multiserver.clone(), Arc::clone(&address), Arc::clone(&opening));
        tokio::spawn(async move {
            match carry(streams, &multiserver, &address, &opening).await {
                Ok(()) => tracing::info!("ended"),
                Err(reason) => tracing::warn!("{reason}"),
            }
            drop(place);
        });
    }
}

/// Connects to the address and carries bytes both ways, to the end.
async fn carry(
    (input, output): Streams,
    multiserver: &Multiserver,
    address: &MultiAddress,
    opening: &Semaphore,
) -> Result<(), String> {
    let turn = opening.acquire().await;
    let connected = multiserver.connect(address).await;
    drop(turn);
    match connected {
        Ok(connection) => {
            let carried = both_ways(connection, input, output, Ends::EACH_BY_ITSELF).await;
            carried.map_err(|broken| format!("ended early: {}", not_carried(&broken)))
        }
        Err(error) => {
            output.cut();
            Err(no_connection(&error).to_string())
        }
    }
}
