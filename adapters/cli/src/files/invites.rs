//! The file of invites that a server honours.
//!
//! ```text
//! # lines that start with # are comments
//! invite PUBLIC-KEY uses 1
//! invite PUBLIC-KEY uses 3 expires 2026-12-24T18:00:00Z
//! ```
//!
//! The key is the public one of the seed in the invite's address, so the file alone lets nobody in. No line begins with
//! the key, so that the file cannot be mistaken for one of allowed keys.

use crate::files::durable::{Locked, full};
use crate::files::watched::{Lines, Watched};
use multiserver_tokio::PublicKey;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The bound on the size of the file in bytes, for some 10 000 invites.
const LONGEST_FILE: usize = 1024 * 1024;

/// What a new file begins with.
const HEAD: &str = "# Invites: a key, how often it may be used, and until when. `multiserver invite` adds to them.\n";

/// A file of invites.
#[derive(Debug, Clone)]
pub(crate) struct InviteFile(PathBuf);

/// An invite that was not used up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invite {
    /// The public key of its seed.
    pub(crate) key: PublicKey,
    /// How often it may still be used.
    pub(crate) uses: u32,
    /// When it expires; `None` if never.
    pub(crate) expires: Option<SystemTime>,
}

/// The result of using an invite.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Redeemed {
    /// The work was done, and the invite was used once more.
    Done,
    /// The invite cannot be used; nothing was done.
    Spent,
    /// The work was done, but the file could not be updated, and still says that the invite may be used.
    StillThere(String),
}

impl InviteFile {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Adds an invite, and removes those that have expired.
    ///
    /// # Errors
    /// The file cannot be changed, or would be too long to be read; it is as it was.
    pub(crate) fn add(&self, invite: &Invite, now: SystemTime) -> io::Result<()> {
        let locked = Locked::open_or_create(&self.0)?;
        let text = locked.text(LONGEST_FILE)?;
        let text = if text.is_empty() { HEAD } else { &text };
        let text = format!("{}{invite}\n", without_expired(text, now));
        if text.len() > LONGEST_FILE {
            return Err(full(LONGEST_FILE));
        }
        locked.prepare(&text)?.commit()
    }

    /// Whether there is an invite with this key that may be used now.
    pub(crate) fn has(&self, key: &PublicKey, now: SystemTime, watched: &Watched) -> io::Result<bool> {
        let lines = Lines { name: "an invite", is_right: is_invite_or_blank };
        let text = watched.read(&self.0, LONGEST_FILE, &lines)?;
        Ok(find(&text, key, now).is_some())
    }

    /// Uses an invite once: runs `work` with the number of uses that are left after it, and only then records the use.
    /// So after a crash in between, no use is recorded whose work was not done.
    ///
    /// `recorded` is the smallest number of uses left that earlier work has recorded, if any. It counts if the file
    /// says more, since the program may have ended before it wrote the file.
    ///
    /// # Errors
    /// The files cannot be changed, and are as they were.
    pub(crate) fn redeem(
        &self,
        key: &PublicKey,
        now: SystemTime,
        recorded: impl FnOnce() -> io::Result<Option<u32>>,
        work: impl FnOnce(u32) -> io::Result<()>,
    ) -> io::Result<Redeemed> {
        let locked = Locked::open(&self.0)?;
        let text = locked.text(LONGEST_FILE)?;
        let Some(invite) = find(&text, key, now) else { return Ok(Redeemed::Spent) };
        let uses = recorded()?.map_or(invite.uses, |recorded| recorded.min(invite.uses));
        // Written to the disk before the work is done, so that a full disk changes nothing.
        let used = locked.prepare(&with_uses(&text, &invite, uses.saturating_sub(1), now))?;
        if uses == 0 {
            used.commit()?;
            return Ok(Redeemed::Spent);
        }
        work(uses - 1)?;
        Ok(used.commit().map_or_else(|error| Redeemed::StillThere(error.to_string()), |()| Redeemed::Done))
    }
}

impl Invite {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let key = words.next().filter(|word| *word == "invite").and_then(|_| words.next())?.parse().ok()?;
        let uses = words.next().filter(|word| *word == "uses").and_then(|_| words.next())?.parse().ok()?;
        let expires = match words.next() {
            Some("expires") => Some(humantime::parse_rfc3339(words.next()?).ok()?),
            Some(_) => return None,
            None => None,
        };
        words.next().is_none().then_some(Self { key, uses, expires })
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        self.uses > 0 && !self.has_expired(now)
    }

    fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invite {} uses {}", self.key, self.uses)?;
        match self.expires {
            Some(end) => write!(f, " expires {}", humantime::format_rfc3339_seconds(end)),
            None => Ok(()),
        }
    }
}

fn is_invite_or_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || Invite::parse(line).is_some()
}

fn find(text: &str, key: &PublicKey, now: SystemTime) -> Option<Invite> {
    text.lines().filter_map(Invite::parse).find(|invite| invite.key == *key && invite.is_usable(now))
}

/// The text without expired invites, with a line end at its end.
fn without_expired(text: &str, now: SystemTime) -> String {
    changed(text, |invite| if invite.has_expired(now) { None } else { Some(invite) })
}

/// The text with this many uses left of this invite, without invites that are used up or expired.
fn with_uses(text: &str, used: &Invite, uses: u32, now: SystemTime) -> String {
    let mut is_first = true;
    changed(text, |invite| {
        if invite != *used || !std::mem::replace(&mut is_first, false) {
            return (!invite.has_expired(now)).then_some(invite);
        }
        (uses > 0).then_some(Invite { uses, ..invite })
    })
}

/// The text with each of its invites changed or left out; all other lines stay as they are.
fn changed(text: &str, mut change: impl FnMut(Invite) -> Option<Invite>) -> String {
    let lines = text.lines().filter_map(|line| match Invite::parse(line) {
        Some(invite) => change(invite).map(|invite| format!("{invite}\n")),
        None => Some(format!("{line}\n")),
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::ErrorKind;
    use std::time::Duration;

    fn key(number: u8) -> PublicKey {
        PublicKey::from_bytes([number; 32])
    }

    fn invite(number: u8, uses: u32, expires: Option<SystemTime>) -> Invite {
        Invite { key: key(number), uses, expires }
    }

    struct Case {
        directory: tempfile::TempDir,
        file: InviteFile,
        now: SystemTime,
    }

    fn case() -> Case {
        let directory = tempfile::tempdir().unwrap();
        let file = InviteFile::at(&directory.path().join("invites"));
        Case { directory, file, now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000) }
    }

    #[test]
    fn reads_what_it_writes() {
        let now = case().now;
        for invite in [invite(1, 1, None), invite(2, 7, Some(now))] {
            assert_eq!(Invite::parse(&invite.to_string()), Some(invite));
        }
        let invite = format!("invite {} uses 1", key(1));
        for wrong in
            ["", "invite", "invite KEY uses 1", invite.trim_start_matches("invite "), &format!("{invite} expires soon")]
        {
            assert_eq!(Invite::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_use_takes_one_and_the_last_takes_the_invite() {
        let Case { directory: _directory, file, now } = case();
        file.add(&invite(1, 2, None), now).unwrap();
        file.add(&invite(2, 1, None), now).unwrap();
        for _ in 0..2 {
            assert!(file.has(&key(1), now, &Watched::default()).unwrap());
            assert_eq!(file.redeem(&key(1), now, || Ok(None), |_| Ok(())).unwrap(), Redeemed::Done);
        }
        assert!(!file.has(&key(1), now, &Watched::default()).unwrap());
        let work = |_| panic!("nothing is done for a spent invite");
        assert_eq!(file.redeem(&key(1), now, || Ok(None), work).unwrap(), Redeemed::Spent);
        assert!(file.has(&key(2), now, &Watched::default()).unwrap());
    }

    #[test]
    fn a_use_is_taken_whatever_the_fractions_of_its_time() {
        let Case { directory: _directory, file, now } = case();
        let end = humantime::format_rfc3339_millis(now + Duration::from_millis(10_500));
        fs::write(file.path(), format!("invite {} uses 1 expires {end}\n", key(1))).unwrap();
        assert_eq!(file.redeem(&key(1), now, || Ok(None), |_| Ok(())).unwrap(), Redeemed::Done);
        assert!(!file.has(&key(1), now, &Watched::default()).unwrap());
    }

    #[test]
    fn an_invite_ends_with_its_time_and_goes_with_the_next_change() {
        let Case { directory: _directory, file, now } = case();
        file.add(&invite(1, 1, Some(now + Duration::from_secs(10))), now).unwrap();
        assert!(file.has(&key(1), now + Duration::from_secs(9), &Watched::default()).unwrap());
        let later = now + Duration::from_secs(10);
        assert!(!file.has(&key(1), later, &Watched::default()).unwrap());
        assert_eq!(file.redeem(&key(1), later, || Ok(None), |_| Ok(())).unwrap(), Redeemed::Spent);
        file.add(&invite(2, 1, None), later).unwrap();
        assert_eq!(fs::read_to_string(file.path()).unwrap(), format!("{HEAD}{}\n", invite(2, 1, None)));
    }

    #[test]
    fn what_cannot_be_done_uses_no_invite_and_comments_stay() {
        let Case { directory, file, now } = case();
        let text = format!("# mine\n\n{}\nno invite", invite(1, 1, None));
        fs::write(file.path(), &text).unwrap();
        file.redeem(&key(1), now, || Ok(None), |_| Err(ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
        assert_eq!(file.redeem(&key(1), now, || Ok(None), |_| Ok(())).unwrap(), Redeemed::Done);
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "# mine\n\nno invite\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "the invites and their lock");
    }

    /// The program ended after it had stored a key, and before it wrote that the invite was used.
    #[test]
    fn what_was_recorded_counts_where_the_file_says_more() {
        let Case { directory: _directory, file, now } = case();
        let write = |uses| fs::write(file.path(), format!("{}\n", invite(1, uses, None))).unwrap();
        write(3);
        let left = std::cell::Cell::new(None);
        let work = |uses| {
            left.set(Some(uses));
            Ok(())
        };
        assert_eq!(file.redeem(&key(1), now, || Ok(Some(1)), work).unwrap(), Redeemed::Done);
        assert_eq!(left.get(), Some(0));
        write(1);
        let work = |_| panic!("it was used before");
        assert_eq!(file.redeem(&key(1), now, || Ok(Some(0)), work).unwrap(), Redeemed::Spent);
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "");
    }
}
