//! One machine of a simulation.

use crate::network::Id;
use crate::stream::{Listener, PathListener, connect};
use crate::world::World;
use multiserver_compose::{BoxFuture, Connection, Native, Runtime, TcpListener, UnixListener};
use multiserver_io::Duplex;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// One machine of a [`Sim`](crate::Sim), as a runtime: its sockets are in the simulated network, its clock is virtual.
///
/// Its Unix sockets are names that only this machine knows, and are not in a file system; in the trace they have the
/// address 127.0.0.0. Cloning is cheap, and the clones are the same machine. Its futures and timers make progress only
/// while the simulation runs. Its randomness comes from the seed, so keys made from it are for tests only.
#[derive(Clone)]
pub struct Host {
    pub(crate) world: Arc<World>,
    pub(crate) id: Id,
}

impl Host {
    /// The virtual time since the simulation began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.world.with(|network| network.agenda.now())
    }

    /// The machine's name, by which the other machines find it.
    #[must_use]
    pub fn name(&self) -> String {
        self.world.with(|network| network.machine(self.id).map(|machine| machine.name.clone()).unwrap_or_default())
    }

    /// The machine's addresses without loopback, in the order in which its name resolves to them.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.world.with(|network| network.machine(self.id).map(|machine| machine.addresses.clone()).unwrap_or_default())
    }

    /// Gives the machine a further address, for example an IPv6 or a public one.
    pub fn add_address(&self, ip: IpAddr) {
        self.world.with(|network| {
            if let Some(machine) = network.machine(self.id) {
                machine.addresses.push(ip);
            }
        });
    }
}

impl Runtime for Host {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            let found = self.world.with(|network| network.resolve(host));
            let addresses = found.ok_or_else(|| io::Error::new(ErrorKind::NotFound, UnknownName(host.to_owned())))?;
            Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
        })
    }

    fn tcp_connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
        Box::pin(connect(Arc::clone(&self.world), self.id, address))
    }

    fn tcp_listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
        Box::pin(async move {
            let listener: Box<dyn TcpListener> = Box::new(Listener::new(Arc::clone(&self.world), self.id, address)?);
            Ok(listener)
        })
    }

    fn unix_connect<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Duplex>> {
        Box::pin(async move {
            let found = self.world.with(|network| network.machine(self.id)?.paths.get(path).copied());
            connect(Arc::clone(&self.world), self.id, found.ok_or(ErrorKind::NotFound)?).await
        })
    }

    fn unix_listen<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Box<dyn UnixListener>>> {
        Box::pin(async move {
            let listener = PathListener::new(Arc::clone(&self.world), self.id, path.to_owned())?;
            let listener: Box<dyn UnixListener> = Box::new(listener);
            Ok(listener)
        })
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.world.sleep(duration))
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Self::now(self)
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self.world.executor.spawn(future);
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        let mut bytes = [0; 32];
        self.world.with(|network| network.random.fill(&mut bytes));
        Ok(bytes)
    }

    fn interfaces(&self) -> io::Result<Vec<IpAddr>> {
        let mut addresses = vec![Ipv4Addr::LOCALHOST.into()];
        addresses.extend(self.addresses());
        Ok(addresses)
    }
}

impl Native for Host {
    type Connection = Connection;
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Host").field(&self.name()).finish()
    }
}

/// No machine has this name.
#[derive(Debug, thiserror::Error)]
#[error("no host of this simulation is called `{0}`: make one with Sim::runtime, or name its addresses with Sim::name")]
struct UnknownName(String);
