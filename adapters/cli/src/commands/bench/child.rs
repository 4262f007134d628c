//! The server's process, from the client's side.

use super::measure::{Measure, Peer};
use super::server::Greeting;
use super::suite_name::SuiteName;
use crate::report::exit::Failure;
use multiserver_tokio::Multiserver;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// How long the server may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a server's process may take to end after its connections have broken.
const DYING: Duration = Duration::from_millis(500);

/// The bound on the length of the line that the server prints, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// A server in a process of its own, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Child {
    suite: SuiteName,
    process: tokio::process::Child,
    /// The server ends when this is closed.
    stdin: ChildStdin,
    greeting: Greeting,
}

impl Child {
    /// Starts this program again as a server of the suite.
    ///
    /// # Errors
    /// The server does not start; it may have printed the reason on standard error.
    pub(super) async fn start(suite: SuiteName) -> Result<Self, Failure> {
        let not_started = |error| Failure::failed(format_args!("cannot start the server for {suite}: {error}"));
        let mut process = Command::new(std::env::current_exe().map_err(not_started)?)
            .args(["bench-server", suite.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(not_started)?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| not_started(io::Error::other("its pipes are missing")))?;
        let greeting =
            timeout(PATIENCE, greeting(stdout)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let greeting = greeting.map_err(not_started)?;
        tracing::info!("the server for {suite} is process {}", process.id().unwrap_or_default());
        Ok(Self { suite, process, stdin, greeting })
    }

    /// How the client finds the server of each measure.
    pub(super) fn peers(&self) -> Result<Vec<(Measure, Peer)>, Failure> {
        let suite = self.suite.dial_only(&self.greeting.root)?;
        let multiserver = Multiserver::builder().suite(suite).build().map_err(Failure::failed)?;
        let peer = |(measure, address): (_, &String)| {
            let address = Arc::new(address.parse().map_err(Failure::failed)?);
            Ok((measure, Peer { multiserver: multiserver.clone(), address }))
        };
        Measure::ALL.into_iter().zip(&self.greeting.addresses).map(peer).collect()
    }

    /// Runs work that needs the server.
    ///
    /// # Errors
    /// The work fails, or the server ends meanwhile.
    pub(super) async fn attend<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let failure = tokio::select! {
            done = work => match done {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            },
            ended = self.process.wait() => return Err(died(self.suite, ended)),
        };
        // When a server crashes, its connections break before its process has ended.
        match timeout(DYING, self.process.wait()).await {
            Ok(ended) => Err(died(self.suite, ended)),
            Err(_) => Err(Failure::failed(format_args!("cannot measure {}: {failure}", self.suite))),
        }
    }

    /// Ends the server.
    ///
    /// # Errors
    /// It failed, or had to be killed.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        drop(self.stdin);
        match timeout(PATIENCE, self.process.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(ended) => Err(died(self.suite, ended)),
            Err(_) => {
                let killed = self.process.kill().await;
                let how = if killed.is_ok() { ", and was killed" } else { "" };
                Err(Failure::failed(format_args!("the server for {} did not end{how}", self.suite)))
            }
        }
    }
}

async fn greeting(stdout: ChildStdout) -> io::Result<Greeting> {
    let mut line = String::new();
    BufReader::new(stdout).take(LONGEST_LINE).read_line(&mut line).await?;
    if line.is_empty() {
        return Err(io::Error::other("it ended at once"));
    }
    serde_json::from_str(&line).map_err(io::Error::other)
}

fn died(suite: SuiteName, ended: io::Result<ExitStatus>) -> Failure {
    match ended {
        Ok(status) => Failure::failed(format_args!("the server for {suite} died: {status}")),
        Err(error) => Failure::failed(format_args!("cannot wait for the server for {suite}: {error}")),
    }
}
