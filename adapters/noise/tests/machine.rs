//! Whole handshakes: every split, every cut, every flipped bit, and who is not whom they should be.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use common::{SERVER_RANDOM, alice, bob, client, network, run, server, transcript};
use multiserver_core::handshake::Handshake;
use multiserver_core::keys::{KeyPair, NetworkKey, Seed};
use multiserver_noise::{ClientHandshake, Error, Message, ServerHandshake};

#[test]
fn both_sides_know_each_other_and_nobody_else_is_the_same_connection() {
    let whole = transcript();
    assert_eq!((whole.client.peer(), whole.server.peer()), (&bob().public(), &alice().public()));
    assert_eq!(whole.client.channel_binding(), whole.server.channel_binding());
    assert_eq!(whole.messages.each_ref().map(Vec::len), [48, 48, 96, 16]);
    let other = ClientHandshake::new(alice(), &bob().public(), &network(), [5; 32]).unwrap();
    let (mut other, mut server) = (other, server());
    let answer = run(&mut server, &run(&mut other, &[], 200).bytes, 200).bytes;
    let proof = run(&mut other, &answer, 200).bytes;
    let request = run(&mut server, &proof, 200).end.unwrap().unwrap();
    let outcome = run(&mut request.into_machine(), &[], 200).end.unwrap().unwrap();
    assert_ne!(outcome.channel_binding(), whole.server.channel_binding());
}

#[test]
fn pieces_of_every_length_make_the_same_handshake() {
    let [hello, answer, proof, accept] = transcript().messages;
    for piece in 1..=100 {
        let said = run(&mut client(), &[&answer[..], &accept].concat(), piece);
        assert_eq!(said.bytes, [&hello[..], &proof].concat());
        assert_eq!(said.end.unwrap().unwrap().peer(), &bob().public());
        let said = run(&mut server(), &[&hello[..], &proof].concat(), piece);
        assert_eq!(said.bytes, answer);
        assert_eq!(said.end.unwrap().unwrap().peer(), &alice().public());
    }
}

#[test]
fn an_end_at_every_byte_says_which_message_was_due() {
    let [hello, answer, proof, accept] = transcript().messages;
    for length in 0..48 + 16 {
        let mut machine = client();
        assert!(run(&mut machine, &[&answer[..], &accept].concat()[..length], 200).end.is_none());
        let due = if length < 48 { Message::ServerHello } else { Message::ServerAccept };
        assert_eq!((machine.end_of_input(), machine.end_of_input()), (Error::Closed(due), Error::Finished));
    }
    for length in 0..48 + 96 {
        let mut machine = server();
        assert!(run(&mut machine, &[&hello[..], &proof].concat()[..length], 200).end.is_none());
        let due = if length < 48 { Message::ClientHello } else { Message::ClientAuth };
        assert_eq!((machine.end_of_input(), machine.end_of_input()), (Error::Closed(due), Error::Finished));
        assert_eq!(run(&mut machine, &[], 200).end.unwrap().unwrap_err(), Error::Finished);
    }
}

/// Every bit of every message: nobody says another word, and the machine is over.
#[test]
fn a_flipped_bit_anywhere_ends_the_handshake() {
    let [hello, answer, proof, accept] = transcript().messages;
    let mut tried = 0;
    for bit in 0..8 * (answer.len() + accept.len()) {
        let mut received = [&answer[..], &accept].concat();
        received[bit / 8] ^= 1 << (bit % 8);
        let mut machine = client();
        let said = run(&mut machine, &received, 200);
        let error = said.end.unwrap().unwrap_err();
        let (message, said_before) =
            if bit < 8 * answer.len() { (Message::ServerHello, 48) } else { (Message::ServerAccept, 48 + 96) };
        assert!([Error::Sealed(message), Error::WeakKey(message)].contains(&error), "bit {bit}: {error}");
        assert!(error.is_peers_fault());
        assert_eq!(said.bytes.len(), said_before, "bit {bit}");
        assert_eq!(run(&mut machine, &[], 200).end.unwrap().unwrap_err(), Error::Finished);
        tried += 1;
    }
    for bit in 0..8 * (hello.len() + proof.len()) {
        let mut received = [&hello[..], &proof].concat();
        received[bit / 8] ^= 1 << (bit % 8);
        let mut machine = server();
        let said = run(&mut machine, &received, 200);
        let error = said.end.unwrap().unwrap_err();
        let (message, said_before) =
            if bit < 8 * hello.len() { (Message::ClientHello, 0) } else { (Message::ClientAuth, 48) };
        assert!([Error::Sealed(message), Error::WeakKey(message)].contains(&error), "bit {bit}: {error}");
        assert_eq!(said.bytes.len(), said_before, "bit {bit}");
        assert_eq!(run(&mut machine, &[], 200).end.unwrap().unwrap_err(), Error::Finished);
        tried += 1;
    }
    assert_eq!(tried, 8 * (48 + 48 + 96 + 16));
}

#[test]
fn a_server_with_another_key_or_in_another_network_says_nothing() {
    let hello = run(&mut client(), &[], 200).bytes;
    let other = KeyPair::from_seed(Seed::from_bytes([9; 32]));
    for mut server in [
        ServerHandshake::new(other, &network(), SERVER_RANDOM),
        ServerHandshake::new(bob(), &NetworkKey::from_bytes([1; 32]), SERVER_RANDOM),
    ] {
        let said = run(&mut server, &hello, 200);
        assert_eq!(said.end.unwrap().unwrap_err(), Error::Sealed(Message::ClientHello));
        assert!(said.bytes.is_empty());
    }
}

/// A message sent back, sent again in another handshake, or sent out of order is not taken.
#[test]
fn reflected_and_replayed_messages_are_refused() {
    let [hello, answer, proof, accept] = transcript().messages;
    let error = run(&mut client(), &hello, 200).end.unwrap().unwrap_err();
    assert_eq!(error, Error::Sealed(Message::ServerHello), "its own hello");
    let mut fresh = ServerHandshake::new(bob(), &network(), [7; 32]);
    let said = run(&mut fresh, &[&hello[..], &proof].concat(), 200);
    assert_eq!(said.end.unwrap().unwrap_err(), Error::Sealed(Message::ClientAuth), "a recorded client");
    let mut fresh = ClientHandshake::new(alice(), &bob().public(), &network(), [8; 32]).unwrap();
    let said = run(&mut fresh, &[&answer[..], &accept].concat(), 200);
    assert_eq!(said.end.unwrap().unwrap_err(), Error::Sealed(Message::ServerHello), "a recorded server");
    let error = run(&mut server(), &answer, 200).end.unwrap().unwrap_err();
    assert_eq!(error, Error::Sealed(Message::ClientHello), "a server's hello");
}

#[test]
fn nothing_that_is_secret_is_shown() {
    let whole = transcript();
    let (sealer, opener) = whole.client.into_frames();
    let all = format!("{:?} {:?} {sealer:?} {opener:?} {:?}", client(), server(), whole.server);
    assert!(!all.contains("[1, 1") && !all.contains("[2, 2") && !all.contains("[3, 3"), "{all}");
}
