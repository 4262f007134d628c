//! A client's handshake with a server that sends any bytes, in any pieces.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;
mod handshake;

use common::{client, client_ephemeral, client_machine, forger, transcript};
use libfuzzer_sys::fuzz_target;
use multiserver_core::shs::Error;

fuzz_target!(|input: handshake::Input| {
    let honest = transcript();
    let expected = [honest.server_hello.as_slice(), &honest.server_accept].concat();
    let received = input.received(&expected);
    let (completed, sent) = handshake::run(client_machine(), &received, &input.pieces);
    assert_eq!(completed, received.starts_with(&expected), "only the honest bytes complete a handshake");
    assert!(matches!(sent, 64 | 176), "{sent} bytes sent");

    let (client, _) = client().start(client_ephemeral());
    if let Err(error) = client.server_hello(&forger::hello(&input.key)) {
        assert!(matches!(error, Error::EphemeralKey(_)), "a hello of our network fails by its key alone: {error}");
    }
    assert!(forger::prove(|_| input.signature()).is_err(), "no signature is guessed");
});
