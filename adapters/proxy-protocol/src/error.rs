//! What is wrong with a header.

/// Why there is no header of the PROXY protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stream begins with something else: the other side is not made to send a header.
    #[error("there is no header of the PROXY protocol")]
    Missing,
    /// The header is longer than this side reads.
    #[error("the header of the PROXY protocol is longer than {limit} bytes")]
    TooLong {
        /// The most bytes that a header of its version may have.
        limit: usize,
    },
    /// The header begins as one does, and goes on otherwise.
    #[error("the header of the PROXY protocol is malformed")]
    Malformed,
    /// The header tells of datagrams, and came over a stream.
    #[error("the header of the PROXY protocol tells of datagrams")]
    Datagram,
    /// The stream ended before the header did.
    #[error("the connection ended before the header of the PROXY protocol did")]
    Closed,
    /// The machine was driven on after its end.
    #[error("the header of the PROXY protocol was read before")]
    Finished,
}
