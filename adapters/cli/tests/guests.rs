//! Peers that connect with an invite and do not join: the invite is not used up.
#![allow(clippy::unwrap_used)]

mod common;

use common::Program;
use common::inviting::Inviting;
use multiserver_join::Client;
use multiserver_tokio::core::handshake::{Handshake, Step};
use multiserver_tokio::core::keys::{KeyPair, Seed};
use std::io::Read;
use std::net::TcpStream;
use std::path::PathBuf;

/// A server, and the file with an invite to it.
fn case() -> (Inviting, Program, PathBuf) {
    let case = Inviting::new();
    let (server, address) = case.serve(&["-v"]);
    let invite = case.home().path("invite");
    common::write_private(&invite, &case.invite(&address, &[]));
    std::fs::write(case.home().path("allowed"), "").unwrap();
    (case, server, invite)
}

/// An application that was signed for a connection with another binding.
fn application() -> Vec<u8> {
    let mut client = Client::new(&KeyPair::from_seed(Seed::from_bytes([1; 32])), &[2; 32]);
    let Ok(Step::Write(step)) = client.step() else { panic!("it speaks first") };
    step.bytes().to_vec()
}

#[test]
fn only_a_whole_and_genuine_application_uses_an_invite() {
    let (case, mut server, invite) = case();
    let (alice, _) = case.home().identity("alice");
    let invite = ["--address-file", invite.to_str().unwrap()];
    let before = case.invites();
    let application = application();
    let mut strange_key = application.clone();
    strange_key[8..40].fill(0);
    for (sent, why) in [
        (b"".as_slice(), "closed the stream before its application was complete"),
        (b"hello, is anybody there?", "wants something else than to join"),
        (&application[..8], "closed the stream before its application was complete"),
        (&application[..103], "closed the stream before its application was complete"),
        (&application, "the signature in the application does not hold"),
        (&strange_key, "not one that can be trusted"),
    ] {
        let client = case.home().run(&[["connect"].as_slice(), &invite].concat(), sent);
        assert!(client.failure(1).contains("went away"), "{client:?}");
        assert_eq!(client.output, b"");
        let line = server.error_line_with("nobody joined by the invite");
        assert!(line.contains(why), "{line}");
        assert_eq!((case.invites(), case.allowed()), (before.clone(), String::new()));
    }
    assert_eq!(case.home().run(&["join", invite[0], invite[1], "--identity", &alice], b"").status, 0);
}

#[test]
fn an_invite_survives_programs_that_know_nothing_of_invites() {
    let (case, mut server, invite) = case();
    let (alice, _) = case.home().identity("alice");
    let invite = ["--address-file", invite.to_str().unwrap()];
    let before = case.invites();
    let ping = case.home().run(&["ping", invite[0], invite[1], "--identity", &alice, "--count", "2"], b"");
    assert!(String::from_utf8(ping.output).unwrap().contains("its seed was not used"), "{}", ping.errors);
    for _ in 0..2 {
        server.error_line_with("not among the keys that are allowed");
    }
    let mut forward = case.home().start(&["forward", invite[0], invite[1]]);
    let mut stream = TcpStream::connect(forward.line()).unwrap();
    stream.set_read_timeout(Some(common::LIMIT)).unwrap();
    std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(stream.read_to_end(&mut Vec::new()).is_err(), "a reset");
    assert!(forward.error_line().contains("went away"));
    server.error_line_with("wants something else than to join");
    assert_eq!((case.invites(), case.allowed()), (before, String::new()));
    assert_eq!(case.home().run(&["join", invite[0], invite[1], "--identity", &alice], b"").status, 0);
}

#[test]
fn guests_who_are_silent_or_die_keep_nobody_from_joining_or_coming() {
    let (case, mut server, invite) = case();
    let (alice, alice_key) = case.home().identity("alice");
    let invite = ["--address-file", invite.to_str().unwrap()];
    let silent: Vec<_> = (0..15).map(|_| case.home().start(&["connect", "-v", invite[0], invite[1]])).collect();
    let mut guests = Vec::new();
    for mut guest in silent {
        assert!(guest.error_line().contains("connected"));
        guests.push(guest);
    }
    let mut last = guests.pop().unwrap();
    last.kill();
    server.error_line_with("nobody joined by the invite");
    assert_eq!(case.home().run(&["join", invite[0], invite[1], "--identity", &alice], b"").status, 0);
    assert!(case.allowed().starts_with(&alice_key), "{}", case.allowed());
}

/// A newcomer gets the slot of a guest of the invite with the most guests, or else of the oldest guest.
#[test]
fn the_holders_of_many_invites_keep_nobody_from_joining() {
    let (case, mut server, invite) = case();
    let address = std::fs::read_to_string(&invite).unwrap();
    let address = address.rsplit_once(':').unwrap().0.to_owned();
    let mut silent: Vec<_> = (0..16)
        .map(|_| {
            let invite = case.invite(&address, &[]);
            let mut guest = case.home().start(&["connect", "-v", &invite]);
            assert!(guest.error_line().contains("connected"));
            guest
        })
        .collect();
    let (alice, alice_key) = case.home().identity("alice");
    let invite = ["--address-file", invite.to_str().unwrap()];
    assert_eq!(case.home().run(&["join", invite[0], invite[1], "--identity", &alice], b"").status, 0);
    assert!(case.allowed().starts_with(&alice_key), "{}", case.allowed());
    server.error_line_with("another guest came");
    assert_eq!(silent.remove(0).finish().status, 1, "the oldest made room");
}
