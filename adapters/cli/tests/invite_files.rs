//! The files behind invites: what is in them stays whole, whatever happens.
#![allow(clippy::unwrap_used)]

mod common;

use common::inviting::{Inviting, seed};
use common::{Program, interrupt};
use std::collections::HashSet;

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
    assert!(failed.failure(1).ends_with("No such file or directory"), "{failed:?}");
}

#[test]
fn invites_made_at_the_same_time_are_all_in_the_file() {
    let case = Inviting::new();
    let (_, key) = case.home().identity("any");
    let file = case.home().path("invites");
    let invite = ["invite", "--invites", file.to_str().unwrap(), &format!("net:h:1~shs:{key}")];
    for round in 1..=5 {
        let makers: Vec<_> = (0..8).map(|_| case.home().start(&invite)).collect();
        for maker in makers {
            let _ = maker.end().line();
        }
        let keys: HashSet<_> =
            case.invites().lines().skip(1).map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
        assert_eq!(keys.len(), round * 8, "{}", case.invites());
    }
    assert_eq!(
        std::fs::read_dir(file.parent().unwrap()).unwrap().count(),
        3,
        "the files of the identity and the invites, and the lock"
    );
}

/// As after a crash of the server between storing the key and using the invite: the client that joined is told so, and
/// no other client joins by that use.
#[test]
fn a_key_that_is_stored_already_takes_no_other_use_and_leaves_none_of_its_own() {
    let case = Inviting::new();
    let (alice, alice_key) = case.home().identity("alice");
    let (bob, _) = case.home().identity("bob");
    let (_server, address) = case.serve(&[]);
    let invite = case.invite(&address, &[]);
    let invites = case.invites();
    let invite_key = invites.lines().last().unwrap().split(' ').nth(1).unwrap();
    let allowed = format!("{alice_key} joined 2026-01-01T00:00:00Z by {invite_key} left 0\n");
    std::fs::write(case.home().path("allowed"), &allowed).unwrap();
    let again = case.join(&invite, &alice);
    assert_eq!((again.status, again.output), (0, format!("{address}\n").into_bytes()), "{}", again.errors);
    assert!(again.errors.contains("knows this key already"), "{}", again.errors);
    assert_eq!((case.allowed(), case.invites()), (allowed.clone(), invites.clone()));
    assert!(case.join(&invite, &bob).failure(4).contains("not joined: the invite is spent"));
    assert_eq!(case.allowed(), allowed);
    assert!(!case.invites().contains("uses"), "{}", case.invites());
}

#[test]
fn what_people_wrote_in_the_files_stays() {
    let case = Inviting::new();
    let (alice, alice_key) = case.home().identity("alice");
    let (bob, bob_key) = case.home().identity("bob");
    let (_server, address) = case.serve(&[]);
    let invite = case.invite(&address, &["--uses", "2"]);
    let (_, line) = case.invites().split_once('\n').map(|(head, line)| (head.to_owned(), line.to_owned())).unwrap();
    let invites = format!("# for the club\n\n{line}  # spare\nnonsense");
    std::fs::write(case.home().path("invites"), &invites).unwrap();
    let allowed = format!("# friends\n\n{bob_key} Bob, at home");
    std::fs::write(case.home().path("allowed"), &allowed).unwrap();
    common::set_mode(&case.home().path("invites"), 0o640);
    assert_eq!(case.join(&invite, &alice).line(), address);
    assert_eq!(case.invites(), format!("{}\n", invites.replace("uses 2", "uses 1")));
    assert_eq!(common::mode(&case.home().path("invites")), 0o640);
    let joined = case.allowed();
    assert!(
        joined.starts_with(&format!("{allowed}\n{alice_key} joined ")) && joined.ends_with(" left 1\n"),
        "{joined}"
    );
    for identity in [alice, bob] {
        assert_eq!(case.home().run(&["connect", "--identity", &identity, &address], b"hello").output, b"hello");
    }
}

#[test]
fn without_room_for_the_key_or_the_invite_neither_changes() {
    let case = Inviting::new();
    let (alice, alice_key) = case.home().identity("alice");
    let _ = case.home().run(&["keygen", case.home().default_identity().to_str().unwrap()], b"");
    let socket = case.home().path("socket");
    let unix = ["--unix", socket.to_str().unwrap()];
    let (server, address) = case.serve(&unix);
    let invite = case.invite(&address, &[]);
    drop(server);
    let (small_allowed, small_invites) = ("# friends\n".to_owned(), case.invites());
    let large_allowed = format!("#{}\n", "-".repeat(500));
    let large_invites = format!("#{}\n{small_invites}", "-".repeat(500));
    for (allowed, invites) in [(&large_allowed, &small_invites), (&small_allowed, &large_invites)] {
        std::fs::write(case.home().path("allowed"), allowed).unwrap();
        std::fs::write(case.home().path("invites"), invites).unwrap();
        let mut server = serve_with_little_room(&case, &unix);
        assert_eq!(server.line(), address);
        let failed = case.join(&invite, &alice);
        assert!(failed.failure(1).contains("the server could not store the key"), "{failed:?}");
        assert!(server.error_line().contains("File too large"));
        assert_eq!((&case.allowed(), &case.invites()), (allowed, invites));
    }
    let (_server, _) = case.serve(&unix);
    assert_eq!(case.join(&invite, &alice).line(), address);
    assert!(case.allowed().contains(&alice_key) && !case.invites().contains("uses"), "{}", case.invites());
}

/// A server whose files may have 512 bytes, and that sees an error when they would have more, as on a full disk.
fn serve_with_little_room(case: &Inviting, arguments: &[&str]) -> Program {
    let mut command = case.home().other_command("sh");
    command.args(["-c", r#"trap "" XFSZ; ulimit -f 1; exec "$@""#, "sh", common::PROGRAM, "serve"]);
    command.args(case.options()).args(arguments);
    Program::start(command)
}

#[test]
fn a_file_of_invites_is_none_of_keys() {
    let case = Inviting::new();
    let (_, key) = case.home().identity("any");
    let address = format!("net:127.0.0.1:1~shs:{key}");
    let invite = case.invite(&address, &[]);
    let file = case.home().path("invites").to_str().unwrap().to_owned();
    let same = case.home().run(&["serve", "--echo", "--allow-file", &file, "--invites", &file], b"");
    assert!(same.failure(2).contains("are the same file"), "{same:?}");
    let yet = case.home().path("yet-to-be-made").to_str().unwrap().to_owned();
    let same = case.home().run(&["serve", "--echo", "--allow-file", &yet, "--invites", &yet], b"");
    assert!(same.failure(2).contains("are the same file"), "{same:?}");
    let (server, address) = case.home().serve(&["--echo", "--allow-file", &file]);
    let guest = format!("{address}:{}", seed(&invite));
    assert_eq!(case.home().run(&["connect", &guest], b"").status, 4);
    drop(server);
    let anyone = case.home().run(&["serve", "--echo", "--allow-anyone", "--invites", &file], b"");
    assert!(anyone.status == 2 && anyone.errors.contains("--allow-anyone"), "{anyone:?}");
}

#[test]
fn the_first_to_join_makes_the_file_of_keys() {
    let case = Inviting::new();
    let (alice, alice_key) = case.home().identity("alice");
    let (server, address) = case.serve(&[]);
    let _ = case.join(&case.invite(&address, &[]), &alice).line();
    assert!(case.allowed().starts_with(&alice_key), "{}", case.allowed());
    interrupt(&server);
    let server = server.finish();
    assert_eq!((server.status, server.errors.as_str()), (0, ""), "a file that is yet to be made is not missed");
}
