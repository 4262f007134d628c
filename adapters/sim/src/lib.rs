//! Multi-protocol addresses and the secret handshake in a simulated network: for tests, yours included.
//!
//! A [`Sim`] is a network of machines in memory. Its latencies, the sizes of reads and writes, the order in which tasks
//! run and the keys that are made all come from one seed, so that a test that fails fails again. Its time is virtual:
//! it jumps to whatever is due next, so that a deadline of 15 s passes in no time. Machines are runtimes like tokio or
//! smol, and the multiservers on them are the same code.
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
//! What would hang on real machines is an [`Error`] here that says why.
//!
//! Only what uses the machine's [`Runtime`] is simulated: a thread, a real socket, the system's clock or its randomness
//! are outside of it, and a test that uses them is no longer decided by the seed.
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
