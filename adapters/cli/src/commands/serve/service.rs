//! The services that a server offers to its peers.

mod program;

use self::program::Program;
use super::proxy_header;
use crate::options::given::{ADDRESS_VARIABLE, NETWORK_KEY_VARIABLE};
use crate::report::failure_words::not_carried;
use crate::streams::endpoint::Endpoint;
use crate::streams::idle::idle;
use crate::streams::output::Unfinished;
use crate::streams::pipe::{Ends, both_ways, both_ways_until};
use crate::streams::pump::echo;
use multiserver_tokio::Connection;
use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How long a program may take to end after its streams have ended, or its peer is gone, before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the peer's bytes are still passed on after the program has ended, for processes that it has left behind.
const LEGACY: Duration = Duration::from_secs(5);

/// A service for any number of peers at once.
#[derive(Debug)]
pub(super) enum Service {
    /// Sends every byte back.
    Echo,
    /// Connects the peer to a local service, with a header of the PROXY protocol if `proxy_protocol` is set.
    To { endpoint: Endpoint, proxy_protocol: bool },
    /// Connects the peer to a program of its own; holds the program's name, then its arguments.
    Exec(Vec<OsString>),
}

impl Service {
    /// Serves a peer to the end, and logs how it ended.
    pub(super) async fn serve(&self, connection: Connection, idle: Option<Duration>) {
        let address = connection.peer_address().map(|address| address.redacted().to_string()).unwrap_or_default();
        // The largest of them sets the size of all, but for what is in a box.
        let served = match self {
            Self::Echo => give_back(connection, idle).await,
            Self::To { endpoint, proxy_protocol } => {
                let ends = Ends { idle, ..Ends::OF_CONNECTIONS };
                Box::pin(pass_on(connection, endpoint, *proxy_protocol, ends)).await
            }
            Self::Exec(command) => {
                let ends = Ends { idle, ..Ends::EACH_BY_ITSELF };
                Box::pin(execute(connection, command, &address, ends)).await
            }
        };
        match served {
            Ok(Some(bytes)) => tracing::info!(%address, bytes, "ended"),
            Ok(None) => tracing::info!(%address, "ended"),
            Err(reason) => tracing::warn!(%address, "ended early: {reason}"),
        }
    }
}

/// Sends the peer all its bytes back, and returns how many there were.
async fn give_back(connection: Connection, idle_timeout: Option<Duration>) -> Result<Option<u64>, String> {
    let meter = connection.counter();
    tokio::select! {
        echoed = echo(connection) => echoed.map(Some).map_err(|error| error.to_string()),
        error = idle(&meter, idle_timeout) => Err(error.to_string()),
    }
}

async fn pass_on(
    connection: Connection,
    endpoint: &Endpoint,
    proxy_protocol: bool,
    ends: Ends,
) -> Result<Option<u64>, String> {
    let (input, mut output) =
        endpoint.connect().await.map_err(|error| format!("cannot connect to {endpoint}: {error}"))?;
    if proxy_protocol {
        let header = proxy_header::of(&connection).map_err(|error| format!("no PROXY header: {error}"))?;
        output.write_all(&header).await.map_err(|error| format!("cannot tell {endpoint} who comes: {error}"))?;
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
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("MULTISERVER_PEER", key)
        .env("MULTISERVER_PEER_ADDRESS", address)
        // These variables are ours and may hold secrets.
        .env_remove(ADDRESS_VARIABLE)
        .env_remove(NETWORK_KEY_VARIABLE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut program = Program::start(&mut command).map_err(cannot_run)?;
    let exit = program.exit().map_err(cannot_run)?;
    let (output, input) = program.streams().map_err(cannot_run)?;
    let is_deaf = output.is_deaf();
    let over = async {
        exit.await;
        tokio::select! {
            () = is_deaf.notified() => {}
            () = tokio::time::sleep(LEGACY) => {}
        }
    };
    let cannot_wait = |error| format!("cannot wait for the program: {error}");
    if let Err(broken) = both_ways_until(connection, input, Unfinished::new(output), ends, over).await {
        let is_killed = program.abandon(PATIENCE).await.map_err(cannot_wait)?;
        let killed = if is_killed { ", and the program was killed" } else { "" };
        return Err(format!("{}{killed}", not_carried(&broken)));
    }
    // The program may still have work to do.
    match program.finish(PATIENCE).await.map_err(cannot_wait)? {
        Some(status) if status.success() => Ok(None),
        Some(status) => Err(format!("the program failed, {status}")),
        None => Err(format!("the program had not ended {PATIENCE:?} after its streams, and was killed")),
    }
}
