//! The suites that can be measured.

use crate::files::identity;
use crate::options::security::Protocol;
use crate::report::exit::Failure;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use multiserver_noise::Noise;
use multiserver_tokio::ws::Certificate;
use multiserver_tokio::{Net, Shs, Suite, Transport, Unix, Ws, Wss};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// Where TCP listens: at a free port of this machine.
pub(super) const LOOPBACK: &str = "127.0.0.1:0";

/// A suite, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SuiteName {
    NetShs,
    WsShs,
    WssShs,
    UnixShs,
    NetNoise,
    WsNoise,
    WssNoise,
    UnixNoise,
    Net,
    Unix,
}

impl SuiteName {
    /// The suites that are measured by default.
    pub(super) fn default_ones() -> Vec<Self> {
        let all = [Self::NetShs, Self::WsShs, Self::WssShs, Self::UnixShs, Self::Net];
        all.into_iter().filter(|suite| cfg!(unix) || !suite.is_unix()).collect()
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NetShs => "net~shs",
            Self::WsShs => "ws~shs",
            Self::WssShs => "wss~shs",
            Self::UnixShs => "unix~shs",
            Self::NetNoise => "net~noise",
            Self::WsNoise => "ws~noise",
            Self::WssNoise => "wss~noise",
            Self::UnixNoise => "unix~noise",
            Self::Net => "net",
            Self::Unix => "unix",
        }
    }

    /// Whether it listens at a path.
    pub(super) const fn is_unix(self) -> bool {
        matches!(self, Self::UnixShs | Self::UnixNoise | Self::Unix)
    }

    /// The option of `serve` that listens for it.
    ///
    /// # Errors
    /// `serve` has no such suite.
    pub(super) fn option(self) -> Result<&'static str, Failure> {
        match self {
            Self::NetShs | Self::NetNoise => Ok("--net"),
            Self::WsShs | Self::WsNoise => Ok("--ws"),
            Self::WssShs | Self::WssNoise => Ok("--wss"),
            Self::UnixShs | Self::UnixNoise => Ok("--unix"),
            Self::Net | Self::Unix => Err(Failure::usage(format_args!("serve does not listen for {self}"))),
        }
    }

    /// The endpoint for that option.
    pub(super) fn endpoint(self, place: &OsStr) -> OsString {
        let mut endpoint = place.to_owned();
        if self.protocol() == Some(Protocol::Noise) {
            endpoint.push("~noise");
        }
        endpoint
    }

    /// Whether it needs a certificate.
    pub(super) const fn is_tls(self) -> bool {
        matches!(self, Self::WssShs | Self::WssNoise)
    }

    /// The suite for connecting, which trusts this certificate.
    pub(super) fn dial_only(self, root: &str) -> Result<Suite, Failure> {
        match self {
            Self::NetShs | Self::NetNoise | Self::Net => self.over(Net::dial_only()),
            Self::WsShs | Self::WsNoise => self.over(Ws::dial_only()),
            Self::WssShs | Self::WssNoise => self.over(Wss::dial_only().root(root).map_err(Failure::failed)?),
            Self::UnixShs | Self::UnixNoise | Self::Unix => self.over(Unix::dial_only()),
        }
    }

    /// The suite for listening on this machine: with this certificate, or at this path.
    pub(super) fn bind(self, certificate: &Certificate, path: PathBuf) -> Result<Suite, Failure> {
        match self {
            Self::NetShs | Self::NetNoise | Self::Net => self.over(Net::bind(LOOPBACK)),
            Self::WsShs | Self::WsNoise => self.over(Ws::bind(LOOPBACK)),
            Self::WssShs | Self::WssNoise => self.over(Wss::bind(LOOPBACK, certificate.clone())),
            Self::UnixShs | Self::UnixNoise | Self::Unix => self.over(Unix::bind(path)),
        }
    }

    /// The suite over this transport, with an identity that is made for it.
    fn over(self, transport: impl Transport) -> Result<Suite, Failure> {
        let suite = Suite::new(transport);
        Ok(match self.protocol() {
            Some(Protocol::Shs) => suite.then(Shs::new(identity::generate()?)),
            Some(Protocol::Noise) => suite.then(Noise::new(identity::generate()?)),
            None => suite,
        })
    }

    /// The security protocol over the transport, if any.
    const fn protocol(self) -> Option<Protocol> {
        match self {
            Self::NetShs | Self::WsShs | Self::WssShs | Self::UnixShs => Some(Protocol::Shs),
            Self::NetNoise | Self::WsNoise | Self::WssNoise | Self::UnixNoise => Some(Protocol::Noise),
            Self::Net | Self::Unix => None,
        }
    }
}

impl ValueEnum for SuiteName {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::NetShs,
            Self::WsShs,
            Self::WssShs,
            Self::UnixShs,
            Self::NetNoise,
            Self::WsNoise,
            Self::WssNoise,
            Self::UnixNoise,
            Self::Net,
            Self::Unix,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl fmt::Display for SuiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
