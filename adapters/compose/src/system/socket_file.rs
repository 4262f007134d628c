//! Unix sockets that listen, and their files.

use super::random;
use crate::Runtime;
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

/// How often creating a name is tried, since another process may take the name first.
const ATTEMPTS: u32 = 16;

/// The file of a listening socket; dropping this removes the file, unless another file is at its path by then.
///
/// Drop this before the socket: another process may replace a file where nobody listens at any time.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// Identifies a file, so that a later file with the same name or inode is not taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    modified: (i64, i64),
}

/// A directory that only its owner can look into; dropping this removes the directory and all in it.
struct PrivateDirectory(PathBuf);

/// Listens at this path, with a file of mode 0600 that is removed with the [`SocketFile`].
///
/// The file appears at the path when all is done: until then the socket is in a directory that only its owner can look
/// into, so that there is no moment at which others could connect. A socket where connecting is refused is replaced.
/// The socket does not block; the calls to the file system do, for a moment.
///
/// # Errors
/// [`ErrorKind::AddrInUse`] when somebody listens there, [`ErrorKind::AlreadyExists`] when another kind of file is
/// there, [`ErrorKind::InvalidInput`] when the path is too long for a socket, and the system's errors.
pub async fn listen_unix(runtime: &impl Runtime, path: &Path) -> io::Result<(SocketFile, UnixListener)> {
    check_length(path, "the path")?;
    let directory = PrivateDirectory::beside(path)?;
    let new = directory.0.join("new");
    check_length(&new, "the path of the directory beside it, where the socket is made,")?;
    let listener = UnixListener::bind(&new)?;
    listener.set_nonblocking(true)?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    let identity = Identity::of(&fs::symlink_metadata(&new)?);
    for _ in 0..ATTEMPTS {
        // Unlike a rename, a link never takes the place of another's file.
        match fs::hard_link(&new, path) {
            Ok(()) => return Ok((SocketFile { path: path.to_owned(), identity }, listener)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                remove_stale(runtime, path, &directory.0.join("old")).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Err(in_use())
}

/// Removes a socket file where connecting is refused.
async fn remove_stale(runtime: &impl Runtime, path: &Path, aside: &Path) -> io::Result<()> {
    let stale = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => Identity::of(&metadata),
        Ok(_) => return Err(io::Error::new(ErrorKind::AlreadyExists, "the file there is no socket")),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    match runtime.unix_connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Ok(_) | Err(_) => return Err(in_use()),
    }
    // Another process may have put its own file there by now. The file is moved aside, so that it can be examined
    // before it is removed.
    match fs::rename(path, aside) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        moved => moved?,
    }
    if Identity::of(&fs::symlink_metadata(aside)?) == stale {
        return fs::remove_file(aside);
    }
    fs::hard_link(aside, path)?;
    Err(in_use())
}

/// Refuses a path that no client could connect to, since it does not fit into a socket's address.
fn check_length(path: &Path, what: &str) -> io::Result<()> {
    let length = path.as_os_str().len();
    SocketAddr::from_pathname(path).map(drop).map_err(|source| {
        io::Error::new(source.kind(), format!("{what} is too long for a socket: {length} bytes; take a shorter one"))
    })
}

fn in_use() -> io::Error {
    io::Error::new(ErrorKind::AddrInUse, "somebody listens there already")
}

impl Identity {
    /// None of these change when the file is linked, moved, or its mode is set.
    fn of(metadata: &Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { device: metadata.dev(), inode: metadata.ino(), modified }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|metadata| Identity::of(&metadata) == self.identity);
        if is_ours {
            // If the file cannot be removed, the next process that listens there replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl PrivateDirectory {
    /// Makes a private directory beside this path, on the same file system, so that files can be linked from one to the
    /// other. Its name is random, so that no other user who may write there can take the name first.
    fn beside(path: &Path) -> io::Result<Self> {
        let mut result = Err(ErrorKind::AlreadyExists.into());
        for _ in 0..ATTEMPTS {
            let [a, b, c, d, ..] = random()?;
            let directory = path.with_file_name(format!(".{:08x}", u32::from_be_bytes([a, b, c, d])));
            result = DirBuilder::new().mode(0o700).create(&directory).map(|()| Self(directory));
            match &result {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Ok(_) | Err(_) => break,
            }
        }
        result
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        // An empty directory that is left behind does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}
