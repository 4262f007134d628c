//! Other forms of addresses that are in use, each with functions to read and write it.
//!
//! `FromStr` of an [`Address`] does not read these forms, since they can be ambiguous: `localhost:8008:@KEY.ed25519` is
//! also a valid layer of the unknown name `localhost`.
//!
//! ```
//! use multiserver_core::address::legacy;
//!
//! let address = legacy::from_address("example.com:8008:@DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=.ed25519")?;
//! assert_eq!(address.to_string(), "net:example.com:8008~shs:DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=");
//! # Ok::<(), multiserver_core::address::ParseError>(())
//! ```

use super::error::{Expected, ParseError};
use super::known::{Net, Onion, Shs, port};
use super::layer::LayerBuf;
use super::{Address, Host, MultiAddress, ssb_uri};
use crate::keys::{PublicKey, Seed};
use core::fmt;

/// Reads a legacy address, `host:port:@KEY.ed25519`, as `net:host:port~shs:KEY`, or `onion:` when the host's name ends in
/// `.onion`.
///
/// # Errors
/// The text is not such an address; the offset is that in this text.
pub fn from_address(text: &str) -> Result<Address, ParseError> {
    let Legacy { transport, key } = read(text)?;
    Ok(Address::new(transport).then(Shs { key, seed: None }))
}

/// Returns a value whose `Display` is the address as a legacy one.
///
/// `None` when a legacy address cannot express it: there is a seed, there are other layers than `net` or `onion` and
/// `shs`, or a `.onion` name stands in `net` or another name in `onion`.
#[must_use]
pub fn to_address(address: &Address) -> Option<impl fmt::Display + use<>> {
    let (legacy, seed) = write(address)?;
    seed.is_none().then_some(legacy)
}

/// Reads a legacy invite, `host:port:@KEY.ed25519~SEED`, as `net:host:port~shs:KEY:SEED`, or `onion:` when the host's name
/// ends in `.onion`.
///
/// # Errors
/// The text is not such an invite; the offset is that in this text.
pub fn from_invite(text: &str) -> Result<Address, ParseError> {
    let (legacy, seed_text) = text.rsplit_once('~').ok_or(ParseError::new(text.len(), Expected::InviteSeed))?;
    let Legacy { transport, key } = read(legacy)?;
    let seed = seed_text.parse().map_err(|error| ParseError::at_key(legacy.len() + 1, error, Expected::Seed))?;
    Ok(Address::new(transport).then(Shs { key, seed: Some(seed) }))
}

/// Returns a value whose `Display` is the address as a legacy invite, the seed included.
///
/// `None` when a legacy invite cannot express it: there is no seed, there are other layers than `net` or `onion` and
/// `shs`, or a `.onion` name stands in `net` or another name in `onion`.
#[must_use]
pub fn to_invite(address: &Address) -> Option<impl fmt::Display + use<>> {
    let (legacy, seed) = write(address)?;
    seed.map(|seed| Invite { legacy, seed })
}

/// Reads an ssb URI, `ssb:address/multiserver?multiserverAddress=...`.
///
/// `ssb:address:multiserver?` and `ssb://address/multiserver?` are read as well; other parameters are ignored.
///
/// # Errors
/// The text is not such a URI, or its parameter is not a multi-address; the offset is that in this text.
pub fn from_ssb_uri(text: &str) -> Result<MultiAddress, ParseError> {
    ssb_uri::read(text)
}

/// Returns a value whose `Display` is the ssb URI of the multi-address, seeds included.
#[must_use]
pub fn to_ssb_uri(multi: &MultiAddress) -> impl fmt::Display + '_ {
    ssb_uri::Uri(multi)
}

/// The parts of a legacy address.
struct Legacy<T> {
    transport: T,
    key: PublicKey,
}

struct Invite {
    legacy: Legacy<Net>,
    seed: Seed,
}

fn read(text: &str) -> Result<Legacy<LayerBuf>, ParseError> {
    let malformed = ParseError::new(0, Expected::LegacyAddress);
    let (before_key, key) = text.rsplit_once(':').ok_or(malformed)?;
    let (host_text, port_text) = before_key.rsplit_once(':').ok_or(malformed)?;
    let host: Host = if host_text.is_empty() { Host::localhost() } else { host_text.parse()? };
    let port = port(port_text).map_err(|error| error.after(host_text.len() + 1))?;
    let key = key.parse().map_err(|error| ParseError::at_key(before_key.len() + 1, error, Expected::Key))?;
    let transport = if host.is_onion() { Onion { host, port }.into() } else { Net { host, port }.into() };
    Ok(Legacy { transport, key })
}

fn write(address: &Address) -> Option<(Legacy<Net>, Option<Seed>)> {
    let transport = address.transport();
    let net = match Onion::try_from(transport) {
        Ok(Onion { host, port }) if host.is_onion() => Net { host, port },
        Ok(_) => return None,
        Err(_) => Net::try_from(transport).ok().filter(|net| !net.host.is_onion())?,
    };
    let mut transforms = address.transforms();
    let shs = Shs::try_from(transforms.next()?).ok()?;
    if transforms.next().is_some() {
        return None;
    }
    Some((Legacy { transport: net, key: shs.key }, shs.seed))
}

impl fmt::Display for Legacy<Net> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:@{}.ed25519", self.transport.host, self.transport.port, self.key)
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.legacy, self.seed.reveal())
    }
}
