//! One direction: copies bytes from a reader to a writer.

use super::chunk::Chunk;
use super::parting::hear_out;
use multiserver_tokio::Connection;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

/// The side that failed.
#[derive(Debug)]
pub(crate) enum PumpError {
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
}

impl PumpError {
    /// The error, without the side.
    pub(crate) fn into_inner(self) -> io::Error {
        let (Self::Read(error) | Self::Write(error)) = self;
        error
    }
}

/// How long the writer may take for the last bytes when reading has failed.
const LAST: Duration = Duration::from_secs(5);

/// Copies to the end of the reader, flushes whenever there is nothing to read for now, and returns how many bytes were
/// copied. If reading fails, the bytes before that are flushed as well, but only for a short time.
pub(crate) async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<u64, PumpError> {
    match pump_until(from, to, |_| Poll::<Infallible>::Pending).await? {
        Pumped::All(total) => Ok(total),
    }
}

/// Where a pump has stopped.
pub(crate) enum Pumped<T> {
    /// At the end of the reader, after so many bytes.
    All(u64),
    /// There is nothing to read for now, all is flushed, and this was ready.
    Until(T),
}

/// Like [`pump`], until this is ready while there is nothing to read.
pub(crate) async fn pump_until<T>(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut until: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Result<Pumped<T>, PumpError> {
    let mut total = 0;
    let mut is_flushed = true;
    loop {
        let read = poll_fn(|cx| {
            if let Poll::Ready(result) = poll_chunk(from, cx) {
                return Poll::Ready(result.map(Ok).map_err(PumpError::Read));
            }
            if !is_flushed {
                ready!(Pin::new(&mut *to).poll_flush(cx)).map_err(PumpError::Write)?;
                is_flushed = true;
            }
            until(cx).map(|until| Ok(Err(until)))
        })
        .await;
        if let Err(PumpError::Read(_)) = read {
            flush_last(to).await;
        }
        let chunk = match read? {
            Ok(chunk) => chunk,
            Err(until) => return Ok(Pumped::Until(until)),
        };
        let bytes = chunk.bytes();
        if bytes.is_empty() {
            to.flush().await.map_err(PumpError::Write)?;
            return Ok(Pumped::All(total));
        }
        to.write_all(bytes).await.map_err(PumpError::Write)?;
        is_flushed = false;
        total += u64::try_from(bytes.len()).unwrap_or_default();
    }
}

/// What can be read now.
fn poll_chunk(from: &mut (impl AsyncRead + Unpin), cx: &mut Context<'_>) -> Poll<io::Result<Chunk>> {
    let mut chunk = Chunk::take();
    ready!(chunk.fill(|buffer| Pin::new(from).poll_read(cx, buffer)))?;
    Poll::Ready(Ok(chunk))
}

/// Flushes the last bytes after another error, which is the one that is returned.
pub(crate) async fn flush_last(to: &mut (impl AsyncWrite + Unpin)) {
    match tokio::time::timeout(LAST, to.flush()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("the last bytes were not taken: {error}"),
        Err(_) => tracing::debug!("the last bytes were not taken within {LAST:?}"),
    }
}

/// Flushes the last bytes without a time limit when reading has failed, for a local reader that may be slow.
pub(crate) async fn flush_all(to: &mut (impl AsyncWrite + Unpin), pumped: &Result<u64, PumpError>) {
    if let Err(PumpError::Read(_)) = pumped
        && let Err(error) = to.flush().await
    {
        tracing::debug!("the last bytes were not taken: {error}");
    }
}

/// Like [`pump`], and then closes the writer.
pub(crate) async fn one_way(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<u64, PumpError> {
    let count = pump(from, to).await?;
    to.shutdown().await.map(|()| count).map_err(PumpError::Write)
}

/// Like [`one_way`], but when nothing can be written any more, the reader is read on and dropped for a while; also when
/// `gone` has ended well, by which the writer's peer has left.
pub(crate) async fn one_way_heard_out(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    gone: impl Future<Output = io::Result<()>>,
) -> Result<(), PumpError> {
    let (carried, is_all) = tokio::select! {
        carried = one_way(&mut from, &mut to) => {
            let is_all = !matches!(carried, Err(PumpError::Write(_)));
            (carried.map(drop), is_all)
        }
        gone = gone => (gone.map_err(PumpError::Write), false),
    };
    if !is_all {
        drop(to);
        hear_out(&mut from).await;
    }
    carried
}

/// Sends the peer all its bytes back, sends the goodbye after the peer's, and returns how many bytes it was.
pub(crate) async fn echo(connection: Connection) -> io::Result<u64> {
    let (mut read, mut write) = connection.into_split();
    one_way(&mut read, &mut write).await.map_err(PumpError::into_inner)
}

/// Reads to the end and drops the bytes, and returns how many it was.
pub(crate) async fn discard(from: &mut (impl AsyncRead + Unpin)) -> io::Result<u64> {
    pump(from, &mut tokio::io::sink()).await.map_err(PumpError::into_inner)
}
