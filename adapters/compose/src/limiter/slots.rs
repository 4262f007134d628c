//! The policy of a connection limiter: which connections hold slots, and which one loses its slot when all are taken.
//! It has no clock, lock or waker.

#[cfg(test)]
mod model;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};

/// Into how many turns the deadline of a connection is divided.
pub(crate) const TURNS: u8 = 16;

/// The connections that hold a slot, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    most: usize,
    per_source: usize,
    next: u64,
    /// How many turns have passed.
    turn: u64,
    held: BTreeMap<u64, Slot>,
}

#[derive(Debug, Clone)]
struct Slot {
    source: Option<IpAddr>,
    is_proven: bool,
    /// Whether the peer has completed a step of its handshake.
    has_begun: bool,
    /// The turn in which the current step of its handshake began.
    since: u64,
}

/// What became of a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It has this slot; if a connection had to be evicted for that, `evicted` is its slot.
    In { slot: u64, evicted: Option<u64> },
    /// No slot is free, and no connection can be evicted.
    Full,
}

impl Slots {
    /// Slots for `most` connections, of which `per_source` may come from one source; both are 1 at least.
    pub(crate) fn new(most: usize, per_source: usize) -> Self {
        Self { most: most.max(1), per_source: per_source.max(1), next: 0, turn: 0, held: BTreeMap::new() }
    }

    /// Whether no newcomer can get a slot: all are taken, and no connection can be evicted.
    pub(crate) fn is_full(&self) -> bool {
        self.held.len() >= self.most && self.least_deserving().is_none()
    }

    /// How many slots are taken.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// The number of the slot that the next newcomer gets; slots with smaller numbers were taken before.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Gives a newcomer a slot; when a bound is reached, an unproven connection is evicted for it.
    ///
    /// When the newcomer's source is at its bound, a connection from that source is evicted. When all slots are taken,
    /// it is one from the source that has the most unproven connections, if a source has several. A connection that is
    /// the only one of its source is evicted only after it has been at the same step for a whole turn, so a newcomer
    /// never has to wait longer than that.
    ///
    /// Among several connections that can be evicted, one that has been at its step for a whole turn goes first, among
    /// these one that is still at its first step, and then the oldest.
    pub(crate) fn enter(&mut self, source: Option<IpAddr>) -> Entered {
        let source = source.map(network);
        let evicted = if self.is_source_full(source) {
            let Some(evicted) = self.first_to_go(|slot| slot.source == source) else { return Entered::Full };
            Some(evicted)
        } else if self.held.len() >= self.most {
            let Some(evicted) = self.least_deserving() else { return Entered::Full };
            Some(evicted)
        } else {
            None
        };
        if let Some(evicted) = evicted {
            self.held.remove(&evicted);
        }
        let slot = self.next;
        self.next = self.next.wrapping_add(1);
        self.held.insert(slot, Slot { source, is_proven: false, has_begun: false, since: self.turn });
        Entered::In { slot, evicted }
    }

    /// Notes where a connection comes from that had a slot without a source, at the cost of another one from there, or of
    /// its own slot, where the bound for that source is reached.
    #[cfg(any(feature = "proxy-protocol", test))]
    pub(crate) fn comes_from(&mut self, slot: u64, source: IpAddr) -> Entered {
        let source = Some(network(source));
        let mut evicted = None;
        if self.held.contains_key(&slot) && self.is_source_full(source) {
            evicted = self.first_to_go(|other| other.source == source);
            self.held.remove(&evicted.unwrap_or(slot));
            if evicted.is_none() {
                return Entered::Full;
            }
        }
        if let Some(held) = self.held.get_mut(&slot) {
            held.source = source;
        }
        Entered::In { slot, evicted }
    }

    /// Whether there are as many from this source as there may be; who comes from nowhere has no bound of its own.
    fn is_source_full(&self, source: Option<IpAddr>) -> bool {
        source.is_some() && self.held.values().filter(|slot| slot.source == source).count() >= self.per_source
    }

    /// Notes that a connection has got through a step of its handshake, and has the time of the next one.
    pub(crate) fn step(&mut self, slot: u64) {
        if let Some(slot) = self.held.get_mut(&slot) {
            (slot.has_begun, slot.since) = (true, self.turn);
        }
    }

    /// Marks a connection as proven: it keeps its slot until it leaves.
    pub(crate) fn prove(&mut self, slot: u64) {
        if let Some(slot) = self.held.get_mut(&slot) {
            slot.is_proven = true;
        }
    }

    /// Begins the next turn, and evicts the connections that have been at one step for too long: for half of the
    /// deadline when half of the slots are taken, and for a quarter of it when three quarters are. Returns their slots.
    pub(crate) fn next_turn(&mut self) -> Vec<u64> {
        self.turn = self.turn.wrapping_add(1);
        let (len, most) = (self.held.len(), self.most);
        let patience = u64::from(if len >= most - most / 4 {
            TURNS / 4
        } else if len >= most - most / 2 {
            TURNS / 2
        } else {
            return Vec::new();
        });
        let too_long = |(_, slot): &(&u64, &Slot)| !slot.is_proven && self.turns_at_step(slot) > patience;
        let slow: Vec<_> = self.held.iter().filter(too_long).map(|(id, _)| *id).collect();
        for slot in &slow {
            self.held.remove(slot);
        }
        slow
    }

    /// Frees a slot; does nothing if its connection was evicted before.
    pub(crate) fn leave(&mut self, slot: u64) {
        self.held.remove(&slot);
    }

    const fn turns_at_step(&self, slot: &Slot) -> u64 {
        self.turn.wrapping_sub(slot.since)
    }

    /// Whether a connection has been at its step for a whole turn. The turn in which the step began does not count,
    /// since the step began in the middle of it.
    const fn is_slow(&self, slot: &Slot) -> bool {
        self.turns_at_step(slot) >= 2
    }

    fn unproven(&self) -> impl Iterator<Item = (u64, &Slot)> {
        self.held.iter().filter(|(_, slot)| !slot.is_proven).map(|(id, slot)| (*id, slot))
    }

    /// Of the unproven connections that `is_meant` selects, the one to evict first.
    fn first_to_go(&self, is_meant: impl Fn(&Slot) -> bool) -> Option<u64> {
        let candidates = self.unproven().filter(|(_, slot)| is_meant(slot));
        let first = candidates.min_by_key(|(id, slot)| {
            let is_slow = self.is_slow(slot);
            (Reverse(is_slow), is_slow && slot.has_begun, *id)
        });
        first.map(|(id, _)| id)
    }

    /// The connection to evict for a newcomer from another source, if one can be evicted.
    fn least_deserving(&self) -> Option<u64> {
        let mut sources: HashMap<Option<IpAddr>, (usize, u64)> = HashMap::new();
        for (id, slot) in self.unproven() {
            sources.entry(slot.source).or_insert((0, id)).0 += 1;
        }
        let crowded = sources.iter().filter(|(_, (count, _))| *count > 1);
        match crowded.max_by_key(|(_, (count, oldest))| (*count, Reverse(*oldest))) {
            Some((source, _)) => self.first_to_go(|slot| slot.source == *source),
            None => self.first_to_go(|slot| self.is_slow(slot)),
        }
    }
}

/// The source that an address counts as: for IPv6 its whole /64, since one host usually owns all of it.
pub(crate) fn network(address: IpAddr) -> IpAddr {
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

    fn from(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn entered(slot: u64, evicted: Option<u64>) -> Entered {
        Entered::In { slot, evicted }
    }

    #[test]
    fn at_the_bound_the_oldest_of_the_most_crowded_source_makes_room() {
        let mut slots = Slots::new(4, 4);
        for (slot, source) in ["192.0.2.9", "192.0.2.1", "192.0.2.1", "192.0.2.2"].into_iter().enumerate() {
            assert_eq!(slots.enter(from(source)), entered(u64::try_from(slot).unwrap(), None));
        }
        assert_eq!(slots.enter(from("192.0.2.3")), entered(4, Some(1)));
        assert!(slots.is_full(), "all sources have one");
        assert_eq!(slots.enter(from("192.0.2.4")), Entered::Full);
        assert_eq!(slots.len(), 4);
    }

    #[test]
    fn at_the_bound_of_its_source_a_newcomer_replaces_the_oldest_from_there() {
        let mut slots = Slots::new(10, 2);
        assert_eq!(slots.enter(from("192.0.2.2")), entered(0, None));
        assert_eq!(slots.enter(from("192.0.2.1")), entered(1, None));
        assert_eq!(slots.enter(from("::ffff:192.0.2.1")), entered(2, None));
        assert_eq!(slots.enter(from("192.0.2.1")), entered(3, Some(1)));
        assert_eq!(slots.enter(None), entered(4, None));
        assert_eq!(slots.enter(None), entered(5, None));
        assert_eq!(slots.enter(None), entered(6, None), "who comes from nowhere has no bound of its own");
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source() {
        let mut slots = Slots::new(10, 1);
        assert_eq!(slots.enter(from("2001:db8::1")), entered(0, None));
        assert_eq!(slots.enter(from("2001:db8::2:3")), entered(1, Some(0)));
        assert_eq!(slots.enter(from("2001:db8:0:1::1")), entered(2, None));
    }

    #[test]
    fn who_turns_out_to_come_from_a_source_is_a_newcomer_there() {
        let mut slots = Slots::new(10, 2);
        for slot in 0..6 {
            assert_eq!(slots.enter(None), entered(slot, None));
        }
        let source: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(slots.comes_from(0, source), entered(0, None));
        assert_eq!(slots.comes_from(1, source), entered(1, None));
        assert_eq!(slots.comes_from(2, source), entered(2, Some(0)), "the oldest from there goes");
        assert_eq!(slots.comes_from(3, "192.0.2.2".parse().unwrap()), entered(3, None));
        slots.prove(1);
        slots.prove(2);
        assert_eq!((slots.comes_from(4, source), slots.len()), (Entered::Full, 4), "it has no slot any more");
        assert_eq!(slots.comes_from(0, source), entered(0, None), "one that is gone takes nobody's slot");
        assert_eq!((slots.enter(from("192.0.2.1")), slots.len()), (Entered::Full, 4));
    }

    #[test]
    fn a_proven_peer_makes_no_room_and_gives_its_slot_back() {
        let mut slots = Slots::new(2, 1);
        assert_eq!(slots.enter(from("192.0.2.1")), entered(0, None));
        slots.prove(0);
        assert_eq!(slots.enter(from("192.0.2.1")), Entered::Full);
        assert_eq!(slots.enter(from("192.0.2.2")), entered(1, None));
        slots.prove(1);
        assert!(slots.is_full());
        assert_eq!(slots.enter(from("192.0.2.3")), Entered::Full);
        slots.leave(0);
        assert_eq!(slots.enter(from("192.0.2.1")), entered(2, None));
    }

    /// This many slots, all taken by connections from as many sources.
    fn lone(most: u8) -> Slots {
        let mut slots = Slots::new(most.into(), most.into());
        for number in 0..most {
            assert_eq!(slots.enter(Some([192, 0, 2, number].into())), entered(number.into(), None));
        }
        slots
    }

    #[test]
    fn of_lone_connections_the_one_that_has_not_begun_for_a_turn_makes_room() {
        let mut slots = lone(4);
        slots.step(0);
        assert!(slots.is_full() && slots.next_turn().is_empty() && slots.is_full(), "no whole turn has passed");
        slots.step(3);
        assert!(slots.next_turn().is_empty() && !slots.is_full());
        let newcomers = (100..104).map(|number| slots.enter(Some([192, 0, 2, number].into())));
        let slow = [entered(4, Some(1)), entered(5, Some(2)), entered(6, Some(0)), Entered::Full];
        assert_eq!(newcomers.collect::<Vec<_>>(), slow, "the one that went on in this turn stays");
    }

    #[test]
    fn time_for_a_step_shrinks_as_slots_fill() {
        for (taken, turns) in [(3, None), (4, Some(9)), (5, Some(9)), (6, Some(5)), (7, Some(5)), (8, Some(5))] {
            let mut slots = Slots::new(8, 8);
            let held: Vec<_> = (0..taken).collect();
            for number in &held {
                slots.enter(Some([192, 0, 2, *number].into()));
            }
            let ended =
                (1..=2 * u64::from(TURNS)).map(|turn| (turn, slots.next_turn())).find(|(_, slow)| !slow.is_empty());
            let slow = turns.map(|turns| (turns, held.into_iter().map(u64::from).collect::<Vec<_>>()));
            assert_eq!(ended, slow, "{taken}");
        }
    }

    #[test]
    fn a_step_that_is_through_gives_time_for_the_next_and_a_proof_for_good() {
        let mut slots = lone(4);
        slots.prove(0);
        let slow = (0..4).flat_map(|_| slots.next_turn()).collect::<Vec<_>>();
        slots.step(1);
        let later = (0..4).flat_map(|_| slots.next_turn()).collect::<Vec<_>>();
        let latest = (0..100).flat_map(|_| slots.next_turn()).collect::<Vec<_>>();
        assert_eq!((slow, later, latest), (vec![], vec![2, 3], vec![1]), "a proven one stays");
    }

    /// Ten thousand silent connections from a hundred sources at the default bounds, and an honest peer amid each fifty.
    #[test]
    fn no_flood_from_elsewhere_takes_the_slot_of_a_lone_peer() {
        let mut slots = Slots::new(256, 128);
        for number in 0..200_u32 {
            let honest = slots.enter(from("198.51.100.1"));
            let Entered::In { slot, .. } = honest else { panic!("{number}: no slot") };
            for burst in 0..50 {
                let source = IpAddr::from([203, 0, 113, u8::try_from((number + burst) % 100).unwrap()]);
                let Entered::In { evicted, .. } = slots.enter(Some(source)) else { panic!("{number}: full") };
                assert_ne!(evicted, Some(slot), "{number}");
            }
            slots.leave(slot);
            assert!(slots.len() <= 256);
        }
    }
}
