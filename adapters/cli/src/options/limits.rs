//! The bounds of what listens for peers.

use crate::options::{count, duration};
use clap::Args;
use multiserver_tokio::{Limits, PeerLimiter};
use std::time::Duration;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitOptions {
    /// How many peers may be connected at the same time. When there are as many, a newcomer takes the slot of one whose
    /// key or IP address has more slots than the newcomer's would have, or of one that has been idle for a minute;
    /// otherwise it is refused.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = count::parse::<usize>)]
    pub(crate) max_peers: usize,
    /// How many peers may be in their handshakes at the same time, of each of the endpoints to listen at; one more takes the
    /// slot of the oldest that has proven nothing yet, of the source that has the most of them, or waits.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = count::parse::<usize>)]
    max_pending: usize,
    /// How many of these may come from one IP address, or from one /64 of IPv6; one more takes the slot of the oldest from
    /// there. Behind Tor, or a balancer that --proxy-protocol-from does not name, all come from one.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = count::parse::<usize>)]
    max_pending_per_source: usize,
    /// How long a peer has for all of its handshake.
    #[arg(long, value_name = "TIME", default_value = "15", value_parser = duration::parse_positive)]
    handshake_timeout: Duration,
    /// End a connection on which nothing came or went for so long; without this it may be silent for ever.
    #[arg(long, value_name = "TIME", value_parser = duration::parse_positive)]
    pub(crate) idle_timeout: Option<Duration>,
    /// How long connections may go on when the program is asked to end.
    #[arg(long, value_name = "TIME", default_value = "3", value_parser = duration::parse)]
    pub(crate) grace: Duration,
}

impl LimitOptions {
    /// How many sockets there may be at the same time with listeners at this many endpoints: each peer that is connected may
    /// have a second one behind it.
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

/// So many peers, as the subject of a sentence.
pub(crate) fn peers_are(count: usize) -> String {
    if count == 1 { "1 peer is".to_owned() } else { format!("{count} peers are") }
}

/// The same bounds where all peers come from one IP address.
pub(crate) const fn from_one_source(limits: Limits) -> Limits {
    limits.pending_per_source(limits.pending)
}
