//! What a server does with each of its peers.

use super::proxy_header;
use crate::options::given::{ADDRESS_VARIABLE, NETWORK_KEY_VARIABLE};
use crate::report::failure_words::not_carried;
use crate::streams::idle::idle;
use crate::streams::output::{Output, Unfinished};
use crate::streams::pipe::{Broken, Ends, both_ways};
use crate::streams::place::Place;
use crate::streams::pump::echo;
use multiserver_tokio::Connection;
use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

/// How long a program whose peer is gone has to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is done with any number of peers at once.
#[derive(Debug)]
pub(super) enum Service {
    /// Every byte goes back.
    Echo,
    /// The peer talks to a service in the clear, which is told who comes if it is to be.
    To { place: Place, proxy_protocol: bool },
    /// The peer talks to a program of its own: its name, then its arguments.
    Exec(Vec<OsString>),
}

impl Service {
    /// Serves a peer to the end, and logs how it ended.
    pub(super) async fn serve(&self, connection: Connection, idle: Option<Duration>) {
        let ends = Ends { idle, ..Ends::EACH_BY_ITSELF };
        let address = connection.address().map(|address| address.redacted().to_string()).unwrap_or_default();
        let served = match self {
            Self::Echo => give_back(connection, idle).await,
            Self::To { place, proxy_protocol } => pass_on(connection, place, *proxy_protocol, ends).await,
            Self::Exec(command) => execute(connection, command, &address, ends).await,
        };
        match served {
            Ok(Some(bytes)) => tracing::info!(%address, bytes, "ended"),
            Ok(None) => tracing::info!(%address, "ended"),
            Err(reason) => tracing::warn!(%address, "ended early: {reason}"),
        }
    }
}

/// Gives the peer all its bytes back, and returns how many these were.
async fn give_back(connection: Connection, idle_timeout: Option<Duration>) -> Result<Option<u64>, String> {
    let meter = connection.meter();
    tokio::select! {
        echoed = echo(connection) => echoed.map(Some).map_err(|error| error.to_string()),
        error = idle(&meter, idle_timeout) => Err(error.to_string()),
    }
}

async fn pass_on(
    connection: Connection,
    place: &Place,
    proxy_protocol: bool,
    ends: Ends,
) -> Result<Option<u64>, String> {
    let (input, mut output) = place.connect().await.map_err(|error| format!("cannot connect to {place}: {error}"))?;
    if proxy_protocol {
        let header = proxy_header::of(&connection).map_err(|error| format!("no PROXY header: {error}"))?;
        output.write_all(&header).await.map_err(|error| format!("cannot tell {place} who comes: {error}"))?;
    }
    both_ways(connection, input, output, ends).await.map(|()| None).map_err(|broken| not_carried(&broken))
}

async fn execute(
    connection: Connection,
    command: &[OsString],
    address: &str,
    ends: Ends,
) -> Result<Option<u64>, String> {
    let Some((program, arguments)) = command.split_first() else { return Err("there is no program".to_owned()) };
    let cannot_run = |error| format!("cannot run {}: {error}", program.display());
    let key = connection.peer().map(ToString::to_string).unwrap_or_default();
    let mut child = Command::new(program)
        .args(arguments)
        .env("MULTISERVER_PEER", key)
        .env("MULTISERVER_PEER_ADDRESS", address)
        // These may be secrets, and are ours.
        .env_remove(ADDRESS_VARIABLE)
        .env_remove(NETWORK_KEY_VARIABLE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot_run)?;
    let (Some(output), Some(input)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("its standard streams are missing".to_owned());
    };
    match both_ways(connection, input, Unfinished::new(output), ends).await {
        Ok(()) => {}
        // A program need not read all that it is sent.
        Err(Broken::Deliver(error)) => tracing::debug!("the program took nothing more: {error}"),
        Err(broken) => {
            let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
            let killed = if ended.is_err() { ", and the program was killed" } else { "" };
            return Err(format!("{}{killed}", not_carried(&broken)));
        }
    }
    has_succeeded(child).await.map(|()| None)
}

/// Waits for the program, which may have work left when both streams have ended.
async fn has_succeeded(mut child: Child) -> Result<(), String> {
    match child.wait().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the program failed, {status}")),
        Err(error) => Err(format!("cannot wait for the program: {error}")),
    }
}

/// A program cannot tell how its input ended.
impl Output for ChildStdin {
    fn cut(self: Box<Self>) {}
}
