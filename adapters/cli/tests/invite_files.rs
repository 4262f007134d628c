//! The files behind invites: what is in them stays whole, whatever happens.
#![allow(clippy::unwrap_used)]

mod common;

use common::inviting::Inviting;

#[test]
fn what_is_not_a_regular_file_is_not_replaced_by_one() {
    let case = Inviting::new();
    let (_, key) = case.home().identity("any");
    let fifo = case.home().path("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let address = format!("net:h:1~shs:{key}");
    let invite = case.home().run(&["invite", "--invites", fifo.to_str().unwrap(), &address], b"");
    assert!(invite.failure(1).contains("not a regular file"), "{invite:?}");
    assert!(std::os::unix::fs::FileTypeExt::is_fifo(&std::fs::metadata(fifo).unwrap().file_type()));
}

#[test]
fn a_file_of_invites_does_not_grow_beyond_what_is_read() {
    let case = Inviting::new();
    let (_, key) = case.home().identity("any");
    let file = case.home().path("invites");
    let full = format!("#{}\n", "-".repeat(1024 * 1024 - 10));
    std::fs::write(&file, &full).unwrap();
    let address = format!("net:h:1~shs:{key}");
    let invite = ["invite", "--invites", file.to_str().unwrap(), &address];
    assert!(case.home().run(&invite, b"").failure(1).contains("it is full: it may have 1024 KiB"));
    assert!(case.invites() == full);
    let nowhere = case.home().path("no/such/directory");
    let failed = case.home().run(&["invite", "--invites", nowhere.to_str().unwrap(), &address], b"");
    assert!(failed.failure(1).ends_with("(os error 2)"), "{failed:?}");
}
