//! The program that is attacked.

use crate::raw::Target;
use multiserver_tokio::core::address::{Address, Net, Shs};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// `multiserver serve --echo`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    address: Address,
    _home: TempDir,
}

impl Server {
    /// Starts it, for this many peers.
    pub(crate) fn start(peers: u32) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_multiserver"));
        command.args(["-q", "serve", "--echo", "--max-peers", &peers.to_string()]);
        command.env("HOME", home.path()).env("XDG_DATA_HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().parse().expect("the server says where it is");
        Self { child, address, _home: home }
    }

    /// Where it is, and who.
    pub(crate) fn target(&self) -> Target {
        let net = Net::try_from(self.address.transport()).unwrap();
        let shs = Shs::try_from(self.address.transforms().next().unwrap()).unwrap();
        Target { endpoint: SocketAddr::new(net.host.ip().unwrap(), net.port), key: shs.key }
    }

    /// The most memory that it has had so far, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
