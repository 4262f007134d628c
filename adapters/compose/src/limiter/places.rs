//! Who holds a place, and who loses it when there is none left: the policy alone, without clock, lock or waker.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};

/// The connections that hold a place, oldest first.
#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    per_source: usize,
    next: u64,
    held: BTreeMap<u64, Place>,
}

#[derive(Debug)]
struct Place {
    source: Option<IpAddr>,
    is_proven: bool,
}

/// What became of a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It has this place; the connection in the other one has lost its own, if any had to.
    In { place: u64, evicted: Option<u64> },
    /// Every place that it could have is a proven peer's, or a lone one's.
    Full,
}

impl Places {
    /// Room for `most` connections, of which `per_source` may come from one source; both are 1 at least.
    pub(crate) fn new(most: usize, per_source: usize) -> Self {
        Self { most: most.max(1), per_source: per_source.max(1), next: 0, held: BTreeMap::new() }
    }

    /// Whether no newcomer can have a place: all are taken, and no source has several that are not proven.
    pub(crate) fn is_full(&self) -> bool {
        self.held.len() >= self.most && self.oldest_of_the_most_crowded_source().is_none()
    }

    /// How many places are taken.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// The place of the next newcomer; those with smaller numbers came before.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Gives a newcomer a place, at the cost of an unproven connection where a bound is reached.
    ///
    /// At the bound for its source, the oldest unproven connection of that source loses its place. At the bound for all,
    /// it is the oldest unproven one of the source that has the most of them, if that has several; between sources with
    /// equally many, the oldest connection goes. Lone connections do not push each other out: a newcomer waits for them.
    pub(crate) fn enter(&mut self, source: Option<IpAddr>) -> Entered {
        let source = source.map(network);
        let from_source = self.held.values().filter(|place| place.source == source).count();
        let evicted = if source.is_some() && from_source >= self.per_source {
            let Some(oldest) = self.oldest_unproven(source) else { return Entered::Full };
            Some(oldest)
        } else if self.held.len() >= self.most {
            let Some(oldest) = self.oldest_of_the_most_crowded_source() else { return Entered::Full };
            Some(oldest)
        } else {
            None
        };
        if let Some(evicted) = evicted {
            self.held.remove(&evicted);
        }
        let place = self.next;
        self.next = self.next.wrapping_add(1);
        self.held.insert(place, Place { source, is_proven: false });
        Entered::In { place, evicted }
    }

    /// Marks a connection as proven: it keeps its place until it leaves.
    pub(crate) fn prove(&mut self, place: u64) {
        if let Some(place) = self.held.get_mut(&place) {
            place.is_proven = true;
        }
    }

    /// Frees a place; one that was lost before is nobody's any more.
    pub(crate) fn leave(&mut self, place: u64) {
        self.held.remove(&place);
    }

    fn unproven(&self) -> impl Iterator<Item = (u64, Option<IpAddr>)> {
        self.held.iter().filter(|(_, place)| !place.is_proven).map(|(id, place)| (*id, place.source))
    }

    fn oldest_unproven(&self, source: Option<IpAddr>) -> Option<u64> {
        self.unproven().find(|(_, other)| *other == source).map(|(id, _)| id)
    }

    fn oldest_of_the_most_crowded_source(&self) -> Option<u64> {
        let mut sources: HashMap<Option<IpAddr>, (usize, u64)> = HashMap::new();
        for (id, source) in self.unproven() {
            sources.entry(source).or_insert((0, id)).0 += 1;
        }
        let crowded = sources.values().filter(|(count, _)| *count > 1);
        let least_deserving = crowded.max_by_key(|(count, oldest)| (*count, std::cmp::Reverse(*oldest)));
        least_deserving.map(|(_, oldest)| *oldest)
    }
}

/// The source an address is counted under: an IPv6 host owns its whole /64.
fn network(address: IpAddr) -> IpAddr {
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

    fn entered(place: u64, evicted: Option<u64>) -> Entered {
        Entered::In { place, evicted }
    }

    #[test]
    fn at_the_bound_the_oldest_of_the_most_crowded_source_makes_room() {
        let mut places = Places::new(4, 4);
        for (place, source) in ["192.0.2.9", "192.0.2.1", "192.0.2.1", "192.0.2.2"].into_iter().enumerate() {
            assert_eq!(places.enter(from(source)), entered(u64::try_from(place).unwrap(), None));
        }
        assert_eq!(places.enter(from("192.0.2.3")), entered(4, Some(1)));
        assert!(places.is_full(), "all sources have one");
        assert_eq!(places.enter(from("192.0.2.4")), Entered::Full);
        assert_eq!(places.len(), 4);
    }

    #[test]
    fn at_the_bound_of_its_source_a_newcomer_replaces_the_oldest_from_there() {
        let mut places = Places::new(10, 2);
        assert_eq!(places.enter(from("192.0.2.2")), entered(0, None));
        assert_eq!(places.enter(from("192.0.2.1")), entered(1, None));
        assert_eq!(places.enter(from("::ffff:192.0.2.1")), entered(2, None));
        assert_eq!(places.enter(from("192.0.2.1")), entered(3, Some(1)));
        assert_eq!(places.enter(None), entered(4, None));
        assert_eq!(places.enter(None), entered(5, None));
        assert_eq!(places.enter(None), entered(6, None), "who comes from nowhere has no bound of its own");
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source() {
        let mut places = Places::new(10, 1);
        assert_eq!(places.enter(from("2001:db8::1")), entered(0, None));
        assert_eq!(places.enter(from("2001:db8::2:3")), entered(1, Some(0)));
        assert_eq!(places.enter(from("2001:db8:0:1::1")), entered(2, None));
    }

    #[test]
    fn a_proven_peer_makes_no_room_and_gives_its_place_back() {
        let mut places = Places::new(2, 1);
        assert_eq!(places.enter(from("192.0.2.1")), entered(0, None));
        places.prove(0);
        assert_eq!(places.enter(from("192.0.2.1")), Entered::Full);
        assert_eq!(places.enter(from("192.0.2.2")), entered(1, None));
        places.prove(1);
        assert!(places.is_full());
        assert_eq!(places.enter(from("192.0.2.3")), Entered::Full);
        places.leave(0);
        assert_eq!(places.enter(from("192.0.2.1")), entered(2, None));
    }

    /// Ten thousand silent connections from a hundred sources at the default bounds, and an honest peer amid each fifty.
    #[test]
    fn no_flood_from_elsewhere_takes_the_place_of_a_lone_peer() {
        let mut places = Places::new(256, 128);
        for number in 0..200_u32 {
            let honest = places.enter(from("198.51.100.1"));
            let Entered::In { place, .. } = honest else { panic!("{number}: no place") };
            for burst in 0..50 {
                let source = IpAddr::from([203, 0, 113, u8::try_from((number + burst) % 100).unwrap()]);
                let Entered::In { evicted, .. } = places.enter(Some(source)) else { panic!("{number}: full") };
                assert_ne!(evicted, Some(place), "{number}");
            }
            places.leave(place);
            assert!(places.len() <= 256);
        }
    }
}
