//! A Tor network of its own on loopback.

use crate::tool::{self, FreePort};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::fs;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long the network may take to start: ten times as long as on two busy cores.
const BOOTSTRAP: Duration = Duration::from_secs(240);

/// Authorities must be three, so that a majority of them agrees on a consensus even if one is late.
const AUTHORITIES: [&str; 3] = ["authority1", "authority2", "authority3"];
const RELAYS: [&str; 3] = ["relay1", "relay2", "relay3"];

/// Options of all processes. A quarter of the possible paths is enough to begin with, and there are too few relays for
/// paths of four.
const COMMON: &str = "TestingTorNetwork 1
PathsNeededToBuildCircuits 0.25
VanguardsLiteEnabled 0
Log notice stdout
SafeLogging 0
ShutdownWaitLength 0
";

/// Options of authorities and relays, which learn of each other as soon as possible.
const RELAY: &str = "SocksPort 0
Address 127.0.0.1
AssumeReachable 1
ExitRelay 0
FetchDirInfoEarly 1
FetchDirInfoExtraEarly 1
ContactInfo nobody@example.org
";

/// Options of authorities: a consensus as soon as all have published, then one every ten seconds, the shortest that Tor
/// takes; all relays may be guards and keep descriptors from the start, and any number may be at one address.
const AUTHORITY: &str = "AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
AuthDirMaxServersPerAddr 0
";

/// A Tor network on loopback: three directory authorities, three relays, an onion service and a client.
///
/// Everything it writes is in a temporary directory. Dropping it kills its processes; in a test that fails, it prints
/// their logs first.
#[derive(Debug)]
pub struct TorNetwork {
    // Declared before the directory, so that the processes end before it is removed.
    processes: Vec<Tor>,
    target: Option<FreePort>,
    onion_host: String,
    socks: String,
    directory: TempDir,
}

impl TorNetwork {
    /// Starts a network with an onion service whose port `port` leads to a free port of loopback, and waits until the
    /// service has published its descriptor and the client can build circuits.
    ///
    /// # Errors
    /// Tor is missing, and the text says how to install it; or the network did not come up, and the text has the logs.
    pub async fn start(port: u16) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut network = Self {
            processes: Vec::new(),
            target: Some(FreePort::find().await?),
            onion_host: String::new(),
            socks: String::new(),
            directory,
        };
        let up = timeout(BOOTSTRAP, network.come_up(port)).await;
        up.with_context(|| format!("the Tor network is not up after {BOOTSTRAP:?}"))
            .and_then(|result| result)
            .with_context(|| network.logs())?;
        Ok(network)
    }

    /// The name of the onion service.
    #[must_use]
    pub fn onion_host(&self) -> &str {
        &self.onion_host
    }

    /// The client's SOCKS port, as `HOST:PORT`.
    #[must_use]
    pub fn socks(&self) -> &str {
        &self.socks
    }

    /// Returns the endpoint to which the onion service leads, and frees its port for a server.
    ///
    /// # Errors
    /// It was taken before.
    pub fn take_target(&mut self) -> Result<SocketAddr> {
        Ok(self.target.take().context("the target was taken before")?.address())
    }

    /// Ends the processes and removes all that they wrote.
    ///
    /// # Errors
    /// The directory could not be removed.
    pub async fn stop(mut self) -> Result<()> {
        for tor in &mut self.processes {
            tor.child.kill().await?;
        }
        self.processes.clear();
        Ok(fs::remove_dir_all(self.directory.path()).await?)
    }

    async fn come_up(&mut self, port: u16) -> Result<()> {
        let home = self.directory.path().to_owned();
        // An empty file replaces the defaults of the machine's own Tor.
        fs::write(home.join("empty"), "").await?;
        let [first, second, third] = AUTHORITIES;
        let (first, second, third) = tokio::try_join!(
            Authority::create(&home, first),
            Authority::create(&home, second),
            Authority::create(&home, third)
        )?;
        let authorities = [first, second, third];
        let everyone = authorities.iter().fold(COMMON.to_owned(), |text, authority| text + &authority.line + "\n");

        for (name, authority) in AUTHORITIES.into_iter().zip(authorities) {
            let (relay, directory) = (authority.relay.address(), authority.directory.address());
            let own = format!("Nickname {name}\nORPort {relay}\nDirPort {directory}\n");
            drop(authority);
            self.run(name, &(everyone.clone() + RELAY + AUTHORITY + &own)).await?;
        }
        for name in RELAYS {
            let own = format!("Nickname {name}\nORPort 127.0.0.1:auto\n");
            self.run(name, &(everyone.clone() + RELAY + &own)).await?;
        }
        self.everyone_is_known().await?;
        let target = self.target.as_ref().context("the target was taken")?.address();
        let service = home.join("service");
        let own = format!(
            "SocksPort 0\nLog [rend]info stdout\nHiddenServiceDir {}\nHiddenServicePort {port} {target}\n",
            service.join("onion").display()
        );
        self.run("service", &(everyone.clone() + &own)).await?;
        self.run("client", &(everyone + "SocksPort auto ExtendedErrors\n")).await?;

        for tor in &mut self.processes {
            tor.says("Bootstrapped 100%").await?;
            if tor.name == "service" {
                tor.says("Uploaded hidden service descriptor (status 200").await?;
            }
            if tor.name == "client" {
                self.socks = tor.says("Opened Socks listener connection (ready) on ").await?;
            }
        }
        self.onion_host = fs::read_to_string(service.join("onion/hostname")).await?.trim().to_owned();
        Ok(())
    }

    async fn run(&mut self, name: &'static str, torrc: &str) -> Result<()> {
        self.processes.push(Tor::start(self.directory.path(), name, torrc).await?);
        Ok(())
    }

    /// Waits for a consensus with all relays. A process that starts with fewer chooses its guards from these, and keeps
    /// them.
    async fn everyone_is_known(&mut self) -> Result<()> {
        let authority = self.processes.first_mut().context("no authority runs")?;
        let consensus = self.directory.path().join(authority.name).join("cached-microdesc-consensus");
        loop {
            authority.log.borrow_and_update();
            // The file is missing before the first consensus, and is never half written.
            let relays = fs::read_to_string(&consensus).await.unwrap_or_default();
            if relays.lines().filter(|line| line.starts_with("r ")).count() == AUTHORITIES.len() + RELAYS.len() {
                return Ok(());
            }
            authority.log.changed().await.with_context(|| format!("{} ended", authority.name))?;
        }
    }

    /// What every process has said so far.
    fn logs(&self) -> String {
        self.processes.iter().fold(String::new(), |mut logs, tor| {
            let _ = write!(logs, "\n--- {}\n{}", tor.name, *tor.log.borrow());
            logs
        })
    }
}

impl Drop for TorNetwork {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
    }
}

/// The keys and the description of an authority, made before it runs.
struct Authority {
    relay: FreePort,
    directory: FreePort,
    /// How the configuration of every other process names it.
    line: String,
}

impl Authority {
    async fn create(home: &Path, name: &str) -> Result<Self> {
        let (relay, directory) = (FreePort::find().await?, FreePort::find().await?);
        let data = home.join(name);
        let keys = data.join("keys");
        fs::create_dir_all(&keys).await?;
        let address = directory.address();

        let mut certify = Command::new("tor-gencert");
        certify.args(["--create-identity-key", "--passphrase-fd", "0", "-m", "1", "-a", &address.to_string()]);
        finish(certify.current_dir(&keys), "a passphrase\n").await?;
        let certificate = fs::read_to_string(keys.join("authority_certificate")).await?;
        let identity = certificate.lines().find_map(|line| line.strip_prefix("fingerprint "));
        let identity = identity.context("the certificate has no fingerprint")?;

        let mut list = tor(home, &data, &home.join("empty"));
        let nobody = format!("nobody 127.0.0.1:1 {}", "f".repeat(40));
        list.args(["--quiet", "--list-fingerprint", "--ORPort", "1", "--DirAuthority", &nobody]);
        let listed = finish(&mut list, "").await?;
        let fingerprint = listed.split_once(' ').context("no fingerprint is listed")?.1.replace(' ', "");

        let relay_port = relay.address().port();
        let line =
            format!("DirAuthority {name} orport={relay_port} v3ident={identity} {address} {}", fingerprint.trim());
        Ok(Self { relay, directory, line })
    }
}

/// A running process.
#[derive(Debug)]
struct Tor {
    name: &'static str,
    child: Child,
    log: watch::Receiver<String>,
}

impl Tor {
    async fn start(home: &Path, name: &'static str, torrc: &str) -> Result<Self> {
        let file = home.join(format!("{name}.torrc"));
        fs::write(&file, torrc).await?;
        let mut command = tor(home, &home.join(name), &file);
        // The Tor processes end by themselves if this process is killed.
        command.args(["--__OwningControllerProcess", &std::process::id().to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = tool::start(&mut command, "tor")?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let (sender, log) = watch::channel(String::new());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                sender.send_modify(|text| {
                    text.push_str(&line);
                    text.push('\n');
                });
            }
        });
        Ok(Self { name, child, log })
    }

    /// Waits until it has said this, and returns the rest of that line.
    async fn says(&mut self, what: &str) -> Result<String> {
        let log = self.log.wait_for(|text| text.contains(what)).await;
        let log = log.with_context(|| format!("{} ended", self.name))?;
        let rest = log.split_once(what).and_then(|(_, rest)| rest.lines().next());
        Ok(rest.unwrap_or_default().to_owned())
    }
}

/// A command for Tor that reads nothing of the machine's configuration.
fn tor(home: &Path, data: &Path, torrc: &Path) -> Command {
    let empty: PathBuf = home.join("empty");
    let mut command = Command::new("tor");
    command.arg("-f").arg(torrc).arg("--defaults-torrc").arg(&empty).arg("--DataDirectory").arg(data);
    command.arg("--GeoIPFile").arg(&empty).arg("--GeoIPv6File").arg(&empty);
    command
}

/// Runs a command to its end, and returns what it printed.
async fn finish(command: &mut Command, input: &str) -> Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tool::start(command, "tor")?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{:?} ended with {}:\n{said}{complained}", command.as_std(), output.status);
    Ok(said.into_owned())
}
