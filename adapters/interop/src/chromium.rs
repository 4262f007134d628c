//! Chromium without a window.

use crate::Reference;
use anyhow::{Context, Result, ensure};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::fs;
use tokio::process::{Child, Command};

/// A running Chromium; dropping it kills it.
#[derive(Debug)]
pub struct Chromium {
    _child: Child,
    directory: PathBuf,
}

impl Chromium {
    /// Opens the page at `url`, with a new profile in `directory`, whose earlier content is removed.
    ///
    /// # Errors
    /// Chromium is missing, and the text says how to install it; or the directory cannot be emptied.
    pub async fn open(url: &str, directory: &Path) -> Result<Self> {
        if fs::try_exists(directory).await? {
            fs::remove_dir_all(directory).await?;
        }
        let child = match run("chromium", url, directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => run("google-chrome", url, directory),
            started => started,
        };
        let child = child.context(
            "this test needs Chromium. Debian: `sudo apt-get install chromium`; others: https://www.chromium.org",
        )?;
        Ok(Self { _child: child, directory: directory.to_owned() })
    }

    /// Waits until the page has the title `done`, keeps a picture of it (PNG) in this file, and returns the text that it
    /// shows.
    ///
    /// # Errors
    /// The page does not get that title within a minute, or the picture cannot be kept.
    pub async fn shown(&self, reference: &Reference, screenshot: &Path) -> Result<String> {
        let output = reference.script("page.js").arg(&self.directory).arg(screenshot).output().await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// Chromium is to request the page only; it runs without its sandbox, which containers do not support, and takes every
/// certificate, those of tests too.
fn run(program: &str, url: &str, directory: &Path) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--remote-debugging-port=0",
        "--window-size=900,760",
        "--ignore-certificate-errors",
    ]);
    command.arg(format!("--user-data-dir={}", directory.display())).arg(url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn()
}
