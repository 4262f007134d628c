//! Who has which place, and who loses it: the policy alone, without clock, lock or socket.

use multiserver_tokio::PublicKey;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

/// How long a lone peer may carry nothing before its place is a newcomer's, once all are taken.
const IDLE: Duration = Duration::from_secs(60);

/// The peers that are served.
pub(super) struct Table {
    most: usize,
    evicts: bool,
    next: u64,
    held: BTreeMap<u64, Peer>,
}

struct Peer {
    key: Option<PublicKey>,
    source: Option<IpAddr>,
    traffic: u64,
    /// When it was last seen to have carried something, on the caller's clock.
    active: Duration,
}

/// What became of a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entered {
    /// It has the place with this number; the peer in the other one has lost its own, if any had to.
    In { number: u64, evicted: Option<u64> },
    /// All places are taken, and nobody makes room for it.
    Full,
}

impl Table {
    /// With so many places.
    pub(super) fn new(most: usize) -> Self {
        Self { most, evicts: true, next: 0, held: BTreeMap::new() }
    }

    /// The same, where nobody makes room.
    pub(super) fn without_eviction(mut self) -> Self {
        self.evicts = false;
        self
    }

    /// Notes where a peer comes from.
    pub(super) fn locate(&mut self, number: u64, source: IpAddr) {
        if let Some(peer) = self.held.get_mut(&number) {
            peer.source = Some(source.to_canonical());
        }
    }

    /// Notes how many bytes a peer has carried by now.
    pub(super) fn observe(&mut self, number: u64, traffic: u64, now: Duration) {
        if let Some(peer) = self.held.get_mut(&number)
            && peer.traffic != traffic
        {
            (peer.traffic, peer.active) = (traffic, now);
        }
    }

    /// Gives a newcomer with this key a place.
    ///
    /// When all are taken, one of the peers that have the most places makes room, by their key or by the IP address that
    /// they come from, if these have more than the newcomer's key would have: the one that has been idle for the longest.
    /// A peer that is the only one of its key and address makes room when it has been idle for a minute.
    pub(super) fn enter(&mut self, key: Option<PublicKey>, now: Duration) -> Entered {
        let mut evicted = None;
        if self.held.len() >= self.most {
            evicted = self.evicts.then(|| self.least_deserving(key, now)).flatten();
            let Some(evicted) = evicted else { return Entered::Full };
            self.held.remove(&evicted);
        }
        let number = self.next;
        self.next += 1;
        self.held.insert(number, Peer { key, source: None, traffic: 0, active: now });
        Entered::In { number, evicted }
    }

    /// Frees a place; one that was lost before is nobody's any more.
    pub(super) fn leave(&mut self, number: u64) {
        self.held.remove(&number);
    }

    fn least_deserving(&self, newcomer: Option<PublicKey>, now: Duration) -> Option<u64> {
        let (mut keys, mut sources) = (HashMap::<_, usize>::new(), HashMap::<_, usize>::new());
        for peer in self.held.values() {
            *keys.entry(peer.key).or_default() += 1;
            *sources.entry(peer.source).or_default() += 1;
        }
        let count = |peer: &Peer| {
            let of_key = peer.key.and_then(|_| keys.get(&peer.key)).copied().unwrap_or(1);
            let of_source = peer.source.and_then(|_| sources.get(&peer.source)).copied().unwrap_or(1);
            of_key.max(of_source)
        };
        let newcomers = newcomer.and_then(|_| keys.get(&newcomer)).copied().unwrap_or_default() + 1;
        let (number, peer) =
            self.held.iter().max_by_key(|(number, peer)| (count(peer), Reverse(peer.active), Reverse(**number)))?;
        let is_idle = now.saturating_sub(peer.active) >= IDLE;
        (count(peer) > newcomers || (newcomers == 1 && is_idle)).then_some(*number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(number: u8) -> Option<PublicKey> {
        Some(PublicKey::from_bytes([number; 32]))
    }

    fn entered(number: u64, evicted: Option<u64>) -> Entered {
        Entered::In { number, evicted }
    }

    /// A full table with peers of these keys and sources.
    fn full(peers: &[(u8, u8)]) -> Table {
        let mut table = Table::new(peers.len());
        for (number, (owner, source)) in (0..).zip(peers) {
            assert_eq!(table.enter(key(*owner), Duration::ZERO), entered(number, None));
            table.locate(number, IpAddr::from([192, 0, 2, *source]));
        }
        table
    }

    #[test]
    fn the_key_with_the_most_places_makes_room() {
        let mut table = full(&[(1, 1), (2, 2), (2, 3), (2, 4)]);
        table.observe(1, 10, SECOND);
        assert_eq!(table.enter(key(3), SECOND), entered(4, Some(2)), "the first of them has carried something");
        assert_eq!(table.enter(key(4), SECOND), entered(5, Some(3)));
        assert_eq!(table.enter(key(5), SECOND), Entered::Full, "each has one");
        table.leave(0);
        assert_eq!(table.enter(key(5), SECOND), entered(6, None));
    }

    #[test]
    fn throwaway_keys_from_one_place_make_room() {
        let mut table = full(&[(1, 1), (2, 9), (3, 9), (4, 9), (1, 2)]);
        assert_eq!(table.enter(key(7), SECOND), entered(5, Some(1)), "the address has three, a friend two");
    }

    #[test]
    fn a_key_with_many_places_gets_no_more_by_coming_again() {
        let mut table = full(&[(1, 1), (1, 1)]);
        assert_eq!(table.enter(key(1), Duration::from_secs(3600)), Entered::Full);
        assert_eq!(table.enter(key(2), SECOND), entered(2, Some(0)));
    }

    #[test]
    fn a_lone_peer_makes_room_when_it_was_idle_for_a_minute() {
        let mut table = full(&[(1, 1), (2, 2)]);
        table.observe(0, 5, 30 * SECOND);
        assert_eq!(table.enter(key(3), 59 * SECOND), Entered::Full);
        assert_eq!(table.enter(key(3), 60 * SECOND), entered(2, Some(1)));
        assert_eq!(table.enter(key(4), 60 * SECOND), Entered::Full);
    }

    #[test]
    fn nobody_makes_room_where_there_is_one_place_for_the_first() {
        let mut table = Table::new(1).without_eviction();
        assert_eq!(table.enter(key(1), Duration::ZERO), entered(0, None));
        assert_eq!(table.enter(key(2), Duration::from_secs(3600)), Entered::Full);
    }

    #[test]
    fn one_throwaway_key_keeps_no_friend_out() {
        let mut table = full(&[(9, 9); 256]);
        for friend in 10..110 {
            assert!(matches!(table.enter(key(friend), SECOND), Entered::In { evicted: Some(0..256), .. }), "{friend}");
        }
    }
}
