//! The options for the limits of servers.

use crate::options::{count, duration};
use clap::Args;
use multiserver_tokio::{Limits, PeerLimiter};
use std::time::Duration;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitOptions {
    /// How many peers may be connected at the same time. When all these slots are taken, a newcomer takes the slot of a
    /// peer whose key or IP address has more slots than the newcomer's would have, or of one that has been idle for a
    /// minute; otherwise it is refused.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = count::parse::<usize>)]
    pub(crate) max_peers: usize,
    /// How many peers may be in their handshakes at the same time, at each endpoint to listen at. One more takes the
    /// slot of the oldest peer that has proven nothing yet, from the source that has the most of them, or waits.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = count::parse::<usize>)]
    max_pending: usize,
    /// How many of these may come from one IP address, or from one /64 of IPv6; one more takes the slot of the oldest from
    /// there. Behind Tor, or a balancer that --proxy-protocol-from does not name, all come from one.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = count::parse::<usize>)]
    max_pending_per_source: usize,
    /// How long a peer's handshake may take in total.
    #[arg(long, value_name = "TIME", default_value = "15", value_parser = duration::parse_positive)]
    handshake_timeout: Duration,
    /// End a connection on which nothing was sent or received for this long; without this option it may be silent for
    /// ever.
    #[arg(long, value_name = "TIME", value_parser = duration::parse_positive)]
    pub(crate) idle_timeout: Option<Duration>,
    /// How long connections may go on after the program was asked to end.
    #[arg(long, value_name = "TIME", default_value = "3", value_parser = duration::parse)]
    pub(crate) grace: Duration,
}

impl LimitOptions {
    /// How many sockets there may be at the same time with this many listening endpoints: each connected peer may need
    /// a second socket, to a service or a target.
    pub(crate) const fn sockets(&self, endpoints: usize) -> usize {
        let (pending, connected) = (endpoints.saturating_mul(self.max_pending), self.max_peers.saturating_mul(2));
        endpoints.saturating_add(pending).saturating_add(connected)
    }

    /// The bounds on connected peers.
    pub(crate) fn peers(&self) -> PeerLimiter {
        PeerLimiter::new(self.max_peers)
    }

    /// The bounds on handshakes.
    pub(crate) fn handshakes(&self) -> Limits {
        Limits::default()
            .deadline(self.handshake_timeout)
            .pending(self.max_pending)
            .pending_per_source(self.max_pending_per_source)
    }
}

/// The words for this many peers, as the subject of a sentence.
pub(crate) fn peers_are(count: usize) -> String {
    if count == 1 { "1 peer is".to_owned() } else { format!("{count} peers are") }
}

/// The same bounds where all peers come from one IP address.
pub(crate) const fn from_one_source(limits: Limits) -> Limits {
    limits.pending_per_source(limits.pending)
}
