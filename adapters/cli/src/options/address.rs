//! The options that give an address.

pub(crate) mod ascii_host;

use super::config::ConfigOptions;
use super::given::{ADDRESS_VARIABLE, one_of};
use crate::report::exit::Failure;
use crate::seeds::has_seed;
use clap::{Args, ValueHint};
use multiserver_tokio::MultiAddress;
use multiserver_tokio::core::address::{Address, ExpectedPeer, is_known};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// An address and where it is read from; without `Debug`, since it may have a seed.
#[derive(Args)]
pub(crate) struct AddressOptions {
    /// The address, or its name in the configuration file. An address with a seed is a secret: keep it out of the list
    /// of processes by --address-file, a name, or the environment variable MULTISERVER_ADDRESS.
    #[arg(value_name = "ADDRESS")]
    text: Option<String>,
    /// Read the address from this file; `-` is standard input.
    #[arg(long = "address-file", value_name = "FILE", conflicts_with = "text", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigOptions,
}

impl AddressOptions {
    /// The text that was given, without blanks and line ends around each address.
    pub(crate) fn given(&self) -> Result<Zeroizing<String>, Failure> {
        let text = one_of(self.text.as_deref(), self.file.as_deref(), ADDRESS_VARIABLE, has_seed)?;
        let missing = || Failure::usage("an address is needed: ADDRESS, --address-file or MULTISERVER_ADDRESS");
        text.map(|text| without_blanks(&text)).ok_or_else(missing)
    }

    /// The address's text: the one that was given, or the one that has this name.
    pub(crate) fn text(&self) -> Result<Zeroizing<String>, Failure> {
        let text = self.given()?;
        if is_name(&text) && !is_known(&text) { self.config.read()?.address(&text) } else { Ok(text) }
    }

    /// Parses the address, and checks that a handshake can be made with its keys.
    pub(crate) fn parse(&self) -> Result<MultiAddress, Failure> {
        let text = self.text()?;
        let address = text.parse().map_err(|error| {
            let failure = Failure::usage(format_args!("this is not an address, {error}"));
            match ascii_host::hint(&text, &error) {
                Some(hint) => failure.hint(hint),
                None => failure.hint("`multiserver address` points at it"),
            }
        })?;
        if has_usable_keys(&address) {
            return Ok(address);
        }
        Err(Failure::usage("the key in the address is not a usable one; it may be mistyped"))
    }
}

/// Whether a handshake can be made with every key in these addresses.
pub(crate) fn has_usable_keys(addresses: &MultiAddress) -> bool {
    let mut layers = addresses.addresses().flat_map(Address::transforms);
    layers.all(|layer| !matches!(layer.expected_peer(), ExpectedPeer::Key(key) if !key.is_usable()))
}

/// The addresses of a list without the blanks and line ends around them.
fn without_blanks(text: &str) -> Zeroizing<String> {
    // With room for the whole text, so that it never grows and leaves no copy of a secret behind.
    let mut compact = Zeroizing::new(String::with_capacity(text.len()));
    for (index, address) in text.split(';').enumerate() {
        if index > 0 {
            compact.push(';');
        }
        compact.push_str(address.trim());
    }
    compact
}

/// Whether a text is the name of an address. An address that can be dialled has at least one `:`.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
