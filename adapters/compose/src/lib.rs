//! Composes transports and transforms into suites, and suites into a multiserver, on any runtime.
//!
//! To use a multiserver, add the crate of your runtime, such as `multiserver-tokio`: it exports all of this with the
//! runtime filled in. This crate is for those who bring a runtime ([`Runtime`]), a transport ([`Transport`]) or a
//! transform ([`Transform`]) of their own.
//!
//! ```
//! use multiserver_compose::{Connection, Multiserver, Native, Net, Shs, generate_identity};
//! use std::error::Error;
//!
//! /// Connects on any runtime whose connections are those of this crate.
//! async fn reach<R: Native<Connection = Connection>>(runtime: R, address: &str) -> Result<Connection, Box<dyn Error>> {
//!     let suite = Net::dial_only().then(Shs::new(generate_identity(&runtime)?));
//!     let multiserver = Multiserver::builder_on(runtime).suite(suite).build()?;
//!     Ok(multiserver.connect(&address.parse()?).await?)
//! }
//! ```
//!
//! ```text
//! Suite        a Transport, then any number of Transforms, with Limits
//! Multiserver  suites; connects, keeps links, and listens as a Server
//! Server       accept ─▶ Incoming ─ handshake ─▶ Request ─ accept ─▶ Connection
//!                        dropping closes         dropping refuses
//! ```
#![forbid(unsafe_code)]

mod accept;
mod attempt;
mod builder;
mod candidate;
#[cfg(feature = "channel")]
pub mod channel;
mod connect;
mod connection;
mod deadline;
mod error;
mod event;
mod exclusive;
mod export;
mod held;
mod incoming;
mod layer_error;
pub mod layers;
mod limiter;
mod live;
mod memory;
mod multiserver;
mod net;
mod noauth;
#[cfg(feature = "onion")]
mod onion;
mod options;
mod plan;
mod pointers;
#[cfg(feature = "onion")]
mod proxy;
mod race;
mod reconnector;
mod runtime;
mod serve;
mod served;
mod server;
mod setting_error;
mod shs;
mod suite;
#[cfg(feature = "system")]
pub mod system;
mod tally;
mod tcp;
mod traffic;
mod transform;
mod transport;
#[cfg(feature = "unix")]
mod unix;
#[cfg(feature = "ws")]
pub mod ws;

pub use attempt::{Attempt, Stage};
pub use builder::{BuildError, Builder};
pub use connection::{Connection, ReadHalf, WriteHalf};
pub use error::{ConnectError, FailedAttempt, FailedListen, Failure, IncomingError, ListenError};
pub use event::Event;
pub use incoming::{Incoming, Request};
pub use layer_error::LayerError;
pub use layers::*;
pub use limiter::{ConnectionLimiter, Limits, Permit};
#[cfg(not(target_family = "wasm"))]
pub use limiter::{PeerLimiter, PeerPermit};
pub use memory::{InMemory, ProtocolMemory, Proven};
pub use multiserver::Multiserver;
pub use options::ConnectOptions;
pub use plan::{Dial, DialPlan, Opened, Plan, Wrap, WrapPlan};
pub use reconnector::Reconnector;
pub use runtime::{BoxFuture, Native, Runtime, TcpArrival, TcpListener, UnixListener, generate_identity};
pub use serve::Peer;
pub use server::{Server, ServerHandle};
pub use setting_error::SettingError;
#[cfg(feature = "system")]
pub use shs::{ShsAcceptor, ShsConnector, ShsRequest, ShsStream};
pub use suite::Suite;
pub use tally::ServerStats;
pub use traffic::{ByteCounter, Traffic};
pub use transform::{Admission, Transform, Undecided};
pub use transport::{Arrival, Listener, Transport};

pub use multiserver_core as core;
pub use multiserver_io as io;
