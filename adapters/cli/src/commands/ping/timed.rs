//! Layers that note when each stage of an attempt begins.

use crate::options::dial::Secure;
use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{
    Admission, Attempt, BoxFuture, Dial, DialPlan, LayerError, Limits, Listener, Opened, Runtime, Scope, SettingError,
    Shs, Stage, Suite, Transform, Transport, Wrap, WrapPlan,
};
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The secret handshake and the transports below it, timed.
#[derive(Debug, Clone)]
pub(super) struct Timed {
    shs: Shs,
    stages: Arc<Mutex<Vec<(Stage, Instant)>>>,
}

impl Timed {
    pub(super) fn new(shs: Shs) -> Self {
        Self { shs, stages: Arc::default() }
    }

    /// How long each stage took, for an attempt that ends now.
    pub(super) fn durations(&self) -> Vec<(Stage, Duration)> {
        let (stages, now) = (self.stages(), Instant::now());
        let ends = stages.iter().skip(1).map(|(_, begun)| *begun).chain([now]);
        stages.iter().zip(ends).map(|((stage, begun), end)| (*stage, end - *begun)).collect()
    }

    fn enter(&self, stage: Stage, at: Instant) {
        let mut stages = self.stages();
        if stages.last().is_none_or(|(last, _)| *last != stage) {
            stages.push((stage, at));
        }
    }

    /// Runs the work, and notes the stages that it enters. They change only while it is polled; of several in one poll,
    /// only the last is noted.
    async fn watch<T>(
        &self,
        attempt: &Attempt,
        mut work: BoxFuture<'_, Result<T, LayerError>>,
    ) -> Result<T, LayerError> {
        poll_fn(|cx| {
            let begun = Instant::now();
            let polled = work.as_mut().poll(cx);
            self.enter(attempt.stage(), begun);
            polled
        })
        .await
    }

    fn stages(&self) -> MutexGuard<'_, Vec<(Stage, Instant)>> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Secure for Timed {
    fn over(&self, transport: impl Transport) -> Suite {
        Suite::new(TimedTransport { transport, timed: self.clone() }).then(self.clone())
    }
}

/// A transport whose dialling is timed.
struct TimedTransport<T> {
    transport: T,
    timed: Timed,
}

impl<T: Transport> Transport for TimedTransport<T> {
    fn name(&self) -> &str {
        self.transport.name()
    }

    fn check(&self) -> Result<(), SettingError> {
        self.transport.check()
    }

    fn default_limits(&self) -> Limits {
        self.transport.default_limits()
    }

    fn max_scope(&self) -> Option<Scope> {
        self.transport.max_scope()
    }

    fn proves_peer(&self) -> bool {
        self.transport.proves_peer()
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let timed = |step| -> Box<dyn Dial + '_> { Box::new(TimedStep { step, timed: &self.timed }) };
        Some(self.transport.plan(layer)?.map(timed))
    }

    fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        self.transport.addresses(runtime, scope)
    }

    fn listen<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        self.transport.listen(attempt)
    }
}

impl Transform for Timed {
    fn name(&self) -> &str {
        self.shs.name()
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        let timed = |step| -> Box<dyn Wrap + '_> { Box::new(TimedStep { step, timed: self }) };
        Some(self.shs.plan(layer)?.map(timed))
    }

    fn layer(&self) -> LayerBuf {
        self.shs.layer()
    }

    fn max_scope(&self) -> Scope {
        self.shs.max_scope()
    }

    fn proves_peer(&self) -> bool {
        self.shs.proves_peer()
    }

    fn server<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        self.shs.server(attempt, io)
    }
}

/// The step of a plan, timed.
struct TimedStep<'t, S> {
    step: S,
    timed: &'t Timed,
}

impl Dial for TimedStep<'_, Box<dyn Dial + '_>> {
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(self.timed.watch(attempt, self.step.dial(attempt)))
    }
}

impl Wrap for TimedStep<'_, Box<dyn Wrap + '_>> {
    fn wrap<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        self.timed.enter(attempt.stage(), Instant::now());
        Box::pin(self.timed.watch(attempt, self.step.wrap(attempt, io)))
    }
}
