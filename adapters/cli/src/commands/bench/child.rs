//! The server's process, from the client's side.

use super::measure::Peer;
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

/// More bytes than a line that the server prints has.
const LONGEST_LINE: u64 = 64 * 1024;

/// A server in a process of its own, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Child {
    suite: SuiteName,
    process: tokio::process::Child,
    /// The server ends when this is closed.
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Child {
    /// Starts this program again as a server of the suite, with these options, and returns the first line that it prints, too.
    ///
    /// # Errors
    /// It does not start, which the server itself may have said more about on standard error.
    pub(super) async fn start(suite: SuiteName, options: &[&str]) -> Result<(Self, String), Failure> {
        let not_started = |error| not_started(suite, error);
        let mut process = Command::new(std::env::current_exe().map_err(not_started)?)
            .args(["bench-server", suite.name()])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(not_started)?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| not_started(io::Error::other("its pipes are missing")))?;
        let mut child = Self { suite, process, stdin, stdout: BufReader::new(stdout) };
        let line = child.line().await?;
        tracing::info!("the server for {suite} is process {}", child.id());
        Ok((child, line))
    }

    /// The next line that the server prints.
    ///
    /// # Errors
    /// It ends or takes too long.
    pub(super) async fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        let mut stdout = (&mut self.stdout).take(LONGEST_LINE);
        let read = timeout(PATIENCE, stdout.read_line(&mut line)).await;
        let read = read.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        match read.map_err(|error| not_started(self.suite, error))? {
            0 => Err(not_started(self.suite, io::Error::other("it ended at once"))),
            _ => Ok(line),
        }
    }

    /// How the client finds the server at each of these addresses, where it has this certificate.
    pub(super) fn peers(&self, root: &str, addresses: &[String]) -> Result<Vec<Peer>, Failure> {
        let suite = self.suite.dial_only(root)?;
        let multiserver = Multiserver::builder().suite(suite).build().map_err(Failure::failed)?;
        let peer = |address: &String| {
            let address = Arc::new(address.parse().map_err(Failure::failed)?);
            Ok(Peer { multiserver: multiserver.clone(), address })
        };
        addresses.iter().map(peer).collect()
    }

    /// The number of the server's process.
    pub(super) fn id(&self) -> u32 {
        self.process.id().unwrap_or_default()
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

fn not_started(suite: SuiteName, error: io::Error) -> Failure {
    Failure::failed(format_args!("cannot start the server for {suite}: {error}"))
}

fn died(suite: SuiteName, ended: io::Result<ExitStatus>) -> Failure {
    match ended {
        Ok(status) => Failure::failed(format_args!("the server for {suite} died: {status}")),
        Err(error) => Failure::failed(format_args!("cannot wait for the server for {suite}: {error}")),
    }
}
