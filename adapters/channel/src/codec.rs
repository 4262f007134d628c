//! The messages, as text.
//!
//! ```text
//! {"type":"data","format":"buffer","data":"aGVsbG8=","seq":1}      bytes, in base64
//! {"type":"end","seq":2}                                           nothing more is sent
//! {"type":"error","data":"reason","seq":2}                         nothing more is sent, since something failed
//! ```
//! Each direction counts its messages from 1. Channels may deliver them in another order.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// How many characters of a peer's reason for an error are kept.
const REASON: usize = 200;

/// Writes the messages of one direction, and counts them.
#[derive(Debug, Clone, Default)]
pub struct Encoder {
    sent: u64,
}

/// Reads the messages of one direction, and puts them in order.
///
/// Messages that arrive early are kept, within the [`Limits`]; no message is lost or delivered twice.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    limits: Limits,
    /// How many messages were taken out.
    taken: u64,
    waiting: BTreeMap<u64, Message>,
    /// The bytes of data in the messages that wait.
    held: usize,
}

/// The content of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The next bytes; a message with none is allowed and has no effect.
    Data(Vec<u8>),
    /// The peer sends nothing more.
    End,
    /// The peer sends nothing more, since something failed there; with the peer's reason, if it sent one as text.
    Failed(Option<String>),
}

/// How much a [`Decoder`] accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest message, in bytes of text.
    pub message: usize,
    /// How far ahead of the next expected message a message may be, in messages.
    pub ahead: u64,
    /// How many bytes of data may wait for earlier messages; the next expected message is not counted.
    pub held: usize,
}

/// An error of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A message is longer than allowed.
    #[error("the peer sent a message of {length} bytes, and {limit} are allowed")]
    TooLong {
        /// Its length in bytes of text.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A message is no JSON object with a `type` and a `seq`.
    #[error("the peer sent a message that is no JSON object with a type and a seq, at its byte {offset}")]
    NotAMessage {
        /// How many bytes of the message were understood.
        offset: usize,
    },
    /// A message has an unknown type.
    #[error("the peer sent a message, number {seq}, of an unknown type: expected data, end or error")]
    UnknownType {
        /// The message's number.
        seq: u64,
    },
    /// A message carries something other than bytes.
    #[error("the peer sent JSON in message {seq}, where only bytes, of format buffer, can be received")]
    NotBytes {
        /// The message's number.
        seq: u64,
    },
    /// A message's bytes are not in base64.
    #[error("the peer sent data in message {seq} that is not in base64")]
    NotBase64 {
        /// The message's number.
        seq: u64,
    },
    /// A message with this number came before.
    #[error("the peer sent message {seq} twice, or counts from 0 and not from 1")]
    Repeated {
        /// The message's number.
        seq: u64,
    },
    /// A message is too far ahead of the next expected one.
    #[error("the peer sent message {seq} while {expected} is missing, and at most {limit} messages wait for another")]
    TooFarAhead {
        /// The message's number.
        seq: u64,
        /// The number of the message that is waited for.
        expected: u64,
        /// The limit.
        limit: u64,
    },
    /// Too many bytes wait for a message that is missing.
    #[error("the peer sent more than {limit} bytes while message {expected} is missing")]
    TooMuchHeld {
        /// The number of the message that is waited for.
        expected: u64,
        /// The limit.
        limit: usize,
    },
}

impl Encoder {
    /// Starts with message 1.
    #[must_use]
    pub const fn new() -> Self {
        Self { sent: 0 }
    }

    /// The message that carries these bytes; its text is about 4/3 as long.
    #[must_use]
    pub fn data(&mut self, bytes: &[u8]) -> String {
        let (data, seq) = (BASE64.encode(bytes), self.next());
        format!(r#"{{"type":"data","format":"buffer","data":"{data}","seq":{seq}}}"#)
    }

    /// The message that ends this direction.
    #[must_use]
    pub fn end(&mut self) -> String {
        let seq = self.next();
        format!(r#"{{"type":"end","seq":{seq}}}"#)
    }

    /// The message that ends this direction because something failed.
    #[must_use]
    pub fn failed(&mut self, reason: &str) -> String {
        let (data, seq) = (Value::from(reason), self.next());
        format!(r#"{{"type":"error","data":{data},"seq":{seq}}}"#)
    }

    const fn next(&mut self) -> u64 {
        self.sent = self.sent.wrapping_add(1);
        self.sent
    }
}

impl Decoder {
    /// Expects message 1.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, taken: 0, waiting: BTreeMap::new(), held: 0 }
    }

    /// Takes a message from the channel.
    ///
    /// # Errors
    /// The peer violates the protocol, or exceeds the limits. Messages that came in order before can still be taken
    /// out.
    pub fn push(&mut self, text: &str) -> Result<(), Error> {
        if text.len() > self.limits.message {
            return Err(Error::TooLong { length: text.len(), limit: self.limits.message });
        }
        let wire = parse(text)?;
        let (seq, expected) = (wire.seq, self.taken.saturating_add(1));
        if seq < expected || self.waiting.contains_key(&seq) {
            return Err(Error::Repeated { seq });
        }
        if seq.saturating_sub(expected) > self.limits.ahead {
            return Err(Error::TooFarAhead { seq, expected, limit: self.limits.ahead });
        }
        let message = wire.read()?;
        let held = self.held.saturating_add(message.size());
        if seq != expected && held > self.limits.held {
            return Err(Error::TooMuchHeld { expected, limit: self.limits.held });
        }
        self.held = held;
        self.waiting.insert(seq, message);
        Ok(())
    }

    /// The next message in order, when it is there.
    pub fn pop(&mut self) -> Option<Message> {
        let next = self.taken.checked_add(1)?;
        let message = self.waiting.remove(&next)?;
        self.taken = next;
        self.held = self.held.saturating_sub(message.size());
        Some(message)
    }

    /// How many bytes of data wait to be taken.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }
}

impl Message {
    const fn size(&self) -> usize {
        match self {
            Self::Data(bytes) => bytes.len(),
            Self::End | Self::Failed(_) => 0,
        }
    }
}

impl Limits {
    /// The same with this value of [`message`](Self::message).
    #[must_use]
    pub const fn message(self, message: usize) -> Self {
        Self { message, ..self }
    }

    /// The same with this value of [`ahead`](Self::ahead).
    #[must_use]
    pub const fn ahead(self, ahead: u64) -> Self {
        Self { ahead, ..self }
    }

    /// The same with this value of [`held`](Self::held).
    #[must_use]
    pub const fn held(self, held: usize) -> Self {
        Self { held, ..self }
    }
}

impl Default for Limits {
    /// Messages of up to 4 MiB, up to 1,024 messages ahead, and up to 8 MiB of data that wait.
    fn default() -> Self {
        Self { message: 4 << 20, ahead: 1024, held: 8 << 20 }
    }
}

/// A message as JSON; unknown members are ignored.
#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    seq: u64,
    format: Option<String>,
    data: Option<Value>,
}

impl Wire {
    fn read(self) -> Result<Message, Error> {
        let seq = self.seq;
        match self.kind.as_str() {
            "data" => match (self.format.as_deref(), self.data) {
                (Some("buffer"), Some(Value::String(text))) => {
                    BASE64.decode(text.as_bytes()).map(Message::Data).map_err(|_| Error::NotBase64 { seq })
                }
                _ => Err(Error::NotBytes { seq }),
            },
            "end" => Ok(Message::End),
            "error" => Ok(Message::Failed(self.data.as_ref().and_then(reason))),
            _ => Err(Error::UnknownType { seq }),
        }
    }
}

/// The text of a reason, which is a string, or an object with a string `message`.
fn reason(data: &Value) -> Option<String> {
    let text = data.as_str().or_else(|| data.get("message")?.as_str())?;
    Some(text.chars().take(REASON).collect())
}

fn parse(text: &str) -> Result<Wire, Error> {
    // serde_json reads an array as a struct, its elements as the members in order; only an object is a message here.
    let start = text.trim_ascii_start();
    if !start.starts_with('{') {
        return Err(Error::NotAMessage { offset: text.len().saturating_sub(start.len()) });
    }
    serde_json::from_str(text).map_err(|error| not_a_message(text, &error))
}

/// The error with the offset at which the text stops being a message; the peer's text itself is left out.
fn not_a_message(text: &str, error: &serde_json::Error) -> Error {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let offset = lines.map(str::len).sum::<usize>().saturating_add(error.column());
    Error::NotAMessage { offset: offset.min(text.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(texts: &[&str]) -> Result<Vec<Message>, Error> {
        let mut decoder = Decoder::default();
        texts.iter().try_for_each(|text| decoder.push(text))?;
        Ok(std::iter::from_fn(|| decoder.pop()).collect())
    }

    fn data(seq: u64) -> String {
        format!(r#"{{"type":"data","format":"buffer","data":"aGk=","seq":{seq}}}"#)
    }

    #[test]
    fn messages_are_written_as_the_reference_does() {
        let mut encoder = Encoder::new();
        assert_eq!(encoder.data(b"hello"), r#"{"type":"data","format":"buffer","data":"aGVsbG8=","seq":1}"#);
        assert_eq!(encoder.failed("a \"b\"\n"), r#"{"type":"error","data":"a \"b\"\n","seq":2}"#);
        assert_eq!(encoder.end(), r#"{"type":"end","seq":3}"#);
    }

    #[test]
    fn messages_are_read_in_any_order_of_members() {
        let texts = [
            r#" {"seq":1,"extra":{"a":[1]},"data":"aGVsbG8=","format":"buffer","type":"data"} "#,
            r#"{"type":"data","format":"buffer","data":"","seq":2}"#,
            r#"{"type":"error","data":{"message":"broken"},"seq":3}"#,
            r#"{"type":"error","data":{},"seq":4}"#,
            r#"{"type":"end","seq":5}"#,
        ];
        let messages = [
            Message::Data(b"hello".to_vec()),
            Message::Data(Vec::new()),
            Message::Failed(Some("broken".to_owned())),
            Message::Failed(None),
            Message::End,
        ];
        assert_eq!(decode(&texts).unwrap(), messages);
    }

    #[test]
    fn a_long_reason_is_cut() {
        let text = Encoder::new().failed(&"é".repeat(1000));
        assert_eq!(decode(&[&text]).unwrap(), [Message::Failed(Some("é".repeat(REASON)))]);
    }

    #[test]
    fn what_is_no_message_is_refused_with_its_place_and_without_its_text() {
        for (text, offset) in [
            ("", 0),
            ("{", 1),
            (" secret", 1),
            ("[\"end\",1,null,null]", 0),
            (r#"{"type":"end"}"#, 14),
            (r#"{"type":"end","seq":-1}"#, 22),
            (r#"{"type":"end","seq":1.5}"#, 23),
            (r#"{"type":"end","seq":1}x"#, 23),
            ("{\"type\":\"end\",\n\"seq\":\"secret\"}", 29),
        ] {
            let error = decode(&[text]).unwrap_err();
            assert_eq!(error, Error::NotAMessage { offset }, "{text}");
            assert!(!error.to_string().contains("secret"));
        }
        let deep = format!(r#"{{"type":"error","seq":1,"data":{}}}"#, "[".repeat(100_000));
        assert!(matches!(decode(&[&deep]), Err(Error::NotAMessage { .. })));
    }

    #[test]
    fn what_carries_no_bytes_is_refused() {
        for (text, error) in [
            (r#"{"type":"data","format":"json","data":{"a":1},"seq":1}"#, Error::NotBytes { seq: 1 }),
            (r#"{"type":"data","data":"aGk=","seq":1}"#, Error::NotBytes { seq: 1 }),
            (r#"{"type":"data","format":"buffer","data":[1],"seq":1}"#, Error::NotBytes { seq: 1 }),
            (r#"{"type":"data","format":"buffer","seq":1}"#, Error::NotBytes { seq: 1 }),
            (r#"{"type":"data","format":"buffer","data":"a","seq":1}"#, Error::NotBase64 { seq: 1 }),
            (r#"{"type":"data","format":"buffer","data":"aGk","seq":1}"#, Error::NotBase64 { seq: 1 }),
            (r#"{"type":"ping","seq":1}"#, Error::UnknownType { seq: 1 }),
        ] {
            assert_eq!(decode(&[text]), Err(error), "{text}");
        }
    }

    #[test]
    fn no_number_comes_twice_or_from_too_far_ahead() {
        assert_eq!(decode(&[&data(0)]), Err(Error::Repeated { seq: 0 }));
        assert_eq!(decode(&[&data(2), &data(2)]), Err(Error::Repeated { seq: 2 }));
        let mut decoder = Decoder::new(Limits::default().ahead(2));
        decoder.push(&data(3)).unwrap();
        assert_eq!(decoder.push(&data(4)), Err(Error::TooFarAhead { seq: 4, expected: 1, limit: 2 }));
        assert_eq!(decoder.pop(), None);
        decoder.push(&data(1)).unwrap();
        assert!(decoder.pop().is_some());
        assert_eq!(decoder.push(&data(1)), Err(Error::Repeated { seq: 1 }));
        decoder.push(&data(4)).unwrap();
        let last = format!(r#"{{"type":"end","seq":{}}}"#, u64::MAX);
        assert!(matches!(decoder.push(&last), Err(Error::TooFarAhead { seq: u64::MAX, .. })));
    }

    #[test]
    fn messages_and_what_waits_are_bounded() {
        let text = data(1);
        let mut decoder = Decoder::new(Limits::default().message(text.len()).held(3));
        let long = data(10);
        assert_eq!(decoder.push(&long), Err(Error::TooLong { length: long.len(), limit: text.len() }));
        decoder.push(&data(2)).unwrap();
        assert_eq!(decoder.push(&data(3)), Err(Error::TooMuchHeld { expected: 1, limit: 3 }));
        decoder.push(&text).unwrap();
        assert_eq!(decoder.held(), 4);
        assert_eq!(std::iter::from_fn(|| decoder.pop()).count(), 2);
        assert_eq!(decoder.held(), 0);
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_gives_the_order_of_sending(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..30),
            order in any::<u64>(),
        ) {
            let mut encoder = Encoder::new();
            let mut texts: Vec<_> = pieces.iter().map(|piece| encoder.data(piece)).collect();
            texts.push(encoder.end());
            let (mut decoder, mut received, mut order) = (Decoder::default(), Vec::new(), order);
            while !texts.is_empty() {
                let next = usize::try_from(order % u64::try_from(texts.len()).unwrap()).unwrap();
                order = order.rotate_right(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                decoder.push(&texts.swap_remove(next)).unwrap();
                received.extend(std::iter::from_fn(|| decoder.pop()));
            }
            let expected = pieces.into_iter().map(Message::Data).chain([Message::End]);
            prop_assert!(received.into_iter().eq(expected));
        }
    }
}
