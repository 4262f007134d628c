//! One of several IP addresses of a host.

use crate::{BoxFuture, Runtime};
use multiserver_io::Duplex;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long an address is tried alone before the next one is tried as well (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to whichever of these addresses answers first, where each has a head start over the next.
pub(super) async fn connect(runtime: &dyn Runtime, addresses: Vec<SocketAddr>) -> io::Result<Duplex> {
    let waiting = alternate(addresses);
    let mut race = Race { runtime, waiting, running: Vec::new(), next_start: None, failed: Vec::new() };
    poll_fn(|cx| race.poll(cx)).await
}

struct Race<'a> {
    runtime: &'a dyn Runtime,
    waiting: VecDeque<SocketAddr>,
    running: Vec<(SocketAddr, BoxFuture<'a, io::Result<Duplex>>)>,
    next_start: Option<BoxFuture<'static, ()>>,
    failed: Vec<(SocketAddr, io::Error)>,
}

impl Race<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Duplex>> {
        loop {
            let mut is_time = self.running.is_empty();
            if let Some(next_start) = &mut self.next_start
                && next_start.as_mut().poll(cx).is_ready()
            {
                self.next_start = None;
                is_time = true;
            }
            if is_time {
                self.start_next();
            }
            let before = self.running.len();
            if let Some(io) = self.poll_running(cx) {
                return Poll::Ready(Ok(io));
            }
            if self.running.is_empty() && self.waiting.is_empty() {
                return Poll::Ready(Err(self.failure()));
            }
            let failed_some = self.running.len() < before;
            if failed_some {
                // No reason to wait any longer: what had the head start is gone.
                self.start_next();
            } else if !is_time {
                return Poll::Pending;
            }
        }
    }

    fn start_next(&mut self) {
        if let Some(address) = self.waiting.pop_front() {
            self.running.push((address, self.runtime.tcp_connect(address)));
            self.next_start = (!self.waiting.is_empty()).then(|| self.runtime.sleep(HEAD_START));
        }
    }

    /// The first connection there is; attempts that failed are moved to where they are reported from.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<Duplex> {
        let mut connected = None;
        let failed = &mut self.failed;
        self.running.retain_mut(|(address, attempt)| {
            if connected.is_some() {
                return true;
            }
            match attempt.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(Ok(io)) => {
                    connected = Some(io);
                    false
                }
                Poll::Ready(Err(error)) => {
                    failed.push((*address, error));
                    false
                }
            }
        });
        connected
    }

    fn failure(&mut self) -> io::Error {
        let mut failed = std::mem::take(&mut self.failed);
        match (failed.pop(), failed.is_empty()) {
            (None, _) => io::Error::new(ErrorKind::NotFound, "the host has no address"),
            (Some((_, error)), true) => error,
            (Some(last), false) => {
                let kind = last.1.kind();
                failed.push(last);
                io::Error::new(kind, Unreachable(failed))
            }
        }
    }
}

/// Why none of a host's addresses answers.
#[derive(Debug)]
struct Unreachable(Vec<(SocketAddr, io::Error)>);

impl std::error::Error for Unreachable {}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("none of the host's addresses answers")?;
        self.0.iter().try_for_each(|(address, error)| write!(f, "; {address}: {error}"))
    }
}

/// The same addresses, but of both families in turn (RFC 8305, section 4), so that one broken family costs little.
fn alternate(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == is_ipv6);
    let mut second = second.into_iter();
    let mut order: VecDeque<_> = first.into_iter().flat_map(|one| [Some(one), second.next()]).flatten().collect();
    order.extend(second);
    order
}
