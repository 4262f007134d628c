//! A model check of the race: tries every order in which attempts fail, one succeeds and delays pass.

use super::Race;
use crate::runtime::TcpListener;
use crate::{BoxFuture, Runtime};
use multiserver_io::Duplex;
use stateright::{Checker, Model, Property};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

/// How many attempts there are.
const ATTEMPTS: usize = 4;

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Happens {
    Fails(usize),
    Succeeds(usize),
    DelayPasses,
}

/// A future that ends when it is told to, and tells when it is dropped.
#[derive(Debug)]
struct Told<T> {
    outcome: Option<T>,
    waker: Option<Waker>,
    is_dropped: bool,
}

type Shared<T> = Arc<Mutex<Told<T>>>;

fn shared<T>() -> Shared<T> {
    Arc::new(Mutex::new(Told { outcome: None, waker: None, is_dropped: false }))
}

/// Drops the future with it.
struct Dropped<T>(Shared<T>);

impl<T> Drop for Dropped<T> {
    fn drop(&mut self) {
        self.0.lock().unwrap().is_dropped = true;
    }
}

fn future<T: Send + 'static>(told: &Shared<T>) -> BoxFuture<'static, T> {
    let told = Dropped(Arc::clone(told));
    Box::pin(poll_fn(move |cx| {
        let mut told = told.0.lock().unwrap();
        told.waker = Some(cx.waker().clone());
        told.outcome.take().map_or(Poll::Pending, Poll::Ready)
    }))
}

fn tell<T>(told: &Shared<T>, outcome: T) {
    let waker = {
        let mut told = told.lock().unwrap();
        told.outcome = Some(outcome);
        told.waker.take()
    };
    waker.unwrap().wake();
}

/// A runtime that has timers only, which pass when they are told to.
#[derive(Debug, Default)]
struct Timers(Mutex<Vec<Shared<()>>>);

impl Runtime for Timers {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        unreachable!()
    }

    fn tcp_connect(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>> {
        unreachable!()
    }

    fn tcp_listen(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>> {
        unreachable!()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        let told = shared();
        self.0.lock().unwrap().push(Arc::clone(&told));
        future(&told)
    }

    fn now(&self) -> SystemTime {
        unreachable!()
    }

    fn spawn(&self, _: BoxFuture<'static, ()>) {
        unreachable!()
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        unreachable!()
    }

    fn interfaces(&self) -> io::Result<Vec<IpAddr>> {
        unreachable!()
    }
}

/// Whether the race was woken since it was polled last.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What an observer sees of a race.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Seen {
    /// How many attempts were started.
    started: usize,
    /// Those that run.
    running: Vec<usize>,
    /// Whether the delay of the next attempt runs.
    delays: bool,
    /// The winner, or all errors in their order.
    result: Option<Result<usize, Vec<usize>>>,
}

/// Runs a race through these events, and returns what is seen after the last; the race is not over before.
fn replay(has_delay: bool, events: &[Happens]) -> Seen {
    let (runtime, woken) = (Timers::default(), Arc::new(Woken::default()));
    let waker = Waker::from(Arc::clone(&woken));
    let attempts: Vec<Shared<Result<usize, usize>>> = (0..ATTEMPTS).map(|_| shared()).collect();
    let started = Mutex::new(0);
    let start = |number: &usize| {
        *started.lock().unwrap() += 1;
        future(&attempts[*number])
    };
    let mut race = Race {
        runtime: &runtime,
        attempt_delay: has_delay.then_some(Duration::from_secs(1)),
        start,
        waiting: (0..ATTEMPTS).collect(),
        running: Vec::new(),
        next_start: None,
        failed: Vec::new(),
    };
    woken.0.store(true, Ordering::SeqCst);
    let mut result = None;
    for event in std::iter::once(None).chain(events.iter().copied().map(Some)) {
        assert_eq!(result, None, "it goes on after its end");
        match event {
            Some(Happens::Fails(number)) => tell(&attempts[number], Err(number)),
            Some(Happens::Succeeds(number)) => tell(&attempts[number], Ok(number)),
            Some(Happens::DelayPasses) => {
                let delay = runtime.0.lock().unwrap().last().cloned();
                tell(&delay.unwrap(), ());
            }
            None => {}
        }
        // An executor polls what was woken, and nothing else.
        assert!(woken.0.swap(false, Ordering::SeqCst), "{event:?} wakes nobody after {events:?}");
        result = match race.poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => None,
            Poll::Ready(Ok(winner)) => Some(Ok(winner)),
            Poll::Ready(Err(errors)) => {
                assert!(errors.iter().all(|(number, error)| number == error));
                Some(Err(errors.into_iter().map(|(number, _)| number).collect()))
            }
        };
    }
    // Whoever awaits a race drops it at its end.
    let race = result.is_none().then_some(race);
    let started = *started.lock().unwrap();
    let running = (0..started).filter(|number| !attempts[*number].lock().unwrap().is_dropped).collect();
    let delays = runtime.0.lock().unwrap().last().is_some_and(|delay| !delay.lock().unwrap().is_dropped);
    drop(race);
    Seen { started, running, delays, result }
}

/// Races with or without a delay between attempts.
struct Races {
    has_delay: bool,
}

/// A race is what has happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Run {
    events: Vec<Happens>,
    seen: Seen,
}

impl Run {
    fn new(has_delay: bool, events: Vec<Happens>) -> Self {
        let seen = replay(has_delay, &events);
        Self { events, seen }
    }

    fn failed(&self) -> Vec<usize> {
        let failed = self.events.iter().filter_map(|event| match event {
            Happens::Fails(number) => Some(*number),
            Happens::Succeeds(_) | Happens::DelayPasses => None,
        });
        failed.collect()
    }

    /// The result that it has to have.
    fn expected(&self) -> Option<Result<usize, Vec<usize>>> {
        match (self.events.last(), self.failed()) {
            (Some(Happens::Succeeds(number)), _) => Some(Ok(*number)),
            (_, failed) if failed.len() == ATTEMPTS => Some(Err(failed)),
            _ => None,
        }
    }

    /// Each failure and each delay that passes starts one attempt more, while there are any.
    fn starts_in_time(&self) -> bool {
        let starts = self.events.iter().filter(|event| !matches!(event, Happens::Succeeds(_))).count();
        self.seen.started == ATTEMPTS.min(1 + starts)
    }
}

impl Model for Races {
    type State = Run;
    type Action = Happens;

    fn init_states(&self) -> Vec<Run> {
        vec![Run::new(self.has_delay, Vec::new())]
    }

    fn actions(&self, run: &Run, events: &mut Vec<Happens>) {
        if run.seen.result.is_none() {
            events.extend(
                run.seen.running.iter().flat_map(|number| [Happens::Fails(*number), Happens::Succeeds(*number)]),
            );
            events.extend(run.seen.delays.then_some(Happens::DelayPasses));
        }
    }

    fn next_state(&self, run: &Run, event: Happens) -> Option<Run> {
        Some(Run::new(self.has_delay, [&run.events[..], &[event]].concat()))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("the first success wins, or all errors are told in their order", |_, run: &Run| {
                run.seen.result == run.expected()
            }),
            Property::always("attempts start in time", |_, run: &Run| run.starts_in_time()),
            Property::always("nothing runs on after the end", |_, run: &Run| {
                run.seen.result.is_none() || run.seen.running.is_empty() && !run.seen.delays
            }),
            Property::always("something runs until the end", |_, run: &Run| {
                run.seen.result.is_some() || !run.seen.running.is_empty()
            }),
            Property::always("a delay runs where one is set and an attempt waits", |model, run: &Run| {
                let waits = run.seen.result.is_none() && run.seen.started < ATTEMPTS;
                run.seen.delays == (waits && model.has_delay)
            }),
            Property::sometimes("the last one wins", |_, run: &Run| run.seen.result == Some(Ok(ATTEMPTS - 1))),
            Property::sometimes("nobody wins", |_, run: &Run| matches!(run.seen.result, Some(Err(_)))),
        ]
    }
}

#[test]
fn whatever_attempts_do_the_first_success_wins_and_no_waker_is_lost() {
    for has_delay in [false, true] {
        let checker = Races { has_delay }.checker().spawn_bfs().join();
        println!("delay {has_delay}: {} states, {} steps", checker.unique_state_count(), checker.state_count());
        checker.assert_properties();
    }
}
