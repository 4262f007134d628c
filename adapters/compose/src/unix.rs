//! The `unix` transport.

#[cfg(unix)]
use crate::tcp::Taken;
use crate::{
    Arrival, Attempt, BoxFuture, Dial, DialPlan, LayerError, Listener, Opened, Plan, Runtime, SettingError, Transport,
    UnixListener,
};
use multiserver_core::address::{self, Layer, LayerBuf, Scope};
use std::io::{self, ErrorKind};
use std::path::Path;
#[cfg(unix)]
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{self, Poll, ready};

/// `unix`: a socket in the file system, for programs of the same user on the same device.
///
/// Only the file's owner can connect (mode 0600). A socket file that a program has left behind is replaced; a socket
/// file where a program listens is not, and neither is any other file. The file is removed when the server closes.
///
/// A client's end has no path: the path in an incoming peer's address is the one where the server listens.
#[derive(Debug, Clone, Default)]
pub struct Unix {
    bind: Option<Result<address::Unix, SettingError>>,
    /// The socket to listen on, when the caller has opened it already.
    #[cfg(unix)]
    opened: Option<OpenSocket>,
}

/// A socket that is open already, kept until a server listens on it.
#[cfg(unix)]
type OpenSocket = Arc<Mutex<Option<std::os::unix::net::UnixListener>>>;

impl Unix {
    /// Unix sockets for connecting only.
    #[must_use]
    pub fn dial_only() -> Self {
        Self::default()
    }

    /// Unix sockets, and one that listens at this path.
    ///
    /// The path has to be printable ASCII without spaces, as addresses are, and must fit into a socket's address: 107
    /// bytes on Linux. The same holds for the temporary path of the socket, in a directory beside it with a name of 13
    /// bytes.
    #[must_use]
    pub fn bind(path: impl AsRef<Path>) -> Self {
        Self { bind: Some(layer_of(path.as_ref())), ..Self::default() }
    }

    /// Unix sockets, and one that listens on this socket, which is open already: one of systemd's, or one that a test has
    /// bound.
    ///
    /// Its file stays as it is: the program that opened the socket decides who may connect, and removes the file. The
    /// first server that listens takes the socket, and closes it at its end: listening a second time fails.
    #[cfg(unix)]
    #[must_use]
    pub fn listener(socket: std::os::unix::net::UnixListener) -> Self {
        let address = socket.local_addr().ok();
        let path = address.as_ref().and_then(|address| address.as_pathname());
        let bind = path.map_or(Err(SettingError::NoPath), layer_of);
        Self { bind: Some(bind), opened: Some(Arc::new(Mutex::new(Some(socket)))) }
    }

    crate::suite::then!();
}

impl Transport for Unix {
    fn name(&self) -> &str {
        "unix"
    }

    fn check(&self) -> Result<(), SettingError> {
        match &self.bind {
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    fn max_scope(&self) -> Option<Scope> {
        self.bind.is_some().then_some(Scope::Device)
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let layer = address::Unix::try_from(layer).ok()?;
        Some(Plan::dial(layer.clone(), UnixDial(layer)))
    }

    fn addresses(&self, _: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        match &self.bind {
            Some(Ok(unix)) if scope == Scope::Device => vec![unix.clone().into()],
            Some(_) | None => Vec::new(),
        }
    }

    fn listen<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(async move {
            let unix = match &self.bind {
                None => return Ok(None),
                Some(bind) => bind.clone().map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?,
            };
            match self.open(&**attempt.runtime(), Path::new(unix.path())).await {
                Ok(listener) => {
                    let listener: Box<dyn Listener> = Box::new(Listening { listener, unix });
                    Ok(Some(listener))
                }
                Err(error) => {
                    let path = unix.path().to_owned();
                    Err(io::Error::new(error.kind(), CannotListen { path, error }))
                }
            }
        })
    }
}

impl Unix {
    #[cfg(unix)]
    async fn open(&self, runtime: &dyn Runtime, path: &Path) -> io::Result<Box<dyn UnixListener>> {
        let Some(opened) = &self.opened else { return runtime.unix_listen(path).await };
        let socket = opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        runtime.unix_adopt(socket.ok_or_else(Taken::error)?)
    }

    #[cfg(not(unix))]
    async fn open(&self, runtime: &dyn Runtime, path: &Path) -> io::Result<Box<dyn UnixListener>> {
        runtime.unix_listen(path).await
    }
}

fn layer_of(path: &Path) -> Result<address::Unix, SettingError> {
    let layer = address::Unix::new(&path.to_string_lossy());
    layer.map_err(|error| SettingError::Path { path: path.to_owned(), error })
}

/// A path to be dialled.
struct UnixDial(address::Unix);

impl Dial for UnixDial {
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(async move { Ok(Opened::new(attempt.runtime().unix_connect(Path::new(self.0.path())).await?)) })
    }
}

/// Listening at a path failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {path}: {error}")]
struct CannotListen {
    path: String,
    error: io::Error,
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
