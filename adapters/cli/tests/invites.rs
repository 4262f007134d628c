//! `invite` and `join`: the holder of an invite adds keys to the server's, as many as the invite says.
#![allow(clippy::unwrap_used)]

mod common;

use common::inviting::{Inviting, seed};

#[test]
fn one_key_joins_by_an_invite_and_comes_without_it_from_then_on() {
    let case = Inviting::new();
    let (alice, alice_key) = case.home().identity("alice");
    let (bob, bob_key) = case.home().identity("bob");
    let (_server, address) = case.serve(&[]);
    let invite = case.invite(&address, &[]);
    assert_eq!(invite, format!("{address}:{}", seed(&invite)));
    assert_eq!(seed(&invite).len(), 44);
    assert!(case.invites().contains(" uses 1\n") && !case.invites().contains(seed(&invite)), "{}", case.invites());
    let connect = |identity: &str| case.home().run(&["connect", "--identity", identity, &address], b"hello");
    assert_eq!(connect(&alice).status, 4);

    assert_eq!(case.join(&invite, &alice).line(), address);
    assert!(case.allowed().starts_with(&format!("{alice_key} joined ")), "{}", case.allowed());
    assert!(!case.invites().contains("uses"), "{}", case.invites());
    assert_eq!(connect(&alice).output, b"hello");
    for file in ["allowed", "invites"] {
        assert_eq!(common::mode(&case.home().path(file)), 0o600, "{file}");
    }

    let before = (case.allowed(), case.invites());
    let late = case.join(&invite, &bob);
    assert!(late.failure(4).contains("not joined: the invite is spent"), "{late:?}");
    assert_eq!(late.output, b"");
    assert!(!case.allowed().contains(&bob_key));
    assert_eq!(connect(&bob).status, 4);
    let again = case.join(&invite, &alice);
    assert_eq!((again.status, again.output), (0, format!("{address}\n").into_bytes()));
    assert!(again.errors.contains("knows this key already"), "{}", again.errors);
    assert_eq!((case.allowed(), case.invites()), before);
}

#[test]
fn as_many_keys_join_as_the_invite_says() {
    let case = Inviting::new();
    let (_server, address) = case.serve(&[]);
    let invite = case.invite(&address, &["--uses", "3"]);
    for (left, name) in ["one", "two", "three"].into_iter().zip(["uses 2", "uses 1", ""]) {
        let (identity, key) = case.home().identity(left);
        assert_eq!(case.join(&invite, &identity).line(), address);
        assert!(case.allowed().contains(&key) && case.invites().contains(name), "{}", case.invites());
    }
    let (fourth, _) = case.home().identity("four");
    assert!(case.join(&invite, &fourth).failure(4).contains("ask for another"));
    assert_eq!(case.allowed().lines().count(), 3);
}

#[test]
fn an_invite_ends_with_its_time() {
    let case = Inviting::new();
    let (alice, _) = case.home().identity("alice");
    let (_server, address) = case.serve(&[]);
    let over = case.invite(&address, &["--expires", "0s"]);
    let message = case.join(&over, &alice).failure(4).to_owned();
    assert!(message.contains("hint: the invite may be spent or have expired"), "{message}");
    assert_eq!(case.allowed(), "");
    let lasting = case.invite(&address, &["--expires", "1h"]);
    assert_eq!(case.invites().matches(" expires ").count(), 1, "the one that is over goes: {}", case.invites());
    assert_eq!(case.join(&lasting, &alice).line(), address);
}

#[test]
fn of_all_who_use_an_invite_at_the_same_time_one_joins() {
    let case = Inviting::new();
    let (_server, address) = case.serve(&[]);
    let invite = case.home().path("invite");
    common::write_private(&invite, &case.invite(&address, &[]));
    let identities: Vec<_> = (0..10).map(|number| case.home().identity(&format!("racer-{number}"))).collect();
    let join = |identity: &str| {
        case.home().start(&["join", "--address-file", invite.to_str().unwrap(), "--identity", identity])
    };
    let racers: Vec<_> = identities.iter().map(|(identity, _)| join(identity)).collect();
    let mut joined = Vec::new();
    for (racer, (_, key)) in racers.into_iter().zip(&identities) {
        let finished = racer.end();
        if finished.status == 0 {
            assert_eq!(finished.line(), address);
            joined.push(key);
        } else {
            let message = finished.failure(4);
            assert!(message.contains("refused") || message.contains("not joined: the invite is spent"), "{message}");
        }
    }
    assert_eq!(joined.len(), 1, "{joined:?}");
    let allowed = case.allowed();
    assert!(allowed.starts_with(joined[0]) && allowed.lines().count() == 1, "{allowed}");
}

#[test]
fn one_key_that_joins_many_times_at_once_joins_once_and_always_learns_the_address() {
    let case = Inviting::new();
    let (alice, _) = case.home().identity("alice");
    let (_server, address) = case.serve(&[]);
    let invite = case.home().path("invite");
    common::write_private(&invite, &case.invite(&address, &[]));
    let join = ["join", "--address-file", invite.to_str().unwrap(), "--identity", &alice];
    let racers: Vec<_> = (0..10).map(|_| case.home().start(&join)).collect();
    for racer in racers {
        let finished = racer.end();
        assert_eq!((finished.status, finished.output), (0, format!("{address}\n").into_bytes()), "{}", finished.errors);
    }
    assert_eq!(case.allowed().lines().count(), 1);
}

#[test]
fn an_invite_with_several_addresses_is_used_once_by_the_first_that_works() {
    let case = Inviting::new();
    let (alice, alice_key) = case.home().identity("alice");
    let (_server, address) = case.serve(&["--ws", "127.0.0.1:0", "--net", "127.0.0.1:0"]);
    let (_, key) = address.rsplit_once(':').unwrap();
    let invite = case.invite(&format!("net:127.0.0.1:1~shs:{key};{address}"), &["--uses", "2"]);
    assert_eq!(invite.matches(seed(&invite)).count(), 3, "one in each");
    assert!(invite.contains(";net:127.0.0.1:") && invite.contains(";ws://127.0.0.1:"));
    let joined = case.join(&invite, &alice);
    assert_eq!(joined.line(), format!("net:127.0.0.1:1~shs:{key};{address}"));
    assert!(case.invites().contains("uses 1") && case.allowed().contains(&alice_key), "{}", case.invites());
    let connect = ["connect", "--identity", &alice, &joined.line()];
    assert_eq!(case.home().run(&connect, b"hello").output, b"hello");
}

#[test]
fn a_seed_is_shown_by_the_invite_alone() {
    let case = Inviting::new();
    let (alice, _) = case.home().identity("alice");
    let (bob, _) = case.home().identity("bob");
    let (server, address) = case.serve(&["-vvv"]);
    let (_, other) = case.home().identity("other");
    let invite = case.invite(&address, &["-vvv"]);
    let start = seed(&invite).get(..20).unwrap();
    let join = ["join", "-vvv", "--address-file", "-", "--identity"];
    let joins = [
        (invite.clone(), &alice, 0),
        (invite.clone(), &alice, 0),
        (invite.clone(), &bob, 4),
        (invite.replace(seed(&invite), &format!("{}*", seed(&invite))), &bob, 2),
        (invite.replace("~shs:", "~shs2:"), &bob, 2),
        (common::with_key(&address, &format!("{other}:{}", seed(&invite))), &bob, 4),
    ];
    for (text, identity, status) in &joins {
        let joined = case.home().run(&[join.as_slice(), &[identity]].concat(), text.as_bytes());
        assert_eq!(joined.status, *status, "{joined:?}");
        let said = format!("{}{}", joined.errors, String::from_utf8(joined.output).unwrap());
        assert!(!said.contains(start), "{said}");
    }
    let client = case.home().run(&["connect", "-vvv", "--address-file", "-"], invite.as_bytes());
    assert!(!client.errors.contains(seed(&invite)), "{}", client.errors);
    common::interrupt(&server);
    let server = server.finish();
    assert!(server.errors.contains(" joined by the invite "), "{}", server.errors);
    assert!(!server.errors.contains(start), "{}", server.errors);
}

#[test]
fn what_is_no_invite_is_refused() {
    let case = Inviting::new();
    let (alice, key) = case.home().identity("alice");
    let (_server, address) = case.serve(&[]);
    let file = case.home().path("invites");
    let invite = ["invite", "--invites", file.to_str().unwrap()];
    let wrong = |arguments: &[&str]| case.home().run(&[invite.as_slice(), arguments].concat(), b"");
    assert!(wrong(&["net:h:1"]).failure(2).contains("needs an address with shs"));
    for far in ["9000years", "99999999999years"] {
        assert!(wrong(&["--expires", far, &address]).failure(2).contains("behind the year 9999"), "{far}");
    }
    for arguments in [["--uses", "0"], ["--uses", "-1"], ["--expires", "soon"], ["--expires", "-1s"]] {
        assert_eq!(wrong(&[arguments.as_slice(), &[&address]].concat()).status, 2, "{arguments:?}");
    }
    assert!(!file.exists(), "nothing is written for an invite that is not printed");
    assert!(case.join(&address, &alice).failure(2).contains("this address is no invite"));
    let real = case.invite(&address, &[]);
    let foreign = real.replace(seed(&real), &key);
    assert!(case.join(&foreign, &alice).failure(4).contains("hint: "));
    let nowhere = real.replace(&address, &common::with_key("net:127.0.0.1:1~shs:", &key));
    assert!(case.join(&nowhere, &alice).failure(3).contains("nobody listens there"));
    assert_eq!(case.allowed(), "");
    let serve = case.home().run(&["serve", "--echo", "--invites", file.to_str().unwrap()], b"");
    assert!(serve.status == 2 && serve.errors.contains("--allow-file"), "{serve:?}");
}

/// A client that joins again learns it over the invited connection, without a connection with its own key, which the
/// server would serve.
#[test]
fn joining_again_is_no_visit() {
    let case = Inviting::new();
    let options = case.options();
    let options: Vec<_> = options.iter().map(String::as_str).filter(|option| *option != "--echo").collect();
    let (mut server, address) = case.home().serve(&options);
    server.send(b"for alice\n");
    let (alice, _) = case.home().identity("alice");
    let invite = case.invite(&address, &[]);
    for _ in 0..2 {
        let joined = case.join(&invite, &alice);
        assert_eq!((joined.status, joined.output), (0, format!("{address}\n").into_bytes()), "{}", joined.errors);
    }
    let mut visit = case.home().start(&["connect", "--identity", &alice, &address]);
    assert_eq!(visit.line(), "for alice");
}

#[test]
fn an_invite_is_put_into_a_new_file_that_is_closed_to_others() {
    let case = Inviting::new();
    let (alice, alice_key) = case.home().identity("alice");
    let (_server, address) = case.serve(&[]);
    let [file, invites] = ["for-alice", "invites"].map(|name| case.home().path(name));
    let invite = |output: &std::path::Path| {
        let output = output.to_str().unwrap();
        let invite = ["invite", "--invites", invites.to_str().unwrap(), "--output", output, &address];
        case.home().run(&invite, b"")
    };
    let nowhere = invite(&case.home().path("no/such/directory"));
    assert!(nowhere.failure(1).contains("for the invite: "), "{nowhere:?}");
    assert!(!invites.exists(), "nothing is written for an invite that is nowhere");
    let made = invite(&file);
    assert_eq!((made.status, made.output.as_slice(), made.errors.as_str()), (0, b"".as_slice(), ""));
    assert_eq!(common::mode(&file), 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("{address}:{}\n", seed(text.trim_end())));

    let before = case.invites();
    let again = invite(&file);
    assert!(again.failure(1).contains("for-alice exists already"), "{again:?}");
    assert_eq!((case.invites(), std::fs::read_to_string(&file).unwrap()), (before, text));
    let join = ["join", "--address-file", file.to_str().unwrap(), "--identity", &alice];
    assert_eq!(case.home().run(&join, b"").line(), address);
    assert!(case.allowed().starts_with(&alice_key), "{}", case.allowed());
}
