//! The keys that are let in, and how guests add theirs.

use crate::files::durable::{Locked, directory_of, full};
use crate::files::invites::{InviteFile, Redeemed};
use crate::files::joined;
use crate::files::text::read_text;
use crate::files::watched::{Lines, Watched};
use crate::report::exit::Failure;
use crate::report::mask::shown_path;
use clap::{Args, ValueHint};
use multiserver_join::Answer;
use multiserver_tokio::PublicKey;
use multiserver_tokio::core::keys::ParseKeyError;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

/// The format of the lines of a file of keys.
const KEYS: Lines = Lines { name: "a public key", is_right: |line| key_of(line).is_none_or(|key| key.is_ok()) };

/// The bound on the size of a file of keys in bytes, for some 20 000 keys.
const LONGEST_FILE: usize = 1024 * 1024;

#[derive(Debug, Args)]
#[command(next_help_heading = "Who may come")]
#[group(id = "allowed", multiple = true, args = ["allow", "allow_file", "allow_anyone"])]
pub(super) struct AllowOptions {
    /// Let in the peer with this public key, and otherwise only peers that are named by this option or in --allow-file.
    /// Without either, everyone who knows the address is let in. May be given several times.
    #[arg(long, value_name = "KEY", value_parser = usable_key)]
    allow: Vec<PublicKey>,
    /// Let in the peers whose public keys are in this file, one at the start of each line; lines that start with `#`
    /// are comments. The file is read again for every peer. An empty or missing file lets nobody in; peers that are
    /// connected already stay.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    allow_file: Option<PathBuf>,
    /// Let in everyone who knows the address; --to and --exec need this or a list of keys.
    #[arg(long, conflicts_with_all = ["allow", "allow_file", "invites"])]
    allow_anyone: bool,
    /// Let holders of an invite in this file, made by `invite`, add their keys to --allow-file, by `join`. The file is
    /// read again for every peer.
    #[arg(long, value_name = "FILE", requires = "allow_file", value_hint = ValueHint::FilePath)]
    invites: Option<PathBuf>,
    /// The last text of --allow-file.
    #[arg(skip)]
    keys: Arc<Watched>,
    /// The last text of --invites.
    #[arg(skip)]
    invited: Arc<Watched>,
}

/// A key that a peer can prove to have.
fn usable_key(text: &str) -> Result<PublicKey, String> {
    let key: PublicKey = text.parse().map_err(|error: ParseKeyError| error.to_string())?;
    if key.is_usable() { Ok(key) } else { Err("nobody can have this key; it may be mistyped".to_owned()) }
}

impl AllowOptions {
    /// Reports errors in the files before any peer connects.
    pub(super) fn check_files(&self) -> Result<(), Failure> {
        let (Some(allowed), Some(invites)) = (&self.allow_file, &self.invites) else { return Ok(()) };
        if place_of(allowed) == place_of(invites) {
            return Err(Failure::usage("--allow-file and --invites are the same file"));
        }
        Ok(())
    }

    /// Whether this peer is let in.
    pub(super) async fn check(&self, peer: Option<PublicKey>) -> bool {
        let is_anyone = self.allow_anyone || (self.allow.is_empty() && self.allow_file.is_none());
        is_anyone
            || match peer {
                Some(peer) => self.allow.contains(&peer) || self.is_in_file(peer).await,
                None => false,
            }
    }

    /// Whether this is the key of an invite that may be used, or of one by which a peer has joined: that peer may ask
    /// again whether it did.
    pub(super) async fn invites(&self, key: PublicKey) -> bool {
        let Some(path) = &self.invites else { return false };
        let (file, watched) = (InviteFile::at(path), Arc::clone(&self.invited));
        let has = in_background(move || {
            file.has(&key, SystemTime::now(), &watched).map_err(|error| {
                let hint = if error.kind() == ErrorKind::NotFound { "; `multiserver invite` makes it" } else { "" };
                format!("cannot read the invites in {}: {error}{hint}", shown_path(file.path()))
            })
        });
        let has = has.await.unwrap_or_else(|error| {
            tracing::warn!("{error}");
            false
        });
        // Checked in this order, since an invite is removed from its file only after its use was recorded.
        has || self.has_joined_by(key).await
    }

    /// Adds a peer's key to the file and uses the invite, in this order, unless the key is there already.
    pub(super) async fn admit(&self, invite: PublicKey, peer: PublicKey) -> Result<Answer, String> {
        let (Some(invites), Some(allowed)) = (&self.invites, self.allow_file.clone()) else {
            return Err("there are no --invites or no --allow-file".to_owned());
        };
        let invites = InviteFile::at(invites);
        let redeemed = in_background(move || {
            let now = SystemTime::now();
            let redeem = || {
                if names(&keys_in(&allowed)?, &peer) {
                    return Ok(None);
                }
                let recorded = || Ok(joined::fewest_left(&keys_in(&allowed)?, &invite));
                let redeemed = invites.redeem(&invite, now, recorded, |left| {
                    add(&allowed, &peer, &joined::record(&peer, now, &invite, left))
                })?;
                // Another connection of the same peer may have been faster.
                let is_known = redeemed == Redeemed::Spent && names(&keys_in(&allowed)?, &peer);
                Ok((!is_known).then_some(redeemed))
            };
            redeem().map_err(|error: io::Error| {
                format!("cannot write {} or {}: {error}", shown_path(&allowed), shown_path(invites.path()))
            })
        });
        match redeemed.await? {
            None => Ok(Answer::AlreadyKnown),
            Some(Redeemed::Done) => Ok(Answer::Joined),
            Some(Redeemed::Spent) => Ok(Answer::Spent),
            Some(Redeemed::StillThere(error)) => {
                tracing::error!("the file of the invite {invite} stays as it was, though it was used: {error}");
                Ok(Answer::Joined)
            }
        }
    }

    /// Whether a key that is allowed has joined by this invite.
    async fn has_joined_by(&self, invite: PublicKey) -> bool {
        let Some(path) = self.allow_file.clone() else { return false };
        let watched = Arc::clone(&self.keys);
        let found = in_background(move || {
            let text = watched.read(&path, LONGEST_FILE, &KEYS).map_err(|error| error.to_string())?;
            Ok(joined::fewest_left(&text, &invite).is_some())
        });
        // An error of the file is reported by the next check of it.
        found.await.unwrap_or_default()
    }

    async fn is_in_file(&self, peer: PublicKey) -> bool {
        let Some(path) = self.allow_file.clone() else { return false };
        // The file may be missing until the first guest joins.
        let may_be_missing = self.invites.is_some();
        let watched = Arc::clone(&self.keys);
        let found = in_background(move || match has_key(&path, &peer, &watched) {
            Err(error) if may_be_missing && error.kind() == ErrorKind::NotFound => Ok(false),
            found => found.map_err(|error| format!("cannot read {}, which lets nobody in: {error}", shown_path(&path))),
        });
        found.await.unwrap_or_else(|error| {
            tracing::warn!("{error}");
            false
        })
    }
}

/// The canonical path of a file that may not exist yet, to compare it with other paths.
fn place_of(path: &Path) -> PathBuf {
    let yet_to_be_made = || Some(directory_of(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(yet_to_be_made).unwrap_or_else(|| path.to_owned())
}

/// Runs blocking work in a thread for that.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.to_string()))
}

/// Adds a key's line to the file, which is created if it is missing, unless the key is in it already.
fn add(path: &Path, key: &PublicKey, line: &str) -> io::Result<()> {
    let mut file = Locked::open_or_create(path)?;
    let text = file.text(LONGEST_FILE)?;
    if names(&text, key) {
        return Ok(());
    }
    if text.len() + line.len() + 2 > LONGEST_FILE {
        return Err(full(LONGEST_FILE));
    }
    file.append_line(line)
}

/// The text of the file; empty if it is missing, as before the first guest has joined.
fn keys_in(path: &Path) -> io::Result<String> {
    match File::open(path) {
        Ok(file) => read_text(file, LONGEST_FILE),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Whether the file names this key.
fn has_key(path: &Path, key: &PublicKey, watched: &Watched) -> io::Result<bool> {
    Ok(names(&watched.read(path, LONGEST_FILE, &KEYS)?, key))
}

fn names(text: &str, key: &PublicKey) -> bool {
    text.lines().filter_map(key_of).any(|named| named == Ok(*key))
}

/// The key at the start of a line, unless it is blank or a comment.
fn key_of(line: &str) -> Option<Result<PublicKey, ()>> {
    line.split_whitespace()
        .next()
        .filter(|word| !word.starts_with('#'))
        .map(PublicKey::from_str)
        .map(|key| key.map_err(drop))
}
