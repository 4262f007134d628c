//! A model check of the policy: tries every order of events with few slots and sources, and checks what must hold after
//! each event.

use super::{Entered, Slots};
use stateright::{Checker, Model, Property};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

/// How many connections there may be in total, and from one source.
const MOST: usize = 3;
const PER_SOURCE: usize = 2;

/// How many sources there are, besides one that is not known.
const SOURCES: u8 = 3;

/// More turns at a step than this make no difference: half of the deadline, and one more.
const LONG: u64 = 9;

/// An event. Slots are named by their rank, from the oldest on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Happens {
    Enter(Option<u8>),
    /// One whose source was not known turns out to come from there.
    ComesFrom(usize, u8),
    Step(usize),
    Prove(usize),
    Leave(usize),
    NextTurn,
}

/// What the model itself remembers of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Known {
    /// `None` when it is not known.
    source: Option<u8>,
    is_proven: bool,
    /// For how many turns it has been at the same step.
    at_step: u64,
    has_begun: bool,
}

/// The policy, and the model beside it.
#[derive(Debug, Clone)]
struct World {
    slots: Slots,
    known: BTreeMap<u64, Known>,
}

impl World {
    /// The part of the state that decides about later events, without numbers that only grow. Sources are
    /// interchangeable, so they are numbered in the order of their first connections.
    fn state(&self) -> Vec<Known> {
        let mut names = Vec::new();
        let mut name = |source| {
            let name = names.iter().position(|other| *other == source).unwrap_or_else(|| {
                names.push(source);
                names.len() - 1
            });
            u8::try_from(name).unwrap()
        };
        self.known.values().map(|known| Known { source: known.source.map(&mut name), ..known.clone() }).collect()
    }

    fn number(&self, rank: usize) -> u64 {
        *self.known.keys().nth(rank).unwrap()
    }

    fn happen(&mut self, event: Happens) {
        match event {
            Happens::Enter(source) => self.enter(source),
            Happens::ComesFrom(rank, source) => self.comes_from(self.number(rank), source),
            Happens::Step(rank) => {
                let number = self.number(rank);
                self.slots.step(number);
                let known = self.known.get_mut(&number).unwrap();
                (known.at_step, known.has_begun) = (0, true);
            }
            Happens::Prove(rank) => {
                let number = self.number(rank);
                self.slots.prove(number);
                self.known.get_mut(&number).unwrap().is_proven = true;
            }
            Happens::Leave(rank) => {
                let number = self.number(rank);
                self.slots.leave(number);
                self.known.remove(&number);
            }
            Happens::NextTurn => {
                for known in self.known.values_mut() {
                    known.at_step = LONG.min(known.at_step + 1);
                }
                for number in self.slots.next_turn() {
                    let slow = self.known.remove(&number).unwrap();
                    assert!(!slow.is_proven && slow.at_step > u64::from(super::TURNS / 4), "{slow:?} had time left");
                }
            }
        }
    }

    /// Whether there are as many from this source as there may be.
    fn is_source_full(&self, source: Option<u8>) -> bool {
        source.is_some() && self.known.values().filter(|known| known.source == source).count() >= PER_SOURCE
    }

    fn comes_from(&mut self, number: u64, source: u8) {
        let is_source_full = self.is_source_full(Some(source));
        match self.slots.comes_from(number, ip(source)) {
            Entered::Full => {
                self.known.remove(&number);
                let mut from_there = self.known.values().filter(|known| known.source == Some(source));
                assert!(is_source_full && from_there.all(|known| known.is_proven), "one from there could have gone");
            }
            Entered::In { slot, evicted } => {
                assert_eq!((slot, evicted.is_some()), (number, is_source_full), "nobody goes without need");
                if let Some(gone) = evicted.map(|evicted| self.known.remove(&evicted).unwrap()) {
                    self.check_choice(&gone, Some(source));
                }
                self.known.get_mut(&number).unwrap().source = Some(source);
            }
        }
    }

    fn enter(&mut self, source: Option<u8>) {
        let (all, is_source_full) = (self.known.len(), self.is_source_full(source));
        let is_slow = |known: &Known| known.at_step >= 2;
        let was_full = self.slots.is_full();
        match self.slots.enter(source.map(ip)) {
            Entered::Full => {
                let mut unproven = self.known.values().filter(|known| !known.is_proven);
                if is_source_full {
                    assert!(unproven.all(|known| known.source != source), "one from there could have gone");
                } else {
                    assert!(was_full && all == MOST);
                    assert!(unproven.all(|known| !is_slow(known)), "nobody waits for a peer that does not go on");
                    assert!(sources().all(|source| self.crowd(source) < 2), "a crowd could have made room");
                }
            }
            Entered::In { slot, evicted } => {
                assert_eq!(evicted.is_some(), all == MOST || is_source_full, "nobody goes without need");
                if let Some(gone) = evicted.map(|evicted| self.known.remove(&evicted).unwrap()) {
                    self.check_choice(&gone, source.filter(|_| is_source_full));
                }
                let known = Known { source, is_proven: false, at_step: 0, has_begun: false };
                self.known.insert(slot, known);
            }
        }
    }

    /// Checks that of the connections that could be evicted, those from the source `within` if it is given, the right
    /// one was.
    fn check_choice(&self, gone: &Known, within: Option<u8>) {
        assert!(!gone.is_proven, "a proven peer lost its slot");
        if let Some(source) = within {
            assert_eq!(gone.source, Some(source), "another source paid for it");
        }
        let is_slow = |known: &Known| known.at_step >= 2;
        if within.is_none() {
            let most = sources().map(|source| self.crowd(source) + usize::from(source == gone.source)).max().unwrap();
            assert_eq!(self.crowd(gone.source) + 1, most, "a lone peer went before a crowded one");
            assert!(most > 1 || is_slow(gone), "a lone peer that goes on lost its slot");
        }
        let rivals = self.known.values().filter(|known| !known.is_proven && known.source == gone.source);
        for rival in rivals {
            assert!(is_slow(gone) || !is_slow(rival), "{rival:?} is slower than {gone:?}");
            let both_slow = is_slow(gone) && is_slow(rival);
            assert!(!both_slow || !gone.has_begun || rival.has_begun, "{rival:?} had not begun, and {gone:?} had");
        }
    }

    /// How many from this source are not proven.
    fn crowd(&self, source: Option<u8>) -> usize {
        self.known.values().filter(|known| !known.is_proven && known.source == source).count()
    }

    fn check(&self) {
        assert_eq!(self.slots.len(), self.known.len());
        assert!(self.known.len() <= MOST);
        for source in 0..SOURCES {
            assert!(self.known.values().filter(|known| known.source == Some(source)).count() <= PER_SOURCE);
        }
    }

    /// One whose source is not known goes on when it is, and not before.
    fn events(&self) -> impl Iterator<Item = Happens> + use<> {
        let is_named: Vec<_> = self.known.values().map(|known| known.source.is_some()).collect();
        let of_each = is_named.into_iter().enumerate().flat_map(|(rank, is_named)| {
            let comes_from = (0..SOURCES).map(move |source| Happens::ComesFrom(rank, source));
            let goes_on = [Happens::Step(rank), Happens::Prove(rank)];
            let comes_from = comes_from.filter(move |_| !is_named);
            goes_on.into_iter().filter(move |_| is_named).chain(comes_from).chain([Happens::Leave(rank)])
        });
        sources().map(Happens::Enter).chain(of_each).chain([Happens::NextTurn])
    }
}

/// Those that have names, and none.
fn sources() -> impl Iterator<Item = Option<u8>> {
    (0..SOURCES).map(Some).chain([None])
}

fn ip(source: u8) -> IpAddr {
    [192, 0, 2, source].into()
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.state() == other.state()
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.state().hash(hasher);
    }
}

/// Three slots, and four sources.
struct Policy;

impl Model for Policy {
    type State = World;
    type Action = Happens;

    fn init_states(&self) -> Vec<World> {
        vec![World { slots: Slots::new(MOST, PER_SOURCE), known: BTreeMap::new() }]
    }

    fn actions(&self, world: &World, events: &mut Vec<Happens>) {
        events.extend(world.events());
    }

    fn next_state(&self, world: &World, event: Happens) -> Option<World> {
        let mut next = world.clone();
        next.happen(event);
        next.check();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::sometimes("all slots are taken", |_, world: &World| world.slots.is_full()),
            Property::sometimes("nobody is there", |_, world: &World| world.known.is_empty()),
        ]
    }
}

/// All that can happen, until nothing new comes up; what must hold is checked at every step.
#[test]
fn whatever_happens_the_least_deserving_goes_and_nobody_else() {
    let checker = Policy.checker().spawn_bfs().join();
    println!("{} states, {} steps", checker.unique_state_count(), checker.state_count());
    assert!(checker.unique_state_count() > 1000, "the world was not explored: {}", checker.unique_state_count());
}
