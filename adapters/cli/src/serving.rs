//! Serving any number of peers until the program is asked to end.

use crate::activation;
use crate::log::notice;
use crate::runtime::Signals;
use multiserver_tokio::{Connection, Event, PublicKey, Server};
use std::time::Duration;

/// Serves everyone who is let in until a signal, and then waits for those who are still there, but not long.
pub(crate) async fn until_signal<T, A, AF, H, HF>(
    server: Server,
    authorize: A,
    handle: H,
    grace: Duration,
    mut signals: Signals,
) where
    T: Send + 'static,
    A: Fn(Option<PublicKey>) -> AF + Send + Sync + 'static,
    AF: Future<Output = Option<T>> + Send,
    H: Fn(Connection, T) -> HF + Send + Sync + 'static,
    HF: Future<Output = ()> + Send,
{
    let handles = server.handle();
    tokio::select! {
        () = server.serve(authorize, handle) => {}
        () = signals.next() => {}
    }
    activation::stopping();
    let cut = tokio::select! {
        cut = handles.close(grace) => cut,
        () = signals.next() => handles.live(),
    };
    if cut > 0 {
        notice(format_args!("cut {cut} connection{} that had not ended", if cut == 1 { "" } else { "s" }));
    }
}

/// Logs what happens to a server.
pub(crate) fn log(event: &Event<'_>) {
    match event {
        Event::Accepted { .. } => tracing::info!("{event}"),
        // Whoever refused has said why.
        Event::Refused { .. } => tracing::debug!("{event}"),
        Event::AcceptFailed { .. } | Event::Crowded { .. } | Event::Failed(_) | _ => tracing::warn!("{event}"),
    }
}

/// What a peer is called in messages.
pub(crate) fn name(peer: Option<PublicKey>) -> String {
    peer.map_or_else(|| "a peer without a key".to_owned(), |peer| peer.to_string())
}
