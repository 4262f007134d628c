//! The machine that reads a header.

use crate::Error;
use multiserver_core::handshake::{Handshake, Messages, Step};
use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use std::fmt;
use std::net::SocketAddr;

/// The most bytes of a header of version 1, with the line's end (section 2.1).
const V1_LIMIT: usize = 107;

/// The most bytes of a header of version 2 that are read: the addresses have 232 at most, and TLVs are behind them.
const V2_LIMIT: usize = 4096;

/// How a header of version 1 begins.
const V1_START: &[u8] = b"PROXY ";

/// How many bytes of a header of version 1 are read first: the shortest, `PROXY UNKNOWN` and the line's end, has more.
const V1_FIRST: usize = 12;

/// How a header of version 2 begins (section 2.2).
const V2_START: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// How many bytes of a header of version 2 are always there: its start, the version and command, the family, the length.
const V2_FIXED: usize = 16;

/// Version 2 with the command LOCAL.
const V2_LOCAL: u8 = 0x20;

/// Both ends of the connection that a balancer passes on, as its header has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxied {
    /// Where the client's connection to the balancer comes from.
    pub source: SocketAddr,
    /// At which address the client has connected.
    pub destination: SocketAddr,
}

/// The receiver's side of the PROXY protocol as a [`Handshake`] of one message: a header of version 1 or 2.
///
/// It yields what the header tells of the connection that is passed on; `None` when the balancer speaks for itself
/// (`LOCAL`), or when it does not know the addresses or they are none of IP (`UNKNOWN`, `AF_UNSPEC`, `AF_UNIX`). TLVs are
/// read and have no meaning here.
///
/// A header of version 1 has 107 bytes at most, and one of version 2 is read up to 4096 bytes.
pub struct Header {
    messages: Messages<Box<[u8]>>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was asked for.
    New,
    /// The first byte is asked for, which tells the versions apart.
    First,
    /// A line that has not ended.
    V1,
    /// The part of version 2 that is always there.
    V2Fixed,
    /// All of version 2.
    V2,
    /// The header was read, or was none.
    Over,
}

impl Header {
    /// Nothing was read yet.
    #[must_use]
    pub fn new() -> Self {
        Self { messages: Messages::new(vec![0; V2_LIMIT].into()), state: State::New }
    }

    /// Looks at what was read, and returns the header, or `None` when it has asked for more.
    fn advance(&mut self) -> Result<Option<Option<Proxied>>, Error> {
        let bytes = self.messages.bytes();
        let (state, length) = match self.state {
            State::New => (State::First, 1),
            State::First => match bytes {
                [b'P'] => (State::V1, V1_FIRST),
                [b'\r'] => (State::V2Fixed, V2_FIXED),
                _ => return Err(Error::Missing),
            },
            State::V1 => match missing_of_line(bytes)? {
                0 => return parse(bytes).map(Some),
                missing => (State::V1, bytes.len().saturating_add(missing)),
            },
            State::V2Fixed => (State::V2, length_of_v2(bytes)?),
            State::V2 => return if bytes.get(12) == Some(&V2_LOCAL) { Ok(Some(None)) } else { parse(bytes).map(Some) },
            State::Over => return Err(Error::Finished),
        };
        self.state = state;
        let asked = if state == State::First { self.messages.read(length) } else { self.messages.read_on(length) };
        asked.map(|()| None).map_err(|_| Error::TooLong { limit: V2_LIMIT })
    }
}

impl Default for Header {
    fn default() -> Self {
        Self::new()
    }
}

impl Handshake for Header {
    type Output = Option<Proxied>;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Option<Proxied>>, Error> {
        while !self.messages.is_busy() {
            match self.advance() {
                Ok(None) => {}
                Ok(Some(proxied)) => {
                    self.state = State::Over;
                    return Ok(Step::Done(proxied));
                }
                Err(error) => {
                    self.state = State::Over;
                    return Err(error);
                }
            }
        }
        self.messages.step().ok_or(Error::Finished)
    }

    fn end_of_input(&mut self) -> Error {
        self.state = State::Over;
        self.messages.clear();
        Error::Closed
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("state", &self.state).field("messages", &self.messages).finish()
    }
}

/// How many bytes a line of version 1 lacks at least; 0 when it has ended.
fn missing_of_line(line: &[u8]) -> Result<usize, Error> {
    if !line.starts_with(V1_START) {
        return Err(Error::Missing);
    }
    let missing = match line.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        None => 2,
        Some(end) => match line.get(end..) {
            Some(b"\r\n") => return Ok(0),
            Some(b"\r") => 1,
            _ => return Err(Error::Malformed),
        },
    };
    let fits = line.len().saturating_add(missing) <= V1_LIMIT;
    if fits { Ok(missing) } else { Err(Error::TooLong { limit: V1_LIMIT }) }
}

/// The length of a header of version 2 as the part that is always there says.
fn length_of_v2(fixed: &[u8]) -> Result<usize, Error> {
    let Some(([.., command, _, high, low], start)) = fixed.split_last_chunk::<4>().map(|(start, rest)| (rest, start))
    else {
        return Err(Error::Malformed);
    };
    if start != V2_START {
        return Err(Error::Missing);
    }
    if command & 0xf0 != V2_LOCAL & 0xf0 {
        return Err(Error::Malformed);
    }
    let length = V2_FIXED.saturating_add(u16::from_be_bytes([*high, *low]).into());
    if length <= V2_LIMIT { Ok(length) } else { Err(Error::TooLong { limit: V2_LIMIT }) }
}

/// What a whole header says.
fn parse(header: &[u8]) -> Result<Option<Proxied>, Error> {
    let config = ParseConfig { include_tlvs: false, ..ParseConfig::default() };
    let (parsed, length) = ProxyHeader::parse(header, config).map_err(|_| Error::Malformed)?;
    if length != header.len() {
        return Err(Error::Malformed);
    }
    match parsed.proxied_address() {
        Some(address) if address.protocol == Protocol::Datagram => Err(Error::Datagram),
        Some(address) => Ok(Some(Proxied { source: address.source, destination: address.destination })),
        None => Ok(None),
    }
}
