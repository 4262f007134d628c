//! A server that listens, started by the runner or by somebody else.

use super::process::start_server;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin};
use tokio::time::timeout;

/// The longest that a server may take to start.
const START: Duration = Duration::from_secs(20);

/// The longest that the status of a server that ends may take.
const STATUS: Duration = Duration::from_secs(1);

/// A server at an address.
#[derive(Debug)]
pub struct Server {
    address: String,
    process: Option<Process>,
}

/// The process of a server, and how to start another.
#[derive(Debug)]
struct Process {
    command: Vec<String>,
    child: Child,
    /// Waiting for a process closes the standard input that it still has, and some servers end with theirs.
    input: Option<ChildStdin>,
    /// Whether it told of a panic.
    panicked: Arc<AtomicBool>,
}

impl Server {
    /// A server that somebody else started, at a host and a port.
    #[must_use]
    pub fn at(address: &str) -> Self {
        Self { address: address.to_owned(), process: None }
    }

    /// Starts a server, which must print `HOST:PORT` in its first line, alone or in a multi-protocol address, and go on.
    ///
    /// # Errors
    /// It does not start, or prints something else.
    pub async fn start(command: Vec<String>) -> Result<Self> {
        let mut child = start_server(&command)?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("the server has no standard output")?;
        let errors = child.stderr.take().context("the server has no standard error")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        timeout(START, output.read_line(&mut line)).await.context("the server does not tell its address")??;
        let address =
            address_in(&line).with_context(|| format!("no HOST:PORT in the server's first line: {line:?}"))?;
        let panicked = Arc::new(AtomicBool::new(false));
        tokio::spawn(discard(output));
        tokio::spawn(watch(errors, panicked.clone()));
        Ok(Self { address, process: Some(Process { command, child, input, panicked }) })
    }

    /// A connection to it.
    pub(super) async fn connect(&self) -> Result<TcpStream> {
        TcpStream::connect(&self.address).await.with_context(|| format!("cannot connect to {}", self.address))
    }

    /// How it ended, if it serves no more: `serves` is whether a session with it succeeds.
    pub(crate) async fn end(&mut self, serves: bool) -> Option<String> {
        let unknown = || (!serves).then(|| "the server serves no more".to_owned());
        let Some(process) = &mut self.process else { return unknown() };
        // Its sockets are closed a little before its status is known.
        let patience = if serves { Duration::ZERO } else { STATUS };
        if let Ok(Ok(status)) = timeout(patience, process.child.wait()).await {
            return Some(format!("the server ended: {status}"));
        }
        let panicked = process.panicked.load(Ordering::Acquire);
        panicked.then(|| "the server told of a panic".to_owned()).or_else(unknown)
    }

    /// Starts it anew; `false` when somebody else started it.
    pub(crate) async fn restart(&mut self) -> Result<bool> {
        let Some(process) = self.process.take() else { return Ok(false) };
        let Process { command, mut child, input, panicked: _ } = process;
        let _ = child.kill().await;
        drop(input);
        *self = Self::start(command).await?;
        Ok(true)
    }
}

/// The first `net:HOST:PORT` of a line, or the line if it is `HOST:PORT`.
fn address_in(line: &str) -> Option<String> {
    let address = line.split_once("net:").map_or(line, |(_, rest)| rest);
    let address = address.split_once('~').map_or(address, |(address, _)| address).trim();
    let (_, port) = address.rsplit_once(':')?;
    port.parse::<u16>().is_ok().then(|| address.to_owned())
}

/// Reads what a server prints, so that it can go on.
async fn discard(mut output: impl AsyncRead + Unpin) {
    let mut buffer = [0; 4096];
    while output.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}

/// Notes when a server tells of a panic.
async fn watch(errors: impl AsyncRead + Unpin, panicked: Arc<AtomicBool>) {
    let mut lines = BufReader::new(errors).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        if line.windows(PANIC.len()).any(|part| part == PANIC) {
            panicked.store(true, Ordering::Release);
        }
    }
}

/// What Rust's standard library prints.
const PANIC: &[u8] = b"panicked at";

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn an_address_stands_alone_or_in_a_multi_protocol_address() {
        for line in ["127.0.0.1:8008\n", "net:127.0.0.1:8008~shs:key=", r#"{"device":"net:127.0.0.1:8008~shs:key="}"#] {
            assert_eq!(address_in(line).as_deref(), Some("127.0.0.1:8008"), "{line}");
        }
        for line in ["", "listening", "127.0.0.1:", "127.0.0.1:70000"] {
            assert_eq!(address_in(line), None, "{line}");
        }
    }
}
