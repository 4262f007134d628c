//! Message channels inside one device as a transport.

use crate::{Arrival, Attempt, BoxFuture, Dial, DialPlan, LayerError, Listener, Opened, Plan, Runtime, Transport};
use multiserver_core::address::{self, Layer, LayerBuf, Scope};
use multiserver_io::Duplex;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll, Waker};

pub use multiserver_channel::{Reader, Writer, codec, duplex};

/// `channel`: message channels inside one device, which the application brings.
///
/// Its address is `channel` and nothing more, and it is found in [`Scope::Device`]. Each channel that is
/// [offered](Self::offer) becomes one connection: the next one that is dialled, or the next one that arrives.
///
/// Cloning is cheap, and the clones are the same transport: one goes into a suite, another is kept to offer channels.
#[derive(Clone)]
pub struct Channel {
    listens: bool,
    offered: Arc<Mutex<Offered>>,
}

#[derive(Default)]
struct Offered {
    channels: VecDeque<Duplex>,
    acceptor: Option<Waker>,
}

impl Channel {
    /// Channels for connecting only.
    #[must_use]
    pub fn dial_only() -> Self {
        Self::new(false)
    }

    /// Channels at whose other ends peers connect.
    #[must_use]
    pub fn listening() -> Self {
        Self::new(true)
    }

    fn new(listens: bool) -> Self {
        Self { listens, offered: Arc::default() }
    }

    /// Offers a channel for one connection, as the byte stream that [`duplex`] makes of its messages.
    ///
    /// An offered channel waits until it is dialled or accepted. There is no bound on the channels that wait: the
    /// caller has to set one.
    pub fn offer(&self, channel: Duplex) {
        let mut offered = self.offered();
        offered.channels.push_back(channel);
        let acceptor = offered.acceptor.take();
        drop(offered);
        if let Some(acceptor) = acceptor {
            acceptor.wake();
        }
    }

    crate::suite::then!();

    fn offered(&self) -> MutexGuard<'_, Offered> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Channel {
    fn name(&self) -> &str {
        "channel"
    }

    fn max_scope(&self) -> Option<Scope> {
        self.listens.then_some(Scope::Device)
    }

    fn plan(&self, layer: Layer<'_>) -> Option<DialPlan<'_>> {
        let layer = address::Channel::try_from(layer).ok().filter(|_| !self.listens)?;
        Some(Plan::dial(layer, self.clone()))
    }

    fn addresses(&self, _: &dyn Runtime, scope: Scope) -> Vec<LayerBuf> {
        if self.listens { layers(scope) } else { Vec::new() }
    }

    fn listen<'a>(&'a self, _: &'a Attempt) -> BoxFuture<'a, io::Result<Option<Box<dyn Listener>>>> {
        let listener = self.listens.then(|| -> Box<dyn Listener> { Box::new(self.clone()) });
        Box::pin(std::future::ready(Ok(listener)))
    }
}

impl Dial for Channel {
    fn dial<'a>(&'a self, _: &'a Attempt) -> BoxFuture<'a, Result<Opened, LayerError>> {
        let channel = self.offered().channels.pop_front();
        let opened =
            channel.map(Opened::new).ok_or_else(|| io::Error::new(ErrorKind::NotConnected, NoneOffered).into());
        Box::pin(std::future::ready(opened))
    }
}

impl Listener for Channel {
    fn addresses(&self, scope: Scope) -> Vec<LayerBuf> {
        layers(scope)
    }

    fn poll_accept(&self, cx: &mut task::Context<'_>) -> Poll<io::Result<Arrival>> {
        let mut offered = self.offered();
        match offered.channels.pop_front() {
            Some(channel) => Poll::Ready(Ok(Arrival::new(channel).with_layer(address::Channel))),
            None => {
                offered.acceptor = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("listens", &self.listens).finish_non_exhaustive()
    }
}

/// No channel that could be dialled has been offered.
#[derive(Debug, thiserror::Error)]
#[error("there is no message channel to connect through: give one to Channel::offer first, each serves once")]
struct NoneOffered;

fn layers(scope: Scope) -> Vec<LayerBuf> {
    if scope == Scope::Device { vec![address::Channel.into()] } else { Vec::new() }
}
