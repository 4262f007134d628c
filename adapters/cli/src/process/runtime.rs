//! The runtime that the program's network code runs on.

use crate::report::exit::Failure;
#[cfg(unix)]
use std::io;

/// Runs the future, and does not wait for anything that still runs when it ends, such as a blocked read of standard
/// input.
pub(crate) fn block_on(future: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format_args!("cannot start: {error}")))?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

/// The signals that ask the program to end.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Catches SIGINT (Ctrl-C) and SIGTERM from now on.
    pub(crate) fn catch() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};

        let catch = || io::Result::Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?));
        let (interrupt, terminate) = catch().map_err(cannot_catch)?;
        Ok(Self { interrupt, terminate })
    }

    /// Ends when a signal arrives.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Catches Ctrl-C from the first [`next`](Self::next) on.
    pub(crate) fn catch() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Ends when a signal arrives.
    pub(crate) async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "cannot catch signals");
            std::future::pending().await
        }
    }
}

#[cfg(unix)]
fn cannot_catch(error: io::Error) -> Failure {
    Failure::failed(format_args!("cannot catch signals: {error}"))
}
