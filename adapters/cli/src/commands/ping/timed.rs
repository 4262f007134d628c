//! Layers that note when each stage of an attempt begins.

use crate::options::security::{Secure, Security};
use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{
    Admission, Attempt, BoxFuture, Dial, DialPlan, LayerError, Limits, Listener, Opened, Runtime, Scope, SettingError,
    Stage, Suite, Transform, Transport, Wrap, WrapPlan,
};
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The security protocols and the transports below them, timed.
#[derive(Debug, Clone)]
pub(super) struct Timed {
    security: Security,
    stages: Stages,
}

/// When each stage began.
#[derive(Debug, Clone, Default)]
struct Stages(Arc<Mutex<Vec<(Stage, Instant)>>>);

impl Timed {
    pub(super) fn new(security: Security) -> Self {
        Self { security, stages: Stages::default() }
    }

    /// How long each stage took, for an attempt that ends now.
    pub(super) fn durations(&self) -> Vec<(Stage, Duration)> {
        let (stages, now) = (self.stages.lock(), Instant::now());
        let ends = stages.iter().skip(1).map(|(_, begun)| *begun).chain([now]);
        stages.iter().zip(ends).map(|((stage, begun), end)| (*stage, end - *begun)).collect()
    }

    fn suite(&self, transport: impl Transport, transform: impl Transform) -> Suite {
        let transport = TimedTransport { transport, stages: self.stages.clone() };
        Suite::new(transport).then(TimedTransform { transform, stages: self.stages.clone() })
    }
}

impl Secure for Timed {
    fn over(&self, transport: impl Transport) -> Suite {
        self.suite(transport, self.security.shs.clone())
    }

    fn over_noise(&self, transport: impl Transport) -> Option<Suite> {
        Some(self.suite(transport, self.security.noise.clone()))
    }
}

impl Stages {
    fn enter(&self, stage: Stage, at: Instant) {
        let mut stages = self.lock();
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

    fn lock(&self) -> MutexGuard<'_, Vec<(Stage, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transport whose dialling is timed.
struct TimedTransport<T> {
    transport: T,
    stages: Stages,
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
        let timed = |step| -> Box<dyn Dial + '_> { Box::new(TimedStep { step, stages: &self.stages }) };
        Some(self.transport.plan(layer)?.map(timed))
    }

    fn addresses(&self, runtime: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        self.transport.addresses(runtime, scope)
    }

    fn listen<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        self.transport.listen(attempt)
    }
}

/// A transform whose client's side is timed.
struct TimedTransform<T> {
    transform: T,
    stages: Stages,
}

impl<T: Transform> Transform for TimedTransform<T> {
    fn name(&self) -> &str {
        self.transform.name()
    }

    fn plan(&self, layer: Layer<'_>) -> Option<WrapPlan<'_>> {
        let timed = |step| -> Box<dyn Wrap + '_> { Box::new(TimedStep { step, stages: &self.stages }) };
        Some(self.transform.plan(layer)?.map(timed))
    }

    fn layer(&self) -> LayerBuf {
        self.transform.layer()
    }

    fn max_scope(&self) -> Scope {
        self.transform.max_scope()
    }

    fn proves_peer(&self) -> bool {
        self.transform.proves_peer()
    }

    fn server<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Admission, LayerError>> {
        self.transform.server(attempt, io)
    }
}

/// The step of a plan, timed.
struct TimedStep<'t, S> {
    step: S,
    stages: &'t Stages,
}

impl Dial for TimedStep<'_, Box<dyn Dial + '_>> {
    fn dial<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        Box::pin(self.stages.watch(attempt, self.step.dial(attempt)))
    }
}

impl Wrap for TimedStep<'_, Box<dyn Wrap + '_>> {
    fn wrap<'a>(&'a self, attempt: &'a Attempt, io: Duplex) -> BoxFuture<'a, Result<Opened, LayerError>> {
        self.stages.enter(attempt.stage(), Instant::now());
        Box::pin(self.stages.watch(attempt, self.step.wrap(attempt, io)))
    }
}
