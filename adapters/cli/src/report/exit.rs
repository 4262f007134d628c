//! Failures of the program and their exit statuses.

use crate::report::log;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// Why the program fails: one line for the user, perhaps a hint, and the class, which decides the exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    class: Class,
    /// `None` when the exit status alone is the answer.
    message: Option<String>,
    hint: Option<String>,
}

/// The kind of failure, in the order of the exit statuses. Of several failures, the greatest class is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// The operation failed, for another reason than those below.
    Failed,
    /// The command line, or a file that it names, is wrong; clap uses the same status.
    Usage,
    /// No peer could be reached.
    Unreachable,
    /// A peer was reached, but it refused us, or has another network or protocol.
    Refused,
    /// A peer was reached that does not have the key in the address.
    Impostor,
}

impl Failure {
    pub(crate) fn new(class: Class, message: impl fmt::Display) -> Self {
        Self { class, message: Some(without_error_numbers(message.to_string())), hint: None }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Class::Usage, message)
    }

    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self::new(Class::Failed, message)
    }

    /// A failure that prints nothing: the exit status alone says no.
    pub(crate) const fn no() -> Self {
        Self { class: Class::Failed, message: None, hint: None }
    }

    /// Adds a hint about what the user can do.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// The kind of failure.
    pub(crate) const fn class(&self) -> Class {
        self.class
    }

    /// Prints the message and the hint on standard error, and returns the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        if let Some(message) = &self.message {
            say(message);
        }
        if let Some(hint) = &self.hint {
            log::notice(format_args!("hint: {hint}"));
        }
        ExitCode::from(match self.class {
            Class::Failed => 1,
            Class::Usage => 2,
            Class::Unreachable => 3,
            Class::Refused => 4,
            Class::Impostor => 5,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or("no"))
    }
}

/// A message without the numbers that the standard library appends to the system's messages: ` (os error 2)`.
pub(crate) fn without_error_numbers(mut message: String) -> String {
    const NUMBER: &str = " (os error ";
    while let Some(start) = message.find(NUMBER) {
        let Some(length) = message.get(start..).and_then(|rest| rest.find(')')) else { break };
        message.replace_range(start..=start + length, "");
    }
    message
}

/// Prints a message for the user on standard error.
pub(crate) fn say(message: impl fmt::Display) {
    // If standard error is closed, the message is lost.
    let _ = writeln!(io::stderr(), "multiserver: {message}");
}

/// Prints a line on standard output and flushes it.
pub(crate) fn print(line: impl fmt::Display) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    written.map_err(|error| Failure::failed(format_args!("cannot write to standard output: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_no_error_numbers() {
        let error = io::Error::from_raw_os_error(2);
        let two = Failure::failed(format_args!("one: {error}; two: {error}")).to_string();
        assert_eq!(two, "one: No such file or directory; two: No such file or directory");
        assert_eq!(Failure::failed("an (os error without end").to_string(), "an (os error without end");
    }
}
