//! Bytes from here to there.

use crate::exit::Failure;
use crate::failure_words::{not_received, not_sent};
use multiserver_tokio::Connection;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// How much is read at once: as much as a pipe holds.
const CHUNK: usize = 64 * 1024;

/// How long bytes of a peer to whom nothing can be sent are waited for.
const LINGER: Duration = Duration::from_secs(5);

/// The side that failed.
#[derive(Debug)]
pub(crate) enum PumpError {
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
}

/// Copies to the end of what is read, flushes whenever there is nothing to read for now, and returns how many bytes it
/// was.
pub(crate) async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<u64, PumpError> {
    let mut buffer = vec![0; CHUNK];
    let mut total = 0;
    let mut is_flushed = true;
    loop {
        let mut chunk = ReadBuf::new(&mut buffer);
        poll_fn(|cx| {
            if let Poll::Ready(result) = Pin::new(&mut *from).poll_read(cx, &mut chunk) {
                return Poll::Ready(result.map_err(PumpError::Read));
            }
            if !is_flushed {
                ready!(Pin::new(&mut *to).poll_flush(cx)).map_err(PumpError::Write)?;
                is_flushed = true;
            }
            Poll::Pending
        })
        .await?;
        let bytes = chunk.filled();
        if bytes.is_empty() {
            to.flush().await.map_err(PumpError::Write)?;
            return Ok(total);
        }
        to.write_all(bytes).await.map_err(PumpError::Write)?;
        is_flushed = false;
        total += u64::try_from(bytes.len()).unwrap_or_default();
    }
}

/// Pipes standard input to the peer and the peer to standard output, until both have ended.
///
/// The end of standard input says goodbye to the peer, who may go on sending. A failure ends both, and standard input
/// with them, even while nothing comes from it: the caller's runtime must be shut down without waiting for it.
pub(crate) async fn standard_streams(connection: Connection) -> Result<(), Failure> {
    let (mut from_peer, mut to_peer) = connection.into_split();
    let (mut input, mut output) = (standard_input()?, standard_output()?);
    let receiving = async {
        let received = pump(&mut from_peer, &mut output).await;
        received.map(drop).map_err(|error| match error {
            PumpError::Read(error) => not_received(&error),
            PumpError::Write(error) => not_printed(&error),
        })
    };
    let mut receiving = pin!(receiving);
    // In a task of its own, so that both directions are sealed and opened at the same time.
    let mut sending = tokio::spawn(async move {
        pump(&mut input, &mut to_peer).await?;
        to_peer.shutdown().await.map_err(PumpError::Write)
    });
    let (sent, unreceived) = tokio::select! {
        received = &mut receiving => {
            received?;
            (sending.await, None)
        }
        sent = &mut sending => (sent, Some(receiving)),
    };
    match (sent.map_err(Failure::failed)?, unreceived) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(receiving)) => receiving.await,
        (Err(PumpError::Read(error)), _) => Err(not_typed(&error)),
        (Err(PumpError::Write(error)), None) => Err(not_sent(&error)),
        (Err(PumpError::Write(error)), Some(receiving)) => {
            // What comes from the peer may tell why, and may be of use.
            let received = tokio::time::timeout(LINGER, receiving).await;
            Err(received.ok().and_then(Result::err).unwrap_or_else(|| not_sent(&error)))
        }
    }
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

/// Standard input and output as plain files, without the buffer by lines that the standard library puts between.
#[cfg(unix)]
fn standard_input() -> Result<tokio::fs::File, Failure> {
    use std::os::fd::AsFd;

    let descriptor = io::stdin().as_fd().try_clone_to_owned().map_err(|error| not_typed(&error))?;
    Ok(tokio::fs::File::from_std(descriptor.into()))
}

#[cfg(unix)]
fn standard_output() -> Result<tokio::fs::File, Failure> {
    use std::os::fd::AsFd;

    let descriptor = io::stdout().as_fd().try_clone_to_owned().map_err(|error| not_printed(&error))?;
    Ok(tokio::fs::File::from_std(descriptor.into()))
}

#[cfg(not(unix))]
fn standard_input() -> Result<tokio::io::Stdin, Failure> {
    Ok(tokio::io::stdin())
}

#[cfg(not(unix))]
fn standard_output() -> Result<tokio::io::Stdout, Failure> {
    Ok(tokio::io::stdout())
}
