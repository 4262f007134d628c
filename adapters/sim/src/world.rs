//! The whole state of a simulation: its network and its tasks.

use crate::agenda::Key;
use crate::executor::Executor;
use crate::network::{Due, Network};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The state that a simulation and its hosts share.
pub(crate) struct World {
    network: Mutex<Network>,
    pub(crate) executor: Executor,
}

/// Ends at a point in virtual time.
pub(crate) struct Sleep {
    world: Arc<World>,
    key: Key,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let executor = Executor::new(random.fork());
        Self { network: Mutex::new(Network::new(random)), executor }
    }

    /// Locks the network to read or change it, then wakes the tasks that the change concerns.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Network) -> T) -> T {
        let mut network = self.network.lock().unwrap_or_else(PoisonError::into_inner);
        let value = change(&mut network);
        let woken = std::mem::take(&mut network.woken);
        drop(network);
        woken.into_iter().for_each(Waker::wake);
        value
    }

    pub(crate) fn sleep(self: &Arc<Self>, duration: Duration) -> Sleep {
        let key = self.with(|network| {
            let at = network.agenda.now().saturating_add(duration);
            network.agenda.add(at, Due::Timer(None))
        });
        Sleep { world: Arc::clone(self), key }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.world.with(|network| {
            if network.agenda.now() >= self.key.at {
                return Poll::Ready(());
            }
            if let Some(Due::Timer(waiting)) = network.agenda.get_mut(self.key) {
                *waiting = Some(cx.waker().clone());
            }
            Poll::Pending
        })
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let removed = self.world.with(|network| network.agenda.remove(self.key));
        drop(removed);
    }
}
