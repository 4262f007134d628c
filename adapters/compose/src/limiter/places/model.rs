//! A model of the policy: every order of events in a small world, and what must hold after each of them.

use super::{Entered, Places};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::net::IpAddr;

/// How many may come in all, and from one source.
const MOST: usize = 3;
const PER_SOURCE: usize = 2;

/// How many sources there are.
const SOURCES: u8 = 4;

/// More turns at a step than this make no difference: half of the deadline, and one more.
const LONG: u64 = 9;

/// What may happen; places are named by their ranks.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Enter(u8),
    Step(usize),
    Prove(usize),
    Leave(usize),
    NextTurn,
}

/// What the model remembers of a connection by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Known {
    source: u8,
    is_proven: bool,
    /// For how many turns it has not gone on.
    at_step: u64,
    has_begun: bool,
}

/// The policy, and the model beside it.
#[derive(Debug, Clone)]
struct World {
    places: Places,
    known: BTreeMap<u64, Known>,
}

impl World {
    /// All that decides about what comes later, without numbers that only grow; sources are as good as each other, so
    /// they are named in the order of their first connections.
    fn state(&self) -> Vec<Known> {
        let mut names = Vec::new();
        let known = self.known.values().map(|known| {
            let name = names.iter().position(|source| *source == known.source).unwrap_or_else(|| {
                names.push(known.source);
                names.len() - 1
            });
            Known { source: u8::try_from(name).unwrap(), ..known.clone() }
        });
        known.collect()
    }

    fn number(&self, rank: usize) -> u64 {
        *self.known.keys().nth(rank).unwrap()
    }

    fn happen(&mut self, event: Happens) {
        match event {
            Happens::Enter(source) => self.enter(source),
            Happens::Step(rank) => {
                let number = self.number(rank);
                self.places.step(number);
                let known = self.known.get_mut(&number).unwrap();
                (known.at_step, known.has_begun) = (0, true);
            }
            Happens::Prove(rank) => {
                let number = self.number(rank);
                self.places.prove(number);
                self.known.get_mut(&number).unwrap().is_proven = true;
            }
            Happens::Leave(rank) => {
                let number = self.number(rank);
                self.places.leave(number);
                self.known.remove(&number);
            }
            Happens::NextTurn => {
                for known in self.known.values_mut() {
                    known.at_step = LONG.min(known.at_step + 1);
                }
                for number in self.places.next_turn() {
                    let slow = self.known.remove(&number).unwrap();
                    assert!(!slow.is_proven && slow.at_step > u64::from(super::TURNS / 4), "{slow:?} had time left");
                }
            }
        }
    }

    fn enter(&mut self, source: u8) {
        let of = |source| self.known.values().filter(|known| known.source == source).count();
        let (all, same) = (self.known.len(), of(source));
        let is_slow = |known: &Known| known.at_step >= 2;
        let was_full = self.places.is_full();
        match self.places.enter(Some(IpAddr::from([192, 0, 2, source]))) {
            Entered::Full => {
                let mut unproven = self.known.values().filter(|known| !known.is_proven);
                if same >= PER_SOURCE {
                    assert!(unproven.all(|known| known.source != source), "one from there could have gone");
                } else {
                    assert!(was_full && all == MOST);
                    assert!(unproven.all(|known| !is_slow(known)), "nobody waits for a peer that does not go on");
                    assert!((0..SOURCES).all(|source| self.crowd(source) < 2), "a crowd could have made room");
                }
            }
            Entered::In { place, evicted } => {
                assert_eq!(evicted.is_some(), all == MOST || same == PER_SOURCE, "nobody goes without need");
                if let Some(gone) = evicted.map(|evicted| self.known.remove(&evicted).unwrap()) {
                    self.check_choice(&gone, (same == PER_SOURCE).then_some(source));
                }
                let known = Known { source, is_proven: false, at_step: 0, has_begun: false };
                self.known.insert(place, known);
            }
        }
    }

    /// Checks that nobody who is left deserved to go more than the one that went, where one of `within` had to.
    fn check_choice(&self, gone: &Known, within: Option<u8>) {
        assert!(!gone.is_proven, "a proven peer lost its place");
        if let Some(source) = within {
            assert_eq!(gone.source, source, "another source paid for it");
        }
        let is_slow = |known: &Known| known.at_step >= 2;
        if within.is_none() {
            let most =
                (0..SOURCES).map(|source| self.crowd(source) + usize::from(source == gone.source)).max().unwrap();
            assert_eq!(self.crowd(gone.source) + 1, most, "a lone peer went before a crowded one");
            assert!(most > 1 || is_slow(gone), "a lone peer that goes on lost its place");
        }
        let rivals = self.known.values().filter(|known| !known.is_proven && known.source == gone.source);
        for rival in rivals {
            assert!(is_slow(gone) || !is_slow(rival), "{rival:?} is slower than {gone:?}");
            let both_slow = is_slow(gone) && is_slow(rival);
            assert!(!both_slow || !gone.has_begun || rival.has_begun, "{rival:?} had not begun, and {gone:?} had");
        }
    }

    /// How many from this source are not proven.
    fn crowd(&self, source: u8) -> usize {
        self.known.values().filter(|known| !known.is_proven && known.source == source).count()
    }

    fn check(&self) {
        assert_eq!(self.places.len(), self.known.len());
        assert!(self.known.len() <= MOST);
        for source in 0..SOURCES {
            assert!(self.known.values().filter(|known| known.source == source).count() <= PER_SOURCE);
        }
    }

    fn events(&self) -> impl Iterator<Item = Happens> + use<> {
        let ranks = 0..self.known.len();
        let of_each = ranks.flat_map(|rank| [Happens::Step(rank), Happens::Prove(rank), Happens::Leave(rank)]);
        (0..SOURCES).map(Happens::Enter).chain(of_each).chain([Happens::NextTurn])
    }
}

/// All that can happen in a world of three places and four sources, until nothing new comes up.
#[test]
fn whatever_happens_the_least_deserving_goes_and_nobody_else() {
    let first = World { places: Places::new(MOST, PER_SOURCE), known: BTreeMap::new() };
    let mut seen = HashSet::from([first.state()]);
    let mut open = VecDeque::from([first]);
    while let Some(world) = open.pop_front() {
        for event in world.events() {
            let mut next = world.clone();
            next.happen(event);
            next.check();
            if seen.insert(next.state()) {
                open.push_back(next);
            }
        }
    }
    assert!(seen.len() > 1000, "the world was not explored: {}", seen.len());
}
