//! Runs the real program, in a directory of its own and never for longer than [`LIMIT`].
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, unreachable_pub)]

pub mod http;
pub mod inviting;

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use wait_timeout::ChildExt;

/// How long anything may take before the test fails.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_multiserver");

/// A home directory for one test.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Where the default identity is.
    pub fn default_identity(&self) -> PathBuf {
        self.path("data/multiserver/identity")
    }

    /// The program with these arguments, which sees nothing of the real home directory.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.other_command(PROGRAM);
        command.args(arguments);
        command
    }

    /// Another program, which sees nothing of the real home directory either.
    pub fn other_command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", self.0.path()).env("XDG_DATA_HOME", self.path("data"));
        command.env("XDG_CONFIG_HOME", self.path("config"));
        for variable in ["MULTISERVER_ADDRESS", "MULTISERVER_NETWORK_KEY", "RUST_LOG", "ALL_PROXY", "all_proxy"] {
            command.env_remove(variable);
        }
        command
    }

    pub fn start(&self, arguments: &[&str]) -> Program {
        Program::start(self.command(arguments))
    }

    /// Runs the program with this standard input to its end.
    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Finished {
        let mut program = self.start(arguments);
        let mut stdin = program.stdin.take().unwrap();
        thread::scope(|scope| {
            // The program may end before it has read everything.
            scope.spawn(move || stdin.write_all(input));
            program.finish()
        })
    }

    /// Makes an identity file and returns its path and public key.
    pub fn identity(&self, name: &str) -> (String, String) {
        let path = self.path(name).to_str().unwrap().to_owned();
        let made = self.run(&["keygen", &path], b"");
        (path, made.line())
    }

    /// Starts a server and reads its address.
    pub fn serve(&self, arguments: &[&str]) -> (Program, String) {
        self.listen("serve", arguments)
    }

    /// Starts a bridge and reads its address.
    pub fn bridge(&self, arguments: &[&str]) -> (Program, String) {
        self.listen("bridge", arguments)
    }

    fn listen(&self, subcommand: &str, arguments: &[&str]) -> (Program, String) {
        let mut program = self.start(&[&[subcommand], arguments].concat());
        let address = program.line();
        (program, address)
    }
}

/// A program that runs; killed when dropped.
pub struct Program {
    child: Child,
    /// Dropped to end the program's standard input.
    pub stdin: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    errors: Receiver<Vec<u8>>,
    /// The output that was read and not returned yet.
    rest: Vec<u8>,
    /// The errors that were read and not returned yet.
    error_rest: Vec<u8>,
}

/// What a program has left behind.
#[derive(Debug)]
pub struct Finished {
    pub status: i32,
    pub output: Vec<u8>,
    pub errors: String,
}

impl Program {
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::of(command.spawn().unwrap())
    }

    /// A program that was started with streams of its own; its streams that are not pipes count as ended.
    pub fn of(mut child: Child) -> Self {
        let stdin = child.stdin.take();
        let output = child.stdout.take().map_or_else(|| channel().1, chunks);
        let errors = child.stderr.take().map_or_else(|| channel().1, chunks);
        Self { child, stdin, output, errors, rest: Vec::new(), error_rest: Vec::new() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn send(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes).unwrap();
        stdin.flush().unwrap();
    }

    /// The next line of its standard output.
    pub fn line(&mut self) -> String {
        next_line(&self.output, &mut self.rest)
    }

    /// What comes next of its standard output; `None` at the end.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        if self.rest.is_empty() { next_chunk(&self.output) } else { Some(std::mem::take(&mut self.rest)) }
    }

    /// The next line of its standard error.
    pub fn error_line(&mut self) -> String {
        next_line(&self.errors, &mut self.error_rest)
    }

    /// The next line of the log with this text in it; others are passed over.
    pub fn error_line_with(&mut self, text: &str) -> String {
        std::iter::repeat_with(|| self.error_line()).find(|line| line.contains(text)).unwrap()
    }

    /// Ends it at once, without a chance to say anything.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits for it to end, its standard input as it is.
    pub fn finish(mut self) -> Finished {
        let mut output = std::mem::take(&mut self.rest);
        let mut errors = std::mem::take(&mut self.error_rest);
        while let Some(chunk) = next_chunk(&self.output) {
            output.extend(chunk);
        }
        while let Some(chunk) = next_chunk(&self.errors) {
            errors.extend(chunk);
        }
        let status = self.child.wait_timeout(LIMIT).unwrap().expect("the program did not end");
        let errors = String::from_utf8(errors).unwrap();
        Finished { status: status.code().unwrap_or(-1), output, errors }
    }

    /// Ends its standard input, and waits for it to end.
    pub fn end(mut self) -> Finished {
        self.stdin = None;
        self.finish()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// The one line it printed when all went well.
    pub fn line(&self) -> String {
        assert_eq!((self.status, self.errors.as_str()), (0, ""));
        let text = str::from_utf8(&self.output).unwrap();
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "{text}");
        line.to_owned()
    }

    /// What it printed when it failed with this status: one line, and perhaps a hint.
    pub fn failure(&self, status: i32) -> &str {
        assert_eq!(self.status, status, "{}", self.errors);
        let text = self.errors.strip_suffix('\n').unwrap();
        let message = text.strip_prefix("multiserver: ").unwrap();
        let hint = message.split_once('\n').map(|(_, hint)| hint);
        assert!(hint.is_none_or(|hint| hint.starts_with("multiserver: hint: ") && !hint.contains('\n')), "{text}");
        assert!(!message.contains("panicked"), "{text}");
        message
    }
}

/// Reads a stream in a thread of its own, so that waiting for it can have a limit.
fn chunks(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            if sender.send(buffer.get(..count).unwrap().to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The next bytes; `None` at the end.
fn next_chunk(stream: &Receiver<Vec<u8>>) -> Option<Vec<u8>> {
    match stream.recv_timeout(LIMIT) {
        Ok(chunk) => Some(chunk),
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("nothing came for {LIMIT:?}"),
    }
}

fn next_line(stream: &Receiver<Vec<u8>>, rest: &mut Vec<u8>) -> String {
    while !rest.contains(&b'\n') {
        rest.extend(next_chunk(stream).expect("the stream ended before a line did"));
    }
    let mut line = String::new();
    let count = BufReader::new(rest.as_slice()).read_line(&mut line).unwrap();
    rest.drain(..count);
    line.trim_end_matches('\n').to_owned()
}

/// The address with this key instead of its own.
pub fn with_key(address: &str, key: &str) -> String {
    let (transport, _) = address.split_once("~shs:").unwrap();
    format!("{transport}~shs:{key}")
}

pub fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    set_mode(path, 0o600);
}

#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Sends it SIGINT, as Ctrl-C does.
pub fn interrupt(program: &Program) {
    signal(program, Signal::INT);
}

/// Sends it SIGTERM, as service managers do.
pub fn terminate(program: &Program) {
    signal(program, Signal::TERM);
}

fn signal(program: &Program, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(program.id()).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

/// Passes the bytes of two connections to each other, each direction to its end.
pub fn pass_on(client: TcpStream, server: TcpStream) {
    let (mut client_end, mut server_end) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut server_end, &mut client_end);
        let _ = client_end.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let _ = std::io::copy(&mut &client, &mut &server);
        let _ = server.shutdown(Shutdown::Write);
    });
}

/// Bytes that show when some are lost, doubled or moved.
pub fn pattern(length: usize) -> Vec<u8> {
    (0u64..).flat_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).take(length).collect()
}
