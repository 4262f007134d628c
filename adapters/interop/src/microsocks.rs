//! The SOCKS5 proxy microsocks.

use crate::tool::{self, FreePort};
use crate::{PATIENCE, patiently};
use anyhow::{Context, Result, ensure};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};

/// A running proxy; dropping it kills it.
#[derive(Debug)]
pub struct Microsocks {
    _child: Child,
    log: Lines<BufReader<ChildStderr>>,
    address: SocketAddr,
}

impl Microsocks {
    /// Starts it on a free loopback port; with a login, it serves only clients that know the user name and password.
    ///
    /// # Errors
    /// It is missing, and the text says how to install it; or it did not start in [`PATIENCE`].
    pub async fn start(login: Option<(&str, &str)>) -> Result<Self> {
        let address = FreePort::find().await?.address();
        let mut command = Command::new("microsocks");
        command.args(["-i", &address.ip().to_string(), "-p", &address.port().to_string()]);
        if let Some((user, password)) = login {
            command.args(["-u", user, "-P", password]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = tool::start(&mut command, "microsocks")?;
        let log = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        patiently(answers(&mut child, address)).await??;
        Ok(Self { _child: child, log, address })
    }

    /// Where it listens, as `HOST:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until it says that it has connected a client to this target.
    ///
    /// # Errors
    /// It does not say so in [`PATIENCE`].
    pub async fn connected_to(&mut self, target: &str) -> Result<()> {
        let text = format!("connected to {target}");
        let said = async {
            while let Some(line) = self.log.next_line().await? {
                if line.contains(&text) {
                    return Ok(true);
                }
            }
            std::io::Result::Ok(false)
        };
        let said = patiently(said).await.with_context(|| format!("not {text} in {PATIENCE:?}"))??;
        ensure!(said, "the proxy ended");
        Ok(())
    }
}

/// Waits until it listens, by connecting again and again, since it does not report that it does.
async fn answers(child: &mut Child, address: SocketAddr) -> Result<()> {
    while TcpStream::connect(address).await.is_err() {
        if let Some(status) = child.try_wait()? {
            anyhow::bail!("microsocks ended with {status}");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
