//! Identity files: where they are, how they are read and how they are made.
//!
//! A file that this program makes is text:
//!
//! ```text
//! # lines that start with # are comments
//! ed25519-seed BASE64-OF-32-BYTES
//! ```
//!
//! The `secret` file of Secure Scuttlebutt is read as well, and written when asked for.

use crate::files::durable::{NewFile, directory_of};
use crate::files::private::check_is_private;
use crate::files::ssb_secret;
use crate::files::text::{self, read_secret_text};
use crate::report::exit::Failure;
use crate::report::mask::shown_path;
use clap::ValueEnum;
use etcetera::BaseStrategy;
use multiserver_tokio::core::keys::{KeyPair, ParseKeyError, Seed};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The word before the seed.
const LABEL: &str = "ed25519-seed";

/// The bound on the size of an identity file, in bytes.
const LONGEST_FILE: usize = 64 * 1024;

/// The format of an identity file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// One line with the seed, for this program.
    Multiserver,
    /// The `secret` file of ssb programs, which this program reads, too.
    Ssb,
}

/// Reads the identity in this file, which must exist; without a path, reads the default file, which is created when it
/// is missing.
pub(crate) fn load(path: Option<&Path>) -> Result<KeyPair, Failure> {
    match path {
        Some(path) => read(path).map_err(|error| cannot("read", path, &error)),
        None => load_or_create(&default_path()?),
    }
}

/// Makes a new identity.
pub(crate) fn generate() -> Result<KeyPair, Failure> {
    let mut random = Zeroizing::new([0; 32]);
    getrandom::fill(random.as_mut_slice())
        .map_err(|error| Failure::failed(format_args!("cannot make an identity without random bytes: {error}")))?;
    Ok(KeyPair::from_seed(Seed::from_bytes(*random)))
}

/// Makes the identity from the seed in this file, or in standard input when the path is `-`.
pub(crate) fn from_seed_file(path: &Path) -> Result<KeyPair, Failure> {
    if path.to_str().is_some_and(|text| parse_seed(text).is_ok()) {
        return Err(Failure::usage(
            "a seed stands on the command line, where others can see it: give the file that it is in, or -",
        ));
    }
    let name = if text::is_standard_input(path) { "standard input".to_owned() } else { shown_path(path) };
    let text = read_seed_text(path)
        .map_err(|error| Failure::failed(format_args!("cannot read the seed from {name}: {error}")))?;
    let seed = parse_seed(text.trim()).map_err(|error| {
        Failure::usage(format_args!("the seed in {name} is not 32 bytes in base64 or hexadecimal: {error}"))
    })?;
    Ok(KeyPair::from_seed(seed))
}

/// Writes an identity to a new file.
pub(crate) fn store(identity: &KeyPair, path: &Path, format: Format) -> Result<(), Failure> {
    write_new(identity, path, format).map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            let path = shown_path(path);
            Failure::failed(format_args!("{path} exists already, and an identity is never overwritten"))
        } else {
            cannot("create", path, &error)
        }
    })
}

/// The path of the default identity, in the platform's directory for data.
pub(crate) fn default_path() -> Result<PathBuf, Failure> {
    let directories = etcetera::base_strategy::choose_native_strategy()
        .map_err(|error| Failure::failed(format_args!("no place for the default identity, use --identity: {error}")))?;
    Ok(directories.data_dir().join("multiserver").join("identity"))
}

/// If several programs do this at the same time, all of them get the identity that one of them made.
fn load_or_create(path: &Path) -> Result<KeyPair, Failure> {
    match read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        loaded => return loaded.map_err(|error| cannot("read", path, &error)),
    }
    let identity = generate()?;
    match write_new(&identity, path, Format::Multiserver) {
        Ok(()) => {
            tracing::info!(key = %identity.public(), path = %path.display(), "made a new identity");
            Ok(identity)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(path).map_err(|error| cannot("read", path, &error))
        }
        Err(error) => Err(cannot("create", path, &error)),
    }
}

fn read(path: &Path) -> io::Result<KeyPair> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is a directory; name the file in it"));
    }
    check_is_private(&file)?;
    let text = read_secret_text(file, LONGEST_FILE)?;
    parse(&text).map_err(io::Error::other)
}

/// Reads a file with a seed, which must not be readable by other users; standard input is not checked.
fn read_seed_text(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = text::open(path)?;
    if !text::is_standard_input(path) {
        check_is_private(&file)?;
    }
    read_secret_text(file, LONGEST_FILE)
}

fn parse_seed(text: &str) -> Result<Seed, ParseKeyError> {
    if text.len() == 64 { Seed::from_hex(text) } else { text.parse() }
}

/// Reads either kind of identity file; the error repeats nothing of the text.
fn parse(text: &str) -> Result<KeyPair, String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = lines.next().ok_or("there is no identity in it")?;
    if line.starts_with('{') {
        return ssb_secret::parse(text).map_err(|error| error.to_string());
    }
    let seed = line.strip_prefix(LABEL).filter(|seed| seed.starts_with(char::is_whitespace));
    let seed = seed.ok_or_else(|| format!("it is neither `{LABEL} SEED` nor the `secret` file of an ssb program"))?;
    if lines.next().is_some() {
        return Err("something follows the seed".to_owned());
    }
    let seed: Seed = seed.trim().parse().map_err(|error| format!("the seed is wrong: {error}"))?;
    Ok(KeyPair::from_seed(seed))
}

/// Writes an identity to this path, completely or not at all, unless a file is there.
fn write_new(identity: &KeyPair, path: &Path, format: Format) -> io::Result<()> {
    create_directory(directory_of(path))?;
    NewFile::prepare(path, &file_text(identity, format))?.commit()
}

fn file_text(identity: &KeyPair, format: Format) -> Zeroizing<String> {
    match format {
        Format::Multiserver => Zeroizing::new(format!(
            "# A multiserver identity. Whoever has the seed below can act as its owner: show it to nobody.\n\
             # Public key: {}\n\
             {LABEL} {}\n",
            identity.public(),
            identity.seed().reveal(),
        )),
        Format::Ssb => ssb_secret::text(identity),
    }
}

/// Makes the directory, and those above it, open to their owner only.
fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format_args!("cannot {verb} the identity {}: {error}", shown_path(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=";

    #[test]
    fn reads_what_it_writes() {
        let identity = KeyPair::from_seed(SEED.parse().unwrap());
        for format in [Format::Multiserver, Format::Ssb] {
            assert_eq!(parse(&file_text(&identity, format)).unwrap(), identity);
        }
    }

    #[test]
    fn says_what_is_wrong_without_repeating_it() {
        let wrong = [
            ("", "no identity"),
            ("# only a comment\n", "no identity"),
            (SEED, "neither"),
            (&format!("ed25519-seed{SEED}"), "neither"),
            (&format!("ed25519-seed {SEED}{SEED}"), "should have 43 characters"),
            (&format!("ed25519-seed {SEED}\n{SEED}"), "follows the seed"),
            ("{\"curve\":\"ed25519\"}", "line 1"),
        ];
        for (text, part) in wrong {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{error}");
            assert!(!error.contains("gfhW"), "{error}");
        }
    }
}
