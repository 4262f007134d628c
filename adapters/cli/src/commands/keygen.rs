//! `multiserver keygen`.

use crate::files::identity::{self, Format};
use crate::options::new_file;
use crate::report::exit::{self, Failure};
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Make a new identity and print its public key.
///
/// The identity is a file of mode 0600, whose last line is `ed25519-seed` and the seed in base64, unless another format
/// is asked for. A file that exists is never overwritten.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "make the default identity":
        "multiserver keygen",
    "make one for --identity alice.identity":
        "multiserver keygen alice.identity",
    "make one that ssb programs read, too":
        "multiserver keygen --format ssb alice.secret",
    "grow one from the seed in a file":
        "multiserver keygen --seed alice.seed alice.identity",
    "grow one from a seed that another program has":
        "pass alice/seed | multiserver keygen --seed - alice.identity"
))]
pub(crate) struct Options {
    /// The file to create; by default the one from which `serve` and `connect` read their identity.
    #[arg(value_hint = ValueHint::FilePath, value_parser = new_file::parse)]
    file: Option<PathBuf>,
    /// Make the identity from the seed in this file, 32 bytes in base64 or hexadecimal, instead of random bytes; - is
    /// standard input. The seed is as secret as the identity, so other users must not be able to read the file.
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// The format of the file.
    #[arg(long, value_name = "FORMAT", default_value = "multiserver")]
    format: Format,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let path = options.file.clone().map_or_else(identity::default_path, Ok)?;
    let identity = options.seed.as_deref().map_or_else(identity::generate, identity::from_seed_file)?;
    identity::store(&identity, &path, options.format)?;
    exit::print(identity.public())
}
