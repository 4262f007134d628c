//! Times on the command line.

use std::time::Duration;

/// Reads a number of seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or("expected a number of seconds, such as 2 or 0.5")
}

/// Reads a number of seconds that is not 0.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, &'static str> {
    parse(text).and_then(|time| if time.is_zero() { Err("expected more than 0 seconds") } else { Ok(time) })
}
