//! Layers that note when each stage of an attempt begins.

use crate::options::dial::Secure;
use multiserver_tokio::core::address::{Layer, LayerBuf};
use multiserver_tokio::io::Duplex;
use multiserver_tokio::{
    Admission, BoxFuture, Context, Limits, Listener, PublicKey, Runtime, Scope, Shs, Stage, Suite, Transform,
    Transformed, Transport,
};
use std::error::Error;
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

    /// How long each stage took, of an attempt that ends now.
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

    /// Does the work, and notes the stages it enters: they change only while it is polled, and of several in one poll
    /// the last is noted.
    async fn watch<T>(&self, context: &Context, mut work: BoxFuture<'_, io::Result<T>>) -> io::Result<T> {
        poll_fn(|cx| {
            let begun = Instant::now();
            let polled = work.as_mut().poll(cx);
            self.enter(context.stage(), begun);
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

struct TimedTransport<T> {
    transport: T,
    timed: Timed,
}

impl<T: Transport> Transport for TimedTransport<T> {
    fn name(&self) -> &str {
        self.transport.name()
    }

    fn check(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.transport.check()
    }

    fn default_limits(&self) -> Limits {
        self.transport.default_limits()
    }

    fn farthest_scope(&self) -> Option<Scope> {
        self.transport.farthest_scope()
    }

    fn matches(&self, layer: Layer<'_>) -> bool {
        self.transport.matches(layer)
    }

    fn dial<'a>(&'a self, context: &'a Context, layer: Layer<'a>) -> BoxFuture<'a, io::Result<Duplex>> {
        Box::pin(self.timed.watch(context, self.transport.dial(context, layer)))
    }

    fn addresses(&self, _: &dyn Runtime, _: Scope) -> Vec<LayerBuf> {
        Vec::new()
    }

    /// Is for dialling only.
    fn listen<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

impl Transform for Timed {
    fn name(&self) -> &str {
        self.shs.name()
    }

    fn matches(&self, layer: Layer<'_>) -> bool {
        self.shs.matches(layer)
    }

    fn layer(&self) -> LayerBuf {
        self.shs.layer()
    }

    fn farthest_scope(&self) -> Scope {
        self.shs.farthest_scope()
    }

    fn proves_peer(&self) -> bool {
        self.shs.proves_peer()
    }

    fn expected_peer(&self, layer: Layer<'_>) -> Option<PublicKey> {
        self.shs.expected_peer(layer)
    }

    fn without_secrets(&self, layer: Layer<'_>) -> LayerBuf {
        self.shs.without_secrets(layer)
    }

    fn is_spent_by_use(&self, layer: Layer<'_>) -> bool {
        self.shs.is_spent_by_use(layer)
    }

    fn client<'a>(
        &'a self,
        context: &'a Context,
        layer: Layer<'a>,
        io: Duplex,
    ) -> BoxFuture<'a, io::Result<Transformed>> {
        self.enter(context.stage(), Instant::now());
        Box::pin(self.watch(context, self.shs.client(context, layer, io)))
    }

    fn server<'a>(&'a self, context: &'a Context, io: Duplex) -> BoxFuture<'a, io::Result<Box<dyn Admission>>> {
        self.shs.server(context, io)
    }
}
