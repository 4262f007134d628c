//! Runs tasks one at a time, in an order that the seed decides.

use crate::Error;
use crate::world::World;
use multiserver_compose::BoxFuture;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// How often tasks are polled without any time passing before that counts as a livelock.
const POLLS_AT_ONE_TIME: u64 = 10_000_000;

/// The number of the main future, the one that `block_on` runs.
const MAIN: u64 = 0;

pub(crate) struct Executor {
    /// Chooses the task that runs next. The thread that runs the simulation holds this lock.
    turn: Mutex<fastrand::Rng>,
    ready: Arc<Mutex<Vec<u64>>>,
    tasks: Mutex<Tasks>,
}

#[derive(Default)]
struct Tasks {
    spawned: u64,
    waiting: BTreeMap<u64, Task>,
    is_closed: bool,
}

struct Task {
    future: BoxFuture<'static, ()>,
    wake: Arc<TaskWake>,
}

/// Marks its task as ready, once until the task is run.
struct TaskWake {
    number: u64,
    is_ready: AtomicBool,
    ready: Arc<Mutex<Vec<u64>>>,
}

impl Executor {
    pub(crate) fn new(random: fastrand::Rng) -> Self {
        Self { turn: Mutex::new(random), ready: Arc::default(), tasks: Mutex::default() }
    }

    pub(crate) fn spawn(&self, future: BoxFuture<'static, ()>) {
        let mut tasks = self.tasks();
        if tasks.is_closed {
            drop(tasks);
            return;
        }
        tasks.spawned = tasks.spawned.wrapping_add(1);
        let number = tasks.spawned;
        let wake = self.wake_of(number);
        tasks.waiting.insert(number, Task { future, wake: Arc::clone(&wake) });
        drop(tasks);
        wake.wake();
    }

    /// Drops every task, and also each task that is spawned from now on.
    pub(crate) fn close(&self) {
        let mut tasks = self.tasks();
        tasks.is_closed = true;
        let waiting = std::mem::take(&mut tasks.waiting);
        drop(tasks);
        drop(waiting);
    }

    /// Runs until `main` is ready, or returns `None` when no event is left up to this point in time.
    pub(crate) fn run<T>(
        &self,
        world: &World,
        until: Duration,
        mut main: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<Option<T>, Error> {
        let mut random = match self.turn.try_lock() {
            Ok(random) => random,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Error::Running),
        };
        let wake_main = self.wake_of(MAIN);
        Arc::clone(&wake_main).wake();
        let (mut polls, mut now) = (0, world.with(|network| network.agenda.now()));
        loop {
            // Events that are due happen first, so that they do not wait for tasks that are always ready.
            while world.with(|network| network.happen(now)).is_some() {}
            if let Some(number) = self.next_ready(&mut random) {
                polls += 1;
                if polls > POLLS_AT_ONE_TIME {
                    return Err(Error::Livelock { at: now, polls: POLLS_AT_ONE_TIME });
                }
                if number != MAIN {
                    self.run_task(number);
                    continue;
                }
                wake_main.is_ready.store(false, Ordering::Relaxed);
                if let Poll::Ready(output) = main(&mut Context::from_waker(&Waker::from(Arc::clone(&wake_main)))) {
                    return Ok(Some(output));
                }
                continue;
            }
            let Some(next) = world.with(|network| network.happen(until)) else { return Ok(None) };
            if next > now {
                (polls, now) = (0, next);
            }
        }
    }

    /// How many spawned tasks have not ended.
    pub(crate) fn tasks_left(&self) -> usize {
        self.tasks().waiting.len()
    }

    fn run_task(&self, number: u64) {
        // The task is taken out and the lock is released while it runs, since it may spawn others.
        let Some(mut task) = self.tasks().waiting.remove(&number) else { return };
        task.wake.is_ready.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task.wake));
        if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return;
        }
        let mut tasks = self.tasks();
        if !tasks.is_closed {
            tasks.waiting.insert(number, task);
        }
    }

    fn next_ready(&self, random: &mut fastrand::Rng) -> Option<u64> {
        let mut ready = lock(&self.ready);
        if ready.is_empty() {
            return None;
        }
        let index = random.usize(..ready.len());
        Some(ready.swap_remove(index))
    }

    fn wake_of(&self, number: u64) -> Arc<TaskWake> {
        Arc::new(TaskWake { number, is_ready: AtomicBool::new(false), ready: Arc::clone(&self.ready) })
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        lock(&self.tasks)
    }
}

impl Wake for TaskWake {
    fn wake(self: Arc<Self>) {
        if !self.is_ready.swap(true, Ordering::Relaxed) {
            lock(&self.ready).push(self.number);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
