//! `multiserver keygen`.

use crate::exit::{self, Failure};
use crate::identity;
use clap::Args;
use std::path::PathBuf;

/// Make a new identity and print its public key.
///
/// The identity is a file of mode 0600, whose last line is `ed25519-seed` and the seed in base64. A file that exists is
/// never overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    multiserver keygen                  make the default identity\n  \
    multiserver keygen alice.identity   make one for --identity alice.identity")]
pub(crate) struct Options {
    /// Where to put it; by default where `serve` and `connect` look for their identity.
    file: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let path = options.file.clone().map_or_else(identity::default_path, Ok)?;
    exit::print(identity::create(&path)?.public())
}
