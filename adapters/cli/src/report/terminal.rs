//! Terminals: whether a stream is one, and what it can show.

use std::io::{self, IsTerminal};
use terminal_size::{Width, terminal_size_of};

/// Whether colours may go to this stream: to a terminal, unless `NO_COLOR` is set (no-color.org).
pub(crate) fn has_colors(stream: &impl IsTerminal) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !no_color
}

/// How many characters a line of standard output has; `None` when it is not a terminal, or the terminal does not report
/// its width.
pub(crate) fn output_width() -> Option<u16> {
    terminal_size_of(io::stdout()).map(|(Width(width), _)| width)
}
