//! One connection to the peer under test.

use anyhow::{Context, Result};
use std::io::ErrorKind;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;
use tokio::time::sleep;

/// Both directions of a connection, and the peer's process where it serves this connection alone.
pub struct Link {
    write: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    read: Box<dyn AsyncRead + Send + Unpin>,
    child: Option<Child>,
}

/// The most that a peer may send: more is never due.
const MOST: usize = 1 << 20;

impl Link {
    /// The standard input and output of a process.
    pub(super) fn to_process(mut child: Child) -> Result<Self> {
        let write = child.stdin.take().context("the process has no standard input")?;
        let read = child.stdout.take().context("the process has no standard output")?;
        Ok(Self { write: Some(Box::new(write)), read: Box::new(read), child: Some(child) })
    }

    /// A socket.
    pub(super) fn to_socket(socket: TcpStream) -> Self {
        // Without it, the pieces of a message might be sent as one.
        let _ = socket.set_nodelay(true);
        let (read, write) = socket.into_split();
        Self { write: Some(Box::new(write)), read: Box::new(read), child: None }
    }

    /// The connection that this process makes to the listener, or none when the process ends before.
    pub(super) async fn accept(listener: &TcpListener, mut child: Child) -> Result<Self> {
        tokio::select! {
            biased;
            socket = listener.accept() => {
                let link = Self::to_socket(socket?.0);
                Ok(Self { child: Some(child), ..link })
            }
            ended = child.wait() => {
                ended?;
                Ok(Self { write: None, read: Box::new(tokio::io::empty()), child: Some(child) })
            }
        }
    }

    /// Sends these pieces, with a pause between any two; a peer that reads no more is no error.
    pub(crate) async fn send(&mut self, pieces: &[&[u8]], pause: Duration) {
        let Some(write) = &mut self.write else { return };
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                sleep(pause).await;
            }
            if write.write_all(piece).await.is_err() || write.flush().await.is_err() {
                return;
            }
        }
    }

    /// Ends the direction to the peer.
    pub(crate) async fn finish(&mut self) {
        if let Some(mut write) = self.write.take() {
            let _ = write.shutdown().await;
        }
    }

    /// Reads until there are so many bytes in all; `false` when the peer ends before.
    pub(crate) async fn read_to(&mut self, bytes: &mut Vec<u8>, count: usize) -> bool {
        let mut buffer = [0; 4096];
        while bytes.len() < count {
            let room = buffer.len().min(count - bytes.len());
            let read = match self.read.read(buffer.get_mut(..room).unwrap_or_default()).await {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => return false,
                Ok(read) => read,
            };
            bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
        }
        true
    }

    /// Reads to the peer's end.
    pub(crate) async fn read_to_end(&mut self, bytes: &mut Vec<u8>) {
        self.read_to(bytes, MOST).await;
    }

    /// How the peer's process ended, once it does; `None` where there is none.
    pub(crate) async fn exit(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.wait().await.ok()
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}
