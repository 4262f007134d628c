//! Text files, which are read to their end or not at all, since a truncated text may mean something else.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Whether this path stands for standard input: it is `-`.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens the file at this path, or standard input when that is `-`.
///
/// # Errors
/// The file cannot be opened.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if is_standard_input(path) { standard_input() } else { File::open(path) }
}

/// Standard input as a plain file, without the standard library's buffer, in which a secret would stay.
///
/// # Errors
/// The system has no more descriptors.
#[cfg(unix)]
pub(crate) fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd;

    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
fn standard_input() -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// Reads a whole file, which may have `longest` bytes at most.
///
/// It takes an open file, so that earlier checks, such as who may read it, are of the same file.
///
/// # Errors
/// The file cannot be read, is not UTF-8 or is longer.
pub(crate) fn read_text(file: File, longest: usize) -> io::Result<String> {
    let mut text = String::new();
    read_into(&mut text, file, longest)?;
    Ok(text)
}

/// [`read_text`] for a secret, which is wiped from memory when dropped.
///
/// # Errors
/// As for [`read_text`].
pub(crate) fn read_secret_text(file: File, longest: usize) -> io::Result<Zeroizing<String>> {
    // With room for the whole text, so that it never grows and leaves no copy of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(longest.saturating_add(1)));
    read_into(&mut text, file, longest)?;
    Ok(text)
}

fn read_into(text: &mut String, file: File, longest: usize) -> io::Result<()> {
    let most = u64::try_from(longest).map_err(io::Error::other)?.saturating_add(1);
    if file.take(most).read_to_string(text)? > longest {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("it is longer than {} KiB", longest / 1024)));
    }
    Ok(())
}
