//! A byte stream over a `WebSocketStream`, where the browser has them (<https://developer.mozilla.org/docs/Web/API/WebSocketStream>):
//! one that makes the peer wait while the page does not read.

use crate::socket::{CUT, LONGEST_MESSAGE, TEXT, ended, not_opened, refused};
use futures_io::{AsyncRead, AsyncWrite};
use js_sys::{Promise, Reflect, Uint8Array, global};
use multiserver_io::Duplex;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader, WritableStream, WritableStreamDefaultWriter};

#[wasm_bindgen]
extern "C" {
    type WebSocketStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(url: &str) -> Result<WebSocketStream, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn opened(this: &WebSocketStream) -> Promise;

    #[wasm_bindgen(method, catch)]
    fn close(this: &WebSocketStream) -> Result<(), JsValue>;
}

/// Closes the WebSocket when this is dropped.
struct Open(WebSocketStream);

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.0.close();
    }
}

/// Whether the browser has them.
pub(crate) fn are_there() -> bool {
    Reflect::has(&global(), &"WebSocketStream".into()).unwrap_or(false)
}

/// Opens the WebSocket at this URL.
pub(crate) async fn open(url: &str) -> io::Result<Duplex> {
    let open = Rc::new(Open(WebSocketStream::new(url).map_err(refused)?));
    let opened = JsFuture::from(open.0.opened()).await.map_err(|_| not_opened())?;
    let part = |name: &str| Reflect::get(&opened, &name.into()).unwrap_or_default();
    let (readable, writable) = (part("readable").dyn_into(), part("writable").dyn_into());
    let (Ok(readable), Ok(writable)) = (readable, writable) else { return Err(not_opened()) };
    let (readable, writable): (ReadableStream, WritableStream) = (readable, writable);
    let reader = readable.get_reader().unchecked_into();
    let writer = writable.get_writer().map_err(|_| not_opened())?;
    let read = StreamReader { open: Rc::clone(&open), reader, pending: None, message: Vec::new(), read: 0 };
    Ok(Duplex::new(read, StreamWriter { open, writer, pending: None }))
}

struct StreamReader {
    open: Rc<Open>,
    reader: ReadableStreamDefaultReader,
    /// A read that is under way.
    pending: Option<JsFuture>,
    /// The message that is read from, and how many bytes of it were read.
    message: Vec<u8>,
    read: usize,
}

impl AsyncRead for StreamReader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let rest = self.message.get(self.read..).unwrap_or_default();
            if !rest.is_empty() {
                let count = rest.len().min(into.len());
                let (Some(into), Some(from)) = (into.get_mut(..count), rest.get(..count)) else {
                    return Poll::Ready(Ok(0));
                };
                into.copy_from_slice(from);
                self.read += count;
                return Poll::Ready(Ok(count));
            }
            if self.pending.is_none() {
                self.pending = Some(JsFuture::from(self.reader.read()));
            }
            let Some(pending) = &mut self.pending else { return Poll::Pending };
            let result = ready!(Pin::new(pending).poll(cx));
            self.pending = None;
            let result = result.map_err(|_| ended(CUT))?;
            let part = |name: &str| Reflect::get(&result, &name.into()).unwrap_or_default();
            if part("done").is_truthy() {
                return Poll::Ready(Ok(0));
            }
            let value = part("value");
            if value.is_string() {
                let _ = self.open.0.close();
                return Poll::Ready(Err(ended(TEXT)));
            }
            (self.message, self.read) = (Uint8Array::new(&value).to_vec(), 0);
        }
    }
}

struct StreamWriter {
    open: Rc<Open>,
    writer: WritableStreamDefaultWriter,
    /// What was written last, or a wait until more can be.
    pending: Option<JsFuture>,
}

impl StreamWriter {
    /// Ready when what was written is with the browser.
    fn poll_pending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(pending) = &mut self.pending {
            let written = ready!(Pin::new(pending).poll(cx));
            self.pending = None;
            written.map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for StreamWriter {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_pending(cx))?;
        let message = bytes.get(..bytes.len().min(LONGEST_MESSAGE)).unwrap_or_default();
        self.pending = Some(JsFuture::from(self.writer.write_with_chunk(&Uint8Array::from(message))));
        Poll::Ready(Ok(message.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_pending(cx)
    }

    /// A WebSocket has no half that can be closed: it is closed when all is sent.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pending(cx))?;
        Poll::Ready(self.open.0.close().map_err(|_| ErrorKind::BrokenPipe.into()))
    }
}
