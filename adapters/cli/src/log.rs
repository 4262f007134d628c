//! The log, on standard error.

use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Starts to log warnings and errors, or what `RUST_LOG` asks for; with `-v` more of our own, whatever `RUST_LOG` says.
pub(crate) fn start(verbose: u8) {
    let filter = match verbose {
        0 => EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy(),
        1 => EnvFilter::new("multiserver=info"),
        2 => EnvFilter::new("multiserver=debug"),
        _ => EnvFilter::new("multiserver=trace"),
    };
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && !no_color)
        .with_target(false)
        .init();
}
