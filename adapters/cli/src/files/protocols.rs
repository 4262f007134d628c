//! The file of the protocols by which servers have proven their keys, beside the identity.
//!
//! ```text
//! # lines that start with # are comments
//! KEY noise 100
//! ```
//!
//! A server is not reached by a weaker protocol than the one in its line; the number is the protocol's strength.

use crate::files::durable::{Locked, full};
use crate::files::text::read_text;
use crate::report::mask::shown_path;
use multiserver_tokio::{ProtocolMemory, Proven, PublicKey};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The bound on the size of the file in bytes, for some 15 000 servers.
const LONGEST_FILE: usize = 1024 * 1024;

/// What a new file begins with.
const HEAD: &str = "# The strongest protocol by which each server has proven its key: it is reached by no weaker one.\n\
                    # Remove the line of a server that has really gone back to a weaker protocol.\n";

/// A file of the protocols by which servers have proven their keys.
#[derive(Debug, Clone)]
pub(crate) struct ProtocolsFile {
    path: PathBuf,
    /// Whether downgrades are allowed: nothing is then read before a connection.
    allows_downgrade: bool,
}

impl ProtocolsFile {
    /// The file that belongs to the identity in this file.
    pub(crate) fn beside(identity: &Path) -> Self {
        let mut path = OsString::from(identity);
        path.push(".protocols");
        Self { path: path.into(), allows_downgrade: false }
    }

    /// The same, which allows downgrades or not.
    pub(crate) fn allowing_downgrade(self, allows_downgrade: bool) -> Self {
        Self { allows_downgrade, ..self }
    }

    fn error(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", shown_path(&self.path)))
    }

    fn add(&self, key: &PublicKey, proven: &Proven) -> io::Result<()> {
        let locked = Locked::open_or_create(&self.path)?;
        let text = locked.text(LONGEST_FILE)?;
        if find(&text, key)?.is_some_and(|known| known.strength >= proven.strength) {
            return Ok(());
        }
        let key = key.to_string();
        let others = text.lines().filter(|line| line.split_whitespace().next() != Some(key.as_str()));
        let others: String = others.flat_map(|line| [line, "\n"]).collect();
        let head = if others.is_empty() { HEAD } else { "" };
        let text = format!("{head}{others}{key} {} {}\n", proven.protocol, proven.strength);
        if text.len() > LONGEST_FILE {
            return Err(full(LONGEST_FILE));
        }
        locked.prepare(&text)?.commit()
    }
}

impl ProtocolMemory for ProtocolsFile {
    fn strongest(&self, key: &PublicKey) -> io::Result<Option<Proven>> {
        if self.allows_downgrade {
            return Ok(None);
        }
        let text = match File::open(&self.path).and_then(|file| read_text(file, LONGEST_FILE)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| self.error(&error))?,
        };
        find(&text, key).map_err(|error| self.error(&error))
    }

    fn note(&self, key: &PublicKey, proven: &Proven) -> io::Result<()> {
        self.add(key, proven).map_err(|error| self.error(&error))
    }
}

/// The line of a key; every line has to be right, since a spoilt one may be that of the key.
fn find(text: &str, key: &PublicKey) -> io::Result<Option<Proven>> {
    let mut found = None;
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (of, proven) = parse(line).ok_or_else(|| {
            let line = number + 1;
            io::Error::new(ErrorKind::InvalidData, format!("line {line} is not a key, a protocol and its strength"))
        })?;
        if of == *key && found.as_ref().is_none_or(|found: &Proven| found.strength < proven.strength) {
            found = Some(proven);
        }
    }
    Ok(found)
}

fn parse(line: &str) -> Option<(PublicKey, Proven)> {
    let words: Vec<_> = line.split_whitespace().collect();
    match words.as_slice() {
        [key, protocol, strength] => Some((key.parse().ok()?, Proven::new(*protocol, strength.parse().ok()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_strongest_stays_and_a_spoilt_line_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = ProtocolsFile::beside(&directory.path().join("identity"));
        let [one, other] = [1, 2].map(|fill| PublicKey::from_bytes([fill; 32]));
        assert_eq!(file.strongest(&one).unwrap(), None);
        for (key, name, strength) in
            [(one, "noise", 100), (other, "noise", 100), (one, "better", 200), (one, "noise", 100)]
        {
            file.note(&key, &Proven::new(name, strength)).unwrap();
        }
        assert_eq!(file.strongest(&one).unwrap(), Some(Proven::new("better", 200)));
        assert_eq!(file.strongest(&other).unwrap(), Some(Proven::new("noise", 100)));
        let path = directory.path().join("identity.protocols");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{HEAD}{other} noise 100\n{one} better 200\n"));
        fs::write(&path, format!("{text}{one} noise 100\n")).unwrap();
        assert_eq!(file.strongest(&one).unwrap(), Some(Proven::new("better", 200)), "of two lines, the stronger");
        fs::write(&path, format!("{text}{other} noise\n")).unwrap();
        let error = file.strongest(&one).unwrap_err().to_string();
        assert!(error.contains("identity.protocols: line 5 is not a key"), "{error}");
        assert!(file.note(&one, &Proven::new("best", 300)).is_err());
        assert_eq!(file.allowing_downgrade(true).strongest(&one).unwrap(), None);
    }
}
