//! The machines: every split, every truncation and every bit flip of a handshake, and what comes after the end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test may panic")]

mod common;

use common::{
    Driven, accepting_server, client, client_ephemeral, client_machine, drive, feed, server, server_ephemeral,
    server_machine, transcript,
};
use data_encoding::{BASE64_NOPAD, HEXLOWER};
use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::keys::NetworkKey;
use multiserver_core::shs::{Error, Message, Outcome};
use std::io;

/// What the client receives in a good handshake, and which message each byte belongs to.
fn to_client() -> (Vec<u8>, Vec<Message>) {
    let messages = transcript();
    let bytes = [messages.server_hello.as_slice(), &messages.server_accept].concat();
    (bytes, [vec![Message::ServerHello; 64], vec![Message::ServerAccept; 80]].concat())
}

/// What the server receives in a good handshake, and which message each byte belongs to.
fn to_server() -> (Vec<u8>, Vec<Message>) {
    let messages = transcript();
    let bytes = [messages.client_hello.as_slice(), &messages.client_auth].concat();
    (bytes, [vec![Message::ClientHello; 64], vec![Message::ClientAuth; 112]].concat())
}

fn assert_same(ours: Outcome, theirs: Outcome) {
    assert_eq!(ours.channel_binding(), theirs.channel_binding());
}

#[test]
fn both_machines_complete_whatever_the_chunks() {
    let messages = transcript();
    for chunk in [1, 2, 3, 7, 34, 63, 64, 65, 111, 112, 200] {
        let (mut client, mut server) = (client_machine(), accepting_server());
        let (mut from_client, mut from_server) = (Vec::new(), Vec::new());
        assert!(matches!(drive(&mut client, &mut [].as_slice(), &mut from_client, chunk), Driven::Wants));
        assert_eq!(from_client, messages.client_hello);
        let mut input = from_client.as_slice();
        assert!(matches!(drive(&mut server, &mut input, &mut from_server, chunk), Driven::Wants));
        let mut output = Vec::new();
        assert!(matches!(drive(&mut client, &mut from_server.as_slice(), &mut output, chunk), Driven::Wants));
        let mut accept = Vec::new();
        let theirs = drive(&mut server, &mut output.as_slice(), &mut accept, chunk).done();
        let ours = drive(&mut client, &mut accept.as_slice(), &mut Vec::new(), chunk).done();
        assert_same(ours, theirs);
    }
}

/// Work done ahead, once or again, or left to the next message: the bytes are the same.
#[test]
fn preparing_changes_no_byte() {
    let honest = transcript();
    for times in 0..3 {
        let (mut client, hello) = client().start(client_ephemeral());
        (0..times).for_each(|_| client.prepare());
        let (mut server, server_hello) = server().client_hello(&hello, server_ephemeral()).unwrap();
        (0..times).for_each(|_| server.prepare());
        let (mut client, client_auth) = client.server_hello(&server_hello).unwrap();
        assert_eq!(client_auth, honest.client_auth, "prepared {times} times");
        (0..times).for_each(|_| client.prepare());
        let (theirs, server_accept) = server.client_auth(&client_auth).unwrap().accept();
        assert_eq!(server_accept, honest.server_accept, "prepared {times} times");
        assert_same(client.server_accept(&server_accept).unwrap(), theirs);
    }
}

/// A driver that does not know of it has the work done all the same, also one that asks out of turn.
#[test]
fn machines_prepare_in_any_place_or_nowhere() {
    for always in [false, true] {
        let (input, _) = to_client();
        let mut output = Vec::new();
        let mut machine = client_machine();
        let mut rest = input.as_slice();
        // Two messages each way take fewer steps.
        let mut steps = 0..10;
        let outcome = loop {
            steps.next().unwrap();
            if always {
                machine.prepare();
            }
            match machine.step().unwrap() {
                Step::Write(step) => {
                    output.extend_from_slice(step.bytes());
                    step.advance(usize::MAX);
                }
                Step::Flush(step) => step.done(),
                Step::Read(mut step) => {
                    let count = io::Read::read(&mut rest, step.buffer()).unwrap();
                    step.advance(count);
                }
                Step::Done(outcome) => break outcome,
            }
        };
        machine.prepare();
        assert_eq!(output, [transcript().client_hello.as_slice(), &transcript().client_auth].concat());
        let (driven, _) = feed(&mut accepting_server(), &output, &[]);
        assert_same(outcome, driven.done());
    }
}

#[test]
fn every_split_in_two_gives_the_same_session() {
    let (input, _) = to_client();
    for cut in 0..=input.len() {
        let (driven, output) = feed(&mut client_machine(), &input, &[cut]);
        assert_eq!(output.len(), 64 + 112, "cut at {cut}");
        driven.done();
    }
    let (input, _) = to_server();
    for cut in 0..=input.len() {
        let (driven, output) = feed(&mut accepting_server(), &input, &[cut]);
        assert_eq!(output.len(), 64 + 80, "cut at {cut}");
        driven.done();
    }
}

#[test]
fn random_splits_give_the_same_session() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let (input, _) = to_server();
        let mut cuts: Vec<usize> = (0..random.usize(..20)).map(|_| random.usize(..input.len())).collect();
        cuts.sort_unstable();
        let (driven, _) = feed(&mut accepting_server(), &input, &cuts);
        driven.done();
    }
}

#[test]
fn bytes_after_the_last_message_are_left_alone() {
    let (mut input, _) = to_client();
    input.extend(b"box stream");
    let mut rest = input.as_slice();
    drive(&mut client_machine(), &mut rest, &mut Vec::new(), usize::MAX).done();
    assert_eq!(rest, b"box stream");

    let (mut input, _) = to_server();
    input.extend(b"box stream");
    let mut rest = input.as_slice();
    drive(&mut accepting_server(), &mut rest, &mut Vec::new(), usize::MAX).done();
    assert_eq!(rest, b"box stream");
}

/// Ends the input after each count of bytes; the machine must name the message that was due and be over.
fn truncate<H: Handshake<Error = Error>>(machine: impl Fn() -> H, input: &[u8], due: &[Message])
where
    H::Output: std::fmt::Debug,
{
    for length in 0..input.len() {
        let mut machine = machine();
        let (driven, _) = feed(&mut machine, &input[..length], &[]);
        assert!(matches!(driven, Driven::Wants), "at {length}");
        assert_eq!(machine.end_of_input(), Error::Closed(due[length]), "at {length}");
        assert_eq!(machine.step().unwrap_err(), Error::Finished, "at {length}");
        assert_eq!(machine.end_of_input(), Error::Finished, "at {length}");
    }
}

#[test]
fn every_truncation_names_the_message_that_was_due() {
    let (input, due) = to_client();
    truncate(client_machine, &input, &due);
    let (input, due) = to_server();
    truncate(server_machine, &input, &due);
}

/// Flips each bit of the input; the machine must fail at that very message, with no byte more written.
fn flip<H: Handshake<Error = Error>>(machine: impl Fn() -> H, input: &[u8], due: &[Message], sent: fn(Message) -> usize)
where
    H::Output: std::fmt::Debug,
{
    for bit in 0..input.len() * 8 {
        let mut flipped = input.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut machine = machine();
        let (driven, output) = feed(&mut machine, &flipped, &[]);
        let error = driven.failed();
        let message = due[bit / 8];
        assert!(error.is_peers_fault());
        assert!(matches!(error, Error::NetworkKey(at) | Error::Sealed(at) if at == message), "bit {bit}: {error}");
        assert_eq!(output.len(), sent(message), "bit {bit}");
        assert_eq!(machine.step().unwrap_err(), Error::Finished, "bit {bit}");
    }
}

#[test]
fn every_flipped_bit_ends_the_handshake() {
    let (input, due) = to_client();
    flip(client_machine, &input, &due, |message| if message == Message::ServerHello { 64 } else { 64 + 112 });
    let (input, due) = to_server();
    flip(server_machine, &input, &due, |message| if message == Message::ClientHello { 0 } else { 64 });
}

#[test]
fn a_completed_machine_is_finished() {
    let (input, _) = to_client();
    let mut machine = client_machine();
    feed(&mut machine, &input, &[]).0.done();
    assert_eq!(machine.step().unwrap_err(), Error::Finished);

    let (input, _) = to_server();
    let mut machine = server_machine();
    let mut accepting = feed(&mut machine, &input, &[]).0.done().into_machine();
    assert_eq!(machine.step().unwrap_err(), Error::Finished);
    drive(&mut accepting, &mut [].as_slice(), &mut Vec::new(), 3).done();
    assert_eq!(accepting.step().unwrap_err(), Error::Finished);
}

#[test]
fn a_driver_that_claims_too_much_is_taken_at_the_end() {
    let mut machine = client_machine();
    let Step::Write(step) = machine.step().unwrap() else { panic!("not a write") };
    step.advance(usize::MAX);
    assert!(matches!(machine.step(), Ok(Step::Flush(_))));
    let Step::Flush(step) = machine.step().unwrap() else { panic!("not a flush") };
    step.done();
    let Step::Read(step) = machine.step().unwrap() else { panic!("not a read") };
    step.advance(usize::MAX);
    assert_eq!(machine.step().unwrap_err(), Error::NetworkKey(Message::ServerHello), "zeros are no hello");
}

#[test]
fn a_server_that_accepts_reads_nothing_and_is_over_when_its_input_ends() {
    let (input, _) = to_server();
    let mut server = server_machine();
    let request = drive(&mut server, &mut &input[..], &mut Vec::new(), usize::MAX).done();
    let mut accepting = request.into_machine();
    assert!(matches!(accepting.step(), Ok(Step::Write(_))));
    assert_eq!(accepting.end_of_input(), Error::Finished);
    assert!(matches!(accepting.step(), Err(Error::Finished)));
}

#[test]
fn a_step_may_be_asked_for_again() {
    let mut machine = client_machine();
    let first = match machine.step().unwrap() {
        Step::Write(step) => step.bytes().to_vec(),
        Step::Flush(_) | Step::Read(_) | Step::Done(_) => panic!("not a write"),
    };
    let Step::Write(step) = machine.step().unwrap() else { panic!("not a write") };
    assert_eq!(step.bytes(), first);
}

#[test]
fn each_state_prints_its_name_and_its_peer() {
    let [alice, bob] = [&*common::ALICE, &*common::BOB].map(|pair| format!("{:?}", pair.public()));
    assert_eq!(format!("{:?}", client()), format!("Client {{ server: {bob}, .. }}"));
    assert_eq!(format!("{:?}", server()), format!("Server {{ identity: {bob}, .. }}"));
    let (client, hello) = client().start(client_ephemeral());
    assert_eq!(format!("{client:?}"), format!("AwaitServerHello {{ server: {bob}, .. }}"));
    let (server, hello) = server().client_hello(&hello, server_ephemeral()).unwrap();
    assert_eq!(format!("{server:?}"), "AwaitClientAuth { .. }");
    let (client, auth) = client.server_hello(&hello).unwrap();
    assert_eq!(format!("{client:?}"), format!("AwaitServerAccept {{ server: {bob}, .. }}"));
    let request = server.client_auth(&auth).unwrap();
    assert_eq!(format!("{request:?}"), format!("Authenticated {{ peer: {alice}, .. }}"));
    let (outcome, _) = request.accept();
    assert_eq!(format!("{outcome:?}"), format!("Outcome {{ peer: {alice}, .. }}"));
    assert_eq!(format!("{:?}", outcome.into_keys()), "SessionKeys(..)");
}

#[test]
fn nothing_secret_is_printed() {
    let mut texts = vec![format!("{:?} {:?} {:?}", *common::ALICE, client_ephemeral(), client())];
    let mut machine = client_machine();
    texts.push(format!("{machine:?} {:?}", server_machine()));
    texts.push(format!("{:?}", machine.step().unwrap()));
    let (client, hello) = client().start(client_ephemeral());
    let (server, hello) = server().client_hello(&hello, server_ephemeral()).unwrap();
    texts.push(format!("{client:?} {server:?}"));
    let (client, auth) = client.server_hello(&hello).unwrap();
    let request = server.client_auth(&auth).unwrap();
    texts.push(format!("{client:?} {request:?}"));
    let (outcome, accept) = request.accept();
    let outcome = [client.server_accept(&accept).unwrap(), outcome];
    texts.push(format!("{outcome:?}"));
    let binding = *outcome[0].channel_binding();
    let [keys, _] = outcome.map(Outcome::into_keys);
    texts.push(format!("{keys:?}"));

    let seeds = [common::ALICE.seed().as_bytes().as_slice(), common::BOB.seed().as_bytes()];
    let keys = [&keys.encrypt_key, &keys.decrypt_key, keys.encrypt_nonce.as_slice(), &keys.decrypt_nonce];
    let network = NetworkKey::SSB_MAIN;
    let others = [network.as_bytes().as_slice(), &[3; 32], &[4; 32], &binding];
    for secret in seeds.into_iter().chain(keys).chain(others) {
        let hex = HEXLOWER.encode(secret);
        let (base64, decimal) = (BASE64_NOPAD.encode(secret), format!("{secret:?}"));
        for text in &texts {
            for form in [&hex[..16], &base64[..16], &decimal[1..20]] {
                assert!(!text.contains(form), "{form} in {text}");
            }
        }
    }
}
