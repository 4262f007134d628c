//! A simulated machine as a runtime under test.

use crate::Tested;
use multiserver_compose::{BoxFuture, Connection, Native, Runtime, TcpListener, UnixListener};
use multiserver_io::Duplex;
use multiserver_sim::{Host, Sim};
use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Any seed will do.
const SEED: u64 = 1;

thread_local! {
    /// The machine that this thread simulates.
    static CURRENT: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// The simulated machine that the test is on.
#[derive(Debug, Clone)]
pub struct Simulated(Host);

impl Default for Simulated {
    fn default() -> Self {
        Self(CURRENT.with_borrow(Clone::clone).unwrap())
    }
}

impl Tested for Simulated {
    const STRIDE: usize = 1;

    fn run(test: impl Future<Output = ()>) {
        let sim = Sim::new(SEED);
        // These tests poll without pauses for bytes in transit, so no virtual time may be needed for them.
        sim.latency(Duration::ZERO..=Duration::ZERO);
        CURRENT.set(Some(sim.runtime("machine")));
        sim.block_on(test).unwrap();
    }
}

impl Runtime for Simulated {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.0.resolve(host, port)
    }

    fn tcp_connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
        self.0.tcp_connect(address)
    }

    fn tcp_listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
        self.0.tcp_listen(address)
    }

    fn unix_connect<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Duplex>> {
        self.0.unix_connect(path)
    }

    fn unix_listen<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Box<dyn UnixListener>>> {
        self.0.unix_listen(path)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }

    fn now(&self) -> SystemTime {
        Runtime::now(&self.0)
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.0.spawn(future);
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        self.0.random()
    }

    fn interfaces(&self) -> io::Result<Vec<IpAddr>> {
        self.0.interfaces()
    }
}

impl Native for Simulated {
    type Connection = Connection;
}
