//! Files of lines that are read again for every peer; errors in a file are reported once for each of its changes.

use crate::files::text::read_text;
use crate::report::mask::shown_path;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The text of a file when it was last read.
#[derive(Debug, Default)]
pub(crate) struct Watched(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    text: Option<Arc<str>>,
    /// Whether the last text was returned instead of the file's, which could not be read.
    is_stale: bool,
}

/// What the lines of a file should be, for messages.
pub(crate) struct Lines {
    /// Such as `a public key`.
    pub(crate) name: &'static str,
    /// Whether a line is valid, a comment or blank.
    pub(crate) is_right: fn(&str) -> bool,
}

impl Watched {
    /// The whole text of the file at this path, which may have `longest` bytes at most. If the system is short of a
    /// resource, such as descriptors, the text that was read last is returned, so that the shortage does not decide
    /// about a peer.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn read(&self, path: &Path, longest: usize, lines: &Lines) -> io::Result<Arc<str>> {
        self.take(path, File::open(path).and_then(|file| read_text(file, longest)), lines)
    }

    fn take(&self, path: &Path, read: io::Result<String>, lines: &Lines) -> io::Result<Arc<str>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match (read, &state.text) {
            (Ok(text), Some(last)) if **last == *text => Arc::clone(last),
            (Ok(text), _) => {
                report(path, &text, lines);
                text.into()
            }
            (Err(error), Some(last)) if is_shortage(&error) => {
                let last = Arc::clone(last);
                if !std::mem::replace(&mut state.is_stale, true) {
                    tracing::warn!("cannot read {}: {error}; what was in it before still holds", shown_path(path));
                }
                return Ok(last);
            }
            (Err(error), _) => {
                state.text = None;
                return Err(error);
            }
        };
        *state = State { text: Some(Arc::clone(&text)), is_stale: false };
        Ok(text)
    }
}

/// Reports how many lines are wrong, and the number of the first. The line itself is not shown, since it may be a
/// secret by mistake.
fn report(path: &Path, text: &str, lines: &Lines) {
    let mut wrong = text.lines().enumerate().filter(|(_, line)| !(lines.is_right)(line));
    let Some((first, _)) = wrong.next() else { return };
    let (path, number, name) = (shown_path(path), first + 1, lines.name);
    match wrong.count() {
        0 => tracing::warn!("{path}, line {number}: not {name}"),
        more => tracing::warn!("{path}, line {number} and {more} more: not {name}"),
    }
}

/// Whether the system is short of a resource, which is not the file's fault.
#[cfg(unix)]
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;

    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO];
    error.raw_os_error().is_some_and(|code| shortages.iter().any(|shortage| shortage.raw_os_error() == code))
}

#[cfg(not(unix))]
fn is_shortage(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: Lines = Lines { name: "a word", is_right: |line| line == "word" };

    #[cfg(unix)]
    #[test]
    fn a_shortage_leaves_what_was_read_before_and_a_file_that_is_gone_does_not() {
        let watched = Watched::default();
        let path = Path::new("file");
        let out_of_descriptors = || Err(io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error()));
        assert!(watched.take(path, out_of_descriptors(), &LINES).is_err(), "nothing was read before");
        assert_eq!(&*watched.take(path, Ok("word\n".to_owned()), &LINES).unwrap(), "word\n");
        assert_eq!(&*watched.take(path, out_of_descriptors(), &LINES).unwrap(), "word\n");
        assert!(watched.take(path, Err(io::ErrorKind::NotFound.into()), &LINES).is_err());
        assert!(watched.take(path, out_of_descriptors(), &LINES).is_err(), "it was gone since");
        assert_eq!(&*watched.take(path, Ok("new\n".to_owned()), &LINES).unwrap(), "new\n");
        assert!(watched.take(path, Err(io::ErrorKind::PermissionDenied.into()), &LINES).is_err());
    }
}
