//! What operators see of a server: counters by suite, printed on SIGUSR1 and served over HTTP.

mod metrics;

use crate::report::exit::Failure;
use multiserver_tokio::ServerHandle;
#[cfg(unix)]
use multiserver_tokio::ServerStats;

/// Prints the counters each time that SIGUSR1 comes, and serves them at this endpoint, if there is one, until the program
/// ends.
pub(crate) async fn start(metrics: Option<&str>, server: ServerHandle) -> Result<(), Failure> {
    if let Some(endpoint) = metrics {
        metrics::serve(endpoint, server.clone()).await?;
    }
    #[cfg(unix)]
    print_on_signal(server)?;
    Ok(())
}

#[cfg(unix)]
fn print_on_signal(server: ServerHandle) -> Result<(), Failure> {
    use crate::report::exit;
    use tokio::signal::unix::{SignalKind, signal};

    let signals = signal(SignalKind::user_defined1());
    let mut signals = signals.map_err(|error| Failure::failed(format_args!("cannot catch signals: {error}")))?;
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            for stats in server.stats() {
                exit::say(line(&stats));
            }
        }
    });
    Ok(())
}

/// The counters of a suite in one line.
#[cfg(unix)]
fn line(stats: &ServerStats) -> String {
    let ServerStats { suite, pending, connected, accepted, refused, failed, evicted, timed_out, .. } = stats;
    let last = match stats.last_accepted {
        Some(time) => format!(", the last at {}", humantime::format_rfc3339_seconds(time)),
        None => String::new(),
    };
    format!(
        "{suite}: {accepted} accepted{last}; {connected} connected, {pending} pending, {refused} refused, {failed} failed, \
         {timed_out} timed out, {evicted} evicted"
    )
}
