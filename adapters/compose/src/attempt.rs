//! What an attempt carries along, and how far it has come.

use crate::Runtime;
use crate::limiter::Steps;
use std::fmt;
use std::mem;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

/// What a transport or a transform works with during one attempt: the runtime, and a place to say how far it is.
pub struct Attempt {
    runtime: Arc<dyn Runtime>,
    stage: Mutex<Stage>,
    is_in_the_clear: bool,
    is_accepted: Arc<AtomicBool>,
    /// Of an incoming peer, what is told how far it has come.
    steps: Option<Steps>,
}

impl Attempt {
    pub(crate) fn new(runtime: Arc<dyn Runtime>, stage: Stage) -> Self {
        Self { runtime, stage: Mutex::new(stage), is_in_the_clear: false, is_accepted: Arc::default(), steps: None }
    }

    /// The same for an incoming peer.
    pub(crate) fn with_steps(mut self, steps: Steps) -> Self {
        self.steps = Some(steps);
        self
    }

    /// The same for a suite of this kind.
    pub(crate) const fn in_the_clear(mut self, is_in_the_clear: bool) -> Self {
        self.is_in_the_clear = is_in_the_clear;
        self
    }

    /// Whether an incoming peer proves nothing in this suite, so that whoever opens a connection is served.
    ///
    /// A transport that other programs of the device can be led to, as browsers are by pages, has to look who asks.
    #[must_use]
    pub const fn is_in_the_clear(&self) -> bool {
        self.is_in_the_clear
    }

    /// Whether an incoming peer was accepted; before that, nothing that it sends is worth much memory.
    #[must_use]
    pub const fn is_accepted(&self) -> &Arc<AtomicBool> {
        &self.is_accepted
    }

    /// The runtime, for sockets, timers and randomness.
    #[must_use]
    pub const fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    /// Notes what begins now, for the error should the attempt fail there.
    ///
    /// A stage after TLS or the upgrade to a WebSocket says that the peer has got through that one, as
    /// [`step`](Self::step) does.
    pub fn enter(&self, stage: Stage) {
        tracing::trace!("{stage}");
        let last = mem::replace(&mut *self.stage.lock().unwrap_or_else(PoisonError::into_inner), stage);
        if last != stage && matches!(last, Stage::Tls | Stage::WebSocket) {
            self.step();
        }
    }

    /// Notes that the peer has got through a step, such as a whole message of its handshake that is right: an incoming
    /// peer then has the time that the next step may take, when slots are [scarce](crate::Limits::pending).
    pub fn step(&self) {
        if let Some(steps) = &self.steps {
            steps.step();
        }
    }

    /// What began last.
    #[must_use]
    pub fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("stage", &self.stage()).finish_non_exhaustive()
    }
}

/// How far an attempt had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Looking up a host name.
    Resolve,
    /// Opening the connection.
    Connect,
    /// Asking a proxy to open it.
    Proxy,
    /// Reading a load balancer's header, which says who comes.
    ProxyHeader,
    /// Setting up TLS.
    Tls,
    /// Upgrading to a WebSocket.
    WebSocket,
    /// A transform's handshake.
    Handshake,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "looking up the host",
            Self::Connect => "connecting",
            Self::Proxy => "asking the proxy",
            Self::ProxyHeader => "reading the PROXY header",
            Self::Tls => "setting up TLS",
            Self::WebSocket => "upgrading to a WebSocket",
            Self::Handshake => "the handshake",
        })
    }
}
