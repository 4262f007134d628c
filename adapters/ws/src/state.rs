//! The state that both halves of a WebSocket share: messages, control frames, the timer and the end.
//!
//! ```text
//! open ─ peer's Close, held back ─▶ its bytes are over ─ ours ended, or nothing sent for linger ─▶ closing
//!   └─────────────────────────── ours ended, or dropped ───────────────────────────────────────▶ closing
//! closing ─ both Close frames out ─▶ closed        closing ─ peer silent for linger ─▶ failed
//! ```

use crate::below::{Below, ReadAhead};
use crate::config::{LONGEST_SENT, SMALL_BUFFER};
use crate::error::{code_for, into_io};
use crate::held::Held;
use crate::wakers::{Half, Wakers};
use crate::{Config, Error, Timer};
use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::Utf8Bytes;
use async_tungstenite::tungstenite::protocol::frame::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};
use bytes::Bytes;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::{FutureExt, Sink, Stream};
use multiserver_io::bytes_after_the_end;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// How many empty messages one poll reads in a row before other tasks get to run.
const EMPTY_PER_POLL: usize = 32;

/// How many messages of the peer are read when the last half is dropped, so that unread bytes do not make the system
/// reset the connection before the Close frame arrives.
const TAKEN_AT_DROP: usize = 8;

/// The shortest time between two checks of the timer.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// The state that the halves share, behind a lock, since the library's WebSocket cannot be split without one.
pub(crate) struct State<S> {
    socket: WebSocketStream<Below<S>>,
    below: Below<S>,
    role: Role,
    config: WebSocketConfig,
    wakers: Wakers,
    /// The rest of the message that is being read.
    message: Bytes,
    end: Option<End>,
    /// Whether this side has begun to send its Close frame, after which nothing can be written.
    is_closing: bool,
    /// Whether the peer's Close frame was read, and is to be answered when this side sends nothing more for a while.
    is_answer_due: bool,
    /// Whether the library has a larger buffer than it begins with.
    has_grown: bool,
    /// How many bytes were written since the last flush.
    unflushed: usize,
    /// Whether the library has a ping or the answer to one that may not be out.
    has_control: bool,
    /// Whether the library has had all that has come.
    is_waiting: bool,
    /// Whether something was sent since the timer was set.
    is_active: bool,
    is_half_dropped: bool,
    timer: Timer,
    sleep: Pin<Box<dyn Future<Output = ()> + Send>>,
    ping_every: Duration,
    linger: Duration,
}

/// How reading ended; it ends the same way at every later read.
#[derive(Debug, Clone, Copy)]
enum End {
    Clean,
    Failed(ErrorKind),
}

/// The end that a Close frame with this code means: a proper one for 1000 (normal), 1001 (going away) or no code, and
/// an error for any other, or when a part of a message is before it.
fn end_of(code: Option<u16>, is_amid_message: bool) -> Result<(), Error> {
    match code {
        _ if is_amid_message => Err(Error::AmidMessage),
        None | Some(1000 | 1001) => Ok(()),
        Some(code) => Err(Error::Abnormal(code)),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> State<S> {
    /// The WebSocket over this stream, from which the bytes in `read` were read already.
    pub(crate) async fn new(io: S, read: Vec<u8>, role: Role, config: &Config, timer: &Timer) -> Self {
        let below = Below::new(Held::new(ReadAhead::new(io), read, role));
        let messages = config.of_messages();
        let socket = WebSocketStream::from_raw_socket(below.clone(), role, Some(messages)).await;
        // Check twice per interval, so that the gap before a ping never exceeds `ping_every`.
        let ping_every = (config.ping_every / 2).max(SHORTEST_WAIT);
        Self {
            socket,
            below,
            role,
            config: messages,
            has_grown: false,
            unflushed: 0,
            has_control: false,
            is_waiting: false,
            wakers: Wakers::new(),
            message: Bytes::new(),
            end: None,
            is_closing: false,
            is_answer_due: false,
            is_active: false,
            is_half_dropped: false,
            timer: Arc::clone(timer),
            sleep: timer(ping_every),
            ping_every,
            linger: config.linger.max(SHORTEST_WAIT),
        }
    }

    /// See [`WebSocket::bound_until`](crate::WebSocket::bound_until).
    pub(crate) fn bound_until(&mut self, is_proven: Arc<AtomicBool>) {
        self.below.lock().bound_until(is_proven);
    }

    pub(crate) fn poll_read(&mut self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if self.message.is_empty() {
            let waker = self.wakers.waiting(Half::Read, cx);
            let received = ready!(self.poll_message(&mut Context::from_waker(&waker)));
            if let Err(error) = received {
                self.end = Some(End::Failed(error.kind()));
                return Poll::Ready(Err(error));
            }
        }
        let count = self.message.len().min(buffer.len());
        for (slot, byte) in buffer.iter_mut().zip(self.message.split_to(count)) {
            *slot = byte;
        }
        Poll::Ready(Ok(count))
    }

    /// Ready when the peer has sent its Close frame, and either the stream below has ended or this side's Close frame
    /// is sent as well. This side answers the peer's frame when it has sent nothing for the time of [`Config::linger`].
    pub(crate) fn poll_closed(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let waker = self.wakers.waiting(Half::Read, cx);
        let cx = &mut Context::from_waker(&waker);
        if self.end.is_none() {
            let received = ready!(self.poll_message(cx));
            if let Err(error) =
                received.and_then(|()| if self.end.is_none() { Err(bytes_after_the_end()) } else { Ok(()) })
            {
                self.end = Some(End::Failed(error.kind()));
                return Poll::Ready(Err(error));
            }
        }
        if let Some(End::Failed(kind)) = self.end {
            return Poll::Ready(Err(kind.into()));
        }
        if !self.is_closing && !self.is_answer_due {
            self.is_answer_due = true;
            self.is_active = false;
            self.sleep = (self.timer)(self.linger);
        }
        self.poll_time(cx)?;
        if self.is_closing { self.poll_ending(cx) } else { self.below.lock().poll_end(cx) }
    }

    /// Ready when there are bytes of a message to read, or when no more will come.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        for _ in 0..EMPTY_PER_POLL {
            match self.end {
                Some(End::Clean) => return Poll::Ready(Ok(())),
                Some(End::Failed(kind)) => return Poll::Ready(Err(kind.into())),
                None => {}
            }
            if self.is_closing {
                // Goes on sending the Close frame when the write half was dropped before it was sent. If writing fails,
                // the peer's earlier bytes can still be read.
                let _ = self.poll_ending(cx);
            } else {
                self.poll_time(cx)?;
            }
            let polled = Pin::new(&mut self.socket).poll_next(cx);
            self.is_waiting = polled.is_pending();
            let message = match polled {
                Poll::Ready(Some(Ok(message))) => message,
                Poll::Ready(Some(Err(error))) => {
                    if let Some(code) = code_for(&error)
                        && !self.is_closing
                    {
                        self.close_with(code, cx);
                    }
                    return Poll::Ready(Err(into_io(error)));
                }
                Poll::Ready(None) => Message::Close(None),
                Poll::Pending if self.below.lock().is_at_close() => {
                    self.end = Some(End::Clean);
                    let held = self.below.lock();
                    end_of(held.close_code(), held.is_amid_message())?;
                    continue;
                }
                Poll::Pending => {
                    if self.is_closing {
                        // Only now: what has come is read, however late.
                        self.poll_time(cx)?;
                    }
                    if self.has_grown && self.has_control {
                        // Should it fail, reading finds the end.
                        let _ = self.poll_flushed(cx);
                    }
                    self.shed();
                    return Poll::Pending;
                }
            };
            match message {
                Message::Binary(bytes) if bytes.is_empty() => {}
                Message::Binary(bytes) => {
                    self.has_grown |= bytes.len() > SMALL_BUFFER;
                    self.message = bytes;
                    return Poll::Ready(Ok(()));
                }
                Message::Close(frame) => {
                    self.end = Some(End::Clean);
                    // Sends what is left to send; an error here shows again when reading finds the end.
                    let _ = Pin::new(&mut self.socket).poll_flush(cx);
                    end_of(frame.map(|frame| frame.code.into()), self.below.lock().is_amid_message())?;
                }
                Message::Text(_) => {
                    self.close_with(CloseCode::Unsupported, cx);
                    return Poll::Ready(Err(Error::TextMessage.into()));
                }
                // The library has its answer to a ping ready, and sends it with the next read or flush.
                Message::Ping(_) => self.has_control = true,
                Message::Pong(_) | Message::Frame(_) => {}
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// When the timer ends, sends a ping, or the answer to the peer's Close frame. While closing, it fails when the
    /// peer was silent for too long.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.sleep.as_mut().poll(cx).is_ready() {
            let has_received = self.below.lock().take_activity();
            let was_active = std::mem::take(&mut self.is_active);
            let is_ending = self.is_closing || self.is_answer_due;
            self.sleep = (self.timer)(if is_ending { self.linger } else { self.ping_every });
            if was_active || self.is_closing && has_received {
                continue;
            }
            if self.is_closing {
                return Err(Error::Lingering.into());
            }
            if self.is_answer_due {
                let _ = self.poll_ending(cx);
            } else if !has_received {
                self.ping(cx);
            }
        }
        Ok(())
    }

    /// Sends a ping, unless something else is still to be sent, since then the connection is not idle. If sending
    /// fails, the peer's earlier bytes can still be read, and reading then finds the end.
    fn ping(&mut self, cx: &mut Context<'_>) {
        let is_ready = matches!(Pin::new(&mut self.socket).poll_ready(cx), Poll::Ready(Ok(())));
        if is_ready && Pin::new(&mut self.socket).start_send(Message::Ping(Bytes::new())).is_ok() {
            self.has_control = true;
            let _ = Pin::new(&mut self.socket).poll_flush(cx);
        }
    }

    pub(crate) fn poll_write(&mut self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_closing {
            return Poll::Ready(Err(io::Error::new(ErrorKind::BrokenPipe, "written after the WebSocket was closed")));
        }
        let Some(bytes) = bytes.get(..bytes.len().min(LONGEST_SENT)).filter(|bytes| !bytes.is_empty()) else {
            return Poll::Ready(Ok(0));
        };
        let waker = self.wakers.waiting(Half::Write, cx);
        ready!(Pin::new(&mut self.socket).poll_ready(&mut Context::from_waker(&waker))).map_err(into_io)?;
        let message = Message::Binary(Bytes::copy_from_slice(bytes));
        Pin::new(&mut self.socket).start_send(message).map_err(into_io)?;
        self.is_active = true;
        self.unflushed = self.unflushed.saturating_add(bytes.len());
        self.has_grown |= self.unflushed > SMALL_BUFFER;
        Poll::Ready(Ok(bytes.len()))
    }

    pub(crate) fn poll_flush(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let waker = self.wakers.waiting(Half::Write, cx);
        ready!(self.poll_flushed(&mut Context::from_waker(&waker)))?;
        self.shed();
        Poll::Ready(Ok(()))
    }

    /// Ready when all that was written is out, control frames as well.
    fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(cx)).map_err(into_io)?;
        (self.unflushed, self.has_control) = (0, false);
        Poll::Ready(Ok(()))
    }

    /// Replaces the library's WebSocket when it has grown and nothing is in it, since its buffers stay as large as its
    /// longest message otherwise: it is between two messages, and all that it had to send is out.
    fn shed(&mut self) {
        let is_empty = self.is_waiting && self.unflushed == 0 && !self.has_control && self.message.is_empty();
        let is_open = self.end.is_none() && !self.is_closing;
        if self.has_grown && is_empty && is_open && self.below.lock().is_between_messages() {
            let socket = WebSocketStream::from_raw_socket(self.below.clone(), self.role, Some(self.config));
            if let Some(socket) = socket.now_or_never() {
                self.socket = socket;
                self.has_grown = false;
            }
        }
    }

    /// Closes this side's direction, and tells the writer when it is over.
    pub(crate) fn poll_close(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let waker = self.wakers.waiting(Half::Write, cx);
        self.poll_ending(&mut Context::from_waker(&waker))
    }

    /// Sends the Close frame; once begun, this has to be polled until it is ready. A server then ends its direction of
    /// the stream, since clients wait for that (RFC 6455, section 7.1.1).
    fn poll_ending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_closing {
            self.is_closing = true;
            self.is_active = false;
            self.below.lock().take_activity();
            self.sleep = (self.timer)(self.linger);
            self.take_held_close(cx);
            // Wakes the reader, which has to poll the new timer.
            self.wakers.both().wake_by_ref();
        }
        ready!(Pin::new(&mut self.socket).poll_close(cx)).map_err(into_io)?;
        match self.role {
            Role::Server => Pin::new(self.socket.get_mut()).poll_close(cx),
            Role::Client => Poll::Ready(Ok(())),
        }
    }

    /// Lets the library read the Close frame that was held back, so that it answers it with this side's.
    fn take_held_close(&mut self, cx: &mut Context<'_>) {
        let is_at_close = self.below.lock().is_at_close();
        if is_at_close && !matches!(self.end, Some(End::Failed(_))) {
            let held = self.below.lock();
            let end = end_of(held.close_code(), held.is_amid_message());
            drop(held);
            self.end = Some(end.map_or_else(|error| End::Failed(io::Error::from(error).kind()), |()| End::Clean));
        }
        self.below.lock().release();
        if is_at_close {
            let _ = Pin::new(&mut self.socket).poll_next(cx);
        }
    }

    /// Sends the peer a Close frame with this code, as far as that is possible without waiting.
    fn close_with(&mut self, code: CloseCode, cx: &mut Context<'_>) {
        self.is_closing = true;
        self.below.lock().release();
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static("") };
        if Pin::new(&mut self.socket).start_send(Message::Close(Some(frame))).is_ok() {
            let _ = Pin::new(&mut self.socket).poll_flush(cx);
        }
    }

    /// Does what can be done without waiting when a half is dropped.
    pub(crate) fn drop_half(&mut self, half: Half) {
        let both: Waker = self.wakers.both().clone();
        let mut cx = Context::from_waker(&both);
        let is_last = std::mem::replace(&mut self.is_half_dropped, true);
        if is_last {
            self.below.lock().begin_row();
            for _ in 0..TAKEN_AT_DROP {
                if !matches!(Pin::new(&mut self.socket).poll_next(&mut cx), Poll::Ready(Some(Ok(_)))) {
                    break;
                }
            }
        }
        if is_last || matches!(half, Half::Write) {
            let _ = self.poll_ending(&mut cx);
        }
        if is_last {
            let _ = Pin::new(self.socket.get_mut()).poll_close(&mut cx);
        }
    }
}
