//! Accepting on one suite: the bounds, and what happens when the system has no more sockets to give.

use crate::deadline::Deadline;
use crate::exclusive::Exclusive;
use crate::held::Held;
use crate::incoming::Entry;
use crate::limiter::slots::TURNS;
use crate::live::Live;
use crate::served::Served;
use crate::transport::{Arrival, Opening};
use crate::{BoxFuture, Event};
use multiserver_core::address::Address;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// How long a suite pauses after the first error, and the longest pause after several in a row.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The shortest turn.
const SHORTEST_TURN: Duration = Duration::from_millis(1);

/// How many peers one poll turns away before it lets other tasks run.
const TURNED_AWAY_PER_POLL: usize = 32;

/// The state of accepting on one suite.
pub(crate) struct Acceptor {
    served: Arc<Served>,
    /// The length of the next pause.
    next_pause: Duration,
    pause: Exclusive<Option<BoxFuture<'static, ()>>>,
    /// The timer of the current turn; it runs while handshakes are under way.
    turn: Exclusive<Option<BoxFuture<'static, ()>>>,
    /// The limiter's marks at the ends of the last turns.
    marks: VecDeque<u64>,
}

impl Acceptor {
    pub(crate) fn new(served: Arc<Served>) -> Self {
        Self {
            served,
            next_pause: PAUSES.0,
            pause: Exclusive::new(None),
            turn: Exclusive::new(None),
            marks: VecDeque::new(),
        }
    }

    pub(crate) fn poll_accept(&mut self, live: &Live, cx: &mut Context<'_>) -> Poll<(Entry, Held<Opening>)> {
        self.expire(cx);
        // The server is closed.
        let Some(listener) = self.served.listener() else { return Poll::Pending };
        for _ in 0..TURNED_AWAY_PER_POLL {
            let pause = self.pause.get_mut();
            if let Some(future) = pause {
                ready!(future.as_mut().poll(cx));
                *pause = None;
            }
            if self.served.limiter.is_full(cx) {
                return Poll::Pending;
            }
            match ready!(listener.poll_accept(cx)) {
                Ok(arrival) => {
                    self.next_pause = PAUSES.0;
                    if let Some(accepted) = self.let_in(arrival, live) {
                        return Poll::Ready(accepted);
                    }
                }
                Err(error) => self.back_off(&error),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Closes peers whose handshakes are too slow for the number of slots that are taken, and peers that the caller has
    /// held for longer than their deadline.
    fn expire(&mut self, cx: &mut Context<'_>) {
        let Served { suite, inner, limiter, .. } = &*self.served;
        let turn = self.turn.get_mut();
        if limiter.pending() == 0 {
            *turn = None;
            self.marks.clear();
            return;
        }
        let length = (suite.limits.deadline / u32::from(TURNS)).max(SHORTEST_TURN);
        while turn.get_or_insert_with(|| inner.runtime.sleep(length)).as_mut().poll(cx).is_ready() {
            *turn = None;
            limiter.next_turn();
            self.marks.push_back(limiter.mark());
            if self.marks.len() > usize::from(TURNS)
                && let Some(mark) = self.marks.pop_front()
            {
                limiter.expire(mark);
            }
        }
    }

    fn let_in(&self, arrival: Arrival, live: &Live) -> Option<(Entry, Held<Opening>)> {
        let Arrival { opening, source, local, remote, layer } = arrival;
        let address = layer.map(Address::new);
        let Served { suite, inner, limiter, .. } = &*self.served;
        let Some(permit) = limiter.enter(if opening.is_header() { None } else { source }) else {
            self.served.report(&Event::OverSourceLimit { suite: &suite.name, address: address.as_ref() });
            return None;
        };
        let opening = permit.hold(opening);
        let deadline = Deadline::new(&*inner.runtime, suite.limits.deadline);
        let guard = live.guard();
        Some((Entry::new(&self.served, address, source, (local, remote), deadline, permit, guard), opening))
    }

    /// Reports an error, and pauses unless the error is that of a single peer: when the process is out of descriptors,
    /// an immediate retry would only spin.
    fn back_off(&mut self, error: &io::Error) {
        let single =
            matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted);
        let pause = (!single).then_some(self.next_pause);
        let Served { suite, inner, .. } = &*self.served;
        self.served.report(&Event::AcceptFailed { suite: &suite.name, error, pause });
        if let Some(pause) = pause {
            *self.pause.get_mut() = Some(inner.runtime.sleep(pause));
            self.next_pause = pause.saturating_mul(2).min(PAUSES.1);
        }
    }
}
