//! Identity files: made once, private, read in both formats.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, mode, set_mode, write_private};
use std::fs;

/// The key pair of the seed of 32 bytes 1, as ssb programs write it.
const SSB_SECRET: &str = r#"# this is your SECRET name.
{
  "curve": "ed25519",
  "public": "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=.ed25519",
  "private": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQGKiOPddAnxlf1S2y08ul1yymcJvx2UEhvzdIgBtA9vXA==.ed25519",
  "id": "@iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=.ed25519"
}
"#;

#[test]
fn keygen_makes_a_private_file_and_never_overwrites_it() {
    let home = Home::new();
    let key = home.run(&["keygen"], b"").line();
    let path = home.default_identity();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(&key), "{text}");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);

    let again = home.run(&["keygen"], b"");
    assert!(again.failure(1).contains("never overwritten"), "{again:?}");
    assert_eq!(again.output, b"");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["identity"], "nothing else is left behind");

    let (_server, address) = home.serve(&["--echo"]);
    assert!(address.ends_with(&key), "{address}");
}

#[test]
fn programs_that_start_together_agree_on_one_identity() {
    let home = Home::new();
    let mut servers: Vec<_> = (0..8).map(|_| home.start(&["serve", "--echo"])).collect();
    let mut keys: Vec<_> =
        servers.iter_mut().map(|server| server.line().split_once("~shs:").unwrap().1.to_owned()).collect();
    keys.dedup();
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert_eq!(mode(&home.default_identity()), 0o600);
}

#[test]
fn the_secret_file_of_an_ssb_program_is_an_identity() {
    let home = Home::new();
    let path = home.path("secret");
    write_private(&path, SSB_SECRET);
    let (_server, address) = home.serve(&["--echo", "--identity", path.to_str().unwrap()]);
    assert!(address.ends_with("~shs:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="), "{address}");
}

#[test]
fn an_identity_that_is_missing_open_to_others_or_no_identity_is_refused() {
    let home = Home::new();
    let missing = home.path("missing");
    let failed = home.run(&["serve", "--identity", missing.to_str().unwrap()], b"");
    assert!(failed.failure(1).contains("No such file"), "{failed:?}");
    assert!(!missing.exists());

    let (path, _) = home.identity("open");
    for wrong in [0o640, 0o604, 0o620] {
        set_mode(path.as_ref(), wrong);
        let failed = home.run(&["serve", "--identity", &path], b"");
        assert!(failed.failure(1).contains(&format!("its mode {wrong:04o}")), "{failed:?}");
        assert_eq!(failed.output, b"");
    }

    let other = home.path("other");
    write_private(&other, "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=\n");
    let failed = home.run(&["connect", "--identity", other.to_str().unwrap(), "net:h:1"], b"");
    assert!(failed.failure(1).contains("neither"), "{failed:?}");
    assert!(!failed.errors.contains("gfhWsB"), "{failed:?}");
}
