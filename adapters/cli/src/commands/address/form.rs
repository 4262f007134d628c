//! The forms of addresses, current and legacy.

use clap::ValueEnum;
use multiserver_tokio::core::address::{Address, MultiAddress, ParseError, is_known, legacy};
use std::fmt;

/// The form of a text that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormRead {
    /// Whichever of these it is
    Auto,
    /// A multiserver address: net:HOST:PORT~shs:KEY and all others
    Address,
    /// HOST:PORT:@KEY.ed25519
    Legacy,
    /// HOST:PORT:@KEY.ed25519~SEED
    Invite,
    /// ssb:address/multiserver?multiserverAddress=...
    Uri,
}

/// The form of a text that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormWritten {
    /// The multiserver address as it ought to be spelt
    Canonical,
    /// HOST:PORT:@KEY.ed25519
    Legacy,
    /// HOST:PORT:@KEY.ed25519~SEED
    Invite,
    /// ssb:address/multiserver?multiserverAddress=...
    Uri,
}

impl FormRead {
    /// The form in which this text is read.
    ///
    /// `localhost:8008:@KEY.ed25519` is also a layer of an unknown name. It is read as a legacy address, since such
    /// layers are not in use and such legacy addresses are.
    pub(super) fn of(self, text: &str) -> Self {
        if self != Self::Auto {
            return self;
        }
        let first_name = text.split(['~', ':', ';']).next().unwrap_or_default();
        if text.starts_with("ssb:") {
            Self::Uri
        } else if is_known(first_name) {
            Self::Address
        } else if legacy::from_address(text).is_ok() {
            Self::Legacy
        } else if legacy::from_invite(text).is_ok() {
            Self::Invite
        } else {
            Self::Address
        }
    }

    /// Reads a text in this form.
    pub(super) fn read(self, text: &str) -> Result<MultiAddress, ParseError> {
        match self.of(text) {
            Self::Auto | Self::Address => text.parse(),
            Self::Legacy => legacy::from_address(text).map(Into::into),
            Self::Invite => legacy::from_invite(text).map(Into::into),
            Self::Uri => legacy::from_ssb_uri(text),
        }
    }
}

/// The name of this form in messages.
impl fmt::Display for FormRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto | Self::Address => "an address",
            Self::Legacy => "a legacy address",
            Self::Invite => "a legacy invite",
            Self::Uri => "an ssb URI",
        })
    }
}

impl FormWritten {
    /// The text in this form, seeds included, or the reason why it cannot be written.
    pub(super) fn write(self, multi: &MultiAddress) -> Result<String, String> {
        match self {
            Self::Canonical => Ok(multi.to_string()),
            Self::Uri => Ok(legacy::to_ssb_uri(multi).to_string()),
            Self::Legacy => {
                let address = only(multi)?;
                let text = legacy::to_address(address).map(|text| text.to_string());
                text.ok_or_else(|| match legacy::to_invite(address) {
                    Some(_) => {
                        "a legacy address has no place for the seed, and an invite does (--to invite)".to_owned()
                    }
                    None => why_not_legacy(address),
                })
            }
            Self::Invite => {
                let address = only(multi)?;
                let text = legacy::to_invite(address).map(|text| text.to_string());
                text.ok_or_else(|| match legacy::to_address(address) {
                    Some(_) => "a legacy invite needs a seed, and this has none (--to legacy)".to_owned(),
                    None => why_not_legacy(address),
                })
            }
        }
    }
}

fn only(multi: &MultiAddress) -> Result<&Address, String> {
    let mut addresses = multi.addresses();
    match (addresses.next(), addresses.len()) {
        (Some(address), 0) => Ok(address),
        (_, others) => Err(format!("legacy forms have one address, and these are {}", others + 1)),
    }
}

/// Why this address has no legacy form, whatever its seed.
fn why_not_legacy(address: &Address) -> String {
    let names: Vec<_> = address.layers().map(|layer| layer.name()).collect();
    match names.as_slice() {
        ["net", "shs"] => "legacy forms lead to a host in .onion by `onion` and not by `net`".to_owned(),
        ["onion", "shs"] => "legacy forms lead by `onion` to a host in .onion only".to_owned(),
        _ => format!("legacy forms say net~shs or onion~shs, and this is {}", names.join("~")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
    const SEED: &str = "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=";

    fn with_keys(text: &str) -> String {
        text.replace("KEY", KEY).replace("SEED", SEED)
    }

    #[test]
    fn a_text_is_taken_for_the_form_that_it_has() {
        for (text, form) in [
            ("net:h:1~shs:KEY", FormRead::Address),
            ("localhost:8008:@KEY.ed25519", FormRead::Legacy),
            ("[::1]:8008:@KEY.ed25519", FormRead::Legacy),
            ("localhost:8008:@KEY.ed25519~SEED", FormRead::Invite),
            ("ssb:anything", FormRead::Uri),
            ("net:8008:@KEY.ed25519", FormRead::Address),
            ("localhost:80o8:@KEY.ed25519", FormRead::Address),
            ("other:data", FormRead::Address),
            ("", FormRead::Address),
        ] {
            assert_eq!(FormRead::Auto.of(&with_keys(text)), form, "{text}");
            assert_eq!(FormRead::Invite.of(text), FormRead::Invite);
        }
    }

    #[test]
    fn what_a_form_cannot_say_has_its_reason() {
        for (text, form, reason) in [
            ("net:h:1~shs:KEY;net:h:2~shs:KEY", FormWritten::Legacy, "these are 2"),
            ("net:h:1~shs:KEY:SEED", FormWritten::Legacy, "--to invite"),
            ("net:h:1~shs:KEY", FormWritten::Invite, "needs a seed"),
            ("ws://h~shs:KEY:SEED", FormWritten::Invite, "this is ws~shs"),
            ("net:h:1", FormWritten::Legacy, "this is net"),
            ("net:h:1~shs:KEY~foo", FormWritten::Legacy, "this is net~shs~foo"),
            ("net:a.onion:1~shs:KEY", FormWritten::Legacy, "not by `net`"),
            ("onion:h:1~shs:KEY", FormWritten::Invite, "to a host in .onion only"),
        ] {
            let error = form.write(&with_keys(text).parse().unwrap()).unwrap_err();
            assert!(error.contains(reason) && !error.contains(SEED), "{text}: {error}");
        }
    }
}
