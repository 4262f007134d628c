//! Values that may be secret, from an option, a file or the environment.

use crate::files::private::check_is_private;
use crate::files::text::{self, read_secret_text};
use crate::report::exit::Failure;
use crate::report::mask::shown_path;
use std::env::{self, VarError};
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// The environment variable with the network's key.
pub(crate) const NETWORK_KEY_VARIABLE: &str = "MULTISERVER_NETWORK_KEY";

/// The environment variable with the address.
pub(crate) const ADDRESS_VARIABLE: &str = "MULTISERVER_ADDRESS";

/// The bound on the size of a file with an address or a key, in bytes.
const LONGEST_FILE: usize = 64 * 1024;

/// The text of the option, or of the file, or of the environment variable, in this order, without the surrounding
/// blanks and line ends. An empty environment variable counts as not set.
///
/// If `is_secret` says that the text of a file is a secret, the file must not be readable by other users.
pub(super) fn one_of(
    text: Option<&str>,
    file: Option<&Path>,
    variable: &str,
    is_secret: fn(&str) -> bool,
) -> Result<Option<Zeroizing<String>>, Failure> {
    one_of_variables(text, file, &[variable], is_secret)
}

/// The same with several environment variables; the first one that is set counts.
pub(super) fn one_of_variables(
    text: Option<&str>,
    file: Option<&Path>,
    variables: &[&str],
    is_secret: fn(&str) -> bool,
) -> Result<Option<Zeroizing<String>>, Failure> {
    let found = match (text, file) {
        (Some(text), _) => Some(Zeroizing::new(text.to_owned())),
        (None, Some(path)) => Some(FileText::read(path)?.into_text(|text| is_secret(text.trim()))?),
        (None, None) => variables.iter().find_map(|variable| of_environment(variable).transpose()).transpose()?,
    };
    Ok(found.map(|found| Zeroizing::new(found.trim().to_owned())))
}

fn of_environment(variable: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    match env::var(variable) {
        Ok(text) if !text.is_empty() => Ok(Some(Zeroizing::new(text))),
        Ok(_) | Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Failure::usage(format_args!("the environment variable {variable} is not UTF-8")))
        }
    }
}

/// The text of a file that may hold a secret.
pub(crate) struct FileText {
    text: Zeroizing<String>,
    /// Why the file must not hold a secret, if other users can read it.
    is_open: Option<Failure>,
}

impl FileText {
    /// Reads the file, or standard input.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let failure = |error| Failure::failed(cannot_read(path, &error));
        let file = text::open(path).map_err(failure)?;
        let is_open = if text::is_standard_input(path) { None } else { check_is_private(&file).err().map(failure) };
        Ok(Self { text: read_secret_text(file, LONGEST_FILE).map_err(failure)?, is_open })
    }

    /// Returns the text; fails if it is a secret and other users can read the file.
    pub(crate) fn into_text(self, is_secret: impl FnOnce(&str) -> bool) -> Result<Zeroizing<String>, Failure> {
        match self.is_open {
            Some(failure) if is_secret(&self.text) => Err(failure),
            Some(_) | None => Ok(self.text),
        }
    }
}

/// The message that a file cannot be read, and why.
pub(crate) fn cannot_read(path: &Path, error: &io::Error) -> String {
    format!("cannot read {}: {error}", shown_path(path))
}
