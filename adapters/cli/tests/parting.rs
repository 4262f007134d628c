//! Connections that end while the peer still sends.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, pattern};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixListener;

const NET: [&str; 2] = ["--net", "127.0.0.1:0"];
const WS: [&str; 2] = ["--ws", "127.0.0.1:0"];

/// How many bytes the answers have: more than the sockets hold on their way.
const LENGTH: usize = 5_000_000;

/// How often each case is tried, since its course depends on which side is faster.
const TIMES: usize = 5;

#[test]
fn an_answer_is_whole_when_the_program_does_not_read_the_question_to_its_end() {
    let home = Home::new();
    let question = pattern(3 * 1024 * 1024);
    for transport in [NET, WS] {
        for (end, status) in [("", 0), ("; exec <&-; kill -9 $$", 1)] {
            let script = format!("head -c 10 >&2; head -c {LENGTH} /dev/zero{end}");
            let options = [transport.as_slice(), &["--allow-anyone", "--exec", "sh", "-c", &script]].concat();
            let (_server, address) = home.serve(&options);
            for _ in 0..TIMES {
                let client = home.run(&["connect", &address], &question);
                assert_eq!(client.status, status, "{transport:?}{end}: {}", client.errors);
                assert_eq!(client.output.len(), LENGTH, "{transport:?}{end}: {}", client.errors);
            }
        }
    }
}

/// The program's child holds the pipe open, and does not read from it.
#[test]
fn a_question_goes_out_when_nobody_reads_it_and_somebody_could() {
    let home = Home::new();
    let script = "exec 3<&0; sleep 60 <&3 >&- 2>&- & echo answer";
    let (_server, address) = home.serve(&["--allow-anyone", "--exec", "sh", "-c", script]);
    // More than the sockets hold.
    let client = home.run(&["connect", &address], &pattern(16 * 1024 * 1024));
    assert_eq!((client.status, client.errors.as_str()), (0, ""));
    assert_eq!(client.output, b"answer\n");
}

#[test]
fn an_answer_is_whole_when_the_service_reads_no_more() {
    let home = Home::new();
    let path = home.path("service");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.read_exact(&mut [0; 10]).unwrap();
            stream.shutdown(Shutdown::Read).unwrap();
            // What has come by then would reset a Unix socket too.
            stream.read_to_end(&mut Vec::new()).unwrap();
            stream.write_all(&vec![0; LENGTH]).unwrap();
        }
    });
    let to = format!("unix:{}", path.display());
    for transport in [NET, WS] {
        let options = [transport.as_slice(), &["--allow-anyone", "--to", &to]].concat();
        let (mut server, address) = home.serve(&options);
        for _ in 0..TIMES {
            let client = home.run(&["connect", &address], &pattern(3 * 1024 * 1024));
            assert_eq!((client.status, client.errors.as_str()), (0, ""), "{transport:?}");
            assert_eq!(client.output.len(), LENGTH, "{transport:?}");
            assert!(server.error_line().contains("Broken pipe"));
        }
    }
}
