//! Starts external programs.

use anyhow::{Context, Result, anyhow};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// Starts a program, which ends when it is dropped. When it is missing, the error says how to install its package.
pub(crate) fn start(command: &mut Command, package: &str) -> Result<Child> {
    let name = command.as_std().get_program().to_owned();
    command.kill_on_drop(true).spawn().map_err(|error| explain(&name, package, error))
}

fn explain(name: &OsStr, package: &str, error: std::io::Error) -> anyhow::Error {
    let name = name.display();
    if error.kind() == ErrorKind::NotFound {
        return anyhow!(
            "this test needs `{name}`, which is not installed. Debian, Ubuntu: `sudo apt-get install {package}`; \
             macOS: `brew install {package}`"
        );
    }
    anyhow!(error).context(format!("cannot run {name}"))
}

/// A loopback port that is reserved until this is dropped.
#[derive(Debug)]
pub(crate) struct FreePort {
    _listener: TcpListener,
    address: SocketAddr,
}

impl FreePort {
    pub(crate) async fn find() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
        let address = listener.local_addr()?;
        Ok(Self { _listener: listener, address })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}
