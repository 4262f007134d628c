//! Helpers of the handshake targets: make the peer's bytes from the fuzzer's, and drive a machine with any pieces.
#![allow(dead_code, reason = "each target uses a part")]

use crate::common::{Driven, drive};
use arbitrary::Arbitrary;
use multiserver_core::handshake::Handshake;
use multiserver_core::shs;
use multiserver_join as join;

#[derive(Debug, Arbitrary)]
pub struct Input {
    bytes: Bytes,
    /// The lengths of the pieces in which the bytes arrive, used cyclically.
    pub pieces: Vec<u8>,
    /// A public key a peer may claim.
    pub key: [u8; 32],
    commitment: [u8; 32],
    scalar: [u8; 32],
}

#[derive(Debug, Arbitrary)]
enum Bytes {
    /// Any bytes of the fuzzer's.
    Any(Vec<u8>),
    /// An honest peer's bytes, with bits flipped from an offset on, and then cut or extended.
    Honest { start: u8, flips: Vec<u8>, length: u16 },
}

impl Input {
    /// The bytes that the machine receives instead of `honest`, which an honest peer would send.
    pub fn received(&self, honest: &[u8]) -> Vec<u8> {
        match &self.bytes {
            Bytes::Any(bytes) => bytes.clone(),
            Bytes::Honest { start, flips, length } => {
                let mut bytes = honest.to_vec();
                bytes.iter_mut().skip(usize::from(*start)).zip(flips).for_each(|(byte, flip)| *byte ^= flip);
                bytes.resize(usize::from(*length) % (2 * honest.len()), 0);
                bytes
            }
        }
    }

    pub fn signature(&self) -> [u8; 64] {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&self.commitment);
        signature[32..].copy_from_slice(&self.scalar);
        signature
    }
}

/// An error that says at which message a machine stopped.
pub trait Place: std::fmt::Debug {
    fn is_closed(&self) -> bool;
    fn is_finished(&self) -> bool;
}

impl Place for shs::Error {
    fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    fn is_finished(&self) -> bool {
        *self == Self::Finished
    }
}

impl Place for join::Error {
    fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    fn is_finished(&self) -> bool {
        *self == Self::Finished
    }
}

/// How a machine ended that got all its input.
pub struct End<T, E> {
    pub result: Result<T, E>,
    pub sent: Vec<u8>,
    /// How many bytes of the input it did not read.
    pub left: usize,
}

/// Feeds a machine and ends its input; returns whether it completed, and how many bytes it sent.
pub fn run<H>(machine: H, received: &[u8], pieces: &[u8]) -> (bool, usize)
where
    H: Handshake<Error: Place, Output: std::fmt::Debug>,
{
    let end = run_to_end(machine, received, pieces);
    (end.result.is_ok(), end.sent.len())
}

/// Feeds a machine in these pieces, used cyclically, and ends its input.
pub fn run_to_end<H>(mut machine: H, received: &[u8], pieces: &[u8]) -> End<H::Output, H::Error>
where
    H: Handshake<Error: Place, Output: std::fmt::Debug>,
{
    let mut sent = Vec::new();
    let mut rest = received;
    let pieces = pieces.iter().cycle().take(received.len()).map(|piece| usize::from(*piece));
    for piece in pieces.chain([usize::MAX]) {
        let count = rest.len().min(piece);
        let (mut now, later) = rest.split_at(count);
        let result = match drive(&mut machine, &mut now, &mut sent, usize::MAX) {
            Driven::Wants => {
                rest = later;
                continue;
            }
            Driven::Done(output) => Ok(output),
            Driven::Failed(error) => Err(error),
        };
        assert!(machine.step().unwrap_err().is_finished(), "what is over stays over");
        return End { result, sent, left: now.len() + later.len() };
    }
    let error = machine.end_of_input();
    assert!(error.is_closed(), "an end in between names what was due");
    assert!(machine.step().unwrap_err().is_finished(), "what is over stays over");
    End { result: Err(error), sent, left: 0 }
}
