//! The suites that can be measured.

use crate::files::identity;
use crate::options::dial::Secure;
use crate::report::exit::Failure;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use multiserver_tokio::ws::Certificate;
use multiserver_tokio::{Net, Shs, Suite, Unix, Ws, Wss};
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
            Self::Net => "net",
            Self::Unix => "unix",
        }
    }

    /// Whether it listens at a path.
    pub(super) const fn is_unix(self) -> bool {
        matches!(self, Self::UnixShs | Self::Unix)
    }

    /// The option of `serve` that listens for it.
    ///
    /// # Errors
    /// `serve` has no such suite.
    pub(super) fn option(self) -> Result<&'static str, Failure> {
        match self {
            Self::NetShs => Ok("--net"),
            Self::WsShs => Ok("--ws"),
            Self::WssShs => Ok("--wss"),
            Self::UnixShs => Ok("--unix"),
            Self::Net | Self::Unix => Err(Failure::usage(format_args!("serve does not listen for {self}"))),
        }
    }

    /// The suite for connecting, which trusts this certificate.
    pub(super) fn dial_only(self, root: &str) -> Result<Suite, Failure> {
        let layers = self.layers()?;
        Ok(match self {
            Self::NetShs | Self::Net => layers.over(Net::dial_only()),
            Self::WsShs => layers.over(Ws::dial_only()),
            Self::WssShs => layers.over(Wss::dial_only().root(root).map_err(Failure::failed)?),
            Self::UnixShs | Self::Unix => layers.over(Unix::dial_only()),
        })
    }

    /// The suite for listening on this machine: with this certificate, or at this path.
    pub(super) fn bind(self, certificate: &Certificate, path: PathBuf) -> Result<Suite, Failure> {
        let layers = self.layers()?;
        Ok(match self {
            Self::NetShs | Self::Net => layers.over(Net::bind(LOOPBACK)),
            Self::WsShs => layers.over(Ws::bind(LOOPBACK)),
            Self::WssShs => layers.over(Wss::bind(LOOPBACK, certificate.clone())),
            Self::UnixShs | Self::Unix => layers.over(Unix::bind(path)),
        })
    }

    /// The transform over the transport, if any, with an identity that is made for it.
    fn layers(self) -> Result<Option<Shs>, Failure> {
        match self {
            Self::NetShs | Self::WsShs | Self::WssShs | Self::UnixShs => Ok(Some(Shs::new(identity::generate()?))),
            Self::Net | Self::Unix => Ok(None),
        }
    }
}

impl ValueEnum for SuiteName {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::NetShs, Self::WsShs, Self::WssShs, Self::UnixShs, Self::Net, Self::Unix]
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
