//! The command line, and the options that several subcommands share.

use crate::exit::Failure;
use crate::mask::masked;
use crate::text_file::read_secret_text;
use crate::{address, connect, forward, identity, keygen, ping, serve};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};
use multiserver_tokio::{MultiAddress, NetworkKey, Shs};
use std::env::{self, VarError};
use std::fs::File;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// More bytes than an address or a key that is read from a file may have.
const LONGEST_FILE: usize = 64 * 1024;

/// Reach a peer, or be reached, by an address that says how to get there and who must be there.
#[derive(Parser)]
#[command(name = "multiserver", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Examples:\n  \
    multiserver serve --echo            serve whoever has the address that is printed\n  \
    multiserver connect ADDRESS         talk to it\n  \
    multiserver serve --to localhost:22 --allow KEY\n                                      \
    let who has this key reach the SSH server\n  \
    multiserver forward --listen 127.0.0.1:2222 ADDRESS\n                                      \
    reach it by that port from now on\n  \
    multiserver ping ADDRESS            see which ways to it work, and how fast\n  \
    multiserver address ADDRESS         say what an address means\n\n\
    Exit status: 0 all went well, 1 it did not, 2 the command line is wrong.\n\
    The log goes to standard error; RUST_LOG chooses what is in it, unless -v is given.")]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Log more: once for what happens, twice and three times for details.
    #[arg(short, long, action = clap::ArgAction::Count, global = true, display_order = 100)]
    pub(crate) verbose: u8,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Keygen(keygen::Options),
    Serve(Box<serve::Options>),
    Connect(connect::Options),
    Forward(forward::Options),
    Ping(ping::Options),
    Address(address::Options),
}

impl CommandLine {
    /// Reads the arguments of the program, which ends here when they are wrong or ask for help.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| without_secrets(error).exit())
    }
}

/// Masks the arguments that an error repeats: one in the wrong place may be an address with a seed.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    // Only an argument that is unknown is not one of our own names.
    let argument = (error.kind() == ErrorKind::UnknownArgument).then_some(ContextKind::InvalidArg);
    for kind in [ContextKind::InvalidSubcommand, ContextKind::InvalidValue].into_iter().chain(argument) {
        if let Some(ContextValue::String(text)) = error.get(kind) {
            let text = masked(text);
            error.insert(kind, ContextValue::String(text));
        }
    }
    // Hints repeat the argument too.
    error.remove(ContextKind::Suggested);
    error
}

/// An address, wherever it is; without `Debug`, since it may have a seed.
#[derive(Args)]
pub(crate) struct AddressOptions {
    /// The address; one with a seed is a secret, and better kept from the list of processes by --address-file or the
    /// environment variable MULTISERVER_ADDRESS.
    #[arg(value_name = "ADDRESS")]
    text: Option<String>,
    /// Read the address from this file.
    #[arg(long = "address-file", value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
}

impl AddressOptions {
    /// The address's text.
    pub(crate) fn text(&self) -> Result<Zeroizing<String>, Failure> {
        one_of(self.text.as_deref(), self.file.as_deref(), "MULTISERVER_ADDRESS")?
            .ok_or_else(|| Failure::usage("an address is needed: ADDRESS, --address-file or MULTISERVER_ADDRESS"))
    }

    /// The address.
    pub(crate) fn parse(&self) -> Result<MultiAddress, Failure> {
        self.text()?.parse().map_err(|error| {
            Failure::usage(format_args!("this is not an address, {error} (`multiserver address` points at it)"))
        })
    }
}

/// Who we are, and in which network; without `Debug`, since the network's key may be secret.
#[derive(Args)]
pub(crate) struct IdentityOptions {
    /// The file with our identity, made by `keygen` or the `secret` file of an ssb program; by default one in the
    /// platform's directory for data, made when missing.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// The network's key, the same on both ends, in base64 or hexadecimal; by default that of the SSB main network,
    /// 1KHLiKZvAvjbY1ziZEHMXawbCEIM6qwjCDm3VYRan/s=. One that is secret is better kept from the list of processes by
    /// --network-key-file or the environment variable MULTISERVER_NETWORK_KEY.
    #[arg(long, value_name = "KEY")]
    network_key: Option<String>,
    /// Read the network's key from this file.
    #[arg(long, value_name = "FILE", conflicts_with = "network_key")]
    network_key_file: Option<PathBuf>,
}

impl IdentityOptions {
    /// The handshake with our identity, in our network.
    pub(crate) fn shs(&self) -> Result<Shs, Failure> {
        let network = self.network()?;
        Ok(Shs::new(identity::load(self.identity.as_deref())?).network(network))
    }

    fn network(&self) -> Result<NetworkKey, Failure> {
        let text = one_of(self.network_key.as_deref(), self.network_key_file.as_deref(), "MULTISERVER_NETWORK_KEY")?;
        let Some(text) = text else { return Ok(NetworkKey::SSB_MAIN) };
        let is_hex = text.len() == 64;
        let key = if is_hex { NetworkKey::from_hex(&text) } else { text.parse() };
        key.map_err(|error| Failure::usage(format_args!("the network key is wrong: {error}")))
    }
}

/// The text that an option gives, or its file, or an environment variable, in this order; without the surrounding blanks
/// in the latter two, as the end of the last line.
fn one_of(text: Option<&str>, file: Option<&Path>, variable: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    let text = match (text, file) {
        (Some(text), _) => return Ok(Some(Zeroizing::new(text.to_owned()))),
        (None, Some(path)) => {
            let read = File::open(path).and_then(|file| read_secret_text(file, LONGEST_FILE));
            read.map_err(|error| Failure::failed(format_args!("cannot read {}: {error}", path.display())))?
        }
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
