//! What the crates of the runtimes export.

/// Exports everything of this crate with a runtime filled in, so that the crates of the runtimes differ in their names
/// only.
///
/// The crate that calls it must have in scope: `Connection`, `ReadHalf`, `WriteHalf`, and the extension traits of its
/// runtime's streams, `AsyncReadExt` and `AsyncWriteExt`.
#[macro_export]
macro_rules! export_with_runtime {
    ($runtime:ident) => {
        $crate::export_types!($runtime);

        /// Makes a new long-term identity.
        ///
        /// # Errors
        /// The system has no randomness to give.
        pub fn generate_identity() -> std::io::Result<KeyPair> {
            $crate::generate_identity(&$runtime::default())
        }

        /// Runs a future in a task of its own, to its end.
        pub fn spawn(future: impl Future<Output = ()> + Send + 'static) {
            Runtime::spawn(&$runtime::default(), Box::pin(future));
        }

        /// The items that most programs need. A program that imports all of it changes its runtime by changing this one
        /// line.
        pub mod prelude {
            pub use super::{AsyncReadExt as _, AsyncWriteExt as _};
            pub use super::{Connection, Multiserver, Scope, block_on, copy, generate_identity, spawn};
            pub use $crate::layers::*;
        }
    };
}

/// Exports the types of this crate with a runtime filled in, for a runtime that has to be made before it is used.
#[macro_export]
macro_rules! export_types {
    ($runtime:ident) => {
        /// The items of `multiserver-compose`, generic over the runtime.
        pub mod compose {
            pub use $crate::*;
        }

        pub use $crate::core::address::{Address, MultiAddress, Scope};
        pub use $crate::core::keys::{KeyPair, NetworkKey, PublicKey};
        pub use $crate::layers::*;
        pub use $crate::{
            Admission, Arrival, Attempt, BoxFuture, BuildError, ByteCounter, ConnectError, ConnectOptions,
            ConnectionLimiter, Dial, DialPlan, Event, FailedAttempt, FailedListen, Failure, InMemory, IncomingError,
            LayerError, Limits, ListenError, Listener, Native, Opened, Peer, PeerLimiter, PeerPermit, Permit, Plan,
            ProtocolMemory, Proven, Runtime, ServerHandle, ServerStats, SettingError, Stage, Suite, TcpArrival,
            TcpListener, Traffic, Transform, Transport, Undecided, UnixListener, Wrap, WrapPlan,
        };
        pub use $crate::{core, io};

        /// Several suites together, on this runtime: see [`multiserver_compose::Multiserver`].
        pub type Multiserver = $crate::Multiserver<$runtime>;

        /// Collects the suites of a [`Multiserver`]: see [`multiserver_compose::Builder`].
        pub type Builder = $crate::Builder<$runtime>;

        /// Connects to a peer again each time the connection has ended: see [`multiserver_compose::Reconnector`].
        pub type Reconnector = $crate::Reconnector<$runtime>;

        /// A multiserver that listens: see [`multiserver_compose::Server`].
        pub type Server = $crate::Server<$runtime>;

        /// A peer that has proven nothing yet: see [`multiserver_compose::Incoming`].
        pub type Incoming = $crate::Incoming<$runtime>;

        /// A peer that waits to be accepted: see [`multiserver_compose::Request`].
        pub type Request = $crate::Request<$runtime>;
    };
}
