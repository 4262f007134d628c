//! Many bytes: both ways at once, by every way through the program, and when one side is killed amid them.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT, Program};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::ChildStdin;
use std::thread;

/// How many bytes go each way.
const LENGTH: u64 = 100 * 1024 * 1024;

/// The seed of what the client says.
const CLIENT: u64 = 1;

/// The seed of what the server says.
const SERVER: u64 = 2;

/// Bytes that look random, the same for the same seed, without an end.
struct Random {
    random: fastrand::Rng,
    block: Vec<u8>,
    read: usize,
}

impl Random {
    fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), block: vec![0; 64 * 1024], read: 64 * 1024 }
    }
}

impl Read for Random {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.block.len() {
            self.random.fill(&mut self.block);
            self.read = 0;
        }
        let count = self.block.get(self.read..).unwrap().read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

/// Compares what comes, chunk by chunk, with the bytes of this seed, and returns how many came until the end.
fn compare(seed: u64, mut next: impl FnMut() -> Option<Vec<u8>>) -> u64 {
    let (mut expected, mut total) = (Random::new(seed), 0);
    while let Some(chunk) = next() {
        let mut same = vec![0; chunk.len()];
        expected.read_exact(&mut same).unwrap();
        assert!(chunk == same, "another byte than was sent, {total} or more behind the start");
        total += u64::try_from(chunk.len()).unwrap();
    }
    total
}

/// Sends all the bytes of this seed, and ends the stream.
fn feed(seed: u64, mut stdin: ChildStdin) {
    let sent = io::copy(&mut Random::new(seed).take(LENGTH), &mut stdin).unwrap();
    assert_eq!(sent, LENGTH);
}

/// Sends and receives all the bytes over TCP, each direction with its own end.
fn exchange(stream: &TcpStream, sends: u64, receives: u64) {
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut stream = stream;
            assert_eq!(io::copy(&mut Random::new(sends).take(LENGTH), &mut stream).unwrap(), LENGTH);
            stream.shutdown(Shutdown::Write).unwrap();
        });
        assert_eq!(compare(receives, || next_of(stream)), LENGTH);
    });
}

fn next_of(mut stream: &TcpStream) -> Option<Vec<u8>> {
    let mut chunk = vec![0; 64 * 1024];
    let count = stream.read(&mut chunk).unwrap();
    chunk.truncate(count);
    (count > 0).then_some(chunk)
}

/// Sends and receives all the bytes by a program's standard streams, and sees it end well.
fn exchange_by(mut program: Program, sends: u64, receives: u64) {
    let stdin = program.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || feed(sends, stdin));
        assert_eq!(compare(receives, || program.chunk()), LENGTH);
    });
    let program = program.finish();
    assert_eq!((program.status, program.errors.as_str()), (0, ""));
}

#[test]
fn standard_streams_carry_both_directions_at_once() {
    let home = Home::new();
    for transport in ["--net", "--ws"] {
        let (server, address) = home.serve(&[transport, "127.0.0.1:0"]);
        let client = home.start(&["connect", &address]);
        thread::scope(|scope| {
            scope.spawn(|| exchange_by(server, SERVER, CLIENT));
            exchange_by(client, CLIENT, SERVER);
        });
    }
}

#[test]
fn forward_and_a_service_carry_both_directions_at_once() {
    let home = Home::new();
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = service.local_addr().unwrap().to_string();
    let (_server, address) = home.serve(&["--to", &to, "--allow-anyone"]);
    let mut forward = home.start(&["forward", &address]);
    let client = TcpStream::connect(forward.line()).unwrap();
    let (service, _) = service.accept().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| exchange(&service, SERVER, CLIENT));
        exchange(&client, CLIENT, SERVER);
    });
}

#[test]
fn a_client_that_is_killed_amid_its_bytes_leaves_the_server_to_others() {
    let home = Home::new();
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = service.local_addr().unwrap().to_string();
    let (mut server, address) = home.serve(&["--to", &to, "--allow-anyone"]);
    let mut client = home.start(&["connect", &address]);
    let mut stdin = client.stdin.take().unwrap();
    // Ends by an error, when the client is gone.
    let feeding = thread::spawn(move || io::copy(&mut Random::new(CLIENT), &mut stdin).unwrap_err().kind());
    let (mut first, _) = service.accept().unwrap();
    first.read_exact(&mut vec![0; 1024 * 1024]).unwrap();
    client.kill();
    assert_eq!(feeding.join().unwrap(), ErrorKind::BrokenPipe);
    let end = io::copy(&mut first, &mut io::sink()).unwrap_err();
    assert_eq!(end.kind(), ErrorKind::ConnectionReset, "the service knows that something is missing");
    let line = server.error_line();
    assert!(line.contains("ended early") && line.contains("may be incomplete"), "{line}");

    let mut client = home.start(&["connect", &address]);
    let (mut second, _) = service.accept().unwrap();
    second.write_all(b"hello\n").unwrap();
    assert_eq!(client.line(), "hello");
}

#[test]
fn a_server_that_is_killed_amid_its_bytes_is_a_failure_of_the_client() {
    let home = Home::new();
    let (mut server, address) = home.serve(&[]);
    let mut client = home.start(&["connect", &address]);
    let mut stdin = server.stdin.take().unwrap();
    let feeding = thread::spawn(move || io::copy(&mut Random::new(SERVER), &mut stdin).unwrap_err().kind());
    let mut count = 0;
    let received = compare(SERVER, || {
        let chunk = client.chunk();
        count += chunk.as_ref().map_or(0, Vec::len);
        if count > 1024 * 1024 {
            server.kill();
        }
        chunk
    });
    assert!(received > 1024 * 1024);
    assert_eq!(feeding.join().unwrap(), ErrorKind::BrokenPipe);
    assert!(client.finish().failure(1).contains("may be incomplete"));
}
