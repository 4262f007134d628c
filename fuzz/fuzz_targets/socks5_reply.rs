//! A proxy answers any bytes, in any pieces: the client ends with a connection or an error, and never reads past its
//! reply.
#![no_main]

use libfuzzer_sys::fuzz_target;
use multiserver_core::handshake::{Handshake, Step};
use multiserver_core::socks5::{Bound, Connect, Credentials, Error, Target};

fuzz_target!(|input: (bool, &[u8], &[u8])| {
    let (with_password, answers, pieces) = input;
    let in_pieces = dialogue(with_password, answers, pieces);
    assert_eq!(in_pieces, dialogue(with_password, answers, &[]));
    let (result, read) = in_pieces;
    match result {
        Ok(bound) => {
            let authentication = if with_password { 4 } else { 2 };
            let address = match &bound {
                Bound::Ip(address) if address.is_ipv4() => 4,
                Bound::Ip(_) => 16,
                Bound::Name(name, _) => 1 + name.len(),
            };
            assert_eq!(read, authentication + 4 + address + 2);
            assert!(!bound.to_string().is_empty());
        }
        Err(Error::Closed(_)) => assert_eq!(read, answers.len()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

/// Answers in these pieces, and returns the result and how many bytes were read.
fn dialogue(with_password: bool, answers: &[u8], pieces: &[u8]) -> (Result<Bound, Error>, usize) {
    let target = Target::new("host.example", 8008).unwrap();
    let credentials = Credentials::new("user", "password").unwrap();
    let mut machine = Connect::new(target, with_password.then_some(&credentials));
    let mut pieces = pieces.iter().map(|piece| usize::from(*piece).max(1)).cycle();
    let mut read = 0;
    let result = loop {
        match machine.step() {
            Ok(Step::Write(step)) => step.advance(pieces.next().unwrap_or(usize::MAX)),
            Ok(Step::Flush(step)) => step.done(),
            Ok(Step::Read(mut step)) => {
                let rest = &answers[read..];
                let count = step.buffer().len().min(rest.len()).min(pieces.next().unwrap_or(usize::MAX));
                step.buffer()[..count].copy_from_slice(&rest[..count]);
                step.advance(count);
                read += count;
                if count == 0 {
                    break Err(machine.end_of_input());
                }
            }
            Ok(Step::Done(bound)) => break Ok(bound),
            Err(error) => break Err(error),
        }
    };
    assert!(matches!(machine.step(), Err(Error::Finished)));
    (result, read)
}
