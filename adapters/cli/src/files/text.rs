//! Files of text, read to their end or not at all: what is cut short may mean something else.

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

/// Standard input as a plain file, without the buffer of the standard library, in which a secret would stay.
///
/// # Errors
/// The system has no descriptor to spare.
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

/// Reads all of a file that may have this many bytes.
///
/// It takes the open file, so that what was found out about it, such as who may read it, holds for what is read.
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
    // Room for all of it, so that a text that grows leaves no copy of the secret behind.
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
