//! A suite that a server listens on.

use crate::Listener;
use crate::event::Event;
use crate::limiter::ConnectionLimiter;
use crate::live::Live;
use crate::multiserver::Inner;
use crate::suite::Ready;
use crate::tally::{ServerStats, Tally};
use multiserver_core::address::{Address, Scope};
use std::sync::{Arc, Mutex, PoisonError};

/// A suite that a server listens on, with its listener, its limiter and its counters.
pub(crate) struct Served {
    pub(crate) suite: Arc<Ready>,
    pub(crate) inner: Arc<Inner>,
    pub(crate) limiter: Arc<ConnectionLimiter>,
    /// The connections that are open.
    pub(crate) connected: Live,
    tally: Tally,
    /// `None` once the server is closed.
    listener: Mutex<Option<Arc<dyn Listener>>>,
}

impl Served {
    pub(crate) fn new(suite: Arc<Ready>, inner: Arc<Inner>, listener: Box<dyn Listener>) -> Self {
        let limiter = Arc::new(ConnectionLimiter::new(&suite.limits));
        let (connected, tally) = (Live::default(), Tally::default());
        Self { suite, inner, limiter, connected, tally, listener: Mutex::new(Some(Arc::from(listener))) }
    }

    /// The listener; the lock is not held while the listener is polled.
    pub(crate) fn listener(&self) -> Option<Arc<dyn Listener>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Closes the socket that listens.
    pub(crate) fn stop(&self) {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(listener);
    }

    /// The suite's addresses in this scope.
    pub(crate) fn addresses(&self, scope: Scope) -> Vec<Address> {
        self.listener().map(|listener| self.suite.over(listener.addresses(scope))).unwrap_or_default()
    }

    /// Counts an event of this suite, and passes it to the reporter.
    pub(crate) fn report(&self, event: &Event<'_>) {
        self.tally.count(event, || self.inner.runtime.now());
        tracing::debug!("{event}");
        self.inner.reporter.report(event);
    }

    pub(crate) fn stats(&self) -> ServerStats {
        self.tally.stats(&self.suite.name, self.limiter.pending(), self.connected.count())
    }
}
