//! The bounds on peers that are connected.

mod table;

use super::eviction::Eviction;
use super::slots::Entered;
use crate::{ByteCounter, Peer};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use table::Table;

/// How long a peer may carry no bytes before a newcomer can take its slot.
const IDLE: Duration = Duration::from_secs(60);

/// Bounds peers that are connected, in total and for each key, and decides which peer loses its slot to a newcomer.
///
/// [`Limits`](crate::Limits) bound handshakes; this bounds connections that were accepted. Ask for a permit when a peer
/// is authorized, keep it as long as the connection, and close the connection when the permit is
/// [evicted](PeerPermit::evicted).
///
/// When all slots are taken, a newcomer takes the slot of a peer whose key, or source, has more slots than the
/// newcomer's would have. If there is none, it takes the slot of a peer that carried no bytes for [a
/// minute](Self::idle_after): of any such peer if the newcomer's key has no slot yet, and otherwise only of one with
/// the same key.
///
/// ```
/// use multiserver_compose::{Native, PeerLimiter, Server};
/// use std::sync::Arc;
///
/// async fn serve<R: Native<Connection = multiserver_compose::Connection>>(server: Server<R>) {
///     let limiter = Arc::new(PeerLimiter::new(256).per_key(8));
///     let handle = |connection: multiserver_compose::Connection, permit: multiserver_compose::PeerPermit| async move {
///         permit.watch(connection.counter());
///         // Serve the connection, until `permit.evicted()` ends.
///     };
///     server.serve(move |peer| std::future::ready(limiter.enter(&peer)), handle).await;
/// }
/// ```
#[derive(Debug)]
pub struct PeerLimiter {
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    table: Table,
    held: HashMap<u64, Held>,
}

#[derive(Debug)]
struct Held {
    /// `None` until the connection's counter is known.
    meter: Option<ByteCounter>,
    eviction: Arc<Eviction>,
}

/// The slot of a peer that is connected; dropping it frees the slot.
#[derive(Debug)]
pub struct PeerPermit {
    limiter: Arc<PeerLimiter>,
    number: u64,
    eviction: Arc<Eviction>,
}

impl PeerLimiter {
    /// A limiter with slots for this many peers; 0 counts as 1.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let table = Table::new(most.max(1), IDLE);
        Self { begun: Instant::now(), state: Mutex::new(State { table, held: HashMap::new() }) }
    }

    /// Sets how many slots one key may have. Without this bound, one key may have all slots that no other key asks for.
    #[must_use]
    pub fn per_key(mut self, most: usize) -> Self {
        self.table().per_key = most.max(1);
        self
    }

    /// Sets how long a peer may carry no bytes before a newcomer can take its slot; a minute by default.
    #[must_use]
    pub fn idle_after(mut self, time: Duration) -> Self {
        self.table().idle = Some(time);
        self
    }

    /// Turns eviction off: a peer keeps its slot until its permit is dropped.
    #[must_use]
    pub fn without_eviction(mut self) -> Self {
        self.table().idle = None;
        self
    }

    /// Gives a peer a slot, if necessary by evicting another peer; `None` when no slot is free and no peer can be
    /// evicted.
    pub fn enter(self: &Arc<Self>, peer: &Peer) -> Option<PeerPermit> {
        let now = self.begun.elapsed();
        let mut state = self.state();
        let State { table, held } = &mut *state;
        for (number, held) in &*held {
            if let Some(meter) = &held.meter {
                let traffic = meter.traffic();
                table.observe(*number, traffic.received.wrapping_add(traffic.sent), now);
            }
        }
        let Entered::In { slot: number, evicted } = table.enter(peer.key, peer.source, now) else { return None };
        let evicted = evicted.and_then(|evicted| held.remove(&evicted));
        let eviction = Arc::<Eviction>::default();
        held.insert(number, Held { meter: None, eviction: Arc::clone(&eviction) });
        drop(state);
        if let Some(evicted) = evicted {
            evicted.eviction.signal();
        }
        Some(PeerPermit { limiter: Arc::clone(self), number, eviction })
    }

    /// How many slots are taken.
    pub fn len(&self) -> usize {
        self.state().table.len()
    }

    /// Whether no slot is taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn table(&mut self) -> &mut Table {
        &mut self.state.get_mut().unwrap_or_else(PoisonError::into_inner).table
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PeerPermit {
    /// Uses this counter of the connection to see whether the peer is idle; without a counter, the peer counts as idle
    /// since it entered.
    pub fn watch(&self, meter: ByteCounter) {
        if let Some(held) = self.limiter.state().held.get_mut(&self.number) {
            held.meter = Some(meter);
        }
    }

    /// Ends when the slot is given to a newcomer; the connection is then to be closed. Only one task at a time can
    /// await it.
    pub fn evicted(&self) -> impl Future<Output = ()> + use<> {
        self.eviction.signalled()
    }
}

impl Drop for PeerPermit {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        state.table.leave(self.number);
        state.held.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use multiserver_core::keys::PublicKey;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn peer(number: u8) -> Peer {
        Peer { key: Some(PublicKey::from_bytes([number; 32])), source: None }
    }

    fn is_evicted(permit: &PeerPermit) -> bool {
        pin!(permit.evicted()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn who_loses_its_slot_is_told_and_takes_nobody_elses_with_it() {
        let limiter = Arc::new(PeerLimiter::new(3));
        let crowd = [limiter.enter(&peer(1)), limiter.enter(&peer(1)), limiter.enter(&peer(1))].map(Option::unwrap);
        let other = limiter.enter(&peer(2)).unwrap();
        assert_eq!(crowd.each_ref().map(is_evicted), [true, false, false]);
        drop(crowd);
        assert_eq!((limiter.len(), is_evicted(&other)), (1, false));
        drop(other);
        assert!(limiter.is_empty() && limiter.state().held.is_empty());
    }

    #[test]
    fn a_peer_that_carries_something_is_not_idle() {
        let limiter = Arc::new(PeerLimiter::new(2).idle_after(Duration::ZERO));
        let (first, second) = (limiter.enter(&peer(1)).unwrap(), limiter.enter(&peer(2)).unwrap());
        let meter = ByteCounter::new();
        first.watch(meter.clone());
        meter.receive(1);
        let _third = limiter.enter(&peer(3)).unwrap();
        assert_eq!((is_evicted(&first), is_evicted(&second)), (false, true));
    }
}
