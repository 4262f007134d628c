//! What the errors of a dialogue with a proxy say, and whom they blame.

use multiserver_core::socks5::{Error, Refusal, Stage};

#[test]
fn every_error_says_what_was_wrong_and_whose_fault_it_is() {
    for (error, is_peers_fault, text) in [
        (
            Error::Closed(Stage::Method),
            true,
            "the proxy closed the connection before the proxy's choice of an authentication method was complete",
        ),
        (
            Error::Closed(Stage::Reply),
            true,
            "the proxy closed the connection before the proxy's reply to the request was complete",
        ),
        (
            Error::Version { stage: Stage::Authentication, found: 5, expected: 1 },
            true,
            "the proxy's answer to the user and password starts with byte 0x05, not 0x01: is this a SOCKS5 proxy?",
        ),
        (Error::AuthenticationRequired, false, "the proxy wants authentication: give a user and a password"),
        (
            Error::AuthenticationUnsupported,
            false,
            "the proxy takes no user and password: leave them out, or use a proxy that does",
        ),
        (Error::UnofferedMethod(2), true, "the proxy chose authentication method 0x02, which it was not offered"),
        (Error::WrongCredentials(1), false, "the proxy refused the user and password (status 1)"),
        (Error::Refused(Refusal::GeneralFailure), true, "the proxy did not connect: general failure of the proxy"),
        (Error::Reserved(9), true, "the proxy's reply has 0x09 for the reserved byte, which has to be zero"),
        (Error::AddressForm(7), true, "the proxy's reply has an address of the unknown form 0x07"),
        (Error::BoundName, true, "the proxy's reply names itself by something else than visible ASCII characters"),
        (Error::Finished, false, "the dialogue with the proxy is over and cannot be driven further"),
    ] {
        assert_eq!((error.is_peers_fault(), error.to_string().as_str()), (is_peers_fault, text), "{error:?}");
    }
}
