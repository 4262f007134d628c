//! A model check of the reconnector: whatever becomes of its attempts, it pauses as long as it should, and gives up when it
//! should.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_sim::{Event, Multiserver, Net, Shs, Sim};
use stateright::{Checker, Model, Property};
use std::future::poll_fn;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use support::{CLIENT, identity, listen};

const FIRST: Duration = Duration::from_secs(4);
const LONGEST: Duration = Duration::from_secs(32);
/// More than an attempt takes.
const ATTEMPT: Duration = Duration::from_secs(2);
/// After so many refusals in a row it gives up.
const REFUSALS: u32 = 5;

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Becomes {
    Unreachable,
    Refused,
    /// A connection that ends at once.
    Short,
    /// One that lasts for longer than the longest pause.
    Long,
}

/// How an attempt ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Connected,
    /// It goes on after this pause.
    Pauses(Duration),
    /// It has given up for now, and goes on after this pause when it is asked again.
    GivesUp(Duration),
}

/// Runs a reconnector through these attempts, and returns how long each took with the pause before it, and how it ended.
fn replay(attempts: &[Becomes]) -> Vec<(Duration, Outcome)> {
    let sim = Sim::new(5);
    let (host, server_host) = (sim.runtime("client"), sim.runtime("server"));
    let (server, address) = listen(&sim, &server_host);
    let refuses = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&refuses);
    sim.spawn(server.serve(
        move |_| {
            let refuses = asked.load(Ordering::SeqCst);
            async move { (!refuses).then_some(()) }
        },
        |connection, ()| async move {
            let _ = futures_util::AsyncReadExt::read(&mut { connection }, &mut [0]).await;
        },
    ));
    let pauses = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&pauses);
    let report = move |event: &Event<'_>| {
        if let Event::Unreachable { pause, .. } = event {
            noted.lock().unwrap().push(*pause);
        }
    };
    let suite = Net::dial_only().then(Shs::new(identity(CLIENT)));
    let client = Multiserver::builder_on(host).suite(suite).report(report).build().unwrap();
    let mut reconnector = client.reconnector(address).pauses(FIRST, LONGEST);
    let attempt = |becomes: &Becomes| {
        sim.refuse(&server_host, *becomes == Becomes::Unreachable);
        refuses.store(*becomes == Becomes::Refused, Ordering::SeqCst);
        let (begun, before) = (sim.now(), pauses.lock().unwrap().len());
        let next = poll_fn(|cx| match reconnector.poll_next(cx) {
            Poll::Pending if pauses.lock().unwrap().len() == before => Poll::Pending,
            Poll::Pending => Poll::Ready(None),
            Poll::Ready(result) => Poll::Ready(Some(result)),
        });
        let result = sim.block_on(next).unwrap();
        let took = sim.now() - begun;
        let outcome = match result {
            None => Outcome::Pauses(*pauses.lock().unwrap().last().unwrap()),
            Some(Err(_)) => Outcome::GivesUp(*pauses.lock().unwrap().last().unwrap()),
            Some(Ok(connection)) => {
                if *becomes == Becomes::Long {
                    sim.advance(LONGEST + ATTEMPT).unwrap();
                }
                drop(connection);
                Outcome::Connected
            }
        };
        (took, outcome)
    };
    attempts.iter().map(attempt).collect()
}

/// A link, by what it should do next; the attempts that have led there stand for all that do.
#[derive(Debug, Clone)]
struct Link {
    attempts: Vec<Becomes>,
    /// Between how much and how much it pauses before the next attempt.
    pause: (Duration, Duration),
    /// The longest that the pause after the next failure may be.
    next: Duration,
    refusals: u32,
    gives_up: bool,
    /// Whether the real one has done what it should.
    is_right: bool,
}

impl Link {
    fn parts(&self) -> (bool, Duration, u32, bool, bool) {
        (self.pause.1.is_zero(), self.next, self.refusals, self.gives_up, self.is_right)
    }
}

impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Hash for Link {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.parts().hash(hasher);
    }
}

struct Links;

impl Model for Links {
    type State = Link;
    type Action = Becomes;

    fn init_states(&self) -> Vec<Link> {
        let pause = (Duration::ZERO, Duration::ZERO);
        vec![Link { attempts: Vec::new(), pause, next: FIRST, refusals: 0, gives_up: false, is_right: true }]
    }

    fn actions(&self, _: &Link, attempts: &mut Vec<Becomes>) {
        attempts.extend([Becomes::Unreachable, Becomes::Refused, Becomes::Short, Becomes::Long]);
    }

    fn next_state(&self, link: &Link, becomes: Becomes) -> Option<Link> {
        let attempts = [&link.attempts[..], &[becomes]].concat();
        let (took, outcome) = replay(&attempts).pop().unwrap();
        let mut is_right = link.is_right && link.pause.0 <= took && took <= link.pause.1 + ATTEMPT;
        let is_refused = becomes == Becomes::Refused;
        let refusals = if is_refused { link.refusals + 1 } else { 0 };
        let gives_up = refusals == REFUSALS;
        // A refusal has the longest pause after it, and a long connection the first.
        let longest = match becomes {
            Becomes::Refused => LONGEST,
            Becomes::Long => FIRST,
            Becomes::Unreachable | Becomes::Short => link.next,
        };
        let range = (longest / 2, longest);
        let pause = match outcome {
            Outcome::Connected => {
                is_right &= matches!(becomes, Becomes::Short | Becomes::Long);
                range
            }
            Outcome::Pauses(pause) | Outcome::GivesUp(pause) => {
                is_right &= matches!(becomes, Becomes::Unreachable | Becomes::Refused);
                is_right &= (range.0..=range.1).contains(&pause);
                is_right &= matches!(outcome, Outcome::GivesUp(_)) == gives_up;
                (pause, pause)
            }
        };
        let refusals = if gives_up { 0 } else { refusals };
        Some(Link { attempts, pause, next: (longest * 2).min(LONGEST), refusals, gives_up, is_right })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("it pauses and gives up as it should", |_, link: &Link| link.is_right),
            Property::sometimes("it gives up", |_, link: &Link| link.gives_up),
            Property::sometimes("it pauses for longest", |_, link: &Link| link.next == LONGEST),
        ]
    }
}

#[test]
fn whatever_becomes_of_attempts_a_link_pauses_and_gives_up_as_it_should() {
    let checker = Links.checker().spawn_bfs().join();
    println!("{} states, {} steps", checker.unique_state_count(), checker.state_count());
    checker.assert_properties();
}
