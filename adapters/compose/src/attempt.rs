//! The state of one attempt to connect or to accept a peer, and the stage it has reached.

use crate::Runtime;
use crate::limiter::Steps;
use std::fmt;
use std::mem;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

/// What a transport or a transform works with during one attempt: the runtime, and the stage that the attempt has
/// reached.
pub struct Attempt {
    runtime: Arc<dyn Runtime>,
    stage: Mutex<Stage>,
    is_in_the_clear: bool,
    is_accepted: Arc<AtomicBool>,
    /// Counts the steps of an incoming peer's handshake; `None` for an outgoing attempt.
    steps: Option<Steps>,
}

impl Attempt {
    pub(crate) fn new(runtime: Arc<dyn Runtime>, stage: Stage) -> Self {
        Self { runtime, stage: Mutex::new(stage), is_in_the_clear: false, is_accepted: Arc::default(), steps: None }
    }

    /// An attempt for an incoming peer.
    pub(crate) fn with_steps(mut self, steps: Steps) -> Self {
        self.steps = Some(steps);
        self
    }

    /// The same attempt, which notes whether its suite is in the clear.
    pub(crate) const fn in_the_clear(mut self, is_in_the_clear: bool) -> Self {
        self.is_in_the_clear = is_in_the_clear;
        self
    }

    /// Whether no layer of the suite proves an incoming peer, so that every peer that connects is served.
    ///
    /// A transport that a web page can make a browser connect to has to check which page asks.
    #[must_use]
    pub const fn is_in_the_clear(&self) -> bool {
        self.is_in_the_clear
    }

    /// Whether an incoming peer was accepted. Before that, a layer should keep little of what the peer sends in memory.
    #[must_use]
    pub const fn is_accepted(&self) -> &Arc<AtomicBool> {
        &self.is_accepted
    }

    /// The runtime, for sockets, timers and randomness.
    #[must_use]
    pub const fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    /// Notes that this stage begins now; if the attempt fails in it, the error names the stage.
    ///
    /// Entering a stage after TLS or after the upgrade to a WebSocket also notes that the peer has completed a step, as
    /// [`step`](Self::step) does.
    pub fn enter(&self, stage: Stage) {
        tracing::trace!("{stage}");
        let last = mem::replace(&mut *self.stage.lock().unwrap_or_else(PoisonError::into_inner), stage);
        if last != stage && matches!(last, Stage::Tls | Stage::WebSocket) {
            self.step();
        }
    }

    /// Notes that the peer has completed a step, such as a whole and valid message of its handshake. When slots are
    /// [scarce](crate::Limits::pending), each step of an incoming peer has a time limit of its own, which starts anew
    /// here.
    pub fn step(&self) {
        if let Some(steps) = &self.steps {
            steps.step();
        }
    }

    /// The stage that began last.
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
