//! The examples in the help, each below a line that says what it does.

/// The text of examples, and of a note below them.
macro_rules! examples {
    ($($purpose:literal: $command:literal),+ $(; $note:literal)?) => {
        concat!("Examples:" $(, "\n  # ", $purpose, "\n  ", $command)+ $(, "\n\n", $note)?)
    };
}
