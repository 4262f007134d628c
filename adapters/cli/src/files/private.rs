//! Files that only their owner may read.

use std::fs::File;
use std::io;

/// Refuses, as ssh does, a file that other users may read, since its content lets them act as its owner.
///
/// A file of another owner may be readable by a group, since service managers pass secrets to services in this way.
/// Pipes and other special files are not checked.
///
/// # Errors
/// Other users can read it, or the system does not return its mode.
#[cfg(unix)]
pub(crate) fn check_is_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let metadata = file.metadata()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    let is_private = metadata.mode() & if is_ours { 0o077 } else { 0o007 } == 0;
    if is_private || !metadata.is_file() {
        return Ok(());
    }
    let mode = metadata.mode() & 0o777;
    Err(io::Error::other(format!("its mode {mode:04o} lets others at the secret in it; set it to 0600 with chmod")))
}

/// This platform has no mode bits, and the default directory belongs to the user.
#[cfg(not(unix))]
pub(crate) fn check_is_private(_: &File) -> io::Result<()> {
    Ok(())
}
