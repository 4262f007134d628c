//! The places of those who come by an invite.

use multiserver_tokio::PublicKey;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many guests may join at the same time.
const MOST: usize = 16;

/// Who is joining. Nobody who holds an invite, and says nothing, keeps others from joining.
#[derive(Default)]
pub(super) struct Guests(Mutex<State>);

#[derive(Default)]
struct State {
    next: u64,
    joining: BTreeMap<u64, Joining>,
}

struct Joining {
    invite: PublicKey,
    eviction: Arc<Notify>,
}

/// Somebody who came with an invite; dropping it frees the place.
pub(super) struct Guest {
    pub(super) invite: PublicKey,
    number: u64,
    guests: Arc<Guests>,
    eviction: Arc<Notify>,
}

impl Guests {
    /// Gives a guest a place. When all are taken, the oldest guest of the invite that has the most of them makes room.
    pub(super) fn enter(self: &Arc<Self>, invite: PublicKey) -> Guest {
        let mut state = self.state();
        if state.joining.len() >= MOST
            && let Some(oldest) = state.oldest_of_the_most_crowded_invite()
            && let Some(evicted) = state.joining.remove(&oldest)
        {
            evicted.eviction.notify_one();
        }
        let (number, eviction) = (state.next, Arc::<Notify>::default());
        state.next += 1;
        state.joining.insert(number, Joining { invite, eviction: Arc::clone(&eviction) });
        Guest { invite, number, guests: Arc::clone(self), eviction }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn oldest_of_the_most_crowded_invite(&self) -> Option<u64> {
        let count = |invite| self.joining.values().filter(|joining| joining.invite == invite).count();
        let least_deserving =
            self.joining.iter().max_by_key(|(number, joining)| (count(joining.invite), Reverse(**number)));
        least_deserving.map(|(number, _)| *number)
    }
}

impl Guest {
    /// Ends when the place is given to another guest.
    pub(super) async fn evicted(&self) {
        self.eviction.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.guests.state().joining.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn key(number: u8) -> PublicKey {
        PublicKey::from_bytes([number; 32])
    }

    fn is_evicted(guest: &Guest) -> bool {
        pin!(guest.evicted()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn the_invite_with_the_most_guests_makes_room() {
        let guests = Arc::<Guests>::default();
        let lone = guests.enter(key(1));
        let crowd: Vec<_> = (0..15).map(|_| guests.enter(key(2))).collect();
        assert!(!is_evicted(&lone) && !crowd.iter().any(is_evicted));
        let newest = guests.enter(key(3));
        assert!(is_evicted(&crowd[0]) && !is_evicted(&lone) && !crowd[1..].iter().any(is_evicted));
        drop((lone, crowd, newest));
        assert!(guests.state().joining.is_empty());
    }

    #[test]
    fn of_lone_guests_the_oldest_makes_room() {
        let guests = Arc::<Guests>::default();
        let joining: Vec<_> = (0..16).map(|number| guests.enter(key(number))).collect();
        assert!(!joining.iter().any(is_evicted));
        let newest = guests.enter(key(16));
        assert!(is_evicted(&joining[0]) && !joining[1..].iter().any(is_evicted) && !is_evicted(&newest));
    }
}
