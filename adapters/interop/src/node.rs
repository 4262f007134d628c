//! Finding Node, and installing what is pinned in `node/package-lock.json`.

use anyhow::{Context, Result, bail, ensure};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::fs;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// The directory with our scripts and the pinned versions.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node");
/// The files that decide which packages are installed, and how.
const MANIFEST: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];
/// The longest that installing the packages may take.
const INSTALLATION: Duration = Duration::from_secs(300);

/// The reference in Node, installed.
#[derive(Debug, Clone)]
pub struct Reference {
    modules: PathBuf,
}

impl Reference {
    /// Installs the pinned packages in a directory below `target`, once: a directory serves until the pins change.
    ///
    /// The source tree stays as it is. Processes that do this at once end up with the same directory.
    ///
    /// # Errors
    /// Node or npm is missing, and the text says how to install it; or the packages cannot be installed.
    pub async fn install(target: &Path) -> Result<Self> {
        static INSTALLED: OnceCell<Reference> = OnceCell::const_new();
        INSTALLED.get_or_try_init(|| install(target)).await.cloned()
    }

    /// The path of a file of an installed package, such as `shs1-test/test-server.js`.
    #[must_use]
    pub fn file(&self, path: &str) -> PathBuf {
        self.modules.join(path)
    }

    /// A file with these certificates, for Node, which wants those that it is to trust in one.
    pub(crate) fn trusted(&self, pem: &str) -> Result<PathBuf> {
        let mut name = DefaultHasher::new();
        pem.hash(&mut name);
        let path = self.modules.with_file_name(format!("trusted-{:016x}.pem", name.finish()));
        std::fs::write(&path, pem)?;
        Ok(path)
    }

    /// A command that runs one of our scripts, or the script at an absolute path, with the installed packages.
    #[must_use]
    pub fn script(&self, script: impl AsRef<Path>) -> Command {
        let mut command = Command::new("node");
        command.arg(Path::new(SOURCE).join(script)).env("NODE_PATH", &self.modules).env("NODE_NO_WARNINGS", "1");
        command.kill_on_drop(true);
        command
    }
}

async fn install(target: &Path) -> Result<Reference> {
    version("node").await?;
    version("npm").await?;

    let mut pins = DefaultHasher::new();
    for name in MANIFEST {
        fs::read(Path::new(SOURCE).join(name)).await?.hash(&mut pins);
    }
    let home = target.join(format!("node-{:016x}", pins.finish()));
    if !fs::try_exists(&home).await? {
        // The directory gets its final name only when it is complete.
        let staging = home.with_extension(std::process::id().to_string());
        fill(&staging).await?;
        if let Err(error) = fs::rename(&staging, &home).await {
            fs::remove_dir_all(&staging).await?;
            ensure!(fs::try_exists(&home).await?, "cannot rename {} to {}: {error}", staging.display(), home.display());
        }
    }
    Ok(Reference { modules: home.join("node_modules") })
}

/// Installs the packages into a new directory.
async fn fill(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).await?;
    for name in MANIFEST {
        fs::copy(Path::new(SOURCE).join(name), directory.join(name)).await?;
    }
    let npm = Command::new("npm").arg("ci").current_dir(directory).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(INSTALLATION, npm).await.context("npm ci took too long")??;
    ensure!(
        output.status.success(),
        "npm ci in {} failed; does npm reach its registry?\n{}",
        directory.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Makes sure that a tool is there.
async fn version(tool: &str) -> Result<()> {
    match Command::new(tool).arg("--version").stdin(Stdio::null()).output().await {
        Ok(output) => {
            ensure!(output.status.success(), "`{tool} --version` failed with {}", output.status);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "these tests need {tool}, which is not installed. Debian, Ubuntu: `sudo apt-get install nodejs npm`; \
             macOS: `brew install node`; others: https://nodejs.org"
        ),
        Err(error) => Err(error).with_context(|| format!("cannot run {tool}")),
    }
}
