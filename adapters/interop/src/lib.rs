//! Other implementations as child processes, for the tests beside this library.
//!
//! [`Reference`] is the reference in Node: npm `multiserver`, two versions of it, and its test suites, installed by
//! [`Reference::install`] below the target directory and pinned by `node/package-lock.json`. [`blocking`] is what the
//! executables under `examples/` are made of. [`Nginx`] is a reverse proxy that ends TLS, [`HaProxy`] a load balancer,
//! [`Chromium`] a browser, [`Microsocks`] a SOCKS5 proxy, and [`TorNetwork`] all of a Tor network.

pub mod blocking;
mod chromium;
mod haproxy;
mod microsocks;
mod nginx;
mod node;
mod peer;
mod tool;
mod tor;
mod web;

pub use chromium::Chromium;
pub use haproxy::{HaProxy, Server};
pub use microsocks::Microsocks;
pub use nginx::Nginx;
pub use node::Reference;
pub use peer::{Addresses, ClientEnd, Event, Peer, ReferenceClient, ReferenceServer, Under, Version};
pub use tor::TorNetwork;
pub use web::{tell_of_page, web_package};

use anyhow::{Context, Result, ensure};
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

/// How long a test waits for another process at most; long, for slow and busy machines.
pub const PATIENCE: Duration = Duration::from_secs(60);

async fn patiently<T>(wait: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, wait).await.context("the other process did not do what it was asked in time")
}

/// The path of a package's example, which cargo builds before it runs the tests of that package.
///
/// # Errors
/// It is not built.
pub fn example(package: &str, name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let profile = own.ancestors().nth(2).context("no directory of the profile")?;
    let path = profile.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    ensure!(path.exists(), "{} is missing: `cargo build -p {package} --examples`", path.display());
    Ok(path)
}
