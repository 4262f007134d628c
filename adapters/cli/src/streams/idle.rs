//! Connections on which nothing happens.

use multiserver_tokio::ByteCounter;
use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// In how many turns the time is waited for.
const TURNS: u32 = 4;

/// Returns an error when nothing came or went for this long, or up to a quarter longer; never without a bound.
pub(crate) async fn idle(meter: &ByteCounter, limit: Option<Duration>) -> io::Error {
    let Some(limit) = limit else { return std::future::pending().await };
    let (mut last, mut silent) = (meter.traffic(), 0);
    while silent < TURNS {
        tokio::time::sleep(limit / TURNS).await;
        let traffic = meter.traffic();
        silent = if traffic == last { silent + 1 } else { 0 };
        last = traffic;
    }
    io::Error::new(ErrorKind::TimedOut, Idle(limit))
}

/// Nothing came or went for this long.
#[derive(Debug)]
struct Idle(Duration);

impl std::error::Error for Idle {}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing came or went for {:?}, which is --idle-timeout", self.0)
    }
}
