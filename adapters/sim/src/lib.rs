//! Multi-protocol addresses and the secret handshake in a simulated network, for this workspace's tests and for yours.
//!
//! A [`Sim`] is a network of machines in memory. One seed decides its latencies, the sizes of reads and writes, the
//! order in which tasks run and the keys that are made, so that a failing test fails again. Its time is virtual: it
//! jumps to the next event, so that a deadline of 15 s passes at once. Its machines are runtimes like tokio or smol,
//! and the multiservers on them run the same code.
//!
//! ```
//! use multiserver_sim::{Multiserver, Net, Scope, Shs, Sim, generate_identity};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sim = Sim::new(7);
//! let (alice, bob) = (sim.runtime("alice"), sim.runtime("bob"));
//!
//! let suite = Net::bind("0.0.0.0:8008").then(Shs::new(generate_identity(&alice)?));
//! let server = sim.block_on(Multiserver::builder_on(alice.clone()).suite(suite).build()?.listen())??;
//! let address = server.address(Scope::Local).ok_or("no address")?; // net:10.0.0.1:8008~shs:KEY
//! sim.spawn(server.serve(|_peer| async { Some(()) }, |_connection, ()| async {}));
//!
//! let suite = Net::dial_only().then(Shs::new(generate_identity(&bob)?));
//! let client = Multiserver::builder_on(bob.clone()).suite(suite).build()?;
//! sim.block_on(client.connect(&address))??;
//!
//! sim.cut(&alice, &bob);
//! let before = sim.now();
//! let error = sim.block_on(client.connect(&address))?.unwrap_err();
//! assert!(error.to_string().contains("connecting had not ended after 15s"));
//! assert_eq!(sim.now() - before, Duration::from_secs(15)); // Nobody waited for them.
//! println!("{}", sim.trace()); // A line for each packet: two runs of this print the same.
//! # Ok(())
//! # }
//! ```
//! A test that would hang on real machines ends with an [`Error`] that says why.
//!
//! Only code that uses the machine's [`Runtime`] is simulated. Threads, real sockets, the system's clock and its
//! randomness are not, and the seed no longer decides a test that uses them.
#![forbid(unsafe_code)]

mod agenda;
mod error;
mod executor;
mod host;
mod network;
mod settings;
mod sim;
mod socket;
mod stream;
mod trace;
mod world;

pub use error::Error;
pub use host::Host;
pub use sim::Sim;
pub use trace::{Fate, Packet, Record, Trace};

pub use multiserver_compose::{Connection, ReadHalf, WriteHalf, generate_identity};

multiserver_compose::export_types!(Host);
