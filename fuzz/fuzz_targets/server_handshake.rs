//! A server's handshake with a client that sends any bytes, in any pieces.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;
mod handshake;

use common::{accepting_server, forger, server, server_ephemeral, transcript};
use libfuzzer_sys::fuzz_target;
use multiserver_core::shs::Error;

fuzz_target!(|input: handshake::Input| {
    let honest = transcript();
    let expected = [honest.client_hello.as_slice(), &honest.client_auth].concat();
    let received = input.received(&expected);
    let (completed, sent) = handshake::run(accepting_server(), &received, &input.pieces);
    assert_eq!(completed, received.starts_with(&expected), "only the honest bytes complete a handshake");
    assert!(matches!(sent, 0 | 64 | 144), "{sent} bytes sent");

    if let Err(error) = server().client_hello(&forger::hello(&input.key), server_ephemeral()) {
        assert!(matches!(error, Error::EphemeralKey(_)), "a hello of our network fails by its key alone: {error}");
    }
    assert!(forger::claim(input.key, |_| input.signature()).is_err(), "no signature is guessed");
});
