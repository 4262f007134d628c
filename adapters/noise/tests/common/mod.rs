//! Identities, machines and a relay for the tests of handshakes.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod straight_line;

use multiserver_core::frames::{Decoded, Decoder, Encoder};
use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::keys::{KeyPair, NetworkKey, Seed};
use multiserver_noise::{Accepting, ClientHandshake, Error, Opener, Outcome, Sealer, ServerHandshake};

pub(crate) const CLIENT_RANDOM: [u8; 32] = [3; 32];
pub(crate) const SERVER_RANDOM: [u8; 32] = [4; 32];

pub(crate) fn alice() -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes([1; 32]))
}

pub(crate) fn bob() -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes([2; 32]))
}

pub(crate) fn network() -> NetworkKey {
    NetworkKey::SSB_MAIN
}

pub(crate) fn client() -> ClientHandshake {
    ClientHandshake::new(alice(), &bob().public(), &network(), CLIENT_RANDOM).unwrap()
}

pub(crate) fn server() -> ServerHandshake {
    ServerHandshake::new(bob(), &network(), SERVER_RANDOM)
}

/// What a machine writes until it reads, is done or fails.
pub(crate) struct Said<T> {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: Option<Result<T, Error>>,
}

/// Runs a machine over these bytes, given in pieces of this length, until it wants more than there is.
pub(crate) fn run<H: Handshake<Error = Error>>(machine: &mut H, mut received: &[u8], piece: usize) -> Said<H::Output> {
    let mut bytes = Vec::new();
    loop {
        match machine.step() {
            Err(error) => return Said { bytes, end: Some(Err(error)) },
            Ok(Step::Done(output)) => return Said { bytes, end: Some(Ok(output)) },
            Ok(Step::Write(step)) => {
                let count = step.bytes().len().min(piece);
                bytes.extend_from_slice(&step.bytes()[..count]);
                step.advance(count);
            }
            Ok(Step::Flush(step)) => step.done(),
            Ok(Step::Read(mut step)) => {
                if received.is_empty() {
                    return Said { bytes, end: None };
                }
                let count = step.buffer().len().min(received.len()).min(piece);
                step.buffer()[..count].copy_from_slice(&received[..count]);
                received = &received[count..];
                step.advance(count);
            }
        }
    }
}

/// All messages of an honest handshake, and what both sides have in the end.
pub(crate) struct Transcript {
    pub(crate) messages: [Vec<u8>; 4],
    pub(crate) client: Outcome,
    pub(crate) server: Outcome,
}

pub(crate) fn transcript() -> Transcript {
    let (mut client, mut server) = (client(), server());
    let hello = run(&mut client, &[], 200).bytes;
    let answer = run(&mut server, &hello, 200).bytes;
    let proof = run(&mut client, &answer, 200).bytes;
    let request = run(&mut server, &proof, 200).end.unwrap().unwrap();
    assert_eq!(request.peer(), &alice().public());
    let mut accepting: Accepting = request.into_machine();
    let Said { bytes: accept, end } = run(&mut accepting, &[], 200);
    let server = end.unwrap().unwrap();
    let client = run(&mut client, &accept, 200).end.unwrap().unwrap();
    Transcript { messages: [hello, answer, proof, accept], client, server }
}

/// All ciphertext of these writes and a goodbye.
pub(crate) fn sealed(sealer: Sealer, writes: &[&[u8]]) -> Vec<u8> {
    let mut encoder = Encoder::new(sealer);
    let mut ciphertext = Vec::new();
    let mut take = |encoder: &mut Encoder<Sealer>| {
        ciphertext.extend_from_slice(encoder.ciphertext());
        encoder.advance(usize::MAX);
    };
    for write in writes {
        let mut rest = *write;
        while !rest.is_empty() {
            rest = &rest[encoder.write(rest).unwrap()..];
            take(&mut encoder);
        }
    }
    encoder.goodbye();
    take(&mut encoder);
    ciphertext
}

/// The plaintext before the end of these bytes, and the error at the end if it is no goodbye.
pub(crate) fn opened(opener: Opener, mut ciphertext: &[u8]) -> (Vec<u8>, Option<multiserver_core::frames::Error>) {
    let mut decoder = Decoder::new(opener);
    let mut plaintext = Vec::new();
    loop {
        match decoder.decode() {
            Err(error) => return (plaintext, Some(error)),
            Ok(Decoded::Goodbye) => return (plaintext, None),
            Ok(Decoded::Plaintext(bytes)) => {
                plaintext.extend_from_slice(bytes);
                let count = bytes.len();
                decoder.consume(count);
            }
            Ok(Decoded::NeedInput) if ciphertext.is_empty() => {
                if let Err(error) = decoder.end_of_input() {
                    return (plaintext, Some(error));
                }
            }
            Ok(Decoded::NeedInput) => ciphertext = &ciphertext[decoder.feed(ciphertext)..],
        }
    }
}
