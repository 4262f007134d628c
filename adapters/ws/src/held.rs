//! The stream below a WebSocket. It holds the peer's Close frame back from the library until it is released.
//!
//! The library answers a Close frame as soon as it has read one, and writes nothing after its answer. A peer that
//! has finished sending may still be reading, yet sends Close because it cannot half-close (npm multiserver does).

use crate::Error;
use async_tungstenite::tungstenite::protocol::Role;
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_io::bytes_after_the_end;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

/// The opcode of a frame that continues a message (RFC 6455, section 5.2).
const CONTINUATION: u8 = 0;

/// The first opcode of control frames, which stand between the fragments of messages (RFC 6455, section 5.5).
const FIRST_CONTROL: u8 = 8;

/// The bit of a message's last frame (RFC 6455, section 5.2).
const FINAL: u8 = 0x80;

/// The most bytes that a message may have before its sender is proven: more than any message of a handshake.
const LONGEST_UNPROVEN: u64 = 4096;

/// The opcode of a Close frame (RFC 6455, section 5.5.1).
const CLOSE: u8 = 8;

/// The first byte of a Close frame, which is never fragmented and has no extension bits (RFC 6455, section 5.2).
const WHOLE_CLOSE: u8 = 0x80 | CLOSE;

/// The most bytes of payload that a Close frame may have (RFC 6455, section 5.5).
const LONGEST_CLOSE: usize = 125;

/// How many reads in a row may return bytes at once before other tasks get to run.
///
/// The library reads on within one poll as long as the peer's frames complete no message, as empty fragments do.
const READS_IN_A_ROW: usize = 32;

/// A stream whose reader waits at a Close frame until it is released.
#[derive(Debug)]
pub(crate) struct Held<S> {
    io: S,
    /// The bytes that were read from the stream and not yet passed to the reader.
    rest: Vec<u8>,
    frames: Frames,
    state: State,
    /// Whether a Close frame was released, behind which the bytes mean nothing.
    is_over: bool,
    /// How many reads have returned bytes since one had to wait.
    reads: usize,
    /// Whether bytes were read since [`take_activity`](Self::take_activity).
    is_active: bool,
    /// Set once the peer is proven; until then its messages have to be short. `None` if they may be long from the
    /// start.
    is_proven: Option<Arc<AtomicBool>>,
    /// Whether the peer masks its frames, as clients do.
    is_masked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No Close frame has begun.
    Flowing,
    /// `rest` begins with a part of a Close frame.
    Closing,
    /// `rest` begins with a whole Close frame.
    AtClose,
    /// The reader has all that comes, Close frames too.
    Released,
}

/// The position of the next byte within the peer's frames.
#[derive(Debug, Default)]
struct Frames {
    /// The bytes of a frame's header so far.
    header: Vec<u8>,
    /// How many bytes of the payload are still to come.
    payload: u64,
    /// How many bytes the fragments of the current message have so far.
    message: u64,
    /// How many bytes the longest message so far had.
    longest: u64,
    /// Whether fragments of the message are still to come.
    is_message_open: bool,
}

impl<S> Held<S> {
    /// The stream from which these bytes were read already, for this side's role.
    pub(crate) fn new(io: S, rest: Vec<u8>, role: Role) -> Self {
        let is_masked = role == Role::Server;
        Self {
            io,
            rest,
            frames: Frames::default(),
            state: State::Flowing,
            is_over: false,
            reads: 0,
            is_active: false,
            is_proven: None,
            is_masked,
        }
    }

    /// Resets the count of reads in a row, for a caller that cannot be woken to go on.
    pub(crate) fn begin_row(&mut self) {
        self.reads = 0;
    }

    /// Refuses longer messages than a handshake needs until this is set.
    pub(crate) fn bound_until(&mut self, is_proven: Arc<AtomicBool>) {
        self.is_proven = Some(is_proven);
    }

    /// Fails when the peer has begun too long a message before it is proven: the library would assemble it.
    fn check_length(&mut self) -> io::Result<()> {
        let Some(is_proven) = &self.is_proven else { return Ok(()) };
        if is_proven.load(Ordering::Acquire) {
            self.is_proven = None;
            return Ok(());
        }
        if self.frames.longest > LONGEST_UNPROVEN {
            Err(Error::LongBeforeProof(LONGEST_UNPROVEN).into())
        } else {
            Ok(())
        }
    }

    /// Whether bytes were read since this was called last.
    pub(crate) fn take_activity(&mut self) -> bool {
        std::mem::take(&mut self.is_active)
    }

    /// Whether the peer's Close frame has arrived and the reader has read everything before it.
    pub(crate) fn is_at_close(&self) -> bool {
        self.state == State::AtClose
    }

    /// The code in the Close frame that is held, if the frame has one (RFC 6455, section 5.5.1).
    pub(crate) fn close_code(&self) -> Option<u16> {
        let (header, length) = sizes(&self.rest)?;
        let (head, behind) = self.rest.split_at_checked(header)?;
        let payload = behind.get(..usize::try_from(length).ok()?)?;
        let code = [*payload.first()?, *payload.get(1)?];
        let mask = head.get(2..).filter(|mask| !mask.is_empty()).unwrap_or(&[0, 0]);
        let unmasked = [code[0] ^ mask.first()?, code[1] ^ mask.get(1)?];
        (self.state == State::AtClose).then(|| u16::from_be_bytes(unmasked))
    }

    /// Whether the reader has whole messages only, and no part of another.
    pub(crate) fn is_between_messages(&self) -> bool {
        let Frames { header, payload, is_message_open, .. } = &self.frames;
        self.state == State::Flowing && header.is_empty() && *payload == 0 && !is_message_open
    }

    /// Whether a part of a message has come whose last fragment has not.
    pub(crate) const fn is_amid_message(&self) -> bool {
        self.frames.is_message_open
    }

    /// Lets the reader have the Close frame and all behind it.
    pub(crate) fn release(&mut self) {
        self.state = State::Released;
        self.begin_row();
    }
}

impl<S: AsyncRead + Unpin> Held<S> {
    /// Reads from `rest`, or else from the stream, without looking at the frames.
    fn poll_any(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.rest.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let count = self.rest.len().min(buffer.len());
        for (slot, byte) in buffer.iter_mut().zip(self.rest.drain(..count)) {
            *slot = byte;
        }
        Poll::Ready(Ok(count))
    }

    /// Ready when the stream has ended after the Close frame that is held back.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_at_close() {
            return Poll::Pending;
        }
        let count = ready!(Pin::new(&mut self.io).poll_read(cx, &mut [0; 1]))?;
        Poll::Ready(if count == 0 { Ok(()) } else { Err(bytes_after_the_end()) })
    }

    /// Whether the first two bytes of `rest` can begin a Close frame.
    fn begins_well(&self) -> bool {
        match self.rest.as_slice() {
            [first, second, ..] => *first == WHOLE_CLOSE && (second & 0x80 != 0) == self.is_masked,
            _ => false,
        }
    }

    /// Reads on until the Close frame is whole. A frame that is invalid or cut short is passed to the reader, which
    /// reports the error.
    fn poll_close_frame(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let frame =
                sizes(&self.rest).map(|(header, payload)| (header, usize::try_from(payload).unwrap_or(usize::MAX)));
            match frame {
                Some((_, payload)) if !self.begins_well() || !is_close_payload(payload) => break,
                Some((header, payload)) if self.rest.len() >= header + payload => {
                    self.state = State::AtClose;
                    return Poll::Ready(Ok(()));
                }
                Some(_) | None => {}
            }
            let mut buffer = [0; LONGEST_CLOSE];
            let count = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
            self.rest.extend(buffer.iter().take(count));
            if count == 0 {
                break;
            }
        }
        self.release();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.reads >= READS_IN_A_ROW {
            self.reads = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = self.poll_to_close(cx, buffer);
        self.reads = if read.is_ready() { self.reads + 1 } else { 0 };
        read
    }
}

impl<S: AsyncRead + Unpin> Held<S> {
    /// Notes what the peer has sent. If a Close frame begins there, returns how many bytes come before it.
    fn follow(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        self.is_active |= !bytes.is_empty();
        if self.is_over {
            return Ok(None);
        }
        let before = self.frames.before_close(bytes);
        self.is_over = self.state == State::Released && before.is_some();
        self.check_length().map(|()| before)
    }

    /// Reads up to a Close frame and, once it is released, past it.
    fn poll_to_close(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.state {
                State::Released => {
                    let count = ready!(self.poll_any(cx, buffer))?;
                    self.follow(buffer.get(..count).unwrap_or_default())?;
                    return Poll::Ready(Ok(count));
                }
                // The reader checks `is_at_close` then, so it needs no waker.
                State::AtClose => return Poll::Pending,
                State::Closing => ready!(self.poll_close_frame(cx))?,
                State::Flowing => {
                    let count = ready!(self.poll_any(cx, buffer))?;
                    let bytes = buffer.get(..count).unwrap_or_default();
                    let Some(before) = self.follow(bytes)? else { return Poll::Ready(Ok(count)) };
                    self.rest.splice(..0, bytes.iter().skip(before).copied());
                    self.state = State::Closing;
                    if before > 0 {
                        return Poll::Ready(Ok(before));
                    }
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_close(cx)
    }
}

impl Frames {
    /// Follows the frames in the peer's next bytes. If a Close frame begins there, returns how many bytes come before
    /// it.
    fn before_close(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut taken = 0;
        while let Some(next) = bytes.get(taken).copied() {
            if self.payload > 0 {
                let left = bytes.len() - taken;
                let count = usize::try_from(self.payload).unwrap_or(usize::MAX).min(left);
                self.payload -= u64::try_from(count).unwrap_or_default();
                taken += count;
                continue;
            }
            if self.header.is_empty() && next & 0x0f == CLOSE {
                return Some(taken);
            }
            self.header.push(next);
            taken += 1;
            if let Some((_, payload)) = sizes(&self.header) {
                let first = self.header.first().copied().unwrap_or_default();
                match first & 0x0f {
                    CONTINUATION => self.message = self.message.saturating_add(payload),
                    FIRST_CONTROL.. => {}
                    _ => self.message = payload,
                }
                if first & 0x0f < FIRST_CONTROL {
                    self.is_message_open = first & FINAL == 0;
                }
                self.longest = self.longest.max(self.message);
                self.header.clear();
                self.payload = payload;
            }
        }
        None
    }
}

/// Whether a Close frame's payload may have this many bytes: none, or a code of two bytes and a reason.
fn is_close_payload(length: usize) -> bool {
    length != 1 && length <= LONGEST_CLOSE
}

/// The sizes in bytes of the header and the payload of the frame that begins here (RFC 6455, section 5.2); `None` while
/// the header is incomplete.
fn sizes(frame: &[u8]) -> Option<(usize, u64)> {
    let second = *frame.get(1)?;
    let length_bytes = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask_bytes = if second & 0x80 == 0 { 0 } else { 4 };
    let header = 2 + length_bytes + mask_bytes;
    let length = frame.get(..header)?.get(2..2 + length_bytes)?;
    let short = u64::from(second & 0x7f);
    let payload =
        if length.is_empty() { short } else { length.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)) };
    Some((header, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with this opcode and a payload of this many bytes that look like Close frames.
    fn frame(opcode: u8, length: usize, mask: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode];
        let mask_bit = if mask.is_empty() { 0 } else { 0x80 };
        match length {
            0..126 => frame.push(mask_bit | u8::try_from(length).unwrap()),
            126..0x1_0000 => {
                frame.push(mask_bit | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(mask_bit | 127);
                frame.extend(u64::try_from(length).unwrap().to_be_bytes());
            }
        }
        frame.extend(mask);
        frame.extend(vec![0x88; length]);
        frame
    }

    #[test]
    fn the_close_frame_is_found_however_the_bytes_are_split() {
        for mask in [[].as_slice(), &[0x88; 4]] {
            let lengths = [0, 1, 125, 126, 127, 0xffff, 0x1_0000];
            let before: Vec<_> = lengths.into_iter().flat_map(|length| frame(2, length, mask)).collect();
            let all = [before.as_slice(), &frame(9, 3, mask), &frame(8, 2, mask)].concat();
            let close = all.len() - frame(8, 2, mask).len();
            for size in [1, 2, 3, 7, 4096, all.len()] {
                let mut frames = Frames::default();
                let mut taken = 0;
                let found = all.chunks(size).find_map(|chunk| {
                    let found = frames.before_close(chunk);
                    taken += found.unwrap_or(chunk.len());
                    found
                });
                assert_eq!((found.is_some(), taken), (true, close), "chunks of {size} bytes");
            }
        }
    }
}
