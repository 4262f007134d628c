//! What the server says to an applicant.

use core::fmt;

/// What the server answers an application with, by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Answer {
    /// 0: the key is stored; from now on the client comes with it, and without the invite.
    Joined,
    /// 1: the invite is spent, expired or not known any more.
    Spent,
    /// 2: the server could not store the key; the invite is as it was.
    NotStored,
    /// 3: the server knows the key already, by this invite or otherwise; the invite is as it was.
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
