//! The policy of a peer limiter: which peers hold slots, and which one loses its slot to a newcomer. It has no clock,
//! lock or socket.

use super::super::slots::{Entered, network};
use multiserver_core::keys::PublicKey;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

/// The peers that are connected.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) most: usize,
    pub(super) per_key: usize,
    /// How long a peer may carry no bytes before a newcomer can take its slot; `None` if idle peers keep their slots.
    pub(super) idle: Option<Duration>,
    next: u64,
    held: BTreeMap<u64, Held>,
}

#[derive(Debug)]
struct Held {
    key: Option<PublicKey>,
    source: Option<IpAddr>,
    traffic: u64,
    /// When the peer was last seen to have carried bytes, on the caller's clock.
    active: Duration,
}

impl Table {
    /// A table with this many slots, all of which one key may have, where a peer can be evicted after it was idle for
    /// this long.
    pub(super) const fn new(most: usize, idle: Duration) -> Self {
        Self { most, per_key: most, idle: Some(idle), next: 0, held: BTreeMap::new() }
    }

    /// How many slots are taken.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Notes how many bytes a peer has carried by now.
    pub(super) fn observe(&mut self, number: u64, traffic: u64, now: Duration) {
        if let Some(peer) = self.held.get_mut(&number)
            && peer.traffic != traffic
        {
            (peer.traffic, peer.active) = (traffic, now);
        }
    }

    /// Gives a newcomer with this key, from this source, a slot.
    ///
    /// When all slots are taken, a peer is evicted whose key or network has more slots than the newcomer's key or
    /// network would have; peers from the newcomer's own network are compared by their keys alone. If there is none, a
    /// peer is evicted that was idle for long enough: any such peer if the newcomer's key has no slot yet, otherwise
    /// one with the same key. Among several, the peer whose key or network has the most slots goes first, and then the
    /// one that was idle for the longest. When a key has as many slots as one key may have, only an idle peer with the
    /// same key can be evicted.
    pub(super) fn enter(&mut self, key: Option<PublicKey>, source: Option<IpAddr>, now: Duration) -> Entered {
        let source = source.map(network);
        let of_key = key.map_or(0, |_| self.held.values().filter(|peer| peer.key == key).count());
        let evicted = if of_key >= self.per_key {
            let idle = self.held.iter().filter(|(_, peer)| peer.key == key && self.is_idle(peer, now));
            let Some((evicted, _)) = idle.min_by_key(|(_, peer)| peer.active) else { return Entered::Full };
            Some(*evicted)
        } else if self.held.len() >= self.most {
            let Some(evicted) = self.least_deserving(key, of_key, source, now) else { return Entered::Full };
            Some(evicted)
        } else {
            None
        };
        if let Some(evicted) = evicted {
            self.held.remove(&evicted);
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.held.insert(number, Held { key, source, traffic: 0, active: now });
        Entered::In { slot: number, evicted }
    }

    /// Frees a slot; does nothing if its peer was evicted before.
    pub(super) fn leave(&mut self, number: u64) {
        self.held.remove(&number);
    }

    /// The peer to evict for a newcomer from this source, whose key has this many slots already.
    fn least_deserving(
        &self,
        key: Option<PublicKey>,
        of_key: usize,
        source: Option<IpAddr>,
        now: Duration,
    ) -> Option<u64> {
        self.idle?;
        let (mut keys, mut sources) = (HashMap::<_, usize>::new(), HashMap::<_, usize>::new());
        for peer in self.held.values() {
            *keys.entry(peer.key).or_default() += 1;
            *sources.entry(peer.source).or_default() += 1;
        }
        let at = |source: Option<IpAddr>| source.and_then(|_| sources.get(&source)).copied().unwrap_or_default();
        let of = |key: Option<PublicKey>| key.and_then(|_| keys.get(&key)).copied().unwrap_or_default();
        // By how many slots a peer's key or source exceeds what the newcomer's would have; within one source only the
        // keys are compared.
        let excess = |peer: &Held| {
            let (peers, newcomers) = if peer.source == source {
                (of(peer.key), of_key)
            } else {
                (of(peer.key).max(at(peer.source)), of_key.max(at(source)))
            };
            peers.saturating_sub(newcomers + 1)
        };
        let is_idle = |peer: &Held| (of_key == 0 || peer.key == key) && self.is_idle(peer, now);
        let may_go = self.held.iter().filter(|(_, peer)| excess(peer) > 0 || is_idle(peer));
        let first = may_go.max_by_key(|(number, peer)| {
            let count = of(peer.key).max(at(peer.source));
            (excess(peer), count, Reverse((peer.active, **number)))
        });
        first.map(|(number, _)| *number)
    }

    fn is_idle(&self, peer: &Held, now: Duration) -> bool {
        self.idle.is_some_and(|idle| now.saturating_sub(peer.active) >= idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    fn key(number: u8) -> Option<PublicKey> {
        Some(PublicKey::from_bytes([number; 32]))
    }

    fn source(number: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, number]))
    }

    fn entered(number: u64, evicted: Option<u64>) -> Entered {
        Entered::In { slot: number, evicted }
    }

    /// A full table with peers that have these keys and sources.
    fn full(peers: &[(u8, u8)]) -> Table {
        let mut table = Table::new(peers.len(), MINUTE);
        for (number, (owner, from)) in (0..).zip(peers) {
            assert_eq!(table.enter(key(*owner), source(*from), Duration::ZERO), entered(number, None));
        }
        table
    }

    #[test]
    fn the_key_with_the_most_slots_makes_room() {
        let mut table = full(&[(1, 1), (2, 2), (2, 3), (2, 4)]);
        table.observe(1, 10, SECOND);
        let first = table.enter(key(3), source(5), SECOND);
        assert_eq!(first, entered(4, Some(2)), "the first of them has carried something");
        assert_eq!(table.enter(key(4), source(6), SECOND), entered(5, Some(3)));
        assert_eq!(table.enter(key(5), source(7), SECOND), Entered::Full, "each has one");
        table.leave(0);
        assert_eq!(table.enter(key(5), source(7), SECOND), entered(6, None));
    }

    #[test]
    fn throwaway_keys_from_one_source_make_room_for_others_and_not_for_more_of_them() {
        let mut table = full(&[(1, 1), (2, 9), (3, 9), (4, 9), (1, 2)]);
        assert_eq!(table.enter(key(7), source(9), SECOND), Entered::Full);
        assert_eq!(table.enter(key(7), source(8), SECOND), entered(5, Some(1)), "the source has three, a friend two");
    }

    #[test]
    fn a_key_with_many_slots_makes_room_for_others_from_its_own_source() {
        let mut table = full(&[(1, 9), (2, 9), (2, 9)]);
        assert_eq!(table.enter(key(3), source(9), SECOND), entered(3, Some(1)));
        assert_eq!(table.enter(key(4), source(9), SECOND), Entered::Full, "each has one");
    }

    #[test]
    fn who_all_come_from_one_source_keep_theirs_while_they_carry_something() {
        let mut table = full(&[(1, 9), (2, 9), (3, 9)]);
        table.observe(0, 5, MINUTE);
        assert_eq!(table.enter(key(4), source(9), 59 * SECOND), Entered::Full);
        assert_eq!(table.enter(key(4), source(9), MINUTE), entered(3, Some(1)));
    }

    #[test]
    fn a_key_with_many_slots_gets_no_more_by_coming_again() {
        let mut table = full(&[(1, 1), (1, 1), (1, 1)]);
        assert_eq!(table.enter(key(1), source(2), SECOND), Entered::Full);
        assert_eq!(table.enter(key(2), source(2), SECOND), entered(3, Some(0)));
    }

    #[test]
    fn at_the_bound_of_a_key_its_own_idle_ones_make_room() {
        let mut table = Table { per_key: 2, ..Table::new(10, MINUTE) };
        assert_eq!(table.enter(key(1), source(1), Duration::ZERO), entered(0, None));
        assert_eq!(table.enter(key(1), source(2), SECOND), entered(1, None));
        assert_eq!(table.enter(key(1), source(3), MINUTE - SECOND), Entered::Full);
        assert_eq!(table.enter(key(2), source(3), MINUTE), entered(2, None));
        assert_eq!(table.enter(key(1), source(3), MINUTE), entered(3, Some(0)));
        for number in 4..8 {
            assert_eq!(
                table.enter(None, source(1), MINUTE),
                entered(number, None),
                "without a key there is no such bound"
            );
        }
    }

    #[test]
    fn a_lone_peer_makes_room_when_it_was_idle_for_long_enough() {
        let mut table = full(&[(1, 1), (2, 2)]);
        table.observe(0, 5, 30 * SECOND);
        assert_eq!(table.enter(key(3), source(3), 59 * SECOND), Entered::Full);
        assert_eq!(table.enter(key(3), source(3), MINUTE), entered(2, Some(1)));
        assert_eq!(table.enter(key(4), source(4), MINUTE), Entered::Full);
    }

    #[test]
    fn of_idle_peers_those_of_a_crowd_go_before_a_lone_one() {
        let mut table = full(&[(1, 1), (2, 9), (3, 9)]);
        table.observe(1, 5, SECOND);
        table.observe(2, 5, 2 * SECOND);
        assert_eq!(
            table.enter(key(4), source(9), 2 * MINUTE),
            entered(3, Some(1)),
            "though the lone one was idle before"
        );
    }

    #[test]
    fn nobody_makes_room_where_the_slot_is_the_firsts() {
        let mut table = Table { idle: None, ..Table::new(1, MINUTE) };
        assert_eq!(table.enter(key(1), source(1), Duration::ZERO), entered(0, None));
        assert_eq!(table.enter(key(2), source(2), Duration::from_secs(3600)), Entered::Full);
    }

    #[test]
    fn one_throwaway_key_keeps_no_friend_out() {
        let mut table = full(&[(9, 9); 256]);
        for friend in 10..110 {
            let entered = table.enter(key(friend), source(friend), SECOND);
            assert!(matches!(entered, Entered::In { evicted: Some(0..256), .. }), "{friend}");
        }
    }
}
