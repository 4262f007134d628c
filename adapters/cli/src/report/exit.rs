//! How the program ends when it fails.

use crate::report::log;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// Why the program fails: one line for a person, what may help if there is such a thing, and the class that the exit
/// status tells.
#[derive(Debug)]
pub(crate) struct Failure {
    class: Class,
    /// None when the exit status says it all.
    message: Option<String>,
    hint: Option<String>,
}

/// What kind of failure it is, in the order of the exit statuses. Of several, the greatest tells the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// What was asked for did not work, for another reason than those below.
    Failed,
    /// The command line, or what it names, is wrong; clap has the same status for it.
    Usage,
    /// Nobody could be reached.
    Unreachable,
    /// Somebody was reached who does not talk to us: we are refused, or it is another network or protocol.
    Refused,
    /// Somebody was reached who is not the holder of the key in the address.
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

    /// The answer is no, which is said by the exit status alone.
    pub(crate) const fn no() -> Self {
        Self { class: Class::Failed, message: None, hint: None }
    }

    /// Adds what the person may do about it.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// What kind of failure it is.
    pub(crate) const fn class(&self) -> Class {
        self.class
    }

    /// Says why on standard error and returns the exit status.
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

/// A message without the numbers that the standard library puts behind the system's words: ` (os error 2)`.
pub(crate) fn without_error_numbers(mut message: String) -> String {
    const NUMBER: &str = " (os error ";
    while let Some(start) = message.find(NUMBER) {
        let Some(length) = message.get(start..).and_then(|rest| rest.find(')')) else { break };
        message.replace_range(start..=start + length, "");
    }
    message
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
