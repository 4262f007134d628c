//! Detects connections on which nothing is sent or received.

use multiserver_tokio::ByteCounter;
use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// Into how many turns the time limit is divided.
const TURNS: u32 = 4;

/// Returns an error when nothing was sent or received for this long, or up to a quarter longer; without a limit it
/// never ends.
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

/// Nothing was sent or received for this long.
#[derive(Debug)]
struct Idle(Duration);

impl std::error::Error for Idle {}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing came or went for {:?}, which is --idle-timeout", self.0)
    }
}
