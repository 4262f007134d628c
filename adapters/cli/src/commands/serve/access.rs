//! Decides which peers are let in, and for what.

use super::allow::AllowOptions;
use super::guest::{self, Guest};
use crate::process::strangers::{self, Outcome};
use multiserver_tokio::{BoxFuture, Connection, Peer, PeerLimiter, PeerPermit, PublicKey};
use std::sync::Arc;
use std::time::Duration;

/// How many guests may join at the same time. At the bound, the oldest guest of the invite with the most guests is
/// evicted, so that silent holders of one invite cannot keep others from joining.
const GUESTS: usize = 16;

/// Lets in peers that are allowed, and guests that have an invite, as many as there are slots.
pub(super) struct AccessControl {
    allow: AllowOptions,
    peers: Arc<PeerLimiter>,
    guests: Arc<PeerLimiter>,
    /// The message when all slots are taken.
    full: String,
}

/// The purpose for which a peer was let in.
pub(super) enum Access {
    /// To be served.
    Peer(PeerPermit),
    /// To join, and nothing else.
    Guest(Guest),
}

impl AccessControl {
    /// Access control with these slots, and this message when all are taken.
    pub(super) fn new(allow: AllowOptions, peers: PeerLimiter, full: String) -> Self {
        let guests = PeerLimiter::new(GUESTS).idle_after(Duration::ZERO);
        Self { allow, peers: Arc::new(peers), guests: Arc::new(guests), full }
    }

    /// The authorizer for [`Server::serve`](multiserver_tokio::Server).
    pub(super) fn authorizer(self: &Arc<Self>) -> impl Fn(Peer) -> BoxFuture<'static, Option<Access>> + use<> {
        let access = Arc::clone(self);
        move |peer| {
            let access = Arc::clone(&access);
            Box::pin(async move { access.ask(&peer).await })
        }
    }

    /// Decides about a peer; if it is refused, logs why.
    async fn ask(&self, peer: &Peer) -> Option<Access> {
        let (outcome, reason) = if self.allow.check(peer.key).await {
            match self.peers.enter(peer) {
                Some(permit) => return Some(Access::Peer(permit)),
                None => (Outcome::NoRoom, self.full.as_str()),
            }
        } else if let Some(invite) = peer.key
            && self.allow.invites(invite).await
        {
            match self.guests.enter(peer) {
                Some(permit) => return Some(Access::Guest(Guest { invite, permit })),
                None => (Outcome::NoRoom, "too many join by this invite"),
            }
        } else {
            (Outcome::Refused, "not among the keys that are allowed")
        };
        strangers::log(outcome, format_args!("refused {}: {reason}", name(peer.key)));
        None
    }

    /// Lets a guest join.
    pub(super) async fn welcome(&self, guest: Guest, connection: Connection) {
        match guest::join(connection, &guest, &self.allow).await {
            Ok(peer) => tracing::info!("{peer} joined by the invite {}", guest.invite),
            Err(reason) => {
                strangers::log(Outcome::Failed, format_args!("nobody joined by the invite {}: {reason}", guest.invite));
            }
        }
    }

    /// Whether no peer is being served.
    pub(super) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }
}

/// The name of a peer in messages.
fn name(peer: Option<PublicKey>) -> String {
    peer.map_or_else(|| "a peer without a key".to_owned(), |peer| peer.to_string())
}
