//! The `unix` transport.

use crate::{Arrival, BoxFuture, Context, Listener, Runtime, Suite, Transform, Transport, UnixListener};
use multiserver_core::address::{self, Layer, LayerBuf, ParseError, Scope};
use multiserver_io::Duplex;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::task::{self, Poll, ready};

/// `unix`: a socket in the file system, for programs of the same user on the same device.
///
/// Only the file's owner can connect (mode 0600). A socket file that a program has left behind is replaced; one where
/// somebody listens is not, and neither is any other file. The file is removed when the server closes.
///
/// Who connects has no name of its own: the path in a peer's address is the one where the server listens.
#[derive(Debug, Clone, Default)]
pub struct Unix {
    bind: Option<Result<address::Unix, BadPath>>,
}

/// A path cannot stand in an address.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot listen on the path `{}`: {source}", path.display())]
struct BadPath {
    path: PathBuf,
    source: ParseError,
}

impl Unix {
    /// Unix sockets for connecting only.
    #[must_use]
    pub fn dial_only() -> Self {
        Self::default()
    }

    /// Unix sockets, and one that listens at this path.
    ///
    /// The path has to be printable ASCII without spaces, as addresses are, and must fit into a socket's address: 107
    /// bytes on Linux, and the same for the socket's first name, 13 bytes in a directory beside it.
    #[must_use]
    pub fn bind(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let bind = address::Unix::new(&path.to_string_lossy());
        Self { bind: Some(bind.map_err(|source| BadPath { path: path.to_owned(), source })) }
    }

    /// The suite of this with a transform over it.
    #[must_use]
    pub fn then(self, transform: impl Transform) -> Suite {
        Suite::new(self).then(transform)
    }
}

impl Transport for Unix {
    fn name(&self) -> &str {
        "unix"
    }

    fn check(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        match &self.bind {
            Some(Err(error)) => Err(Box::new(error.clone())),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    fn farthest_scope(&self) -> Option<Scope> {
        self.bind.is_some().then_some(Scope::Device)
    }

    fn matches(&self, layer: Layer<'_>) -> bool {
        address::Unix::try_from(layer).is_ok()
    }

    fn dial<'a>(&'a self, context: &'a Context, layer: Layer<'a>) -> BoxFuture<'a, io::Result<Duplex>> {
        Box::pin(async move {
            let unix = address::Unix::try_from(layer).map_err(io::Error::other)?;
            context.runtime().unix_connect(Path::new(unix.path())).await
        })
    }

    fn addresses(&self, _: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        match &self.bind {
            Some(Ok(unix)) if scope == Scope::Device => vec![unix.clone().into()],
            Some(_) | None => Vec::new(),
        }
    }

    fn listen<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(async move {
            let unix = match &self.bind {
                None => return Ok(None),
                Some(bind) => bind.clone().map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?,
            };
            match context.runtime().unix_listen(Path::new(unix.path())).await {
                Ok(listener) => {
                    let listener: Box<dyn Listener> = Box::new(Listening { listener, unix });
                    Ok(Some(listener))
                }
                Err(source) => {
                    let path = unix.path().to_owned();
                    Err(io::Error::new(source.kind(), CannotListen { path, source }))
                }
            }
        })
    }
}

/// A path could not be listened at.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {path}: {source}")]
struct CannotListen {
    path: String,
    source: io::Error,
}

struct Listening {
    listener: Box<dyn UnixListener>,
    unix: address::Unix,
}

impl Listener for Listening {
    fn addresses(&self, scope: Scope) -> Vec<LayerBuf> {
        if scope == Scope::Device { vec![self.unix.clone().into()] } else { Vec::new() }
    }

    fn poll_accept(&self, cx: &mut task::Context<'_>) -> Poll<io::Result<Arrival>> {
        let io = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(Ok(Arrival::new(io).with_layer(self.unix.clone())))
    }
}
