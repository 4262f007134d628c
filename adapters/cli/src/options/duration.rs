//! Times on the command line.

use std::time::Duration;

/// Reads a time: a number of seconds, or numbers with units.
pub(crate) fn parse(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = seconds.or_else(|| humantime::parse_duration(text).ok());
    time.ok_or("expected a time, such as 90s, 1h 30m, 7d or 0.5 for half a second")
}

/// Reads a time that is not 0.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, &'static str> {
    parse(text).and_then(|time| if time.is_zero() { Err("expected more time than none") } else { Ok(time) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_seconds_or_has_units() {
        for (text, milliseconds) in [("0", 0), ("0.25", 250), ("90", 90_000), ("90s", 90_000), ("1m 1s", 61_000)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for wrong in ["", "-1", "soon", "1 x", "inf", "NaN"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse_positive("0s").is_err());
    }
}
