//! The simulation, as a test uses it.

use crate::world::World;
use crate::{Error, Host, Trace};
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// How much virtual time a future may take.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A network of machines with their tasks and their time; a seed decides all that happens.
///
/// It shares nothing with another simulation or with the real system, and nothing happens unless a method here runs it.
/// Tasks run one at a time in this thread, in an order that the seed decides. Time stands still while any of them can
/// run, and jumps to the next event when none can. Dropping the simulation drops all tasks.
pub struct Sim {
    world: Arc<World>,
}

impl Sim {
    /// A simulation without machines. Two simulations with the same seed, used in the same way, behave the same.
    ///
    /// A packet takes 1 to 20 ms, a read or a write moves 1 to 1,460 bytes, and a sender is at most 64 KiB ahead of its
    /// reader, unless other values are set.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { world: Arc::new(World::new(seed)) }
    }

    /// The machine of this name as a runtime; a new one when there is none yet, with the next address of 10.0.0.0/8.
    #[must_use]
    pub fn runtime(&self, name: &str) -> Host {
        let id = self.world.with(|network| network.machine_called(name));
        Host { world: Arc::clone(&self.world), id }
    }

    /// Runs a future to its end, with all tasks and timers meanwhile, and returns its output.
    ///
    /// Tasks that have not ended by then stay as they are until the simulation is run again.
    ///
    /// # Errors
    /// The future does not end: all tasks wait and no event is due, or tasks run without time passing, or a day of
    /// virtual time has passed. Or the simulation is running already.
    ///
    /// # Panics
    /// When a task panics.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Error> {
        let mut future = pin!(future);
        let until = self.now().saturating_add(LONGEST);
        let output = self.world.executor.run(&self.world, until, |cx| future.as_mut().poll(cx))?;
        output.ok_or_else(|| self.stuck())
    }

    /// Spawns a future as a task, which runs whenever the simulation runs.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.world.executor.spawn(Box::pin(future));
    }

    /// Runs all tasks until each of them waits, without letting any time pass.
    ///
    /// # Errors
    /// The tasks run without end, or the simulation is running already.
    pub fn run_until_stalled(&self) -> Result<(), Error> {
        self.advance(Duration::ZERO)
    }

    /// Advances the virtual time by this much, and runs all events that are due meanwhile.
    ///
    /// # Errors
    /// Tasks run without end and without time passing, or the simulation is running already.
    pub fn advance(&self, duration: Duration) -> Result<(), Error> {
        let until = self.now().saturating_add(duration);
        self.world.executor.run(&self.world, until, |_| Poll::<()>::Pending)?;
        self.world.with(|network| network.agenda.pass(until));
        Ok(())
    }

    /// The virtual time since the simulation began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.world.with(|network| network.agenda.now())
    }

    /// What has happened on the network so far.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.world.with(|network| network.trace.clone())
    }

    /// Sets how long a packet takes, between all machines that have no latency of their own.
    ///
    /// Each packet's time is chosen from the range; packets of one stream keep their order, and packets of different
    /// streams may overtake each other.
    pub fn latency(&self, range: RangeInclusive<Duration>) {
        self.world.with(|network| network.settings.latency = range);
    }

    /// Sets how long a packet takes between two machines, or within one.
    ///
    /// # Panics
    /// When one of them belongs to another simulation.
    pub fn latency_between(&self, one: &Host, other: &Host, range: RangeInclusive<Duration>) {
        let between = self.pair(one, other);
        self.world.with(|network| network.set_latency(between, range));
    }

    /// Sets how many bytes a read or a write moves at most, chosen from the range each time; 0 counts as 1.
    pub fn segments(&self, range: RangeInclusive<usize>) {
        self.world.with(|network| network.settings.segments = range);
    }

    /// Sets how many bytes may be sent and not yet read, in each direction of each connection.
    pub fn window(&self, bytes: NonZeroUsize) {
        self.world.with(|network| network.settings.window = bytes);
    }

    /// Cuts the link between two machines: packets that are sent or in transit are held back until it is healed.
    ///
    /// As with real cuts, neither side is told. When the link is healed, nothing is lost, since TCP would have sent the
    /// packets again.
    ///
    /// # Panics
    /// When one of them belongs to another simulation.
    pub fn cut(&self, one: &Host, other: &Host) {
        let between = self.pair(one, other);
        self.world.with(|network| network.cut(between));
    }

    /// Heals a cut; the packets that were held back arrive at once.
    ///
    /// # Panics
    /// When one of them belongs to another simulation.
    pub fn heal(&self, one: &Host, other: &Host) {
        let between = self.pair(one, other);
        self.world.with(|network| network.heal(between));
    }

    /// Resets all connections between two machines, as a firewall between them may do; both sides are told.
    ///
    /// # Panics
    /// When one of them belongs to another simulation.
    pub fn reset(&self, one: &Host, other: &Host) {
        let (one, other) = self.pair(one, other);
        self.world.with(|network| network.reset_between(one, other));
    }

    /// Sets whether a machine refuses new connections even where it listens.
    ///
    /// # Panics
    /// When it belongs to another simulation.
    pub fn refuse(&self, host: &Host, refuses: bool) {
        let (id, _) = self.pair(host, host);
        self.world.with(|network| {
            if let Some(machine) = network.machine(id) {
                machine.refuses = refuses;
            }
        });
    }

    /// Sets whether somebody on the way to a machine refuses new connections to this port.
    ///
    /// # Panics
    /// When the machine belongs to another simulation.
    pub fn block(&self, host: &Host, port: u16, blocks: bool) {
        let (id, _) = self.pair(host, host);
        self.world.with(|network| {
            if let Some(machine) = network.machine(id) {
                if blocks {
                    machine.blocked.insert(port)
                } else {
                    machine.blocked.remove(&port)
                };
            }
        });
    }

    /// Sets what a name resolves to, best first, instead of a machine's own addresses.
    ///
    /// Connections to an address that no machine has are never answered.
    pub fn name(&self, name: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        let addresses = addresses.into_iter().collect();
        self.world.with(|network| network.names.insert(name.to_ascii_lowercase(), addresses));
    }

    /// Why the future that was run did not end.
    fn stuck(&self) -> Error {
        let tasks = self.world.executor.tasks_left();
        self.world.with(|network| match network.agenda.next() {
            Some(_) => Error::TooLong(LONGEST),
            None => Error::Deadlock { at: network.agenda.now(), tasks, held: network.held() },
        })
    }

    fn pair(&self, one: &Host, other: &Host) -> (usize, usize) {
        let is_ours = |host: &Host| Arc::ptr_eq(&host.world, &self.world);
        assert!(is_ours(one) && is_ours(other), "the host belongs to another simulation");
        (one.id, other.id)
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.world.executor.close();
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("now", &self.now()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::keys::Seed;
    use crate::network::Network;
    use crate::{KeyPair, Multiserver, Net, Scope, Shs};
    use futures_util::future::{FutureExt, join};
    use futures_util::{AsyncReadExt, AsyncWriteExt};

    /// Each connection is made beside an attempt that is given up halfway.
    #[test]
    fn a_thousand_connections_leave_nothing() {
        let sim = Sim::new(1);
        let shs = |fill| Shs::new(KeyPair::from_seed(Seed::from_bytes([fill; 32])));
        let on = |name, suite| Multiserver::builder_on(sim.runtime(name)).suite(suite).build().unwrap();
        let server = on("server", Net::bind("0.0.0.0:8008").then(shs(1)));
        let client = on("client", Net::dial_only().then(shs(2)));
        let test = async {
            let server = server.listen().await.unwrap();
            let (address, handle) = (server.address(Scope::Local).unwrap(), server.handle());
            let serve = server.serve(
                |_| async { Some(()) },
                |connection, ()| async {
                    let (read, mut write) = connection.into_split();
                    futures_util::io::copy(read, &mut write).await.unwrap();
                    write.close().await.unwrap();
                },
            );
            let talk = async {
                for _ in 0..1000 {
                    assert!(client.connect(&address).now_or_never().is_none());
                    let mut connection = client.connect(&address).await.unwrap();
                    connection.write_all(b"hello").await.unwrap();
                    connection.close().await.unwrap();
                    let mut back = Vec::new();
                    connection.read_to_end(&mut back).await.unwrap();
                    assert_eq!(back, b"hello");
                }
                assert_eq!(handle.close(LONGEST).await, 0);
            };
            join(serve, talk).await;
        };
        sim.block_on(test).unwrap();
        sim.advance(Duration::from_secs(60)).unwrap();
        assert_eq!(sim.world.executor.tasks_left(), 0);
        let left = |network: &mut Network| (network.sockets.len(), network.listeners.len(), network.agenda.next());
        assert_eq!(sim.world.with(left), (0, 0, None));
    }
}
