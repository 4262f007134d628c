//! Ephemeral pairs that are made before a peer comes.

use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::keys::Ephemeral;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most pairs that are kept, of 64 bytes each.
const MOST: usize = 16;

/// Pairs for handshakes to come, each for one of them: a multiplication on the curve that no peer waits for.
#[derive(Debug, Default)]
pub(super) struct ReadyPairs(Mutex<Vec<Ephemeral>>);

impl ReadyPairs {
    /// A pair that is ready, or else one that is made now from these random bytes.
    ///
    /// # Errors
    /// There is none, and no randomness for one.
    pub(super) fn take(&self, random: impl FnOnce() -> io::Result<[u8; 32]>) -> io::Result<Ephemeral> {
        // The lock is not held while a pair is made.
        let ready = self.pairs().pop();
        ready.map_or_else(|| random().map(Ephemeral::from_random), Ok)
    }

    /// Makes a pair ready from these random bytes, unless there are enough; without randomness there is one fewer.
    fn make(&self, random: impl FnOnce() -> io::Result<[u8; 32]>) {
        if self.pairs().len() >= MOST {
            return;
        }
        let Ok(pair) = random().map(Ephemeral::from_random) else { return };
        let mut pairs = self.pairs();
        if pairs.len() < MOST {
            pairs.push(pair);
        }
    }

    /// How many are ready.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.pairs().len()
    }

    fn pairs(&self) -> MutexGuard<'_, Vec<Ephemeral>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handshake that makes a pair ready for the next one when its own last message is on its way: the peer has the most to
/// do then, and this side nothing else.
pub(super) struct MakingReady<'a, M, R> {
    machine: M,
    /// How many messages of ours are still to be sent.
    messages: u8,
    ready: &'a ReadyPairs,
    random: R,
}

impl<'a, M, R: Fn() -> io::Result<[u8; 32]>> MakingReady<'a, M, R> {
    /// The same handshake, in which this side sends so many messages.
    pub(super) const fn new(machine: M, messages: u8, ready: &'a ReadyPairs, random: R) -> Self {
        Self { machine, messages, ready, random }
    }
}

impl<M: Handshake, R: Fn() -> io::Result<[u8; 32]>> Handshake for MakingReady<'_, M, R> {
    type Output = M::Output;
    type Error = M::Error;

    fn step(&mut self) -> Result<Step<'_, M::Output>, M::Error> {
        self.machine.step()
    }

    fn prepare(&mut self) {
        self.machine.prepare();
        if self.messages == 1 {
            self.ready.make(&self.random);
        }
        self.messages = self.messages.saturating_sub(1);
    }

    fn end_of_input(&mut self) -> M::Error {
        self.machine.end_of_input()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use multiserver_core::handshake::Messages;
    use multiserver_io::drive_blocking;
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::io::Cursor;

    /// A handshake that sends this many messages of a byte and reads none.
    struct Talk {
        messages: Messages<[u8; 1]>,
        left: u8,
    }

    impl Talk {
        fn new(left: u8) -> Self {
            Self { messages: Messages::new([0; 1]), left }
        }
    }

    impl Handshake for Talk {
        type Output = ();
        type Error = Infallible;

        fn step(&mut self) -> Result<Step<'_, ()>, Infallible> {
            if !self.messages.is_busy() && self.left > 0 {
                self.left -= 1;
                self.messages.write(&[self.left]).unwrap();
            }
            Ok(self.messages.step().unwrap_or(Step::Done(())))
        }

        fn end_of_input(&mut self) -> Infallible {
            unreachable!("it reads nothing")
        }
    }

    fn run(ready: &ReadyPairs, messages: u8, fill: u8) {
        let mut machine = MakingReady::new(Talk::new(messages), messages, ready, || Ok([fill; 32]));
        drive_blocking(&mut machine, &mut Cursor::new(Vec::new())).unwrap();
    }

    fn public(fill: u8) -> [u8; 32] {
        *Ephemeral::from_random([fill; 32]).public()
    }

    #[test]
    fn a_handshake_makes_one_pair_for_the_next() {
        for messages in [1, 2] {
            let ready = ReadyPairs::default();
            assert_eq!(*ready.take(|| Ok([1; 32])).unwrap().public(), public(1), "none is ready");
            run(&ready, messages, 2);
            assert_eq!(*ready.take(|| unreachable!("one is ready")).unwrap().public(), public(2));
            assert_eq!(*ready.take(|| Ok([3; 32])).unwrap().public(), public(3), "it serves once");
        }
    }

    #[test]
    fn a_handshake_that_did_not_send_its_last_message_makes_none() {
        let ready = ReadyPairs::default();
        let mut machine = MakingReady::new(Talk::new(1), 2, &ready, || unreachable!("the last message is to come"));
        drive_blocking(&mut machine, &mut Cursor::new(Vec::new())).unwrap();
        assert_eq!(ready.count(), 0);
    }

    #[test]
    fn there_is_a_bound() {
        let ready = ReadyPairs::default();
        for fill in 0..20 {
            run(&ready, 1, fill);
        }
        assert_eq!(ready.count(), MOST);
    }

    #[test]
    fn without_randomness_there_is_none() {
        let ready = ReadyPairs::default();
        let asked = Cell::new(0);
        ready.make(|| {
            asked.set(asked.get() + 1);
            Err(io::ErrorKind::Other.into())
        });
        assert_eq!((asked.get(), ready.count()), (1, 0));
        assert!(ready.take(|| Err(io::ErrorKind::Other.into())).is_err());
    }
}
