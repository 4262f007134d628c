//! Endpoints of local programs, without encryption.

use super::output::{Output, Unfinished};
use crate::report::exit::Failure;
use multiserver_tokio::compose::system;
use multiserver_tokio::{Connection, Multiserver, Net, Server, Transport, Unix, WriteHalf};
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};

/// How long a local service may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// A TCP port or a Unix socket, without a handshake.
#[derive(Debug, Clone)]
pub(crate) enum Endpoint {
    /// `HOST:PORT`.
    Tcp(String),
    /// `unix:PATH`.
    Unix(PathBuf),
}

/// An endpoint that programs connect to.
#[derive(Debug)]
pub(crate) enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket, which only its owner can connect to; its file is removed when this is dropped.
    Unix(Server),
}

/// The two directions of a program at an endpoint: from it, and to it.
pub(crate) type Streams = (Box<dyn AsyncRead + Send + Unpin>, Unfinished);

/// Checks that a text is `HOST:PORT`; the error does not repeat it, since it may be an address with a seed by mistake.
pub(crate) fn host_and_port(text: &str) -> Result<String, &'static str> {
    let checked = Net::bind(text).check();
    checked
        .map(|()| text.to_owned())
        .map_err(|_| "expected a host, `:` and a port, such as 127.0.0.1:8008 or [::]:8008")
}

impl Endpoint {
    /// Connects to the service at this endpoint.
    pub(crate) async fn connect(&self) -> io::Result<Streams> {
        let connected = tokio::time::timeout(DEADLINE, self.open()).await;
        connected.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
    }

    async fn open(&self) -> io::Result<Streams> {
        match self {
            Self::Tcp(endpoint) => tcp_streams(TcpStream::connect(endpoint).await?),
            #[cfg(unix)]
            Self::Unix(path) => {
                let (read, write) = tokio::net::UnixStream::connect(path).await?.into_split();
                Ok((Box::new(read), Unfinished::new(write)))
            }
            #[cfg(not(unix))]
            Self::Unix(_) => Err(ErrorKind::Unsupported.into()),
        }
    }

    /// Listens at this endpoint, and returns it with the port that was chosen.
    pub(crate) async fn listen(&self) -> Result<(Listener, Self), Failure> {
        match self {
            Self::Tcp(endpoint) => {
                let listen = async {
                    let listener = TcpListener::bind(endpoint).await?;
                    let endpoint = listener.local_addr()?.to_string();
                    io::Result::Ok((Listener::Tcp(listener), Self::Tcp(endpoint)))
                };
                listen.await.map_err(|error| Failure::failed(format_args!("cannot listen on {endpoint}: {error}")))
            }
            Self::Unix(path) => {
                let multiserver = Multiserver::builder().suite(Unix::bind(path)).build().map_err(Failure::usage)?;
                let server = multiserver.listen().await.map_err(Failure::failed)?;
                Ok((Listener::Unix(server), self.clone()))
            }
        }
    }
}

impl Listener {
    /// The next program that connects.
    ///
    /// # Errors
    /// No program can be accepted for now.
    pub(crate) async fn accept(&mut self) -> io::Result<Streams> {
        match self {
            Self::Tcp(listener) => tcp_streams(listener.accept().await?.0),
            Self::Unix(server) => {
                let incoming = server.accept().await.ok_or(ErrorKind::NotConnected)?;
                let request = incoming.handshake().await.map_err(io::Error::other)?;
                let connection: Connection = request.accept().await.map_err(io::Error::other)?;
                let (read, write) = connection.into_split();
                Ok((Box::new(read), Unfinished::new(write)))
            }
        }
    }
}

fn tcp_streams(stream: TcpStream) -> io::Result<Streams> {
    system::tune_tcp(&stream);
    let (read, write) = stream.into_split();
    Ok((Box::new(read), Unfinished::new(write)))
}

/// A cut resets the connection.
impl Output for OwnedWriteHalf {
    fn cut(self: Box<Self>) {
        let stream: &TcpStream = (*self).as_ref();
        if let Err(error) = stream.set_zero_linger() {
            tracing::debug!("cannot reset a connection: {error}");
        }
        // Dropping the half would end the stream as if it were complete.
        (*self).forget();
    }
}

/// A Unix socket cannot be reset, so a cut looks like an end.
#[cfg(unix)]
impl Output for tokio::net::unix::OwnedWriteHalf {
    fn cut(self: Box<Self>) {}
}

/// A Unix socket cannot be reset, so a cut looks like an end.
impl Output for WriteHalf {
    fn cut(self: Box<Self>) {}
}

impl FromStr for Endpoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix("unix:") {
            Some("") => Err("expected a path behind `unix:`"),
            Some(path) => Ok(Self::Unix(path.into())),
            None => host_and_port(text).map(Self::Tcp),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(endpoint) => f.write_str(endpoint),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
