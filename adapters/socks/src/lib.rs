//! Connects through SOCKS5 proxies, Tor among them, over any futures-io stream.
//!
//! The protocol is a machine of `multiserver-core`, [`socks5::Connect`]; this runs it over a stream to the proxy, which
//! then is the stream to the target. In a multiserver, the transport `onion` does so by itself, and `net` does when a
//! proxy is set.
//!
//! ```
//! use futures_io::{AsyncRead, AsyncWrite};
//! use multiserver_socks::connect;
//! use multiserver_socks::socks5::{Credentials, Target};
//! use std::io;
//!
//! /// Makes a stream to Tor's SOCKS port one to an onion service.
//! async fn to_onion_service<S: AsyncRead + AsyncWrite + Unpin>(mut tor: S) -> io::Result<S> {
//!     let target = Target::new("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion", 80);
//!     // Tor lets streams with different credentials share no circuit.
//!     let credentials = Credentials::new("this peer", "any").map_err(io::Error::other)?;
//!     connect(&mut tor, target.map_err(io::Error::other)?, Some(&credentials)).await?;
//!     Ok(tor)
//! }
//! ```
#![forbid(unsafe_code)]

pub use multiserver_core::socks5;

use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::socks5::{Bound, Connect, Credentials, Error, Refusal, Target};
use multiserver_io::{DriveError, drive};
use std::io::{self, ErrorKind};

/// Asks the proxy at the other end of this stream to connect it to `target`, and returns the address from which the
/// proxy says that it connected.
///
/// A name in the target is resolved by the proxy. No byte is read past the proxy's reply.
///
/// # Errors
/// The stream's own errors are returned as they are. An error of the proxy is an [`Error`], which is the source of the
/// returned error; the kind is the nearest one that there is: a target that refused the proxy's connection is
/// [`ErrorKind::ConnectionRefused`], as it would be without a proxy.
///
/// # Cancel safety
/// Not cancel safe: after the future is dropped, the progress is lost and the stream cannot be used any more. A
/// [`Connect`] of your own under [`drive`] can be resumed.
pub async fn connect<S>(stream: &mut S, target: Target, credentials: Option<&Credentials>) -> io::Result<Bound>
where
    S: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let mut machine = Connect::new(target, credentials);
    drive(&mut machine, stream).await.map_err(|error| match error {
        DriveError::Io(error) => error,
        DriveError::Closed(error) | DriveError::Handshake(error) => io::Error::new(kind(error), error),
    })
}

fn kind(error: Error) -> ErrorKind {
    match error {
        Error::Closed(_) => ErrorKind::UnexpectedEof,
        Error::Refused(refusal) => kind_of_refusal(refusal),
        Error::AuthenticationRequired | Error::AuthenticationUnsupported | Error::WrongCredentials(_) => {
            ErrorKind::PermissionDenied
        }
        Error::Version { .. }
        | Error::UnofferedMethod(_)
        | Error::Reserved(_)
        | Error::AddressForm(_)
        | Error::BoundName
        | Error::Finished
        | _ => ErrorKind::InvalidData,
    }
}

fn kind_of_refusal(refusal: Refusal) -> ErrorKind {
    match refusal {
        Refusal::NotAllowed | Refusal::OnionAuthorizationMissing | Refusal::OnionAuthorizationWrong => {
            ErrorKind::PermissionDenied
        }
        Refusal::NetworkUnreachable => ErrorKind::NetworkUnreachable,
        Refusal::HostUnreachable
        | Refusal::OnionNotFound
        | Refusal::OnionIntroductionFailed
        | Refusal::OnionRendezvousFailed => ErrorKind::HostUnreachable,
        Refusal::ConnectionRefused => ErrorKind::ConnectionRefused,
        Refusal::TtlExpired | Refusal::OnionIntroductionTimedOut => ErrorKind::TimedOut,
        Refusal::CommandNotSupported | Refusal::AddressNotSupported => ErrorKind::Unsupported,
        Refusal::OnionAddressInvalid | Refusal::OnionInvalid => ErrorKind::InvalidInput,
        Refusal::GeneralFailure | Refusal::Unknown(_) | _ => ErrorKind::Other,
    }
}
