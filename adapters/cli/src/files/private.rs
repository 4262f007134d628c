//! Files that others than their owners must not read.

use std::fs::File;
use std::io;

/// Refuses, as ssh does, a file that others than its owner may read: who has its content can act as its owner.
///
/// A file of another owner may be open to a group, as service managers hand secrets to services. Pipes and the like are
/// somebody's already.
///
/// # Errors
/// It can be read by others, or the system does not tell.
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

/// Access is not expressed in mode bits here, and the default place belongs to the user.
#[cfg(not(unix))]
pub(crate) fn check_is_private(_: &File) -> io::Result<()> {
    Ok(())
}
