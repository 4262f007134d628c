//! Identity files: made once, private, read in both formats.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, mode, set_mode, write_private};
use std::fs;

/// The seed of 32 bytes 1, and the key that grows from it.
const SEED: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const KEY: &str = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=";

/// The key pair of this seed, as ssb programs write it.
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
fn keygen_grows_the_identity_from_a_seed_in_a_file_or_in_standard_input() {
    let home = Home::new();
    let seed = home.path("seed");
    let hex = "01".repeat(32);
    for (number, text) in [SEED, &SEED.replace('=', ""), &hex, &format!("\n {SEED} \r\n\n")].into_iter().enumerate() {
        write_private(&seed, text);
        for (from, input) in [(seed.to_str().unwrap(), ""), ("-", text)] {
            let path = home.path(&format!("{number}{}", input.len()));
            let made = home.run(&["keygen", "--seed", from, path.to_str().unwrap()], input.as_bytes());
            assert_eq!(made.line(), KEY, "{text}");
            assert!(fs::read_to_string(&path).unwrap().ends_with(&format!("\ned25519-seed {SEED}\n")));
            assert_eq!(mode(&path), 0o600);
        }
    }

    let again = home.run(&["keygen", "--seed", "-", seed.to_str().unwrap()], SEED.as_bytes());
    assert!(again.failure(1).contains("never overwritten"), "{again:?}");
    assert!(fs::read_to_string(&seed).unwrap().contains(SEED));
}

#[test]
fn a_wrong_seed_makes_no_identity_and_is_not_repeated() {
    let home = Home::new();
    let path = home.path("made");
    let keygen = |seed: &str, input: &[u8]| home.run(&["keygen", "--seed", seed, path.to_str().unwrap()], input);
    let too_long = SEED.replace('=', "A=");
    let wrong: [(&[u8], i32, &str); 7] = [
        (b"\n", 2, "the seed in standard input is not 32 bytes in base64 or hexadecimal: the key is empty"),
        (too_long.as_bytes(), 2, "has 44"),
        (&SEED.as_bytes()[..42], 2, "has 42"),
        (&[b'g'; 64], 2, "character 0"),
        (SSB_SECRET.as_bytes(), 2, "not 32 bytes"),
        (b"\xff", 1, "cannot read the seed from standard input: stream did not contain valid UTF-8"),
        (&[b'A'; 1 << 20], 1, "longer than 64 KiB"),
    ];
    for (input, status, part) in wrong {
        let failed = keygen("-", input);
        assert!(failed.failure(status).contains(part), "{failed:?}");
        assert!(!failed.errors.contains("AQEBAQ"), "{failed:?}");
        assert_eq!(failed.output, b"");
    }

    let seed = home.path("seed");
    let failed = keygen(seed.to_str().unwrap(), b"");
    assert!(failed.failure(1).contains("No such file"), "{failed:?}");
    write_private(&seed, SEED);
    set_mode(&seed, 0o644);
    let failed = keygen(seed.to_str().unwrap(), b"");
    assert!(failed.failure(1).contains("its mode 0644"), "{failed:?}");

    for seed in [SEED, &"01".repeat(32)] {
        let failed = keygen(seed, b"");
        assert!(failed.failure(2).contains("on the command line"), "{failed:?}");
        assert!(!failed.errors.contains(seed), "{failed:?}");
    }
    assert!(!path.exists());
}

#[test]
fn keygen_writes_the_secret_file_of_ssb_programs() {
    let home = Home::new();
    let path = home.path("secret");
    let arguments = ["keygen", "--format", "ssb", "--seed", "-", path.to_str().unwrap()];
    assert_eq!(home.run(&arguments, SEED.as_bytes()).line(), KEY);
    let json = |text: &str| {
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        serde_json::from_str::<serde_json::Value>(&lines.concat()).unwrap()
    };
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(json(&text), json(SSB_SECRET));
    assert_eq!(mode(&path), 0o600);
    let (_server, address) = home.serve(&["--echo", "--identity", path.to_str().unwrap()]);
    assert!(address.ends_with(&format!("~shs:{KEY}")), "{address}");

    let again = home.run(&arguments, SEED.as_bytes());
    assert!(again.failure(1).contains("never overwritten"), "{again:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
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
    assert!(address.ends_with(&format!("~shs:{KEY}")), "{address}");
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
