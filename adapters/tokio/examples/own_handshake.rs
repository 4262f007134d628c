//! A handshake of one's own: two ends tell each other their names, of up to 65,535 bytes.
//!
//! [`Introduction`] is a machine without I/O, made of the public traits alone. The same machine is driven over a tokio
//! stream and over sockets of a simulated network, where each message comes in pieces.
//!
//! Run it with `cargo run -p multiserver-tokio --example own_handshake`.

use multiserver_tokio::Runtime;
use multiserver_tokio::core::handshake::{Handshake, MessageTooLong, Messages, Step};
use std::error::Error;
use std::future::poll_fn;
use std::mem;
use std::net::SocketAddr;
use tokio::io::duplex;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// The bytes of the length before a name.
const PREFIX: usize = 2;

/// Sends our name, and yields the name of the other end.
///
/// ```text
/// write and flush length and name ─▶ read length ─▶ read name ─▶ Done
/// ```
struct Introduction {
    messages: Messages<Vec<u8>>,
    state: State,
}

enum State {
    Saying,
    Length,
    Name,
    Over,
}

/// Why the other end's name is not known.
#[derive(Debug, PartialEq, Eq)]
enum IntroductionError {
    /// The other end went away before it had said its name.
    Closed,
    /// Its name is no UTF-8 text.
    NotText,
    /// The machine was driven after its end.
    Over,
}

impl Introduction {
    fn new(name: &str) -> Result<Self, MessageTooLong> {
        let mut messages = Messages::new(vec![0; PREFIX + usize::from(u16::MAX)]);
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        messages.write(&[&length.to_be_bytes(), name.as_bytes()].concat())?;
        Ok(Self { messages, state: State::Saying })
    }
}

impl Handshake for Introduction {
    type Output = String;
    type Error = IntroductionError;

    fn step(&mut self) -> Result<Step<'_, String>, IntroductionError> {
        while !self.messages.is_busy() {
            // Every length fits, since the buffer holds the longest name.
            match mem::replace(&mut self.state, State::Over) {
                State::Saying => {
                    self.messages.must_read(PREFIX);
                    self.state = State::Length;
                }
                State::Length => {
                    let length = u16::from_be_bytes(*self.messages.message());
                    self.messages.must_read_on(PREFIX + usize::from(length));
                    self.state = State::Name;
                }
                State::Name => {
                    let name = self.messages.bytes().iter().skip(PREFIX).copied().collect();
                    return String::from_utf8(name).map(Step::Done).map_err(|_| IntroductionError::NotText);
                }
                State::Over => return Err(IntroductionError::Over),
            }
        }
        Ok(self.messages.must_step())
    }

    fn end_of_input(&mut self) -> IntroductionError {
        self.messages.clear();
        self.state = State::Over;
        IntroductionError::Closed
    }
}

/// Introduces two ends of a tokio stream to each other.
async fn over_tokio(alice: &str, bob: &str) -> Result<(String, String)> {
    let (mut near, mut far) = duplex(100);
    let (mut near_end, mut far_end) = (Introduction::new(alice)?, Introduction::new(bob)?);
    let driven = tokio::join!(
        multiserver_tokio::drive(&mut near_end, &mut near),
        multiserver_tokio::drive(&mut far_end, &mut far)
    );
    match driven {
        (Ok(heard_near), Ok(heard_far)) => Ok((heard_near, heard_far)),
        failed => Err(format!("{failed:?}").into()),
    }
}

/// Introduces two machines of a simulated network to each other.
fn in_a_simulation(alice: &str, bob: &str) -> Result<(String, String)> {
    let sim = multiserver_sim::Sim::new(7);
    let (near, far) = (sim.runtime("alice"), sim.runtime("bob"));
    let ip = *far.addresses().first().ok_or("the machine has no address")?;
    let (mut near_end, mut far_end) = (Introduction::new(alice)?, Introduction::new(bob)?);
    sim.block_on(async {
        let listener = far.tcp_listen(SocketAddr::new(ip, 7)).await?;
        let accept = async {
            let mut io = poll_fn(|cx| listener.poll_accept(cx)).await?.io;
            multiserver_tokio::io::drive(&mut far_end, &mut io).await.map_err(|error| format!("{error:?}").into())
        };
        let connect = async {
            let mut io = near.tcp_connect(SocketAddr::new(ip, 7)).await?;
            multiserver_tokio::io::drive(&mut near_end, &mut io).await.map_err(|error| format!("{error:?}").into())
        };
        let (heard_near, heard_far): (Result<String>, Result<String>) = tokio::join!(connect, accept);
        Ok((heard_near?, heard_far?))
    })?
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let (alice, bob) = over_tokio("alice", "bob").await?;
    println!("over tokio, alice met {alice} and bob met {bob}");
    let (alice, bob) = in_a_simulation("alice", "bob")?;
    println!("in a simulation, alice met {alice} and bob met {bob}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_of_every_length_are_heard() {
        let longest = "x".repeat(usize::from(u16::MAX));
        for (alice, bob) in [("alice", "bob"), ("", longest.as_str())] {
            let expected = (bob.to_owned(), alice.to_owned());
            assert_eq!(over_tokio(alice, bob).await.unwrap(), expected);
            assert_eq!(in_a_simulation(alice, bob).unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said() {
        let longer = "x".repeat(usize::from(u16::MAX) + 1);
        let error = Introduction::new(&longer).err().unwrap();
        assert_eq!((error.length, error.capacity), (65_538, 65_537));
        let (mut near, far) = duplex(100);
        drop(far);
        let mut end = Introduction::new("alice").unwrap();
        assert!(multiserver_tokio::drive(&mut end, &mut near).await.is_err());
        assert_eq!(end.end_of_input(), IntroductionError::Closed);
        assert_eq!(end.step().err(), Some(IntroductionError::Over));
    }
}
