use super::{
    Credentials, Error, IPV4, IPV6, NAME, NO_AUTHENTICATION, NO_METHOD, PASSWORD_VERSION, Refusal, Stage, Target,
    USER_PASSWORD, VERSION,
};
use crate::bytes::part;
use crate::handshake::{Handshake, Messages, Step};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use zeroize::Zeroizing;

/// The length of the longest message, in bytes: a request with a user and a password (RFC 1929).
const LONGEST: usize = 513;

/// The code of the one command used.
const CONNECT: u8 = 1;

/// A client that asks a proxy for a connection.
///
/// ```text
/// offer a method ─▶ Method ─┬───────────── no authentication ──────────────┬─▶ request ─▶ Reply ─▶ Done
///                           └─ user and password ─▶ Authentication ─ fine ─┘
/// ```
/// It offers one method: no authentication when it has no credentials, and user/password when it has. If it offered
/// both, a proxy could skip the credentials silently, and Tor separates the streams of different users by their
/// credentials.
#[derive(Debug)]
pub struct Connect {
    messages: Messages<[u8; LONGEST]>,
    state: State,
    target: Target,
}

/// The bytes the machine waits for.
enum State {
    /// The choice of a method, with the message to send if that is user/password.
    Method(Option<Zeroizing<Vec<u8>>>),
    Authentication,
    /// The version and code of the reply.
    ReplyCode,
    /// The reply up to the first byte of the address, which is the length of a name.
    ReplyHead,
    /// The whole reply.
    ReplyAddress,
    Finished,
}

impl Connect {
    /// A request for a connection to `target`.
    #[must_use]
    pub fn new(target: Target, credentials: Option<&Credentials>) -> Self {
        let mut messages = Messages::new([0; LONGEST]);
        let method = if credentials.is_some() { USER_PASSWORD } else { NO_AUTHENTICATION };
        messages.must_ask(&[VERSION, 1, method], 2);
        Self { messages, state: State::Method(credentials.map(Credentials::message)), target }
    }

    fn method_chosen(&mut self, credentials: Option<Zeroizing<Vec<u8>>>) -> Result<(), Error> {
        match (self.answer(Stage::Method, VERSION)?, credentials) {
            (NO_AUTHENTICATION, None) => self.request(),
            (USER_PASSWORD, Some(message)) => {
                self.messages.must_ask(&message, 2);
                self.state = State::Authentication;
            }
            (NO_METHOD, None) => return Err(Error::AuthenticationRequired),
            (NO_METHOD, Some(_)) => return Err(Error::AuthenticationUnsupported),
            (other, _) => return Err(Error::UnofferedMethod(other)),
        }
        Ok(())
    }

    fn request(&mut self) {
        let mut request = Vec::with_capacity(4 + 256 + 2);
        request.extend_from_slice(&[VERSION, CONNECT, 0]);
        self.target.write(&mut request);
        self.messages.must_ask(&request, 2);
        self.state = State::ReplyCode;
    }

    /// Checks the version of a two-byte answer, or of the first two bytes of the reply, and returns the second byte.
    fn answer(&self, stage: Stage, expected: u8) -> Result<u8, Error> {
        match *self.messages.bytes() {
            [found, code] if found == expected => Ok(code),
            [found, ..] => Err(Error::Version { stage, found, expected }),
            [] => unreachable!("the machine has asked for two bytes"),
        }
    }

    /// The length of the reply, whose first five bytes have arrived.
    fn reply_length(&self) -> Result<usize, Error> {
        let [_, _, reserved, form, first] = *self.messages.message();
        if reserved != 0 {
            return Err(Error::Reserved(reserved));
        }
        match form {
            IPV4 => Ok(4 + 4 + 2),
            IPV6 => Ok(4 + 16 + 2),
            NAME => Ok(4 + 1 + usize::from(first) + 2),
            other => Err(Error::AddressForm(other)),
        }
    }

    fn bound(&self) -> Result<Bound, Error> {
        match *self.messages.bytes() {
            [_, _, _, IPV4, a, b, c, d, high, low] => {
                Ok(Bound::Ip((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])).into()))
            }
            [_, _, _, IPV6, ref address @ .., high, low] => {
                let address: [u8; 16] = part(address, 0);
                Ok(Bound::Ip((Ipv6Addr::from(address), u16::from_be_bytes([high, low])).into()))
            }
            [_, _, _, _, _, ref name @ .., high, low] => {
                bound_name(name).map(|name| Bound::Name(name, u16::from_be_bytes([high, low])))
            }
            _ => unreachable!("the machine has asked for the whole reply"),
        }
    }
}

impl Handshake for Connect {
    type Output = Bound;
    type Error = Error;

    fn step(&mut self) -> Result<Step<'_, Bound>, Error> {
        while !self.messages.is_busy() {
            match mem::replace(&mut self.state, State::Finished) {
                State::Method(credentials) => self.method_chosen(credentials)?,
                State::Authentication => match self.answer(Stage::Authentication, PASSWORD_VERSION)? {
                    0 => self.request(),
                    status => return Err(Error::WrongCredentials(status)),
                },
                State::ReplyCode => {
                    // Returned before the rest is read, since some proxies do not send the rest after a failure.
                    if let Some(refusal) = Refusal::from_code(self.answer(Stage::Reply, VERSION)?) {
                        return Err(Error::Refused(refusal));
                    }
                    self.messages.must_read_on(5);
                    self.state = State::ReplyHead;
                }
                State::ReplyHead => {
                    self.messages.must_read_on(self.reply_length()?);
                    self.state = State::ReplyAddress;
                }
                State::ReplyAddress => return self.bound().map(Step::Done),
                State::Finished => return Err(Error::Finished),
            }
        }
        Ok(self.messages.must_step())
    }

    fn end_of_input(&mut self) -> Error {
        self.messages.clear();
        match mem::replace(&mut self.state, State::Finished) {
            State::Method(_) => Error::Closed(Stage::Method),
            State::Authentication => Error::Closed(Stage::Authentication),
            State::ReplyCode | State::ReplyHead | State::ReplyAddress => Error::Closed(Stage::Reply),
            State::Finished => Error::Finished,
        }
    }
}

/// The address from which the proxy says that it connected; many proxies say `0.0.0.0:0`.
///
/// Do not trust it: nothing proves it, and it may be an address in the proxy's own network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bound {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A name of 0 to 255 visible ASCII characters, and a port.
    Name(String, u16),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

fn bound_name(bytes: &[u8]) -> Result<String, Error> {
    match core::str::from_utf8(bytes) {
        Ok(name) if bytes.iter().all(u8::is_ascii_graphic) => Ok(name.to_string()),
        _ => Err(Error::BoundName),
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method(_) => "Method",
            Self::Authentication => "Authentication",
            Self::ReplyCode | Self::ReplyHead | Self::ReplyAddress => "Reply",
            Self::Finished => "Finished",
        })
    }
}
