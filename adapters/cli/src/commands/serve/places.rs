//! The places of those who are served, and who makes room for a newcomer when all are taken.

mod table;

use crate::streams::origin;
use multiserver_tokio::{Connection, Meter, PublicKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use table::{Entered, Table};
use tokio::sync::Notify;

/// How many peers may be served at the same time.
pub(super) struct Places {
    begun: Instant,
    state: Mutex<State>,
}

struct State {
    table: Table,
    held: HashMap<u64, Held>,
}

struct Held {
    /// `None` until the peer is connected.
    meter: Option<Meter>,
    eviction: Arc<Notify>,
}

/// The place of a peer that is served; dropping it frees the place.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    eviction: Arc<Notify>,
}

impl Places {
    /// With so many places, of which a newcomer may take one that another makes poor use of.
    pub(super) fn shared(most: usize) -> Self {
        Self::new(Table::new(most))
    }

    /// With one place, which is the first peer's as long as that peer is there.
    pub(super) fn one() -> Self {
        Self::new(Table::new(1).without_eviction())
    }

    fn new(table: Table) -> Self {
        Self { begun: Instant::now(), state: Mutex::new(State { table, held: HashMap::new() }) }
    }

    /// Whether nobody is served.
    pub(super) fn is_empty(&self) -> bool {
        self.state().held.is_empty()
    }

    /// Gives the peer with this key a place, at the cost of another's if need be; `None` when there is none to give.
    pub(super) fn enter(self: &Arc<Self>, key: Option<PublicKey>) -> Option<Place> {
        let now = self.begun.elapsed();
        let mut state = self.state();
        let State { table, held } = &mut *state;
        for (number, held) in &*held {
            if let Some(meter) = &held.meter {
                let traffic = meter.traffic();
                table.observe(*number, traffic.received.wrapping_add(traffic.sent), now);
            }
        }
        let Entered::In { number, evicted } = table.enter(key, now) else { return None };
        if let Some(evicted) = evicted.and_then(|evicted| held.remove(&evicted)) {
            evicted.eviction.notify_one();
        }
        let eviction = Arc::<Notify>::default();
        held.insert(number, Held { meter: None, eviction: Arc::clone(&eviction) });
        Some(Place { places: Arc::clone(self), number, eviction })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Says whose place it is, now that the peer is connected.
    pub(super) fn is_for(&self, connection: &Connection) {
        let mut state = self.places.state();
        if let Some(held) = state.held.get_mut(&self.number) {
            held.meter = Some(connection.meter());
        }
        if let Some(origin) = origin::of(connection) {
            state.table.locate(self.number, origin.ip());
        }
    }

    /// Ends when the place is given to a newcomer.
    pub(super) async fn evicted(&self) {
        self.eviction.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.state();
        state.table.leave(self.number);
        state.held.remove(&self.number);
    }
}
