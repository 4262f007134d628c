//! What the errors of an encrypted stream say, and whom they blame.

use multiserver_core::frames::Error;

#[test]
fn every_error_says_what_was_wrong_and_whose_fault_it_is() {
    for (error, is_peers_fault, text) in [
        (Error::ForgedHeader, true, "the header of a frame is forged, altered, or out of order: drop the connection"),
        (Error::ForgedBody, true, "the body of a frame is forged or altered: drop the connection"),
        (
            Error::BodyTooLong(4097),
            true,
            "a header announces a body of 4097 bytes, over the limit of 4096: the peer does not keep to the protocol",
        ),
        (
            Error::Truncated,
            true,
            "the stream ended without a goodbye: what came before is authentic, what is missing is unknown",
        ),
        (
            Error::WrongBodyLength { expected: 10, given: 9 },
            false,
            "the header announced a body of 10 bytes, the slice to open has 9",
        ),
        (
            Error::Finished,
            false,
            "this direction of the stream is over: nothing can be written or read after a goodbye or an error",
        ),
    ] {
        assert_eq!((error.is_peers_fault(), error.to_string().as_str()), (is_peers_fault, text), "{error:?}");
    }
}
