//! Converts between tokio's stream traits and those of futures-io.

use futures_io::{AsyncRead, AsyncWrite};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;

/// A tokio stream with the traits of futures-io.
#[derive(Debug)]
pub(crate) struct Compat<T>(pub(crate) T);

impl<R: tokio::io::AsyncRead + Unpin> AsyncRead for Compat<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<W: tokio::io::AsyncWrite + Unpin> AsyncWrite for Compat<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Implements tokio's `AsyncRead` for newtypes around a stream of futures-io.
macro_rules! tokio_read {
    ($($name:ident $(<$stream:ident>)?),*) => {
        $(
            impl $(<$stream: tokio::io::AsyncRead + Unpin>)? tokio::io::AsyncRead for $name $(<$stream>)? {
                fn poll_read(
                    mut self: std::pin::Pin<&mut Self>,
                    cx: &mut std::task::Context<'_>,
                    buffer: &mut tokio::io::ReadBuf<'_>,
                ) -> std::task::Poll<std::io::Result<()>> {
                    let inner = std::pin::Pin::new(&mut self.0);
                    let count =
                        std::task::ready!(futures_io::AsyncRead::poll_read(inner, cx, buffer.initialize_unfilled()))?;
                    buffer.advance(count);
                    std::task::Poll::Ready(Ok(()))
                }
            }
        )*
    };
}

/// Implements tokio's `AsyncWrite` for newtypes around a stream of futures-io.
macro_rules! tokio_write {
    ($($name:ident $(<$stream:ident>)?),*) => {
        $(
            impl $(<$stream: tokio::io::AsyncWrite + Unpin>)? tokio::io::AsyncWrite for $name $(<$stream>)? {
                fn poll_write(
                    mut self: std::pin::Pin<&mut Self>,
                    cx: &mut std::task::Context<'_>,
                    bytes: &[u8],
                ) -> std::task::Poll<std::io::Result<usize>> {
                    futures_io::AsyncWrite::poll_write(std::pin::Pin::new(&mut self.0), cx, bytes)
                }

                fn poll_write_vectored(
                    mut self: std::pin::Pin<&mut Self>,
                    cx: &mut std::task::Context<'_>,
                    slices: &[std::io::IoSlice<'_>],
                ) -> std::task::Poll<std::io::Result<usize>> {
                    futures_io::AsyncWrite::poll_write_vectored(std::pin::Pin::new(&mut self.0), cx, slices)
                }

                fn poll_flush(
                    mut self: std::pin::Pin<&mut Self>,
                    cx: &mut std::task::Context<'_>,
                ) -> std::task::Poll<std::io::Result<()>> {
                    futures_io::AsyncWrite::poll_flush(std::pin::Pin::new(&mut self.0), cx)
                }

                fn poll_shutdown(
                    mut self: std::pin::Pin<&mut Self>,
                    cx: &mut std::task::Context<'_>,
                ) -> std::task::Poll<std::io::Result<()>> {
                    futures_io::AsyncWrite::poll_close(std::pin::Pin::new(&mut self.0), cx)
                }
            }
        )*
    };
}

pub(crate) use {tokio_read, tokio_write};
