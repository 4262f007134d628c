//! Either end of the joining dialogue, with a peer that sends any bytes, in any pieces.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;
mod handshake;

use common::{ALICE, Driven, feed};
use libfuzzer_sys::fuzz_target;
use multiserver_join::{Answer, Client, Error, Server};

/// The binding of the honest connection.
const BINDING: [u8; 32] = [5; 32];

fuzz_target!(|input: handshake::Input| {
    let (_, honest) = feed(&mut Client::new(&ALICE, &BINDING), &[], &[]);
    let received = input.received(&honest);
    let (completed, sent) = handshake::run(Server::new(&BINDING), &received, &input.pieces);
    assert_eq!(completed, received.starts_with(&honest), "only the honest bytes prove a key");
    assert_eq!(sent, 0, "nothing is said before the key is known");

    let (completed, sent) = handshake::run(Client::new(&ALICE, &BINDING), &received, &input.pieces);
    assert_eq!(completed, matches!(received.first(), Some(0..=3)), "four codes are answers");
    assert_eq!(sent, 104);

    let claim = [b"msjoin1\n".as_slice(), &input.key, &input.signature()].concat();
    match feed(&mut Server::new(&BINDING), &claim, &[]).0 {
        Driven::Failed(Error::Key | Error::Signature) => {}
        other => panic!("no signature is guessed: {other:?}"),
    }
    // The fuzzer's 32 bytes as another connection's binding.
    if let Driven::Done(applicant) = feed(&mut Server::new(&input.key), &honest, &[]).0 {
        assert_eq!(input.key, BINDING, "an application holds on its own connection alone");
        feed(&mut applicant.answer(Answer::Joined), &[], &[]).0.done();
    }
});
