//! nginx as a reverse proxy that ends TLS in front of a server, or as a service behind one that reads PROXY headers.

use crate::PATIENCE;
use anyhow::{Context, Result, bail};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::fs;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

/// How often a new port is tried when another process takes it before nginx does.
const ATTEMPTS: usize = 5;

/// A running nginx; dropping it kills it.
#[derive(Debug)]
pub struct Nginx {
    address: SocketAddr,
    _child: Child,
    _errors: Lines<BufReader<ChildStderr>>,
}

impl Nginx {
    /// Starts an nginx that passes connections over TLS on to the server at `to`, and cuts those that are idle for
    /// `idle`.
    ///
    /// Its files are in `directory`, which is made.
    ///
    /// # Errors
    /// nginx is missing, and the text says how to install it; or it does not start.
    pub async fn start(directory: &Path, certificate: (&str, &str), to: SocketAddr, idle: Duration) -> Result<Self> {
        fs::create_dir_all(directory).await?;
        fs::write(directory.join("chain.pem"), certificate.0).await?;
        fs::write(directory.join("key.pem"), certificate.1).await?;
        Self::run(directory, |address| passing_on(address, to, idle)).await
    }

    /// Starts an nginx that answers each request with the `address:port` from its PROXY header.
    ///
    /// Its files are in `directory`, which is made.
    ///
    /// # Errors
    /// As of [`start`](Self::start).
    pub async fn telling_sources(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory).await?;
        Self::run(directory, telling_sources).await
    }

    async fn run(directory: &Path, server: impl Fn(SocketAddr) -> String) -> Result<Self> {
        for _ in 0..ATTEMPTS {
            // nginx does not report a port that the system chose, so a free port is chosen here.
            let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
            fs::write(directory.join("nginx.conf"), configuration(&server(address))).await?;
            if let Some(nginx) = start(directory, address).await? {
                return Ok(nginx);
            }
        }
        bail!("nginx found no port to listen on")
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Starts nginx and waits until it listens; `None` when its port is taken.
async fn start(directory: &Path, address: SocketAddr) -> Result<Option<Nginx>> {
    let mut child = match run("nginx", directory) {
        // On Debian it is not in the PATH of normal users.
        Err(error) if error.kind() == io::ErrorKind::NotFound => run("/usr/sbin/nginx", directory),
        started => started,
    }
    .context(
        "this test needs nginx. Debian, Ubuntu: `sudo apt-get install nginx-light`; macOS: `brew install nginx`",
    )?;
    let mut errors = BufReader::new(child.stderr.take().context("no standard error")?).lines();
    let mut said = String::new();
    while let Some(line) = timeout(PATIENCE, errors.next_line()).await.context("nginx does not start")?? {
        if line.contains("event method") {
            return Ok(Some(Nginx { address, _child: child, _errors: errors }));
        }
        if line.contains("Address already in use") {
            return Ok(None);
        }
        said.push_str(&line);
        said.push('\n');
    }
    bail!("nginx ended:\n{said}")
}

fn run(program: &str, directory: &Path) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.arg("-p").arg(directory).args(["-e", "stderr", "-c", "nginx.conf"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command.spawn()
}

/// One process, so that it ends as a whole when it is killed.
fn configuration(server: &str) -> String {
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {{}}
http {{
    access_log off;
    client_body_temp_path temporary;
    proxy_temp_path temporary;
    fastcgi_temp_path temporary;
    uwsgi_temp_path temporary;
    scgi_temp_path temporary;
{server}}}
"
    )
}

fn passing_on(address: SocketAddr, to: SocketAddr, idle: Duration) -> String {
    let idle = idle.as_millis();
    format!(
        "    server {{
        listen {address} ssl;
        ssl_certificate chain.pem;
        ssl_certificate_key key.pem;
        location / {{
            proxy_pass http://{to};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection \"upgrade\";
            proxy_read_timeout {idle}ms;
            proxy_send_timeout {idle}ms;
        }}
    }}
"
    )
}

fn telling_sources(address: SocketAddr) -> String {
    format!(
        "    server {{
        listen {address} proxy_protocol;
        location / {{
            return 200 $proxy_protocol_addr:$proxy_protocol_port;
        }}
    }}
"
    )
}
