//! The server's answer to an applicant.

use core::fmt;

/// The server's answer to an application, with its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Answer {
    /// 0: the key is stored; from now on the client connects with its own key, without the invite.
    Joined,
    /// 1: the invite is used up, has expired, or is no longer known.
    Spent,
    /// 2: the server could not store the key; the invite can still be used.
    NotStored,
    /// 3: the server knows the key already, by this invite or otherwise; the invite can still be used.
    AlreadyKnown,
}

impl Answer {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Joined => 0,
            Self::Spent => 1,
            Self::NotStored => 2,
            Self::AlreadyKnown => 3,
        }
    }

    pub(super) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Joined),
            1 => Some(Self::Spent),
            2 => Some(Self::NotStored),
            3 => Some(Self::AlreadyKnown),
            _ => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Joined => "joined: the server knows this key from now on",
            Self::AlreadyKnown => "the server knows this key already; the invite was not used",
            Self::Spent => "not joined: the invite is spent, expired or not known any more; ask for another",
            Self::NotStored => {
                "not joined: the server could not store the key; the invite is as it was, try again later"
            }
        })
    }
}
