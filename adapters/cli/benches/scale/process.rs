//! The servers, and what the system tells of them.

use multiserver_tokio::core::address::{Address, Net};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// How many of the system's ticks are a second, for all that Linux tells by them (`proc_pid_stat(5)`).
const TICKS: f64 = 100.0;

/// `multiserver serve --echo`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: Address,
}

impl Server {
    /// Starts it here, with the identity of all that have this home.
    pub(crate) fn start(home: &TempDir, place: &str, options: &[&str]) -> Self {
        Self::start_with(home, place, options, &[])
    }

    /// Starts it with these variables of the environment.
    pub(crate) fn start_with(home: &TempDir, place: &str, options: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multiserver"));
        command.args(["-q", "serve", "--echo", "--net", place, "--max-peers", "20000"]).args(options);
        command.args(["--max-pending", "1000", "--max-pending-per-source", "1000", "--max-peers-per-key", "20000"]);
        command.env("HOME", home.path()).env("XDG_DATA_HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
        command.envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().parse().expect("the server says where it is") }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub(crate) fn place(&self) -> SocketAddr {
        let net = Net::try_from(self.address.transport()).unwrap();
        SocketAddr::new(net.host.ip().unwrap(), net.port)
    }

    /// The same server, reached by way of another place.
    pub(crate) fn address_at(&self, place: SocketAddr) -> Address {
        self.address.to_string().replace(&self.place().to_string(), &place.to_string()).parse().unwrap()
    }

    /// The memory that it has now, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many seconds of processor time the process with this number has had, its own and the kernel's for it.
pub(crate) fn cpu(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // The name before may have blanks in it.
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS
}

/// Lets this process, and those that it starts, have so many files open.
pub(crate) fn allow_files(count: u32) {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.current.map(|current| current.max(count.into()));
    setrlimit(Resource::Nofile, limit).expect("the system allows fewer files");
}
