//! Connections within a process as a transport.

use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{
    Arrival, Attempt, BoxFuture, Dial, DialPlan, LayerError, Listener, Opened, Plan, Runtime, Scope, Transport,
};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, ReadHalf, WriteHalf};

/// How many bytes a pipe holds in each direction.
const CAPACITY: usize = 1000;

/// How many clients may wait to be accepted.
const BACKLOG: usize = 16;

/// `pipe:one`: a pipe within this process; all clones lead to the same listener.
#[derive(Clone, Default)]
pub(crate) struct Pipes {
    state: Arc<Mutex<State>>,
    carried: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    arrivals: VecDeque<io::Result<DuplexStream>>,
    acceptor: Option<task::Waker>,
}

impl Pipes {
    /// How many bytes were written to all pipes.
    #[allow(dead_code, reason = "the tests that share this transport do not ask")]
    pub(crate) fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }

    /// Queues this stream, or this error, for the listener to return next.
    pub(crate) fn arrive(&self, arrival: io::Result<DuplexStream>) {
        let mut state = self.state();
        state.arrivals.push_back(arrival);
        state.acceptor.take().into_iter().for_each(task::Waker::wake);
    }

    fn duplex(&self, stream: DuplexStream) -> Duplex {
        let (read, write) = tokio::io::split(stream);
        Duplex::new(Read(read), Write(write, Arc::clone(&self.carried)))
    }

    fn layers(scope: Scope) -> Vec<LayerBuf> {
        // A pipe can be reached within this process only.
        if scope == Scope::Device { LayerBuf::new("pipe", ["one"]).into_iter().collect() } else { Vec::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Pipes {
    fn name(&self) -> &str {
        "pipe"
    }

    /// Pipes do not leave the program.
    fn max_scope(&self) -> Option<Scope> {
        Some(Scope::Device)
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let is_ours = layer.name() == "pipe" && layer.fields().eq(["one"]);
        is_ours.then(|| Plan::dial(layer, self.clone()))
    }

    fn addresses(&self, _: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        Self::layers(scope)
    }

    fn listen<'a>(&'a self, _: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        let listener: Box<dyn Listener> = Box::new(self.clone());
        Box::pin(async { Ok(Some(listener)) })
    }
}

impl Dial for Pipes {
    fn dial<'a>(&'a self, _: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async {
            if self.state().arrivals.len() >= BACKLOG {
                return Err(io::Error::from(ErrorKind::ConnectionRefused).into());
            }
            let (near, far) = tokio::io::duplex(CAPACITY);
            self.arrive(Ok(far));
            Ok(Opened::new(self.duplex(near)))
        })
    }
}

impl Listener for Pipes {
    fn addresses(&self, scope: Scope) -> Vec<LayerBuf> {
        Self::layers(scope)
    }

    fn poll_accept(&self, cx: &mut task::Context<'_>) -> Poll<io::Result<Arrival>> {
        let mut state = self.state();
        match state.arrivals.pop_front() {
            // If a transport exchanges messages with the peer first, as a WebSocket does for its upgrade, it does so in
            // the opening.
            Some(Ok(stream)) => {
                let io = self.duplex(stream);
                Poll::Ready(Ok(Arrival::opening(|_| Box::pin(async { Ok(Opened::new(io)) }))))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => {
                state.acceptor = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The half of a pipe that is read, with the traits of futures-io.
struct Read(ReadHalf<DuplexStream>);

/// The half of a pipe that is written, with the traits of futures-io; counts the bytes.
struct Write(WriteHalf<DuplexStream>, Arc<AtomicU64>);

impl futures_io::AsyncRead for Read {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        task::ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl futures_io::AsyncWrite for Write {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = task::ready!(Pin::new(&mut self.0).poll_write(cx, bytes))?;
        self.1.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
