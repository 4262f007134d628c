//! Who is let in.

use crate::text_file::read_text;
use clap::{Args, ValueHint};
use multiserver_tokio::PublicKey;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// More bytes than a file of keys may have: some 20 000 keys.
const LONGEST_FILE: usize = 1024 * 1024;

#[derive(Debug, Args)]
#[group(id = "allowed", multiple = true)]
pub(super) struct AllowOptions {
    /// Let in the peer with this public key, and nobody who is not named like this or in --allow-file; without either,
    /// everyone who knows the address is let in. May be given several times.
    #[arg(long, value_name = "KEY")]
    allow: Vec<PublicKey>,
    /// Let in the peers whose public keys stand in this file, one at the start of each line; lines that start with `#`
    /// are comments. It is read anew for every peer. A file that is empty or gone lets nobody in; peers that are in
    /// already stay.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    allow_file: Option<PathBuf>,
    /// Let in everyone who knows the address: it has to be said for --to and --exec.
    #[arg(long, conflicts_with_all = ["allow", "allow_file"])]
    allow_anyone: bool,
}

impl AllowOptions {
    /// Whether this peer is let in; a refusal is logged.
    pub(super) async fn check(&self, peer: Option<PublicKey>) -> bool {
        let is_anyone = self.allow_anyone || (self.allow.is_empty() && self.allow_file.is_none());
        let is_allowed = is_anyone
            || match peer {
                Some(peer) => self.allow.contains(&peer) || self.is_in_file(peer).await,
                None => false,
            };
        if !is_allowed {
            tracing::warn!("refused {}: not among the keys that are allowed", name(peer));
        }
        is_allowed
    }

    async fn is_in_file(&self, peer: PublicKey) -> bool {
        let Some(path) = self.allow_file.clone() else { return false };
        let found = tokio::task::spawn_blocking(move || has_key(&path, &peer).map_err(|error| (path, error))).await;
        match found {
            Ok(Ok(found)) => found,
            Ok(Err((path, error))) => {
                tracing::warn!("cannot read {}, which lets nobody in: {error}", path.display());
                false
            }
            Err(error) => {
                tracing::warn!("cannot read --allow-file, which lets nobody in: {error}");
                false
            }
        }
    }
}

/// What a peer is called in messages.
pub(super) fn name(peer: Option<PublicKey>) -> String {
    peer.map_or_else(|| "a peer without a key".to_owned(), |peer| peer.to_string())
}

/// Whether the file names this key.
fn has_key(path: &Path, key: &PublicKey) -> io::Result<bool> {
    let text = read_text(File::open(path)?, LONGEST_FILE)?;
    for (index, line) in text.lines().enumerate() {
        match line.split_whitespace().next() {
            None => {}
            Some(word) if word.starts_with('#') => {}
            Some(word) => match word.parse::<PublicKey>() {
                Ok(named) if named == *key => return Ok(true),
                Ok(_) => {}
                // Not shown: it may be a secret by mistake.
                Err(_) => tracing::warn!("{}, line {}: not a public key", path.display(), index + 1),
            },
        }
    }
    Ok(false)
}
