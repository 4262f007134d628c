//! Files that are whole after a crash at any moment, and that programs running at the same time do not spoil.

use crate::files::text::read_text;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;

/// How long another program may hold a file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked whether it still does.
const PAUSE: Duration = Duration::from_millis(10);

/// A file that nobody else who asks for it has, until this is dropped.
#[derive(Debug)]
pub(crate) struct Locked {
    file: File,
    path: PathBuf,
}

/// The next content of a file, on the disk already, but not in its place; dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Replacement<'a> {
    locked: &'a Locked,
    file: NamedTempFile,
}

impl Locked {
    /// Takes the file, which is made, for its owner only, where there is none.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] when others hold it for ten seconds, [`ErrorKind::InvalidInput`] when it is no regular file,
    /// and the system's errors.
    pub(crate) fn open_or_create(path: &Path) -> io::Result<Self> {
        match private().append(true).create_new(true).open(path) {
            Ok(file) => give_to_owner_of_directory(&file, path)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Self::open(path)
    }

    /// Takes the file, which must be there.
    ///
    /// # Errors
    /// As for [`open_or_create`](Self::open_or_create).
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let file = OpenOptions::new().read(true).append(true).open(path)?;
            // A device or a pipe would be replaced by a file.
            if !file.metadata()?.is_file() {
                return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
            }
            match file.try_lock() {
                // Another may have replaced the file since it was opened.
                Ok(()) if is_at(&file, path)? => return Ok(Self { file, path: fs::canonicalize(path)? }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::new(ErrorKind::TimedOut, "another program holds it"));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// All of its text, which may have this many bytes.
    ///
    /// # Errors
    /// As for [`read_text`].
    pub(crate) fn text(&self, longest: usize) -> io::Result<String> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        read_text(file, longest)
    }

    /// Puts a line at its end: all of it or nothing.
    ///
    /// # Errors
    /// The system's, such as a full disk.
    pub(crate) fn append_line(&mut self, line: &str) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let is_within_line = length > 0 && !self.text_ends_line(length)?;
        let text = format!("{}{line}\n", if is_within_line { "\n" } else { "" });
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        if written.is_err() {
            // What was written of the line would spoil the next one.
            self.file.set_len(length)?;
        }
        written?;
        sync_directory_of(&self.path)
    }

    fn text_ends_line(&self, length: u64) -> io::Result<bool> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(length - 1))?;
        let mut last = [0];
        io::Read::read_exact(&mut file, &mut last)?;
        Ok(last == *b"\n")
    }

    /// Writes its next content beside it, with the same owner and mode.
    ///
    /// # Errors
    /// The system's, such as a full disk.
    pub(crate) fn prepare(&self, text: &str) -> io::Result<Replacement<'_>> {
        let mut file = NamedTempFile::new_in(directory_of(&self.path))?;
        file.write_all(text.as_bytes())?;
        keep_access(&self.file, file.as_file())?;
        file.as_file().sync_all()?;
        Ok(Replacement { locked: self, file })
    }
}

impl Replacement<'_> {
    /// Puts it in the file's place.
    ///
    /// # Errors
    /// The system's; the file is as it was.
    pub(crate) fn commit(self) -> io::Result<()> {
        self.file.persist(&self.locked.path).map_err(|error| error.error)?;
        sync_directory_of(&self.locked.path)
    }
}

/// Makes sure that the name of a file outlives a crash.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory_of(path))?.sync_all() } else { Ok(()) }
}

/// The error of a file that would become longer than it may be.
pub(crate) fn full(longest: usize) -> io::Error {
    io::Error::new(ErrorKind::StorageFull, format!("it is full: it may have {} KiB", longest / 1024))
}

/// The directory that a file is in.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How a file is opened that nobody but its owner has access to when it is made.
#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

/// Whether this is the file that is found there.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An open file is not replaced here.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Gives a file the owner and the mode of another, so that who could read that one can read this one.
#[cfg(unix)]
fn keep_access(from: &File, to: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    let (old, new) = (from.metadata()?, to.metadata()?);
    if old.gid() != new.gid() {
        fchown(to, None, Some(old.gid()))?;
    }
    // Only root may give a file away; to others the group and the mode do.
    if old.uid() != new.uid() && rustix::process::geteuid().is_root() {
        fchown(to, Some(old.uid()), None)?;
    }
    to.set_permissions(old.permissions())
}

#[cfg(not(unix))]
fn keep_access(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}

/// Lets a file that root makes in the directory of a service belong to that service.
#[cfg(unix)]
fn give_to_owner_of_directory(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let directory = fs::metadata(directory_of(path))?;
    fchown(file, Some(directory.uid()), Some(directory.gid()))
}

#[cfg(not(unix))]
fn give_to_owner_of_directory(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_appended_behind_a_last_one_without_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (before, after) in [("", "new\n"), ("old", "old\nnew\n"), ("old\n", "old\nnew\n")] {
            fs::write(&path, before).unwrap();
            Locked::open(&path).unwrap().append_line("new").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
    }

    #[test]
    fn a_file_that_was_replaced_since_it_was_opened_is_not_the_one_that_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let first = Locked::open_or_create(&path).unwrap();
        let waiting = File::open(&path).unwrap();
        assert!(is_at(&waiting, &path).unwrap());
        first.prepare("next").unwrap().commit().unwrap();
        assert!(!is_at(&waiting, &path).unwrap());
        drop(first);
        assert_eq!(Locked::open(&path).unwrap().text(100).unwrap(), "next");
    }

    #[test]
    fn what_is_not_committed_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let locked = Locked::open_or_create(&path).unwrap();
        drop(locked.prepare("next").unwrap());
        assert_eq!(locked.text(100).unwrap(), "");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
