//! Serving any number of peers until the program is asked to end.

use crate::process::activation;
use crate::process::runtime::Signals;
use crate::process::strangers::{self, Outcome};
use crate::report::log::notice;
use multiserver_tokio::{Connection, Event, Failure, IncomingError, Peer, Server};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long dropping the connections that are cut may take.
const LETTING_GO: Duration = Duration::from_secs(1);

/// Serves every peer that is accepted until a signal arrives, then waits for the peers that are left, for `grace` at
/// most.
pub(crate) async fn until_signal<T, A, AF, H, HF>(
    server: Server,
    authorize: A,
    handle: H,
    grace: Duration,
    mut signals: Signals,
) where
    T: Send + 'static,
    A: Fn(Peer) -> AF + Send + Sync + 'static,
    AF: Future<Output = Option<T>> + Send,
    H: Fn(Connection, T) -> HF + Send + Sync + 'static,
    HF: Future<Output = ()> + Send,
{
    let handles = server.handle();
    let cut = Arc::new(watch::Sender::new(false));
    let until_cut = {
        let cut = Arc::clone(&cut);
        // In a box, since what moves into an `async fn` takes its place twice.
        move |connection, known| until_cut(Box::pin(handle(connection, known)), cut.subscribe())
    };
    tokio::select! {
        () = server.serve(authorize, until_cut) => {}
        () = strangers::sum_up() => {}
        () = signals.next() => {}
    }
    // The number of peers in their handshakes or being served; a program may still work for a peer whose connection has
    // ended.
    let going_on = || handles.live().max(cut.receiver_count());
    tracing::info!("asked to end: {} may go on for {grace:?}", connections(going_on()));
    activation::stopping();
    let all_ended = async {
        handles.close(grace).await;
        cut.closed().await;
    };
    tokio::select! {
        _ = tokio::time::timeout(grace, all_ended) => {}
        () = signals.next() => {}
    }
    let left = going_on();
    if left > 0 {
        notice(format_args!("cut {} that had not ended", connections(left)));
        cut.send_replace(true);
        if tokio::time::timeout(LETTING_GO, cut.closed()).await.is_err() {
            tracing::warn!("some connections were not let go of within {LETTING_GO:?}");
        }
    }
}

/// Drops the work for a connection when it is cut, so that everything that belongs to it is dropped before the program
/// ends.
async fn until_cut(handling: impl Future<Output = ()>, mut cut: watch::Receiver<bool>) {
    tokio::select! {
        () = handling => {}
        _ = cut.wait_for(|is_cut| *is_cut) => {}
    }
}

fn connections(count: usize) -> String {
    format!("{count} connection{}", if count == 1 { "" } else { "s" })
}

/// Logs what happens to a server.
pub(crate) fn log(event: &Event<'_>) {
    match event {
        Event::Accepted { .. } => tracing::info!("{event}"),
        // Whoever refused has said why, balancers look every other second, and a page has many files.
        Event::Refused { .. } | Event::HealthCheck { .. } | Event::Answered { .. } => tracing::debug!("{event}"),
        Event::OverSourceLimit { .. } | Event::Failed(IncomingError { failure: Failure::Evicted { .. }, .. }) => {
            strangers::log(Outcome::NoRoom, event);
        }
        Event::Failed(_) => strangers::log(Outcome::Failed, event),
        Event::AcceptFailed { .. } | _ => tracing::warn!("{event}"),
    }
}
