//! Building a multiserver.

use crate::event::Reporter;
use crate::multiserver::{Inner, Multiserver};
use crate::{Event, InMemory, Limits, Native, ProtocolMemory, SettingError, Suite};
use multiserver_core::address::Scope;
use multiserver_io::{MaybeSend, MaybeSync};
use std::fmt;
use std::sync::Arc;

/// Collects the suites of a [`Multiserver`].
#[must_use = "a builder does nothing until build() is called"]
pub struct Builder<R> {
    runtime: R,
    suites: Vec<Suite>,
    limits: Option<Limits>,
    reporter: Reporter,
    memory: Option<Arc<dyn ProtocolMemory>>,
}

/// Why a multiserver cannot be built of these suites.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no suite.
    #[error("a multiserver needs one suite at least")]
    NoSuite,
    /// Two layers of a suite prove the peer, so that it is not clear after which of them the caller decides about the
    /// peer.
    #[error("the suite {suite} has two layers that prove the peer, {first} and {second}: leave one out")]
    TwoProofs {
        /// The suite's name.
        suite: String,
        /// The first such layer.
        first: String,
        /// The second such layer.
        second: String,
    },
    /// A suite without any transform, which is in the clear, can be reached from other devices.
    #[error(
        "the suite {suite} can be reached in the {reached} scope, and has no transform, so that everybody can read it: \
         bind it to a nearer address, or take a transform that proves the peer"
    )]
    InTheClear {
        /// The suite's name.
        suite: String,
        /// The farthest scope from which the suite can be reached.
        reached: Scope,
    },
    /// A suite can be reached from farther away than one of its transforms may be offered.
    #[error(
        "the suite {suite} can be reached in the {reached} scope, and {transform} is for the {allowed} scope at most: \
         bind it to a nearer address, or take a transform that proves the peer"
    )]
    TooFar {
        /// The suite's name.
        suite: String,
        /// The transform.
        transform: String,
        /// The farthest scope it may be offered in.
        allowed: Scope,
        /// The farthest scope from which the suite can be reached.
        reached: Scope,
    },
    /// A transport's settings are wrong.
    #[error("the suite {suite}: {error}")]
    Transport {
        /// The suite's name.
        suite: String,
        /// What is wrong.
        error: SettingError,
    },
}

impl<R: Native> Builder<R> {
    /// Starts without suites, on this runtime.
    pub(crate) fn new(runtime: R) -> Self {
        Self {
            runtime,
            suites: Vec::new(),
            limits: None,
            reporter: Reporter::default(),
            memory: Some(Arc::new(InMemory::new())),
        }
    }

    /// Adds a suite. Where several fit an address, those added first are tried first.
    pub fn suite(mut self, suite: impl Into<Suite>) -> Self {
        self.suites.push(suite.into());
        self
    }

    /// Sets the bounds of all suites that have none of their own.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Sets the function that is told of each [event](Event) of servers and reconnectors. It is called from the tasks
    /// that drive them, and must not block.
    pub fn report(mut self, report: impl Fn(&Event<'_>) + MaybeSend + MaybeSync + 'static) -> Self {
        self.reporter = Reporter(Arc::new(report));
        self
    }

    /// Sets what remembers the protocols by which servers have proven their keys; by default an [`InMemory`], which ends with
    /// the multiserver. With one that stays, a client is protected from its second connection to a server on.
    pub fn protocol_memory(mut self, memory: impl ProtocolMemory) -> Self {
        self.memory = Some(Arc::new(memory));
        self
    }

    /// Remembers no protocols: whoever can block connections may then choose the weakest of those that an address offers.
    pub fn without_protocol_memory(mut self) -> Self {
        self.memory = None;
        self
    }

    /// The multiserver of these suites.
    ///
    /// # Errors
    /// The suites or their settings are wrong; nothing has been opened yet.
    pub fn build(self) -> Result<Multiserver<R>, BuildError> {
        if self.suites.is_empty() {
            return Err(BuildError::NoSuite);
        }
        let mut suites = Vec::with_capacity(self.suites.len());
        for suite in self.suites {
            let suite = suite.finish(self.limits);
            let proofs: Vec<_> = suite.proofs().collect();
            if let [first, second, ..] = *proofs {
                let (first, second) = (first.to_owned(), second.to_owned());
                return Err(BuildError::TwoProofs { suite: suite.name.to_string(), first, second });
            }
            if let Err(error) = suite.transport.check() {
                return Err(BuildError::Transport { suite: suite.name.to_string(), error });
            }
            if let Some(reached) = suite.transport.max_scope() {
                if suite.transforms.is_empty() && proofs.is_empty() && reached > Scope::Device {
                    return Err(BuildError::InTheClear { suite: suite.name.to_string(), reached });
                }
                let too_far = suite.transforms.iter().find(|transform| transform.max_scope() < reached);
                if let Some(transform) = too_far {
                    let (transform, allowed) = (transform.name().to_owned(), transform.max_scope());
                    return Err(BuildError::TooFar { suite: suite.name.to_string(), transform, allowed, reached });
                }
            }
            suites.push(Arc::new(suite));
        }
        Ok(Multiserver::new(Inner {
            runtime: Arc::new(self.runtime),
            suites,
            reporter: self.reporter,
            memory: self.memory,
        }))
    }
}

impl<R: fmt::Debug> fmt::Debug for Builder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runtime, suites, limits, .. } = self;
        f.debug_struct("Builder")
            .field("runtime", runtime)
            .field("suites", suites)
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}
