//! Places that local programs listen at or connect to, in the clear.

use multiserver_tokio::{Net, Transport};
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How long a local service may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// A TCP port or a Unix socket, without a handshake.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// `HOST:PORT`.
    Tcp(String),
    /// `unix:PATH`.
    Unix(PathBuf),
}

/// What comes from a place.
pub(crate) type Input = Box<dyn AsyncRead + Send + Unpin>;

/// What goes to a place; the end is told by `shutdown`.
pub(crate) type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Checks that a text is `HOST:PORT`; the error does not repeat it, since it may be an address with a seed by mistake.
pub(crate) fn host_and_port(text: &str) -> Result<String, &'static str> {
    let checked = Net::bind(text).check();
    checked
        .map(|()| text.to_owned())
        .map_err(|_| "expected a host, `:` and a port, such as 127.0.0.1:8008 or [::]:8008")
}

impl Place {
    /// Connects to the service there.
    pub(crate) async fn connect(&self) -> io::Result<(Input, Output)> {
        let connected = tokio::time::timeout(DEADLINE, self.open()).await;
        connected.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
    }

    async fn open(&self) -> io::Result<(Input, Output)> {
        match self {
            Self::Tcp(place) => tcp_streams(TcpStream::connect(place).await?),
            #[cfg(unix)]
            Self::Unix(path) => Ok(unix_streams(tokio::net::UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(ErrorKind::Unsupported.into()),
        }
    }
}

fn tcp_streams(stream: TcpStream) -> io::Result<(Input, Output)> {
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    Ok((Box::new(read), Box::new(write)))
}

#[cfg(unix)]
fn unix_streams(stream: tokio::net::UnixStream) -> (Input, Output) {
    let (read, write) = stream.into_split();
    (Box::new(read), Box::new(write))
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix("unix:") {
            Some("") => Err("expected a path behind `unix:`"),
            Some(path) => Ok(Self::Unix(path.into())),
            None => host_and_port(text).map(Self::Tcp),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(place) => f.write_str(place),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
