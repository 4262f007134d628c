//! HAProxy as a load balancer, which tells its servers by the PROXY protocol who comes.

use crate::PATIENCE;
use anyhow::{Context, Result, bail, ensure};
use std::fmt::Write;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How often a port is taken that somebody else takes before HAProxy does.
const ATTEMPTS: usize = 5;

/// A running HAProxy; dropping it kills it.
#[derive(Debug)]
pub struct HaProxy {
    address: SocketAddr,
    control: PathBuf,
    child: Child,
}

/// What HAProxy says of one of its servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    /// Whether its last health check went well.
    pub is_up: bool,
    /// How many connections it has.
    pub connections: usize,
}

impl HaProxy {
    /// The address that its connections to the servers come from, which is not the clients'.
    pub const SOURCE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

    /// Starts one that passes connections of TCP to these servers in turn, with headers of version 2, and looks after each
    /// server ten times a second.
    ///
    /// Its files are in `directory`, which is made.
    ///
    /// # Errors
    /// HAProxy is missing, and the text says how to install it; or it does not start.
    pub async fn start(directory: &Path, servers: &[SocketAddr]) -> Result<Self> {
        fs::create_dir_all(directory).await?;
        for _ in 0..ATTEMPTS {
            // HAProxy cannot tell a port that the system chose.
            let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
            fs::write(directory.join("haproxy.cfg"), configuration(address, servers)?).await?;
            if let Some(haproxy) = start(directory, address).await? {
                return Ok(haproxy);
            }
        }
        bail!("HAProxy found no port to listen on")
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of its process; `None` when it has ended.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it says of its servers, in their order.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn servers(&self) -> Result<Vec<Server>> {
        let mut socket = UnixStream::connect(&self.control).await.context("HAProxy has ended")?;
        socket.write_all(b"show stat multiserver 4 -1\n").await?;
        let mut table = String::new();
        timeout(PATIENCE, socket.read_to_string(&mut table)).await.context("HAProxy does not answer")??;
        let mut lines = table.lines().filter(|line| !line.is_empty());
        let names: Vec<_> = lines.next().context("no table")?.trim_start_matches("# ").split(',').collect();
        let column = |name| names.iter().position(|other| *other == name).context("the table has other columns");
        let (status, connections) = (column("status")?, column("scur")?);
        let servers = lines.map(|line| {
            let fields: Vec<_> = line.split(',').collect();
            let field = |index: usize| fields.get(index).copied().context("a line is short");
            Ok(Server { is_up: field(status)?.starts_with("UP"), connections: field(connections)?.parse()? })
        });
        servers.collect()
    }

    /// Waits until it says this of its servers, and returns what it says then. It tells nothing by itself, so it is asked
    /// again and again.
    ///
    /// # Errors
    /// It does not say so in [`PATIENCE`].
    pub async fn servers_when(&self, is_so: impl Fn(&[Server]) -> bool) -> Result<Vec<Server>> {
        let asked = async {
            loop {
                let servers = self.servers().await?;
                if is_so(&servers) {
                    return Ok(servers);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, asked).await.context("HAProxy does not say so")?
    }
}

/// Starts HAProxy and waits until it answers; `None` when its port is taken.
async fn start(directory: &Path, address: SocketAddr) -> Result<Option<HaProxy>> {
    let mut child = match run("haproxy", directory) {
        // Debian keeps it off its users' PATH.
        Err(error) if error.kind() == io::ErrorKind::NotFound => run("/usr/sbin/haproxy", directory),
        started => started,
    }
    .context(
        "this test needs HAProxy. Debian, Ubuntu: `sudo apt-get install haproxy`; macOS: `brew install haproxy`",
    )?;
    let control = directory.join("control");
    let answers = async {
        while UnixStream::connect(&control).await.is_err() {
            if child.try_wait()?.is_some() {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        io::Result::Ok(true)
    };
    if timeout(PATIENCE, answers).await.context("HAProxy does not start")?? {
        return Ok(Some(HaProxy { address, control, child }));
    }
    let mut said = String::new();
    child.stderr.take().context("no standard error")?.read_to_string(&mut said).await?;
    ensure!(said.contains("Address already in use"), "HAProxy ended:\n{said}");
    Ok(None)
}

/// One process, so that it ends as a whole when it is killed.
fn run(program: &str, directory: &Path) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(["-db", "-f", "haproxy.cfg"]).current_dir(directory);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command.spawn()
}

fn configuration(address: SocketAddr, servers: &[SocketAddr]) -> Result<String> {
    let mut text = format!(
        "global
    stats socket unix@control mode 600
    maxconn 2000
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
    # A server that refuses a connection is not the only one.
    retries 3
    option redispatch 1
listen multiserver
    bind {address}
    balance roundrobin
    source {source}
    default-server send-proxy-v2 check inter 100ms fall 1 rise 1
",
        source = HaProxy::SOURCE
    );
    for (number, server) in servers.iter().enumerate() {
        writeln!(text, "    server s{number} {server}")?;
    }
    Ok(text)
}
