//! A server that honours invites, and what one does with them.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use super::{Finished, Home, Program};
use std::fs;

/// A home directory with a file of keys that are let in and one of invites.
pub struct Inviting(Home);

impl Inviting {
    pub fn new() -> Self {
        Self(Home::new())
    }

    pub fn home(&self) -> &Home {
        &self.0
    }

    /// The text of the file of keys; empty where there is none yet.
    pub fn allowed(&self) -> String {
        fs::read_to_string(self.0.path("allowed")).unwrap_or_default()
    }

    /// The text of the file of invites.
    pub fn invites(&self) -> String {
        fs::read_to_string(self.0.path("invites")).unwrap()
    }

    /// The options of a server that honours invites.
    pub fn options(&self) -> [String; 5] {
        let [allowed, invites] = ["allowed", "invites"].map(|name| self.0.path(name).to_str().unwrap().to_owned());
        ["--echo".to_owned(), "--allow-file".to_owned(), allowed, "--invites".to_owned(), invites]
    }

    /// Starts a server that honours invites, and reads its address.
    pub fn serve(&self, arguments: &[&str]) -> (Program, String) {
        let options = self.options();
        self.0.serve(&[options.each_ref().map(String::as_str).as_slice(), arguments].concat())
    }

    /// Makes an invite to this address, and returns it.
    pub fn invite(&self, address: &str, arguments: &[&str]) -> String {
        let file = self.0.path("invites");
        self.0.run(&[&["invite", "--invites", file.to_str().unwrap(), address], arguments].concat(), b"").line()
    }

    /// Joins by an invite, which is read from standard input.
    pub fn join(&self, invite: &str, identity: &str) -> Finished {
        self.0.run(&["join", "--address-file", "-", "--identity", identity], invite.as_bytes())
    }
}

/// The first seed in an invite.
pub fn seed(invite: &str) -> &str {
    let (_, layer) = invite.split_once("~shs:").unwrap();
    layer.split(';').next().unwrap().split_once(':').unwrap().1
}
