//! Who can reach an address.

use core::fmt;
use core::str::FromStr;

/// Which peers an address is for, from the nearest to the farthest.
///
/// Read from `device`, `local` or `private`, and `public`; written as the first of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Programs on the same device.
    Device,
    /// Peers on the same network.
    Local,
    /// Everyone.
    Public,
}

/// The text is not the name of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one of `device`, `local` (or `private`) and `public`")]
pub struct ParseScopeError;

impl FromStr for Scope {
    type Err = ParseScopeError;

    fn from_str(text: &str) -> Result<Self, ParseScopeError> {
        match text {
            "device" => Ok(Self::Device),
            "local" | "private" => Ok(Self::Local),
            "public" => Ok(Self::Public),
            _ => Err(ParseScopeError),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Device => "device",
            Self::Local => "local",
            Self::Public => "public",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn reads_its_own_names_and_private() {
        for scope in [Scope::Device, Scope::Local, Scope::Public] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!("private".parse(), Ok(Scope::Local));
        for text in ["", "Public", "public ", "global"] {
            assert_eq!(text.parse::<Scope>(), Err(ParseScopeError));
        }
    }
}
