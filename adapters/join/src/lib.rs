//! Joining a server by an invite: the client proves its own long-term key in 104 bytes, and the server answers with 1
//! byte.
//!
//! An invite is an address with a seed. The secret handshake proves only the key that was made from this seed, which
//! belongs to the invite and not to the client. So this dialogue follows, inside the box stream of the same connection:
//! the client signs the connection's [channel binding](multiserver_core::shs::Outcome::channel_binding) with its own
//! key.
//!
//! ```text
//!  client                                                                          server
//!  Client ── application: "msjoin1\n" (8) | A (32) | signature by A (64) ─────────▶ Server
//!                                                                                  Applicant: drop it, or answer
//!  Answer ◀── answer: 0 joined, 1 spent, 2 not stored, 3 already known ──────────  Answering
//! ```
//!
//! `A` is the client's public key. It signs `"multiserver join 1" | binding (32) | A (32)`: an application is valid on
//! one connection only, and these 82 bytes cannot be a statement of the handshake, which signs 96 or 160 bytes.
//!
//! Only this workspace's program uses this protocol so far.
//!
//! [`Client`], [`Server`] and [`Answering`] are [`Handshake`](multiserver_core::handshake::Handshake)s.
//!
//! ```
//! use multiserver_core::handshake::{Handshake, Step};
//! use multiserver_join::{Answer, Client, Server};
//! use multiserver_core::keys::{KeyPair, Seed};
//!
//! /// Steps a machine until it is done or has written its message; it reads what the other has written before.
//! fn turn<H: Handshake>(machine: &mut H, wire: &mut Vec<u8>) -> Result<Option<H::Output>, H::Error> {
//!     let mut has_written = false;
//!     loop {
//!         match machine.step()? {
//!             Step::Write(step) => {
//!                 wire.extend_from_slice(step.bytes());
//!                 step.advance(usize::MAX);
//!                 has_written = true;
//!             }
//!             Step::Flush(step) => step.done(),
//!             Step::Read(_) if has_written => return Ok(None),
//!             Step::Read(mut step) => {
//!                 let message: Vec<u8> = wire.drain(..step.buffer().len()).collect();
//!                 step.buffer().copy_from_slice(&message);
//!                 step.advance(message.len());
//!             }
//!             Step::Done(output) => return Ok(Some(output)),
//!         }
//!     }
//! }
//!
//! // Fixed bytes so that the example repeats itself; yours are a stored identity and `Outcome::channel_binding`.
//! let (alice, binding) = (KeyPair::from_seed(Seed::from_bytes([1; 32])), [2; 32]);
//! let mut wire = Vec::new();
//!
//! let mut client = Client::new(&alice, &binding);
//! assert_eq!(turn(&mut client, &mut wire)?, None);
//! let applicant = turn(&mut Server::new(&binding), &mut wire)?.expect("it wrote nothing");
//! assert_eq!(applicant.peer(), &alice.public());
//! // Here the server stores the key and spends the invite.
//! turn(&mut applicant.answer(Answer::Joined), &mut wire)?;
//! assert_eq!(turn(&mut client, &mut wire)?, Some(Answer::Joined));
//! # Ok::<(), multiserver_join::Error>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod answer;
mod application;
mod error;
mod machine;

pub use answer::Answer;
pub use error::{Error, Message};
pub use machine::{Answering, Applicant, Client, Server};
