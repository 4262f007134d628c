//! What the errors of a handshake say, and whom they blame.

use multiserver_core::shs::{Error, Message};

#[test]
fn every_error_says_what_was_wrong_and_whose_fault_it_is() {
    use Message::{ClientAuth, ClientHello, ServerAccept, ServerHello};
    for (error, is_peers_fault, text) in [
        (
            Error::Closed(ClientHello),
            false,
            "the peer closed the stream before its client hello was complete: it opened a connection and said nothing of use",
        ),
        (
            Error::Closed(ServerHello),
            false,
            "the peer closed the stream before its server hello was complete: it does not speak shs, or is of another network",
        ),
        (
            Error::Closed(ClientAuth),
            false,
            "the peer closed the stream before its client authenticate was complete: it gave up, or took us for a server of \
             another network",
        ),
        (
            Error::Closed(ServerAccept),
            false,
            "the peer closed the stream before its server accept was complete: its key is not the one we were given, or it \
             does not want to talk to us",
        ),
        (
            Error::NetworkKey(ClientHello),
            true,
            "the client hello is not made with our network key: the peer is of another network or does not speak shs",
        ),
        (Error::EphemeralKey(ServerHello), true, "the server hello holds an ephemeral key that no honest peer makes"),
        (
            Error::Sealed(ClientAuth),
            true,
            "the client authenticate does not open: it was made for another server key, or altered on its way",
        ),
        (
            Error::Sealed(ServerAccept),
            true,
            "the server accept does not open: the peer is not who it claims to be, or it was altered on its way",
        ),
        (Error::ClientKey, true, "the client's long-term key is not one that can be trusted"),
        (
            Error::Signature(ClientAuth),
            true,
            "the signature in the client authenticate does not hold: the peer is not who it claims to be",
        ),
        (Error::ServerKey, false, "the server key is not a usable Ed25519 key; check the address for a typing error"),
        (Error::Finished, false, "the handshake is over and cannot be driven further"),
    ] {
        assert_eq!((error.is_peers_fault(), error.to_string().as_str()), (is_peers_fault, text), "{error:?}");
    }
}
