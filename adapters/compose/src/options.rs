//! How to reach a peer that has several addresses.

use std::time::Duration;

/// How [`connect_with`](crate::Multiserver::connect_with) tries several addresses; the default is that of
/// [`connect`](crate::Multiserver::connect): one after the other, stronger protocols first, otherwise in the order in which they are given.
///
/// ```
/// # use multiserver_compose::ConnectOptions;
/// # use std::time::Duration;
/// let options = ConnectOptions::new().race(Duration::from_millis(250)).prefer(["shs2", "shs"]);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ConnectOptions {
    pub(crate) attempt_delay: Option<Duration>,
    pub(crate) preferred: Vec<String>,
    pub(crate) allows_other_peers: bool,
    pub(crate) allows_downgrade: bool,
    pub(crate) deadline: Option<Duration>,
}

impl ConnectOptions {
    /// The addresses one after the other, stronger protocols first, otherwise in the order in which they are given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also tries the next address when those before it have not connected within this time, and takes the first
    /// connection whose handshake completes; RFC 8305 recommends 250 ms.
    ///
    /// The peer may then see connections that end at once. An address with a seed never races: it is tried when all
    /// addresses before it have failed, and those after it are tried only when it has failed.
    pub const fn race(mut self, attempt_delay: Duration) -> Self {
        self.attempt_delay = Some(attempt_delay);
        self
    }

    /// Tries addresses with these transforms first, the best named first, and all others after them.
    ///
    /// The order does not change which key has to be proven: see [`connect`](crate::Multiserver::connect). An address
    /// without a proof is not tried after one that proves the key, so that an unproven peer never replaces a proven
    /// one.
    pub fn prefer<N: Into<String>>(mut self, transforms: impl IntoIterator<Item = N>) -> Self {
        self.preferred = transforms.into_iter().map(Into::into).collect();
        self
    }

    /// Also tries addresses that prove another key than an earlier address, or none.
    ///
    /// The caller then has to check who answered, by [`Connection::peer`](crate::Connection::peer).
    pub const fn allow_other_peers(mut self) -> Self {
        self.allows_other_peers = true;
        self
    }

    /// Also tries addresses whose protocol is weaker than one by which the peer has proven its key before, as the
    /// [memory](crate::ProtocolMemory) of the multiserver says; for a server that really went back to it.
    pub const fn allow_downgrade(mut self) -> Self {
        self.allows_downgrade = true;
        self
    }

    /// Sets how long each attempt may take, instead of its suite's [`Limits::deadline`](crate::Limits::deadline).
    pub const fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }
}
