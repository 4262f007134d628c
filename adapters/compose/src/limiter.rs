//! The bounds on handshakes that are under way.

mod eviction;
#[cfg(not(target_family = "wasm"))]
mod peers;
pub(crate) mod slots;

#[cfg(not(target_family = "wasm"))]
pub use peers::{PeerLimiter, PeerPermit};

use crate::held::Held;
use eviction::Eviction;
use multiserver_io::MaybeSend;
use slots::{Entered, Slots};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

/// The bounds that a suite sets for peers that have not been accepted yet.
///
/// ```
/// # use multiserver_compose::Limits;
/// # use std::time::Duration;
/// let limits = Limits::default().deadline(Duration::from_secs(5)).pending(64);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long all of an attempt may take; 15 seconds by default.
    ///
    /// For an incoming connection it runs from the socket's arrival until the last byte of the handshake is written; it
    /// includes the time that the caller holds an [`Incoming`](crate::Incoming) or a [`Request`](crate::Request).
    pub deadline: Duration,
    /// How many incoming connections may be under way at once; 256 by default.
    ///
    /// At the bound, a newcomer takes the slot of a connection whose peer is not proven yet: one from the source that
    /// has the most such connections or, when no source has several, one that has not completed a step of its handshake
    /// for a sixteenth of the deadline. When half of the slots are taken, each step of a handshake may take half of the
    /// deadline at most; when three quarters are taken, a quarter of it. A bound of 0 counts as 1.
    pub pending: usize,
    /// How many of these connections may come from one IPv4 address, or from one /64 of IPv6; 128 by default.
    ///
    /// At the bound, a newcomer takes the slot of the oldest connection from there whose peer is not proven yet, and is
    /// closed at once when all are proven. Behind a reverse proxy or an onion service everyone comes from one slot: raise
    /// it to `pending` there, or have the proxy say who comes ([`Net::proxy_protocol_from`](crate::Net)).
    pub pending_per_source: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(15), pending: 256, pending_per_source: 128 }
    }
}

impl Limits {
    /// The same with this value of [`deadline`](Self::deadline).
    #[must_use]
    pub const fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same with this value of [`pending`](Self::pending).
    #[must_use]
    pub const fn pending(self, pending: usize) -> Self {
        Self { pending, ..self }
    }

    /// The same with this value of [`pending_per_source`](Self::pending_per_source).
    #[must_use]
    pub const fn pending_per_source(self, pending_per_source: usize) -> Self {
        Self { pending_per_source, ..self }
    }
}

/// Bounds connections whose peers are not proven yet, in total and for each source, and decides which connection loses
/// its slot to a newcomer. It bounds the handshakes of a suite, and can bound other work in the same way.
#[derive(Debug)]
pub struct ConnectionLimiter(Mutex<State>);

#[derive(Debug)]
struct State {
    slots: Slots,
    evictions: HashMap<u64, Arc<Eviction>>,
    acceptor: Option<Waker>,
}

/// A connection's slot; dropping this frees the slot.
#[derive(Debug)]
pub struct Permit {
    limiter: Arc<ConnectionLimiter>,
    slot: u64,
    eviction: Arc<Eviction>,
}

/// Notes which steps of its handshake a connection has completed.
#[derive(Debug)]
pub(crate) struct Steps {
    limiter: Arc<ConnectionLimiter>,
    slot: u64,
}

impl ConnectionLimiter {
    /// A limiter with the slots that these limits allow; all are free.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let slots = Slots::new(limits.pending, limits.pending_per_source);
        Self(Mutex::new(State { slots, evictions: HashMap::new(), acceptor: None }))
    }

    /// Whether no newcomer can get a slot; if so, the task is woken when that changes.
    pub(crate) fn is_full(&self, cx: &Context<'_>) -> bool {
        let mut state = self.state();
        let full = state.slots.is_full();
        if full {
            state.acceptor = Some(cx.waker().clone());
        }
        full
    }

    /// Gives a newcomer from this source a slot. At a bound, the newcomer takes the slot of a connection that is not
    /// [proven](Permit::prove), whose permit is then [evicted](Permit::evicted).
    ///
    /// Returns `None` when the newcomer can have no slot: each that it could take belongs to a proven peer, or to a
    /// connection that is the only one of its source and not slow.
    pub fn enter(self: &Arc<Self>, source: Option<IpAddr>) -> Option<Permit> {
        let mut state = self.state();
        let Entered::In { slot, evicted } = state.slots.enter(source) else { return None };
        let eviction = Arc::<Eviction>::default();
        state.evictions.insert(slot, Arc::clone(&eviction));
        let evicted = evicted.and_then(|evicted| state.evictions.remove(&evicted));
        drop(state);
        if let Some(evicted) = evicted {
            evicted.signal();
        }
        Some(Permit { limiter: Arc::clone(self), slot, eviction })
    }

    /// A mark: every slot that is taken from now on has this number or a greater one.
    pub(crate) fn mark(&self) -> u64 {
        self.state().slots.next()
    }

    /// Begins the next of the [turns](slots::TURNS) that a deadline has, and evicts the connections whose handshakes
    /// are too slow.
    pub(crate) fn next_turn(&self) {
        let mut state = self.state();
        let slow = state.slots.next_turn();
        let slow: Vec<_> = slow.into_iter().filter_map(|slot| state.evictions.remove(&slot)).collect();
        // In the new turn a connection may count as slow and so make room for a newcomer.
        let acceptor = if state.slots.is_full() { None } else { state.acceptor.take() };
        drop(state);
        slow.into_iter().for_each(|eviction| eviction.signal());
        if let Some(acceptor) = acceptor {
            acceptor.wake();
        }
    }

    /// Closes the connections that the caller holds and whose slots are below the mark, and frees these slots.
    pub(crate) fn expire(&self, mark: u64) {
        let old: Vec<_> = {
            let state = self.state();
            let is_old = |(slot, _): &(&u64, &Arc<Eviction>)| **slot < mark;
            state.evictions.iter().filter(is_old).map(|(slot, eviction)| (*slot, Arc::clone(eviction))).collect()
        };
        // The sockets are closed after the lock was released.
        for (slot, eviction) in old {
            if eviction.revoke() {
                self.leave(slot);
                eviction.signal();
            }
        }
    }

    fn leave(&self, slot: u64) {
        let mut state = self.state();
        state.slots.leave(slot);
        state.evictions.remove(&slot);
        let acceptor = state.acceptor.take();
        drop(state);
        if let Some(acceptor) = acceptor {
            acceptor.wake();
        }
    }

    /// How many connections have a slot.
    pub(crate) fn pending(&self) -> usize {
        self.state().slots.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Returns the object that is told which steps of its handshake the peer completes.
    pub(crate) fn steps(&self) -> Steps {
        Steps { limiter: Arc::clone(&self.limiter), slot: self.slot }
    }

    /// Marks the peer as proven: no newcomer can take its slot from then on.
    pub fn prove(&self) {
        self.limiter.state().slots.prove(self.slot);
    }

    /// Says where the connection comes from, which nobody knew when it got its slot. It is a newcomer of that source now:
    /// at the source's bound another loses its slot, or this one does where all others are proven.
    ///
    /// Returns whether it has kept its slot in this; one that was [evicted](Self::evicted) before is told of that alone.
    #[cfg(feature = "proxy-protocol")]
    pub(crate) fn comes_from(&self, source: IpAddr) -> bool {
        let mut state = self.limiter.state();
        let Entered::In { evicted, .. } = state.slots.comes_from(self.slot, source) else { return false };
        let evicted = evicted.and_then(|evicted| state.evictions.remove(&evicted));
        drop(state);
        if let Some(evicted) = evicted {
            evicted.signal();
        }
        true
    }

    /// Gives this part of the connection to the caller, who loses it with the slot.
    pub(crate) fn hold<T: MaybeSend + 'static>(&self, value: T) -> Held<T> {
        let held = Held::new(value);
        self.eviction.takes_along(held.revoker());
        held
    }

    /// Ends when the slot is given to a newcomer; the connection is then to be closed.
    ///
    /// It never ends if the permit is dropped first. Only one task at a time can await it.
    pub fn evicted(&self) -> impl Future<Output = ()> + use<> {
        self.eviction.signalled()
    }
}

impl Steps {
    /// Notes that the peer has completed a step, such as a whole and valid message; the time limit of the next step
    /// begins.
    pub(crate) fn step(&self) {
        self.limiter.state().slots.step(self.slot);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.leave(self.slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    fn limiter(pending: usize, pending_per_source: usize) -> Arc<ConnectionLimiter> {
        Arc::new(ConnectionLimiter::new(&Limits { pending, pending_per_source, ..Limits::default() }))
    }

    #[test]
    fn a_full_limiter_wakes_who_waits_when_a_proven_peer_leaves() {
        let limiter = limiter(1, 1);
        let cx = Context::from_waker(Waker::noop());
        assert!(!limiter.is_full(&cx));
        let permit = limiter.enter(None).unwrap();
        permit.prove();
        assert!(limiter.is_full(&cx));
        assert!(limiter.enter(None).is_none());
        assert!(limiter.state().acceptor.is_some());
        drop(permit);
        assert!(limiter.state().acceptor.is_none());
        assert!(!limiter.is_full(&cx));
    }

    #[test]
    fn who_loses_its_slot_is_told_and_takes_nobody_elses_with_it() {
        let limiter = limiter(1, 1);
        let mut cx = Context::from_waker(Waker::noop());
        let source = Some([192, 0, 2, 1].into());
        let first = limiter.enter(source).unwrap();
        let mut evicted = pin!(first.evicted());
        assert!(evicted.as_mut().poll(&mut cx).is_pending());
        let second = limiter.enter(source).unwrap();
        assert!(evicted.as_mut().poll(&mut cx).is_ready());
        drop(first);
        assert_eq!(limiter.pending(), 1);
        let mut evicted = pin!(second.evicted());
        drop(second);
        assert!(evicted.as_mut().poll(&mut cx).is_pending(), "a slot that is given back is not lost");
        assert_eq!(limiter.pending(), 0);
        assert!(limiter.state().evictions.is_empty());
    }
}
