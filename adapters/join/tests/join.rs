//! Joining: every split, every truncation and every bit flip, keys and signatures that must not be accepted, and what
//! comes after the end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test may panic")]

#[path = "../../../core/tests/common/mod.rs"]
mod common;

use allocation_counter::measure;
use common::points::{WEAK_SIGNATURES, bad_long_term_keys};
use common::schedule::{scalar, signature};
use common::{ALICE, Driven, accepting_server, client_machine, drive, feed};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::{EdwardsPoint, Scalar};
use data_encoding::{BASE64_NOPAD, HEXLOWER};
use multiserver_core::handshake::Handshake;
use multiserver_join::{Answer, Answering, Applicant, Client, Error, Message, Server};

/// The binding of every connection here, unless a test needs another one.
const BINDING: [u8; 32] = [0x5a; 32];

const ANSWERS: [(Answer, u8); 4] =
    [(Answer::Joined, 0), (Answer::Spent, 1), (Answer::NotStored, 2), (Answer::AlreadyKnown, 3)];

fn client() -> Client {
    Client::new(&ALICE, &BINDING)
}

fn server() -> Server {
    Server::new(&BINDING)
}

fn application() -> Vec<u8> {
    let (driven, output) = feed(&mut client(), &[], &[]);
    assert!(matches!(driven, Driven::Wants));
    output
}

fn applicant() -> Applicant {
    feed(&mut server(), &application(), &[]).0.done()
}

/// The server's result for a client that names this key, and proves it by the signature that `sign` makes of the
/// statement.
fn apply(key: [u8; 32], sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<Applicant, Error> {
    let statement = [b"multiserver join 1".as_slice(), &BINDING, &key].concat();
    let application = [b"msjoin1\n".as_slice(), &key, &sign(&statement)].concat();
    match feed(&mut server(), &application, &[]).0 {
        Driven::Done(applicant) => Ok(applicant),
        Driven::Failed(error) => Err(error),
        Driven::Wants => panic!("an application has 104 bytes"),
    }
}

#[test]
fn the_application_is_what_the_documentation_says() {
    let application = application();
    assert_eq!(application.len(), 104);
    let (head, proof) = application.split_at(40);
    assert_eq!(head, [b"msjoin1\n".as_slice(), ALICE.public().as_bytes()].concat());
    assert!(apply(*ALICE.public().as_bytes(), |_| proof.try_into().unwrap()).is_ok());
    let (alice, r, key) = (scalar(&ALICE), Scalar::from(5_u8), *ALICE.public().as_bytes());
    let applicant = apply(key, |message| signature(r, EdwardsPoint::mul_base(&r), alice, &key, message).0).unwrap();
    assert_eq!(applicant.peer(), &ALICE.public());
}

#[test]
fn every_answer_arrives_whatever_the_chunks() {
    for (answer, code) in ANSWERS {
        for chunk in [1, 2, 3, 7, 8, 9, 39, 40, 41, 103, 104, 200] {
            let (mut client, mut server) = (client(), server());
            let (mut application, mut reply) = (Vec::new(), Vec::new());
            assert!(matches!(drive(&mut client, &mut [].as_slice(), &mut application, chunk), Driven::Wants));
            let applicant = drive(&mut server, &mut application.as_slice(), &mut reply, chunk).done();
            assert_eq!(applicant.peer(), &ALICE.public());
            assert!(reply.is_empty(), "nothing is said before the key is known");
            drive(&mut applicant.answer(answer), &mut [].as_slice(), &mut reply, chunk).done();
            assert_eq!(reply, [code]);
            assert_eq!(drive(&mut client, &mut reply.as_slice(), &mut Vec::new(), chunk).done(), answer);
        }
    }
}

#[test]
fn every_split_in_two_proves_the_key() {
    let application = application();
    for cut in 0..=application.len() {
        let applicant = feed(&mut server(), &application, &[cut]).0.done();
        assert_eq!(applicant.peer(), &ALICE.public(), "cut at {cut}");
    }
}

#[test]
fn both_ends_of_a_handshake_are_of_one_connection() {
    let (mut ours, mut theirs) = (client_machine(), accepting_server());
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    let (mut client, mut server) = (None, None);
    while client.is_none() {
        if let Driven::Done(outcome) = drive(&mut ours, &mut to_client.as_slice(), &mut to_server, usize::MAX) {
            client = Some(Client::new(&common::BOB, outcome.channel_binding()));
        }
        to_client.clear();
        if let Driven::Done(outcome) = drive(&mut theirs, &mut to_server.as_slice(), &mut to_client, usize::MAX) {
            server = Some(Server::new(outcome.channel_binding()));
        }
        to_server.clear();
    }
    let (_, application) = feed(&mut client.unwrap(), &[], &[]);
    assert_eq!(feed(&mut server.unwrap(), &application, &[]).0.done().peer(), &common::BOB.public());
}

#[test]
fn bytes_after_the_last_message_are_left_alone() {
    let input = [application().as_slice(), b"what follows"].concat();
    let mut rest = input.as_slice();
    let applicant = drive(&mut server(), &mut rest, &mut Vec::new(), usize::MAX).done();
    assert_eq!(applicant.peer(), &ALICE.public());
    assert_eq!(rest, b"what follows");

    let mut rest = b"\0what follows".as_slice();
    drive(&mut client(), &mut rest, &mut Vec::new(), usize::MAX).done();
    assert_eq!(rest, b"what follows");
}

#[test]
fn every_truncation_names_the_message_that_was_due() {
    let application = application();
    for length in 0..application.len() {
        let mut server = server();
        assert!(matches!(feed(&mut server, &application[..length], &[]).0, Driven::Wants), "at {length}");
        let error = server.end_of_input();
        assert_eq!(error, Error::Closed(Message::Application), "at {length}");
        assert!(error.is_peers_fault());
        assert_finished(&mut server);
    }
    let mut client = client();
    feed(&mut client, &[], &[]);
    assert_eq!(client.end_of_input(), Error::Closed(Message::Answer));
    assert_finished(&mut client);
}

#[test]
fn every_flipped_bit_is_an_error() {
    let application = application();
    for bit in 0..application.len() * 8 {
        let mut flipped = application.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut server = server();
        let (driven, output) = feed(&mut server, &flipped, &[]);
        let error = driven.failed();
        assert!(error.is_peers_fault());
        let is_right = match bit / 8 {
            0..8 => error == Error::Magic,
            8..40 => matches!(error, Error::Key | Error::Signature),
            _ => error == Error::Signature,
        };
        assert!(is_right, "bit {bit}: {error}");
        assert!(output.is_empty(), "bit {bit}");
        assert_finished(&mut server);
    }
}

#[test]
fn a_peer_that_wants_something_else_is_told_by_its_first_bytes() {
    let mut server = server();
    assert_eq!(feed(&mut server, b"GET / HT", &[]).0.failed(), Error::Magic);
    assert_finished(&mut server);
}

#[test]
fn an_application_holds_on_its_own_connection_alone() {
    let application = application();
    for bit in 0..BINDING.len() * 8 {
        let mut binding = BINDING;
        binding[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(feed(&mut Server::new(&binding), &application, &[]).0.failed(), Error::Signature, "bit {bit}");
    }
}

#[test]
fn bad_keys_with_whatever_signature() {
    for key in bad_long_term_keys() {
        // R = identity, S = 0: what a check without these rules takes for any message under a low-order key.
        for torsion in EIGHT_TORSION {
            let error = apply(key, |message| signature(Scalar::ZERO, torsion, Scalar::ZERO, &key, message).0);
            assert_eq!(error.unwrap_err(), Error::Key, "{key:02x?}");
        }
    }
}

#[test]
fn weak_signatures() {
    let (alice, key) = (scalar(&ALICE), *ALICE.public().as_bytes());
    for torsion in EIGHT_TORSION {
        let error = apply(key, |message| signature(Scalar::ZERO, torsion, alice, &key, message).0).unwrap_err();
        assert_eq!(error, Error::Signature);
    }
    for sign in WEAK_SIGNATURES {
        assert_eq!(apply(key, |message| sign(alice, &key, message)).unwrap_err(), Error::Signature);
    }
}

#[test]
fn a_code_that_is_no_answer_is_an_error() {
    for code in 0..=u8::MAX {
        let mut client = client();
        match (feed(&mut client, &[code], &[]).0, ANSWERS.iter().find(|(_, known)| *known == code)) {
            (Driven::Done(answer), Some((expected, _))) => assert_eq!(answer, *expected),
            (Driven::Failed(error), None) => assert_eq!(error, Error::UnknownAnswer(code)),
            (other, _) => panic!("{code}: {other:?}"),
        }
        assert_finished(&mut client);
    }
}

#[test]
fn a_completed_machine_is_finished() {
    let mut server = server();
    let mut answering = feed(&mut server, &application(), &[]).0.done().answer(Answer::Joined);
    assert_finished(&mut server);
    feed(&mut answering, &[], &[]).0.done();
    assert_finished(&mut answering);

    let mut answering: Answering = applicant().answer(Answer::Joined);
    assert_eq!(answering.end_of_input(), Error::Finished);
    assert_finished(&mut answering);
}

fn assert_finished<H: Handshake<Error = Error, Output: std::fmt::Debug>>(machine: &mut H) {
    assert_eq!(machine.step().unwrap_err(), Error::Finished);
    assert_eq!(machine.end_of_input(), Error::Finished);
    assert!(!Error::Finished.is_peers_fault());
}

#[test]
fn joining_allocates_nothing_on_either_side() {
    let (mut to_server, mut to_client) = (Vec::with_capacity(200), Vec::with_capacity(200));
    // The identity is made on first use, and shared from then on.
    let _ = client();
    let allocations = measure(|| {
        let (mut client, mut server) = (client(), server());
        drive(&mut client, &mut [].as_slice(), &mut to_server, usize::MAX);
        let applicant = drive(&mut server, &mut to_server.as_slice(), &mut to_client, usize::MAX).done();
        drive(&mut applicant.answer(Answer::Joined), &mut [].as_slice(), &mut to_client, usize::MAX).done();
        let answer = drive(&mut client, &mut to_client.as_slice(), &mut to_server, usize::MAX).done();
        assert_eq!(answer, Answer::Joined);
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn nothing_secret_is_printed() {
    let (client, mut server) = (client(), server());
    let mut texts = vec![format!("{client:?} {server:?}")];
    drive(&mut server, &mut &application()[..50], &mut Vec::new(), usize::MAX);
    texts.push(format!("{server:?}"));
    texts.push(format!("{:?}", server.step().unwrap()));
    for secret in [ALICE.seed().as_bytes(), &BINDING] {
        let (hex, base64, decimal) = (HEXLOWER.encode(secret), BASE64_NOPAD.encode(secret), format!("{secret:?}"));
        for text in &texts {
            for form in [&hex[..16], &base64[..16], &decimal[1..20]] {
                assert!(!text.contains(form), "{form} in {text}");
            }
        }
    }
}
