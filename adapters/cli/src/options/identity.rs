//! The options for our identity and the network.

use super::given::{NETWORK_KEY_VARIABLE, one_of};
use super::security::Security;
use crate::files::identity;
use crate::files::protocols::ProtocolsFile;
use crate::report::exit::Failure;
use clap::{Args, ValueHint};
use multiserver_tokio::{KeyPair, NetworkKey};
use std::path::PathBuf;
use std::sync::Arc;

/// Our identity and the network; without `Debug`, since the network's key may be secret.
#[derive(Args)]
#[command(next_help_heading = "Who we are")]
pub(crate) struct IdentityOptions {
    /// The file with our identity, made by `keygen` or the `secret` file of an ssb program; by default one in the
    /// platform's directory for data, made when missing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    identity: Option<PathBuf>,
    /// The network's key, the same on both ends, in base64 or hexadecimal; by default that of the SSB main network,
    /// 1KHLiKZvAvjbY1ziZEHMXawbCEIM6qwjCDm3VYRan/s=. Keep a secret one out of the list of processes by
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

    /// The security protocols with our identity, in our network.
    pub(crate) fn security(&self) -> Result<Security, Failure> {
        self.security_of(self.load()?)
    }

    /// The security protocols with this identity, in our network.
    pub(crate) fn security_of(&self, keys: Arc<KeyPair>) -> Result<Security, Failure> {
        let path = self.identity.clone().map_or_else(identity::default_path, Ok)?;
        Ok(Security::new(keys, self.network()?).remembering(ProtocolsFile::beside(&path)))
    }

    fn network(&self) -> Result<NetworkKey, Failure> {
        let text =
            one_of(self.network_key.as_deref(), self.network_key_file.as_deref(), NETWORK_KEY_VARIABLE, |_| true)?;
        let Some(text) = text else { return Ok(NetworkKey::SSB_MAIN) };
        let is_hex = text.len() == 64;
        let key = if is_hex { NetworkKey::from_hex(&text) } else { text.parse() };
        key.map_err(|error| Failure::usage(format_args!("the network key is wrong: {error}")))
    }
}
