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
