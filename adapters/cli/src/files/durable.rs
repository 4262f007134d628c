//! Files that are complete after a crash at any moment, and that several programs can change at the same time.

use crate::files::text::read_text;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;

/// How long another program may hold a file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before trying to lock the file again.
const PAUSE: Duration = Duration::from_millis(10);

/// A file that is locked against other programs that use this type, until this is dropped.
///
/// The lock is on a file beside it, `.NAME.lock`, which only users who may write the file can open, and which is never
/// removed. The file itself is not locked, since every user who can read it could hold that lock for ever.
#[derive(Debug)]
pub(crate) struct Locked {
    file: File,
    path: PathBuf,
    _lock: File,
}

/// The next content of a file, written to the disk under another name; dropping this removes it.
#[derive(Debug)]
pub(crate) struct Replacement<'a> {
    locked: &'a Locked,
    file: NamedTempFile,
}

/// A file to be created, whose content is written to the disk under another name; dropping this removes it.
#[derive(Debug)]
pub(crate) struct NewFile<'a> {
    path: &'a Path,
    file: NamedTempFile,
}

impl Locked {
    /// Locks the file; if there is none, it is created for its owner only.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] when another program holds the lock for ten seconds, [`ErrorKind::InvalidInput`] when it
    /// is not a regular file, and the system's errors.
    pub(crate) fn open_or_create(path: &Path) -> io::Result<Self> {
        match private().append(true).create_new(true).open(path) {
            Ok(file) => give_to_owner_of(directory_of(path), &file)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Self::open(path)
    }

    /// Locks the file, which must exist.
    ///
    /// # Errors
    /// As for [`open_or_create`](Self::open_or_create).
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        // A device or a pipe would be replaced by a file.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let lock = lock_of(&path)?;
        // The file is opened now, since the program that had the lock before may have replaced it.
        let file = OpenOptions::new().read(true).append(true).open(&path)?;
        Ok(Self { file, path, _lock: lock })
    }

    /// The whole text of the file, which may have `longest` bytes at most.
    ///
    /// # Errors
    /// As for [`read_text`].
    pub(crate) fn text(&self, longest: usize) -> io::Result<String> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        read_text(file, longest)
    }

    /// Appends a line, all of it or nothing.
    ///
    /// # Errors
    /// The system's, such as a full disk.
    pub(crate) fn append_line(&mut self, line: &str) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let is_within_line = length > 0 && !self.text_ends_line(length)?;
        let text = format!("{}{line}\n", if is_within_line { "\n" } else { "" });
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        if written.is_err() {
            // Removes a part of the line that was written, which would spoil the next line.
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
    /// Replaces the file by it.
    ///
    /// # Errors
    /// The system's; the file is as it was.
    pub(crate) fn commit(self) -> io::Result<()> {
        self.file.persist(&self.locked.path).map_err(|error| error.error)?;
        sync_directory_of(&self.locked.path)
    }
}

/// Waits for the lock of the file at this path. If no file can be created beside it, the file itself is locked.
fn lock_of(path: &Path) -> io::Result<File> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".lock");
    let place = path.with_file_name(name);
    let lock = match private().write(true).create_new(true).open(&place) {
        Ok(lock) => {
            share_with_writers(&fs::metadata(path)?, &lock)?;
            lock
        }
        // A user who may write in the directory could have put a symbolic link there, so only a regular file is opened.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && fs::symlink_metadata(&place)?.is_file() => {
            OpenOptions::new().write(true).open(&place)?
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => File::open(path)?,
        Err(error) => return Err(error),
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(ErrorKind::TimedOut, "another program holds it"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

impl<'a> NewFile<'a> {
    /// Writes the content of a new file for this path, for its owner only; the path must be free.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when something is there, and the system's errors.
    pub(crate) fn prepare(path: &'a Path, text: &str) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            there => return Err(there.map_or_else(|error| error, |_| ErrorKind::AlreadyExists.into())),
        }
        // Nobody else can open a temporary file: its mode is 0600 from the start.
        let mut file = NamedTempFile::new_in(directory_of(path))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(Self { path, file })
    }

    /// Moves it to its path, unless a file is there by now.
    ///
    /// # Errors
    /// As for [`prepare`](Self::prepare).
    pub(crate) fn commit(self) -> io::Result<()> {
        self.file.persist_noclobber(self.path).map_err(|error| error.error)?;
        sync_directory_of(self.path)
    }
}

/// Syncs the directory, so that the file's name survives a crash.
fn sync_directory_of(path: &Path) -> io::Result<()> {
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

/// Options to create a file that only its owner can access.
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

/// Gives a new lock file the owner of the file that it protects, and the permissions for all users who may write that
/// file.
#[cfg(unix)]
fn share_with_writers(of: &Metadata, lock: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    match keep_owner(of, lock) {
        // If we are not in the file's group, the lock file stays accessible to us alone.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
        Ok(()) => lock.set_permissions(fs::Permissions::from_mode(0o600 | (of.permissions().mode() & 0o022))),
    }
}

#[cfg(not(unix))]
fn share_with_writers(_: &Metadata, _: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn keep_owner(of: &Metadata, to: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    let new = to.metadata()?;
    if of.gid() != new.gid() {
        fchown(to, None, Some(of.gid()))?;
    }
    // Only root can change a file's owner; for other users the group and the mode are enough.
    if of.uid() != new.uid() && rustix::process::geteuid().is_root() {
        fchown(to, Some(of.uid()), None)?;
    }
    Ok(())
}

/// Gives a file the owner and the mode of another, so that the same users can read it.
#[cfg(unix)]
fn keep_access(from: &File, to: &File) -> io::Result<()> {
    let old = from.metadata()?;
    keep_owner(&old, to)?;
    to.set_permissions(old.permissions())
}

#[cfg(not(unix))]
fn keep_access(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}

/// If root creates a file for a service, gives it the owner of the file or directory at the path.
#[cfg(unix)]
fn give_to_owner_of(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owned = fs::metadata(path)?;
    fchown(file, Some(owned.uid()), Some(owned.gid()))
}

#[cfg(not(unix))]
fn give_to_owner_of(_: &Path, _: &File) -> io::Result<()> {
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
    fn a_file_that_is_replaced_while_another_waits_is_the_one_that_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let first = Locked::open_or_create(&path).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| Locked::open(&path).unwrap().text(100).unwrap());
            first.prepare("next").unwrap().commit().unwrap();
            drop(first);
            assert_eq!(waiting.join().unwrap(), "next");
        });
    }

    #[test]
    fn a_lock_on_the_file_itself_keeps_nobody_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "text").unwrap();
        let reader = File::open(&path).unwrap();
        reader.lock().unwrap();
        assert_eq!(Locked::open(&path).unwrap().text(100).unwrap(), "text");
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_is_for_those_who_may_write_the_file() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        for (mode, of_lock) in [(0o600, 0o600), (0o644, 0o600), (0o660, 0o620), (0o666, 0o622)] {
            let path = directory.path().join(format!("{mode:o}"));
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            drop(Locked::open(&path).unwrap());
            let lock = fs::metadata(directory.path().join(format!(".{mode:o}.lock"))).unwrap();
            assert_eq!(lock.permissions().mode() & 0o777, of_lock);
        }
    }

    #[test]
    fn a_new_file_takes_the_place_of_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let [first, second] = ["first", "second"].map(|text| NewFile::prepare(&path, text).unwrap());
        drop(NewFile::prepare(&path, "third").unwrap());
        assert!(!path.exists());
        first.commit().unwrap();
        assert_eq!(second.commit().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(NewFile::prepare(&path, "fourth").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_committed_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let locked = Locked::open_or_create(&path).unwrap();
        drop(locked.prepare("next").unwrap());
        assert_eq!(locked.text(100).unwrap(), "");
        let names = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.filter(|name| name != ".file.lock").collect::<Vec<_>>(), ["file"]);
    }
}
