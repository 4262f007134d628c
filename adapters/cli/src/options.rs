//! Options that several subcommands share: which address, and who we are.

use crate::config::ConfigOptions;
use crate::exit::Failure;
use crate::identity;
use crate::mask::shown_path;
use crate::text_file::{self, read_secret_text};
use clap::{Args, ValueHint};
use multiserver_tokio::core::address::is_known;
use multiserver_tokio::{KeyPair, MultiAddress, NetworkKey, Shs};
use std::env::{self, VarError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// More bytes than an address or a key that is read from a file may have.
const LONGEST_FILE: usize = 64 * 1024;

/// The environment variable with the network's key.
pub(crate) const NETWORK_KEY_VARIABLE: &str = "MULTISERVER_NETWORK_KEY";

/// The environment variable with the address.
pub(crate) const ADDRESS_VARIABLE: &str = "MULTISERVER_ADDRESS";

/// An address, wherever it is; without `Debug`, since it may have a seed.
#[derive(Args)]
pub(crate) struct AddressOptions {
    /// The address, or its name in the configuration file; one with a seed is a secret, and better kept from the list of
    /// processes by --address-file, a name, or the environment variable MULTISERVER_ADDRESS.
    #[arg(value_name = "ADDRESS")]
    text: Option<String>,
    /// Read the address from this file; `-` is standard input.
    #[arg(long = "address-file", value_name = "FILE", conflicts_with = "text", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigOptions,
}

impl AddressOptions {
    /// The text that was given.
    pub(crate) fn given(&self) -> Result<Zeroizing<String>, Failure> {
        one_of(self.text.as_deref(), self.file.as_deref(), ADDRESS_VARIABLE)?
            .ok_or_else(|| Failure::usage("an address is needed: ADDRESS, --address-file or MULTISERVER_ADDRESS"))
    }

    /// The address's text: the one that was given, or the one that has this name.
    pub(crate) fn text(&self) -> Result<Zeroizing<String>, Failure> {
        let text = self.given()?;
        if is_name(&text) && !is_known(&text) { self.config.read()?.address(&text) } else { Ok(text) }
    }

    /// The address.
    pub(crate) fn parse(&self) -> Result<MultiAddress, Failure> {
        self.text()?.parse().map_err(|error| {
            Failure::usage(format_args!("this is not an address, {error}")).hint("`multiserver address` points at it")
        })
    }
}

/// Who we are, and in which network; without `Debug`, since the network's key may be secret.
#[derive(Args)]
#[command(next_help_heading = "Who we are")]
pub(crate) struct IdentityOptions {
    /// The file with our identity, made by `keygen` or the `secret` file of an ssb program; by default one in the
    /// platform's directory for data, made when missing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    identity: Option<PathBuf>,
    /// The network's key, the same on both ends, in base64 or hexadecimal; by default that of the SSB main network,
    /// 1KHLiKZvAvjbY1ziZEHMXawbCEIM6qwjCDm3VYRan/s=. One that is secret is better kept from the list of processes by
    /// --network-key-file or the environment variable MULTISERVER_NETWORK_KEY.
    #[arg(long, value_name = "KEY")]
    network_key: Option<String>,
    /// Read the network's key from this file; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "network_key", value_hint = ValueHint::FilePath)]
    network_key_file: Option<PathBuf>,
}

impl IdentityOptions {
    /// Our identity.
    pub(crate) fn load(&self) -> Result<Arc<KeyPair>, Failure> {
        identity::load(self.identity.as_deref()).map(Arc::new)
    }

    /// The handshake with our identity, in our network.
    pub(crate) fn shs(&self) -> Result<Shs, Failure> {
        self.shs_of(self.load()?)
    }

    /// The handshake with this identity, in our network.
    pub(crate) fn shs_of(&self, identity: Arc<KeyPair>) -> Result<Shs, Failure> {
        Ok(Shs::new(identity).network(self.network()?))
    }

    fn network(&self) -> Result<NetworkKey, Failure> {
        let text = one_of(self.network_key.as_deref(), self.network_key_file.as_deref(), NETWORK_KEY_VARIABLE)?;
        let Some(text) = text else { return Ok(NetworkKey::SSB_MAIN) };
        let is_hex = text.len() == 64;
        let key = if is_hex { NetworkKey::from_hex(&text) } else { text.parse() };
        key.map_err(|error| Failure::usage(format_args!("the network key is wrong: {error}")))
    }
}

/// Whether a text is the name of an address and no address that could be dialled: those have a `:` at least.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The text that an option gives, or its file, or an environment variable, in this order; without the surrounding blanks
/// in the latter two, as the end of the last line.
fn one_of(text: Option<&str>, file: Option<&Path>, variable: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    let text = match (text, file) {
        (Some(text), _) => return Ok(Some(Zeroizing::new(text.to_owned()))),
        (None, Some(path)) => read_secret_file(path)?,
        (None, None) => match env::var(variable) {
            Ok(text) => Zeroizing::new(text),
            Err(VarError::NotPresent) => return Ok(None),
            Err(VarError::NotUnicode(_)) => {
                return Err(Failure::usage(format_args!("the environment variable {variable} is not UTF-8")));
            }
        },
    };
    Ok(Some(Zeroizing::new(text.trim().to_owned())))
}

/// What is in a file that may hold a secret.
pub(crate) fn read_secret_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let read = text_file::open(path).and_then(|file| read_secret_text(file, LONGEST_FILE));
    read.map_err(|error| Failure::failed(format_args!("cannot read {}: {error}", shown_path(path))))
}
