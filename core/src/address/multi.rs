//! Several addresses of one peer.

use super::error::ParseError;
use super::single::Address;
use alloc::vec::{self, Vec};
use core::fmt;
use core::slice;
use core::str::FromStr;

/// The ways to reach one peer, best first: one [`Address`] at least.
///
/// Two are equal when they have the same addresses in the same order. `Display` prints the whole text, seeds included;
/// `Debug` and [`redacted`](Self::redacted) do not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MultiAddress(Vec<Address>);

impl MultiAddress {
    /// The multi-address of these addresses, best first; `None` when there are none.
    pub fn new(addresses: impl IntoIterator<Item = Address>) -> Option<Self> {
        let addresses: Vec<_> = addresses.into_iter().collect();
        if addresses.is_empty() { None } else { Some(Self(addresses)) }
    }

    /// The addresses, best first.
    pub fn addresses(&self) -> slice::Iter<'_, Address> {
        self.0.iter()
    }

    /// Returns a value whose `Display` is the multi-address, each address [redacted](Address::redacted).
    #[must_use]
    pub fn redacted(&self) -> impl fmt::Display + '_ {
        Redacted(self)
    }
}

impl From<Address> for MultiAddress {
    fn from(address: Address) -> Self {
        Self(Vec::from([address]))
    }
}

impl FromStr for MultiAddress {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (address, mut end) = Address::read(text, 0)?;
        let mut multi = Self::from(address);
        while end < text.len() {
            let (address, next) = Address::read(text, end + 1)?;
            multi.0.push(address);
            end = next;
        }
        Ok(multi)
    }
}

/// Appends addresses at the end.
impl Extend<Address> for MultiAddress {
    fn extend<I: IntoIterator<Item = Address>>(&mut self, addresses: I) {
        self.0.extend(addresses);
    }
}

impl IntoIterator for MultiAddress {
    type Item = Address;
    type IntoIter = vec::IntoIter<Address>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a MultiAddress {
    type Item = &'a Address;
    type IntoIter = slice::Iter<'a, Address>;

    fn into_iter(self) -> Self::IntoIter {
        self.addresses()
    }
}

/// Prints the multi-address in full, seeds included.
impl fmt::Display for MultiAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, self.addresses())
    }
}

impl fmt::Debug for MultiAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MultiAddress({})", self.redacted())
    }
}

struct Redacted<'a>(&'a MultiAddress);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, self.0.addresses().map(Address::redacted))
    }
}

fn join(f: &mut fmt::Formatter<'_>, addresses: impl Iterator<Item = impl fmt::Display>) -> fmt::Result {
    for (index, address) in addresses.enumerate() {
        if index > 0 {
            f.write_str(";")?;
        }
        write!(f, "{address}")?;
    }
    Ok(())
}
