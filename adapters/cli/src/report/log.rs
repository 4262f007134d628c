//! The log and notices, on standard error.

use crate::report::exit::{say, without_error_numbers};
use crate::report::terminal;
use clap::{ArgAction, Args};
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Whether notices are left out.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// How much is said.
#[derive(Debug, Args)]
pub(crate) struct Verbosity {
    /// Log more: once for what happens, twice and three times for details.
    #[arg(short, long, action = ArgAction::Count, global = true, display_order = 100)]
    verbose: u8,
    /// Log errors only, and give no hints.
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 101)]
    quiet: bool,
}

/// Starts the log of warnings and errors, or of what `RUST_LOG` asks for; `-v` adds more of this program's own, and
/// `-q` leaves more out, whatever `RUST_LOG` says.
pub(crate) fn start(Verbosity { verbose, quiet }: &Verbosity) {
    IS_QUIET.store(*quiet, Ordering::Relaxed);
    let filter = match (verbose, quiet) {
        (_, true) => EnvFilter::new("error"),
        (0, false) => EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy(),
        (1, false) => EnvFilter::new("multiserver=info"),
        (2, false) => EnvFilter::new("multiserver=debug"),
        (_, false) => EnvFilter::new("multiserver=trace"),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Lines)
        .with_ansi(terminal::has_colors(&io::stderr()))
        .with_target(false)
        .init();
}

/// Writes each line of the log in the same way as a message.
struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = without_error_numbers(String::from_utf8_lossy(line).into_owned());
        io::stderr().write_all(text.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Prints a notice for the user, unless --quiet is given.
pub(crate) fn notice(message: impl fmt::Display) {
    if !IS_QUIET.load(Ordering::Relaxed) {
        say(message);
    }
}
