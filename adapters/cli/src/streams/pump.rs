//! One direction: bytes from where they are read to where they are written.

use super::parting::hear_out;
use multiserver_tokio::Connection;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// How much is read at once: as much as a pipe holds.
const CHUNK: usize = 64 * 1024;

/// The side that failed.
#[derive(Debug)]
pub(crate) enum PumpError {
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
}

impl PumpError {
    /// What happened, whichever side it was.
    pub(crate) fn into_inner(self) -> io::Error {
        let (Self::Read(error) | Self::Write(error)) = self;
        error
    }
}

/// How long whoever takes the bytes has to take the last of them when reading has failed.
const LAST: Duration = Duration::from_secs(5);

/// Copies to the end of what is read, flushes whenever there is nothing to read for now, and returns how many bytes it
/// was. What came before reading failed is flushed too, but not waited for long.
pub(crate) async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<u64, PumpError> {
    let mut buffer = vec![0; CHUNK];
    let mut total = 0;
    let mut is_flushed = true;
    loop {
        let mut chunk = ReadBuf::new(&mut buffer);
        let read = poll_fn(|cx| {
            if let Poll::Ready(result) = Pin::new(&mut *from).poll_read(cx, &mut chunk) {
                return Poll::Ready(result.map_err(PumpError::Read));
            }
            if !is_flushed {
                ready!(Pin::new(&mut *to).poll_flush(cx)).map_err(PumpError::Write)?;
                is_flushed = true;
            }
            Poll::Pending
        })
        .await;
        if let Err(error) = read {
            if matches!(error, PumpError::Read(_)) {
                flush_last(to).await;
            }
            return Err(error);
        }
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

/// Flushes what came before something else failed, which is what is told.
pub(crate) async fn flush_last(to: &mut (impl AsyncWrite + Unpin)) {
    match tokio::time::timeout(LAST, to.flush()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("the last bytes were not taken: {error}"),
        Err(_) => tracing::debug!("the last bytes were not taken within {LAST:?}"),
    }
}

/// Waits without a bound until what came before reading failed is taken, by somebody here who may take their time.
pub(crate) async fn flush_all(to: &mut (impl AsyncWrite + Unpin), pumped: &Result<u64, PumpError>) {
    if let Err(PumpError::Read(_)) = pumped
        && let Err(error) = to.flush().await
    {
        tracing::debug!("the last bytes were not taken: {error}");
    }
}

/// [`pump`], and then the end itself.
pub(crate) async fn one_way(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<u64, PumpError> {
    let count = pump(from, to).await?;
    to.shutdown().await.map(|()| count).map_err(PumpError::Write)
}

/// [`one_way`] of what comes from somebody who is heard out when nothing can be written any more.
pub(crate) async fn one_way_heard_out(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> Result<u64, PumpError> {
    let carried = one_way(&mut from, &mut to).await;
    if let Err(PumpError::Write(_)) = carried {
        drop(to);
        hear_out(&mut from).await;
    }
    carried
}

/// Gives the peer all its bytes back, says goodbye when it has, and returns how many bytes it was.
pub(crate) async fn echo(connection: Connection) -> io::Result<u64> {
    let (mut read, mut write) = connection.into_split();
    one_way(&mut read, &mut write).await.map_err(PumpError::into_inner)
}

/// Reads to the end, and returns how many bytes it was.
pub(crate) async fn discard(from: &mut (impl AsyncRead + Unpin)) -> io::Result<u64> {
    pump(from, &mut tokio::io::sink()).await.map_err(PumpError::into_inner)
}
