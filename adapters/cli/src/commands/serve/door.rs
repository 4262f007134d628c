//! Who comes in, and what for.

use super::allow::AllowOptions;
use super::guest;
use super::guests::{Guest, Guests};
use super::places::{Place, Places};
use multiserver_tokio::{BoxFuture, Connection, PublicKey};
use std::sync::Arc;

/// Lets peers in who are allowed, and guests who have an invite, as many as there are places.
pub(super) struct Door {
    allow: AllowOptions,
    places: Arc<Places>,
    guests: Arc<Guests>,
    /// Why nobody comes in when all places are taken.
    full: String,
}

/// What a peer was let in for.
pub(super) enum Pass {
    /// To be served.
    Peer(Place),
    /// To join, and nothing else.
    Guest(Guest),
}

impl Door {
    /// With these places, and this to be said when all are taken.
    pub(super) fn new(allow: AllowOptions, places: Places, full: String) -> Self {
        Self { allow, places: Arc::new(places), guests: Arc::default(), full }
    }

    /// Asks here about each peer, for [`Server::serve`](multiserver_tokio::Server).
    pub(super) fn authorizer(
        self: &Arc<Self>,
    ) -> impl Fn(Option<PublicKey>) -> BoxFuture<'static, Option<Pass>> + use<> {
        let door = Arc::clone(self);
        move |peer| {
            let door = Arc::clone(&door);
            Box::pin(async move { door.ask(peer).await })
        }
    }

    /// Lets a peer in or, saying why, does not.
    async fn ask(&self, peer: Option<PublicKey>) -> Option<Pass> {
        let reason = if self.allow.check(peer).await {
            match self.places.enter(peer) {
                Some(place) => return Some(Pass::Peer(place)),
                None => self.full.as_str(),
            }
        } else if let Some(invite) = peer
            && self.allow.invites(invite).await
        {
            return Some(Pass::Guest(self.guests.enter(invite)));
        } else {
            "not among the keys that are allowed"
        };
        tracing::warn!("refused {}: {reason}", name(peer));
        None
    }

    /// Lets a guest join.
    pub(super) async fn welcome(&self, guest: Guest, connection: Connection) {
        match guest::join(connection, &guest, &self.allow).await {
            Ok(peer) => tracing::info!("{peer} joined by the invite {}", guest.invite),
            Err(reason) => tracing::warn!("nobody joined by the invite {}: {reason}", guest.invite),
        }
    }

    /// Whether nobody is served.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// What a peer is called in messages.
fn name(peer: Option<PublicKey>) -> String {
    peer.map_or_else(|| "a peer without a key".to_owned(), |peer| peer.to_string())
}
