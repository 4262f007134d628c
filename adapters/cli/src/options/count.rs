//! Counts on the command line.

use std::str::FromStr;

/// Reads a count, which is 1 at least.
pub(crate) fn parse<T: FromStr + PartialEq + Default>(text: &str) -> Result<T, &'static str> {
    let count = text.parse().ok().filter(|count| *count != T::default());
    count.ok_or("expected a whole number that is 1 at least, and not beyond all measure")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_one_at_least_and_fits() {
        assert_eq!((parse("1"), parse("65535")), (Ok(1_u16), Ok(65_535_u16)));
        for wrong in ["0", "-1", "65536", "x", "", "1.5"] {
            assert!(parse::<u16>(wrong).is_err(), "{wrong}");
        }
    }
}
