//! A byte stream over a WebSocket of the browser.

use futures_io::{AsyncRead, AsyncWrite};
use js_sys::{ArrayBuffer, Uint8Array};
use multiserver_compose::{BoxFuture, Runtime};
use multiserver_io::Duplex;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// How many bytes the browser may have to send before writing waits.
const MOST_UNSENT: u32 = 1024 * 1024;

/// How many bytes may have come and not been read; more end the connection, since a WebSocket cannot be asked to wait.
const MOST_UNREAD: usize = 16 * 1024 * 1024;

/// What reading ends with after a message of text.
pub(crate) const TEXT: &str = "the peer sent text in the place of bytes";

/// What reading ends with when the WebSocket ended in no order.
pub(crate) const CUT: &str = "the WebSocket was cut";

/// The most bytes in one message that is sent.
pub(crate) const LONGEST_MESSAGE: usize = 64 * 1024;

/// How long to wait before looking again whether the browser has sent enough; it tells nobody when it has.
const PAUSE: Duration = Duration::from_millis(4);

/// What the events of a WebSocket change.
struct State {
    socket: WebSocket,
    is_open: bool,
    /// What has come and was not read, in one piece: messages of few bytes take no more memory than their bytes.
    received: VecDeque<u8>,
    /// Over: `Ok` where the peer has closed it in order.
    closed: Option<Result<(), String>>,
    /// Whoever waits for the WebSocket to open, and then the reader.
    waker: Option<Waker>,
}

impl State {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn end(&mut self, how: Result<(), String>) {
        self.closed.get_or_insert(how);
        self.wake();
    }

    /// Cuts the peer off, which may be sending still.
    fn fail(&mut self, reason: &str) {
        self.end(Err(reason.to_owned()));
        let _ = self.socket.close();
    }
}

/// A WebSocket, closed when this is dropped.
struct Socket {
    socket: WebSocket,
    state: Rc<RefCell<State>>,
    /// What the browser calls; it must not outlive its registration.
    _events: [Closure<dyn FnMut(JsValue)>; 4],
}

/// Opens the WebSocket at this URL.
pub(crate) async fn open(url: &str, runtime: &Arc<dyn Runtime>) -> io::Result<Duplex> {
    let socket = Rc::new(Socket::new(WebSocket::new(url).map_err(refused)?));
    poll_fn(|cx| {
        let state = &mut *socket.state.borrow_mut();
        match &state.closed {
            _ if state.is_open => Poll::Ready(Ok(())),
            Some(_) => Poll::Ready(Err(not_opened())),
            None => state.wait(cx),
        }
    })
    .await?;
    let write = SocketWriter { socket: Rc::clone(&socket), runtime: Arc::clone(runtime), pause: None };
    Ok(Duplex::new(SocketReader(socket), write))
}

/// The error of a URL that the browser does not take.
pub(crate) fn refused(error: JsValue) -> io::Error {
    let reason = String::from(js_sys::Error::from(error).message());
    io::Error::new(ErrorKind::InvalidInput, format!("the browser opens no such WebSocket: {reason}"))
}

/// The error of a WebSocket that does not open.
pub(crate) fn not_opened() -> io::Error {
    let words = "the browser could not open the WebSocket; it does not tell pages why";
    io::Error::new(ErrorKind::ConnectionRefused, words)
}

/// What reading and writing end with for this reason.
pub(crate) fn ended(reason: &str) -> io::Error {
    io::Error::new(ErrorKind::ConnectionAborted, reason.to_owned())
}

impl Socket {
    fn new(socket: WebSocket) -> Self {
        socket.set_binary_type(BinaryType::Arraybuffer);
        let state = Rc::new(RefCell::new(State {
            socket: socket.clone(),
            is_open: false,
            received: VecDeque::new(),
            closed: None,
            waker: None,
        }));
        let event = |change: fn(&mut State, JsValue)| {
            let state = Rc::clone(&state);
            Closure::<dyn FnMut(JsValue)>::new(move |event| change(&mut state.borrow_mut(), event))
        };
        let events = [event(opened), event(received), event(closed), event(failed)];
        let [on_open, on_message, on_close, on_error] =
            events.each_ref().map(|closure| Some(closure.as_ref().unchecked_ref()));
        socket.set_onopen(on_open);
        socket.set_onmessage(on_message);
        socket.set_onclose(on_close);
        socket.set_onerror(on_error);
        Self { socket, state, _events: events }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        self.socket.set_onerror(None);
        let _ = self.socket.close();
    }
}

fn opened(state: &mut State, _: JsValue) {
    state.is_open = true;
    state.wake();
}

fn received(state: &mut State, event: JsValue) {
    let data = event.unchecked_into::<MessageEvent>().data();
    let Ok(buffer) = data.dyn_into::<ArrayBuffer>() else {
        return state.fail(TEXT);
    };
    let message = Uint8Array::new(&buffer).to_vec();
    if state.closed.is_some() {
        return;
    }
    if state.received.len().saturating_add(message.len()) > MOST_UNREAD {
        let most = MOST_UNREAD / 1024 / 1024;
        return state.fail(&format!("the peer sent more than {most} MiB that this page has not read"));
    }
    state.received.extend(&message);
    state.wake();
}

fn closed(state: &mut State, event: JsValue) {
    let event = event.unchecked_into::<CloseEvent>();
    state.end(if event.was_clean() { Ok(()) } else { Err(CUT.to_owned()) });
}

fn failed(state: &mut State, _: JsValue) {
    state.end(Err("the WebSocket failed".to_owned()));
}

struct SocketReader(Rc<Socket>);

impl AsyncRead for SocketReader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let state = &mut *self.0.state.borrow_mut();
        match &state.closed {
            _ if !state.received.is_empty() => Poll::Ready(state.received.read(into)),
            Some(Ok(())) => Poll::Ready(Ok(0)),
            Some(Err(reason)) => Poll::Ready(Err(ended(reason))),
            None => state.wait(cx),
        }
    }
}

struct SocketWriter {
    socket: Rc<Socket>,
    runtime: Arc<dyn Runtime>,
    /// Runs while the browser has too much to send.
    pause: Option<BoxFuture<'static, ()>>,
}

impl SocketWriter {
    /// Ready while the socket is open, and the browser has no more than this many bytes to send.
    fn poll_unsent(&mut self, cx: &mut Context<'_>, most: u32) -> Poll<io::Result<()>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match &self.socket.state.borrow().closed {
                None => {}
                Some(Ok(())) => return Poll::Ready(Err(ErrorKind::BrokenPipe.into())),
                Some(Err(reason)) => return Poll::Ready(Err(ended(reason))),
            }
            if self.socket.socket.buffered_amount() <= most {
                return Poll::Ready(Ok(()));
            }
            self.pause = Some(self.runtime.sleep(PAUSE));
        }
    }
}

impl AsyncWrite for SocketWriter {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_unsent(cx, MOST_UNSENT))?;
        let count = bytes.len().min(LONGEST_MESSAGE);
        let sent = self.socket.socket.send_with_u8_array(bytes.get(..count).unwrap_or_default());
        Poll::Ready(sent.map(|()| count).map_err(|_| ended("the browser sends nothing more")))
    }

    /// What was written is with the browser, which sends it without being asked.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// A WebSocket has no half that can be closed: it is closed when all is sent.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(cx, 0))?;
        Poll::Ready(self.socket.socket.close().map_err(|_| ErrorKind::BrokenPipe.into()))
    }
}
