//! The SOCKS5 client against every answer a proxy can give, in every split and truncation.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::socks5::{
    Bound, Connect, Credentials, CredentialsLength, Error, Refusal, Stage, Target, TargetError,
};
use std::collections::HashSet;

const SUCCESS: [u8; 10] = [5, 0, 0, 1, 127, 0, 0, 1, 0x1f, 0x90];

/// Runs a dialogue with at most `piece` bytes moved at once, and returns what was written, the result, and the rest of
/// `answers` that was not read.
fn dialogue<'a>(
    machine: &mut Connect,
    mut answers: &'a [u8],
    piece: usize,
) -> (Vec<u8>, Result<Bound, Error>, &'a [u8]) {
    let mut written = Vec::new();
    let mut flushed = true;
    loop {
        match machine.step() {
            Ok(Step::Write(step)) => {
                let count = step.bytes().len().min(piece);
                written.extend_from_slice(&step.bytes()[..count]);
                step.advance(count);
                flushed = false;
            }
            Ok(Step::Flush(step)) => {
                step.done();
                flushed = true;
            }
            Ok(Step::Read(mut step)) => {
                assert!(flushed);
                let count = step.buffer().len().min(piece).min(answers.len());
                if count == 0 {
                    let error = machine.end_of_input();
                    return (written, Err(error), answers);
                }
                step.buffer()[..count].copy_from_slice(&answers[..count]);
                step.advance(count);
                answers = &answers[count..];
            }
            Ok(Step::Done(bound)) => return (written, Ok(bound), answers),
            Err(error) => return (written, Err(error), answers),
        }
    }
}

fn target() -> Target {
    Target::new("host.example", 8008).unwrap()
}

fn credentials() -> Credentials {
    Credentials::new("alice", "secret").unwrap()
}

fn plain() -> Connect {
    Connect::new(target(), None)
}

fn with_password() -> Connect {
    Connect::new(target(), Some(&credentials()))
}

fn bound() -> Bound {
    Bound::Ip("127.0.0.1:8080".parse().unwrap())
}

fn over(machine: &mut Connect) -> bool {
    matches!(machine.step(), Err(Error::Finished)) && machine.end_of_input() == Error::Finished
}

#[test]
fn requests_are_those_of_the_rfcs() {
    let answers = [&[5, 0][..], &SUCCESS].concat();
    let cases: [(Target, Vec<u8>); 4] = [
        (target(), [&b"\x03\x0chost.example"[..], &[0x1f, 0x48]].concat()),
        (Target::new("10.1.2.3", 65_535).unwrap(), vec![1, 10, 1, 2, 3, 0xff, 0xff]),
        (Target::new("::1", 0).unwrap(), [&[4][..], &[0; 15], &[1, 0, 0]].concat()),
        (
            "[fe80::2%3]:1"
                .parse::<std::net::SocketAddrV6>()
                .map(|address| Target::from(std::net::SocketAddr::V6(address)))
                .unwrap(),
            [&[4, 0xfe, 0x80][..], &[0; 13], &[2, 0, 1]].concat(),
        ),
    ];
    for (target, address) in cases {
        for piece in [1, 2, 3, 1000] {
            let mut machine = Connect::new(target.clone(), None);
            let (written, result, rest) = dialogue(&mut machine, &answers, piece);
            assert_eq!(written, [&[5, 1, 0, 5, 1, 0][..], &address].concat());
            assert_eq!((result, rest), (Ok(bound()), &[][..]));
            assert!(over(&mut machine));
        }
    }
}

#[test]
fn a_user_and_password_are_the_only_method_offered_with_them() {
    let answers = [&[5, 2, 1, 0][..], &SUCCESS].concat();
    for piece in [1, 2, 3, 1000] {
        let (written, result, _) = dialogue(&mut with_password(), &answers, piece);
        let expected =
            [&[5, 1, 2][..], b"\x01\x05alice\x06secret", b"\x05\x01\x00\x03\x0chost.example\x1f\x48"].concat();
        assert_eq!((written, result), (expected, Ok(bound())));
    }
    let (written, result, _) = dialogue(&mut with_password(), &[5, 0], 9);
    assert_eq!((written, result), (vec![5, 1, 2], Err(Error::UnofferedMethod(0))));
}

#[test]
fn a_password_may_be_empty() {
    let credentials = Credentials::new("alice", "").unwrap();
    let mut machine = Connect::new(Target::new("host.example", 8008).unwrap(), Some(&credentials));
    let (written, result, _) = dialogue(&mut machine, &[&[5, 2, 1, 0][..], &SUCCESS].concat(), 7);
    assert!(written.starts_with(b"\x05\x01\x02\x01\x05alice\x00\x05"), "{written:?}");
    assert_eq!(result, Ok(bound()));
}

#[test]
fn the_longest_credentials_and_names_fit() {
    let (user, password, name) = ([b'u'; 255], [b'p'; 255], "n".repeat(255));
    let credentials = Credentials::new(user, password).unwrap();
    let mut machine = Connect::new(Target::new(&name, 1).unwrap(), Some(&credentials));
    let (written, result, _) = dialogue(&mut machine, &[&[5, 2, 1, 0][..], &SUCCESS].concat(), 7);
    let head = [&[5, 1, 2, 1, 255][..], &user, &[255], &password].concat();
    assert_eq!(written, [&head[..], &[5, 1, 0, 3, 255], name.as_bytes(), &[0, 1]].concat());
    assert_eq!(result, Ok(bound()));
}

#[test]
fn the_end_at_any_byte_names_the_stage() {
    let answers = [&[5, 2, 1, 0][..], &SUCCESS].concat();
    for end in 0..answers.len() {
        let mut machine = with_password();
        let (_, result, _) = dialogue(&mut machine, &answers[..end], 1);
        let stage = match end {
            0..2 => Stage::Method,
            2..4 => Stage::Authentication,
            _ => Stage::Reply,
        };
        assert_eq!(result, Err(Error::Closed(stage)), "cut after {end} bytes");
        assert!(over(&mut machine));
    }
}

#[test]
fn every_reply_code_has_its_own_text_and_needs_no_address() {
    let mut texts = HashSet::new();
    for code in 1..=255 {
        let answers = [5, 0, 5, code];
        let mut machine = plain();
        let (_, result, rest) = dialogue(&mut machine, &answers, 1);
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{error:?}");
        let unknown = error == Error::Refused(Refusal::Unknown(code));
        assert_eq!(unknown, !matches!(code, 1..=8 | 0xf0..=0xf7));
        assert!(texts.insert(error.to_string()));
        assert!(rest.is_empty() && over(&mut machine));
    }
    assert_eq!(texts.len(), 255);
    let (_, result, _) = dialogue(&mut plain(), &[5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0], 100);
    assert_eq!(result, Err(Error::Refused(Refusal::ConnectionRefused)));
}

#[test]
fn what_follows_the_reply_is_not_read() {
    for piece in [1, 5, 1000] {
        let answers = [&[5, 0][..], &SUCCESS, b"from the target"].concat();
        let (_, result, rest) = dialogue(&mut plain(), &answers, piece);
        assert_eq!((result, rest), (Ok(bound()), &b"from the target"[..]));
    }
}

#[test]
fn wrong_versions_are_errors() {
    for found in (0..=255).filter(|found| *found != 5) {
        let wrong = |stage, expected| Err(Error::Version { stage, found, expected });
        assert_eq!(dialogue(&mut plain(), &[found, 0], 9).1, wrong(Stage::Method, 5));
        assert_eq!(dialogue(&mut plain(), &[5, 0, found, 0], 9).1, wrong(Stage::Reply, 5));
    }
    for found in (0..=255).filter(|found| *found != 1) {
        let wrong = Err(Error::Version { stage: Stage::Authentication, found, expected: 1 });
        assert_eq!(dialogue(&mut with_password(), &[5, 2, found, 0], 9).1, wrong);
    }
}

#[test]
fn methods_that_were_not_offered_are_errors() {
    for method in 1..=254 {
        assert_eq!(dialogue(&mut plain(), &[5, method], 9).1, Err(Error::UnofferedMethod(method)));
    }
    assert_eq!(dialogue(&mut plain(), &[5, 0xff], 9).1, Err(Error::AuthenticationRequired));
    assert_eq!(dialogue(&mut with_password(), &[5, 0xff], 9).1, Err(Error::AuthenticationUnsupported));
}

#[test]
fn refused_credentials_are_an_error_before_the_request() {
    for status in 1..=255 {
        let (written, result, _) = dialogue(&mut with_password(), &[5, 2, 1, status], 9);
        assert_eq!(result, Err(Error::WrongCredentials(status)));
        assert!(written.ends_with(b"secret"));
    }
}

#[test]
fn malformed_replies_are_errors() {
    for byte in 0..=255 {
        let reserved = dialogue(&mut plain(), &[5, 0, 5, 0, byte, 1, 127, 0, 0, 1, 0x1f, 0x90], 9).1;
        assert_eq!(reserved, if byte == 0 { Ok(bound()) } else { Err(Error::Reserved(byte)) });
        if !matches!(byte, 1 | 3 | 4) {
            assert_eq!(dialogue(&mut plain(), &[5, 0, 5, 0, 0, byte, 0], 9).1, Err(Error::AddressForm(byte)));
        }
        let name = dialogue(&mut plain(), &[5, 0, 5, 0, 0, 3, 2, b'a', byte, 0, 1], 9).1;
        let legal = byte.is_ascii_graphic();
        let expected = if legal { Ok(Bound::Name(format!("a{}", char::from(byte)), 1)) } else { Err(Error::BoundName) };
        assert_eq!(name, expected);
    }
}

#[test]
fn a_bound_name_has_any_length_and_a_bound_address_any_form() {
    for length in 0..=255_u8 {
        let name = "n".repeat(usize::from(length));
        let answers = [&[5, 0, 5, 0, 0, 3, length][..], name.as_bytes(), &[1, 2], b"rest"].concat();
        for piece in [1, 100, 1000] {
            let (_, result, rest) = dialogue(&mut plain(), &answers, piece);
            assert_eq!((result, rest), (Ok(Bound::Name(name.clone(), 0x102)), &b"rest"[..]));
        }
    }
    let answers = [&[5, 0, 5, 0, 0, 4][..], &[0x20; 16], &[0, 80]].concat();
    let (_, result, _) = dialogue(&mut plain(), &answers, 1);
    assert_eq!(result.unwrap().to_string(), "[2020:2020:2020:2020:2020:2020:2020:2020]:80");
}

#[test]
fn hosts_that_are_no_names_are_the_callers_error() {
    assert_eq!(Target::new("", 1), Err(TargetError::Length(0)));
    assert_eq!(Target::new(&"n".repeat(256), 1), Err(TargetError::Length(256)));
    for (host, found, offset) in
        [("a b", ' ', 1), ("[::1]", '[', 0), ("höst", 'ö', 1), ("h:1", ':', 1), ("a\0", '\0', 1)]
    {
        assert_eq!(Target::new(host, 1), Err(TargetError::Character { found, offset }));
    }
    assert_eq!(Target::new("xn--hst-sna.example.", 1).unwrap().to_string(), "xn--hst-sna.example.:1");
    assert_eq!(Target::new("::1", 1).unwrap().to_string(), "[::1]:1");
}

#[test]
fn credentials_have_255_bytes_each_at_most_and_stay_out_of_sight() {
    assert_eq!(Credentials::new("", "p").unwrap_err(), CredentialsLength(0));
    assert_eq!(Credentials::new([b'u'; 256], "p").unwrap_err(), CredentialsLength(256));
    assert_eq!(Credentials::new("u", [b'p'; 256]).unwrap_err(), CredentialsLength(256));
    assert_eq!(format!("{:?}", credentials()), "Credentials(..)");
    let mut machine = with_password();
    for _ in 0..3 {
        let debug = format!("{machine:?}");
        assert!(debug.contains("Method") && !debug.contains("secret"), "{debug}");
        if let Ok(Step::Write(step)) = machine.step() {
            step.advance(usize::MAX);
        }
    }
}
