//! The bounds on handshakes that are under way.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

/// The bounds a suite sets to those who have not been accepted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long all of an attempt may take; 15 seconds by default.
    ///
    /// On incoming connections it runs from the socket's arrival until the last byte of the handshake is written, and
    /// the time that the caller holds an [`Incoming`](crate::Incoming) or a [`Request`](crate::Request) is part of it.
    pub deadline: Duration,
    /// How many incoming connections may be under way at once; 256 by default.
    ///
    /// At the bound no further socket is accepted until one of them ends; a bound of 0 is one of 1.
    pub pending: usize,
    /// How many of them may come from one address, or from one /64 of IPv6; 32 by default.
    ///
    /// More than these are closed at once, so that one place cannot use the whole bound up. Behind a reverse proxy
    /// or an onion service everyone comes from one place: raise it to `pending` there.
    pub pending_per_source: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(15), pending: 256, pending_per_source: 32 }
    }
}

/// Counts what is under way, in all and for each place it comes from: the handshakes of a suite, or whatever else has to
/// be bounded as these are.
#[derive(Debug)]
pub struct Gate {
    pending: usize,
    per_source: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pending: usize,
    by_source: HashMap<IpAddr, usize>,
    acceptor: Option<Waker>,
}

/// A place among what is under way, given back when dropped.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<Gate>,
    source: Option<IpAddr>,
}

impl Gate {
    /// Nothing is under way yet, and there may be as much as these say.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self { pending: limits.pending.max(1), per_source: limits.pending_per_source.max(1), state: Mutex::default() }
    }

    /// Whether nobody more may come in; if so, the task is woken when that changes.
    pub(crate) fn is_full(&self, cx: &Context<'_>) -> bool {
        let mut state = self.state();
        let full = state.pending >= self.pending;
        if full {
            state.acceptor = Some(cx.waker().clone());
        }
        full
    }

    /// Takes a place, unless too many from this source have one.
    ///
    /// The bound for all is for those to keep who take what comes: at that bound they take nothing more.
    pub fn enter(self: &Arc<Self>, source: Option<IpAddr>) -> Option<Permit> {
        let source = source.map(place);
        let mut state = self.state();
        if let Some(source) = source {
            let count = state.by_source.entry(source).or_default();
            if *count >= self.per_source {
                return None;
            }
            *count += 1;
        }
        state.pending += 1;
        drop(state);
        Some(Permit { gate: Arc::clone(self), source })
    }

    /// How many have a place.
    pub(crate) fn pending(&self) -> usize {
        self.state().pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.pending = state.pending.saturating_sub(1);
        if let Some(source) = self.source
            && let Some(count) = state.by_source.get_mut(&source)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                state.by_source.remove(&source);
            }
        }
        let acceptor = state.acceptor.take();
        drop(state);
        if let Some(acceptor) = acceptor {
            acceptor.wake();
        }
    }
}

/// The source an address is counted under: an IPv6 host owns its whole /64.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn gate(pending: usize, pending_per_source: usize) -> Arc<Gate> {
        Arc::new(Gate::new(&Limits { pending, pending_per_source, ..Limits::default() }))
    }

    #[test]
    fn a_full_gate_wakes_who_waits_when_a_place_is_given_back() {
        let gate = gate(1, 1);
        let cx = Context::from_waker(Waker::noop());
        assert!(!gate.is_full(&cx));
        let permit = gate.enter(None).unwrap();
        assert!(gate.is_full(&cx));
        assert!(gate.state().acceptor.is_some());
        drop(permit);
        assert!(gate.state().acceptor.is_none());
        assert!(!gate.is_full(&cx));
    }

    #[test]
    fn each_source_has_its_own_bound_and_nothing_is_kept_of_it_afterwards() {
        let gate = gate(10, 2);
        let one = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        let mapped = Some("::ffff:192.0.2.1".parse().unwrap());
        let other = Some("192.0.2.2".parse().unwrap());
        let permits = [gate.enter(one).unwrap(), gate.enter(mapped).unwrap()];
        assert!(gate.enter(one).is_none());
        assert!(gate.enter(other).is_some());
        drop(permits);
        assert!(gate.enter(one).is_some());
        assert!(gate.state().by_source.is_empty());
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source() {
        let gate = gate(10, 1);
        let _permit = gate.enter(Some("2001:db8::1".parse().unwrap())).unwrap();
        assert!(gate.enter(Some("2001:db8::2:3".parse().unwrap())).is_none());
        assert!(gate.enter(Some("2001:db8:0:1::1".parse().unwrap())).is_some());
    }
}
