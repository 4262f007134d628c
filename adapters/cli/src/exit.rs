//! How the program ends when it fails.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// Why the program fails: one line for a person, and the exit status it stands for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line, or what it names, is wrong: status 2, as clap has it.
    Usage(String),
    /// What was asked for did not work: status 1.
    Failed(String),
}

impl Failure {
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::Usage(message.to_string())
    }

    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self::Failed(message.to_string())
    }

    /// Says why on standard error and returns the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        say(self);
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Failed(message) => f.write_str(message),
        }
    }
}

/// Says something to the person on standard error.
pub(crate) fn say(message: impl fmt::Display) {
    // There is nobody to tell when standard error itself is closed.
    let _ = writeln!(io::stderr(), "multiserver: {message}");
}

/// Prints a line on standard output, and sees that it gets out.
pub(crate) fn print(line: impl fmt::Display) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    written.map_err(|error| Failure::failed(format_args!("cannot write to standard output: {error}")))
}
