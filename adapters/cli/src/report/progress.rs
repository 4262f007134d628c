//! Progress on standard error while the user waits: shown on a terminal only, and cleared at the end.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::Duration;

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(100);

const SPINNER: &str = "{spinner} {wide_msg}";
const BAR: &str = "{spinner} [{bar:30}] {pos}/{len} {wide_msg}";

/// A line that shows progress; dropping it clears the line.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A spinner, for work of unknown length.
    pub(crate) fn spinner() -> Self {
        Self::start(None, SPINNER)
    }

    /// A bar, for this many steps.
    pub(crate) fn bar(steps: usize) -> Self {
        Self::start(u64::try_from(steps).ok(), BAR)
    }

    /// Sets the text beside the spinner or bar. It must not hold a secret.
    pub(crate) fn say(&self, what: String) {
        self.0.set_message(what);
    }

    /// Notes that one more step is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    fn start(steps: Option<u64>, template: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(steps, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.enable_steady_tick(TURN);
        Self(bar)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [SPINNER, BAR] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
