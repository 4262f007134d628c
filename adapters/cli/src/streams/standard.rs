//! Standard input and output.

use super::output::{Output, Unfinished};
use super::pipe::{Broken, Ends, both_ways};
use super::pump::{PumpError, flush_all, pump};
#[cfg(unix)]
use crate::files::text;
use crate::report::exit::Failure;
use crate::report::failure_words::{not_received, not_sent};
use multiserver_tokio::Connection;
use std::io::{self, ErrorKind};
use tokio::io::AsyncWriteExt;

/// Pipes standard input to the peer and the peer to standard output, until both have ended.
///
/// The end of standard input sends the goodbye to the peer, which may go on sending. A failure ends both directions
/// even while a read of standard input is blocked: the caller has to shut its runtime down without waiting for that
/// read.
pub(crate) async fn standard_streams(connection: Connection, ends: Ends) -> Result<(), Failure> {
    let (input, output) = (standard_input()?, standard_output()?);
    both_ways(connection, input, Unfinished::new(output), ends).await.map_err(|broken| match broken {
        Broken::Receive(error) => not_received(&error),
        Broken::Deliver(error) => not_printed(&error),
        Broken::Collect(error) => not_typed(&error),
        Broken::Send(error) => not_sent(&error),
    })
}

/// Copies the peer's bytes to standard output until its goodbye, and only then sends the goodbye too.
pub(crate) async fn receive_only(mut connection: Connection) -> Result<(), Failure> {
    let mut output = standard_output()?;
    let pumped = pump(&mut connection, &mut output).await;
    flush_all(&mut output, &pumped).await;
    pumped.map_err(|error| match error {
        PumpError::Read(error) => not_received(&error),
        PumpError::Write(error) => not_printed(&error),
    })?;
    if let Err(error) = connection.shutdown().await {
        tracing::debug!("the peer went away after its goodbye: {error}");
    }
    Ok(())
}

/// A cut shows in the message on standard error and in the exit status.
#[cfg(unix)]
impl Output for tokio::fs::File {
    fn cut(self: Box<Self>) {}
}

/// A cut shows in the message on standard error and in the exit status.
#[cfg(not(unix))]
impl Output for tokio::io::Stdout {
    fn cut(self: Box<Self>) {}
}

fn not_typed(error: &io::Error) -> Failure {
    Failure::failed(format_args!("cannot read standard input: {error}"))
}

fn not_printed(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        Failure::failed("standard output was closed before the peer had sent everything")
    } else {
        Failure::failed(format_args!("cannot write to standard output: {error}"))
    }
}

/// Standard input and output as plain files, without the line buffer of the standard library.
#[cfg(unix)]
pub(crate) fn standard_input() -> Result<tokio::fs::File, Failure> {
    let file = text::standard_input().map_err(|error| not_typed(&error))?;
    Ok(tokio::fs::File::from_std(file))
}

#[cfg(unix)]
fn standard_output() -> Result<tokio::fs::File, Failure> {
    use std::os::fd::AsFd;

    let descriptor = io::stdout().as_fd().try_clone_to_owned().map_err(|error| not_printed(&error))?;
    Ok(tokio::fs::File::from_std(descriptor.into()))
}

#[cfg(not(unix))]
pub(crate) fn standard_input() -> Result<tokio::io::Stdin, Failure> {
    Ok(tokio::io::stdin())
}

#[cfg(not(unix))]
fn standard_output() -> Result<tokio::io::Stdout, Failure> {
    Ok(tokio::io::stdout())
}
