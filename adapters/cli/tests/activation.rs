//! Sockets that a service manager such as systemd passes, and the notifications that it gets.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT, Program, interrupt, terminate};
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::{Command, Stdio};

/// The program with descriptors from 3 on, as `sd_listen_fds(3)` has them, and no standard input. Two take the place of
/// its standard error, which goes to standard output then.
fn start(home: &Home, sockets: Vec<OwnedFd>, names: &str, arguments: &[&str]) -> Program {
    let move_descriptors = match sockets.len() {
        0 => "exec 0</dev/null",
        1 => "exec 3<&0 0</dev/null",
        _ => "exec 3<&0 4<&2 0</dev/null 2>&1",
    };
    let program = home.command(arguments);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{move_descriptors}; export LISTEN_PID=$$; exec \"$0\" \"$@\""));
    shell.arg(program.get_program()).args(program.get_args());
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("LISTEN_FDS", sockets.len().to_string()).env("LISTEN_FDNAMES", names);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut sockets = sockets.into_iter();
    if let Some(first) = sockets.next() {
        shell.stdin(first);
    }
    if let Some(second) = sockets.next() {
        shell.stderr(second);
    }
    Program::of(shell.spawn().unwrap())
}

/// A socket that listens, and its port.
fn tcp() -> (OwnedFd, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener.into(), port)
}

/// Sees that the address starts like this and leads to the server.
fn reached(home: &Home, address: &str, start: &str) {
    assert!(address.starts_with(start), "{address}");
    assert_eq!(home.run(&["connect", address], b"hello").output, b"hello", "{address}");
}

#[test]
fn the_only_socket_is_taken_whatever_its_name() {
    let home = Home::new();
    for (transport, scheme) in [("net", "net:"), ("ws", "ws://")] {
        for name in ["", "unknown", transport] {
            let (socket, port) = tcp();
            let option = format!("--{transport}");
            let mut server = start(&home, vec![socket], name, &["serve", "--echo", &option, "systemd"]);
            reached(&home, &server.line(), &format!("{scheme}127.0.0.1:{port}~shs:"));
        }
    }
}

#[test]
fn sockets_go_where_their_names_say() {
    let home = Home::new();
    let ((ws, ws_port), (net, net_port)) = (tcp(), tcp());
    let arguments = ["serve", "--echo", "--net", "systemd", "--ws", "systemd"];
    let mut server = start(&home, vec![ws, net], "ws:net", &arguments);
    let address = server.line();
    let (first, second) = address.split_once(';').unwrap();
    reached(&home, first, &format!("net:127.0.0.1:{net_port}~shs:"));
    reached(&home, second, &format!("ws://127.0.0.1:{ws_port}~shs:"));

    let ((one, one_port), (two, two_port)) = (tcp(), tcp());
    let mut server = start(&home, vec![one, two], "net:net", &["serve", "--echo", "--net", "systemd"]);
    let address = server.line();
    let (first, second) = address.split_once(';').unwrap();
    reached(&home, first, &format!("net:127.0.0.1:{one_port}~shs:"));
    reached(&home, second, &format!("net:127.0.0.1:{two_port}~shs:"));
}

#[test]
fn the_names_outside_have_the_ports_of_the_sockets() {
    let home = Home::new();
    let ((net, net_port), (ws, ws_port)) = (tcp(), tcp());
    let arguments = ["serve", "--echo", "--net", "systemd", "--ws", "systemd", "--external", "example.org"];
    let mut server = start(&home, vec![net, ws], "net:ws", &arguments);
    let address = server.line();
    let (net, ws) = address.split_once(';').unwrap();
    assert!(net.starts_with(&format!("net:example.org:{net_port}~shs:")), "{address}");
    assert!(ws.starts_with(&format!("ws://example.org:{ws_port}~shs:")), "{address}");
}

#[test]
fn a_bridge_takes_sockets_too() {
    let home = Home::new();
    let (_target, target) = home.serve(&["--echo"]);
    let (socket, port) = tcp();
    let mut bridge = start(&home, vec![socket], "ws", &["bridge", "--ws", "systemd", &target]);
    reached(&home, &bridge.line(), &format!("ws://127.0.0.1:{port}~shs:"));
}

#[test]
fn a_socket_that_is_not_there_is_asked_for_by_its_name() {
    let home = Home::new();
    let serve = ["serve", "--echo", "--net", "systemd"];
    let none = start(&home, Vec::new(), "", &serve).finish();
    let message = none.failure(1);
    assert!(message.starts_with("--net systemd: no socket named `net` was passed to us\n"), "{message}");
    assert!(message.ends_with("hint: the .socket unit needs FileDescriptorName=net"), "{message}");

    let mut other = start(&home, vec![tcp().0, tcp().0], "ws:other", &serve);
    assert!(other.line().ends_with("no socket named `net` was passed to us"));
    assert!(other.line().ends_with("FileDescriptorName=net"));
    assert_eq!(other.finish().status, 1);

    let both = [serve.as_slice(), &["--ws", "systemd"]].concat();
    let one = start(&home, vec![tcp().0], "", &both).finish();
    assert!(one.failure(1).contains("no socket named `ws`"), "{one:?}");
    let mut other = start(&home, vec![tcp().0, tcp().0], "net:other", &both);
    assert!(other.line().ends_with("no socket named `ws` was passed to us"), "the one that is left is not meant");

    let not_ours = [("LISTEN_FDS", "1"), ("LISTEN_PID", "1")];
    let mut command = home.command(&serve);
    command.envs(not_ours);
    let not_ours = Program::start(command).finish();
    assert!(not_ours.failure(1).contains("no socket named `net`"), "{not_ours:?}");
}

#[test]
fn a_unix_socket_is_taken_and_its_file_left_alone() {
    let home = Home::new();
    let path = home.path("socket");
    let socket = UnixListener::bind(&path).unwrap();
    let (net, port) = tcp();
    let arguments = ["serve", "--echo", "--unix", "systemd", "--net", "systemd"];
    let mut server = start(&home, vec![socket.into(), net], "unix:net", &arguments);
    let address = server.line();
    let (first, second) = address.split_once(';').unwrap();
    reached(&home, first, &format!("net:127.0.0.1:{port}~shs:"));
    reached(&home, second, &format!("unix:{}~shs:", path.display()));
    terminate(&server);
    assert_eq!(server.finish().status, 0);
    assert!(path.exists());

    let (net, _) = tcp();
    let wrong = start(&home, vec![net], "unix", &["serve", "--echo", "--unix", "systemd"]).finish();
    assert!(wrong.failure(1).contains("--unix systemd: the socket that was passed to us is one for TCP"), "{wrong:?}");
    let unix = UnixListener::bind(home.path("other")).unwrap();
    let wrong = start(&home, vec![unix.into()], "net", &["serve", "--echo", "--net", "systemd"]).finish();
    assert!(wrong.failure(1).contains("--net systemd: the socket that was passed to us is a Unix socket"), "{wrong:?}");
}

#[test]
fn the_sockets_of_another_protocol_have_another_name() {
    let home = Home::new();
    let [shs, noise] = ["shs", "noise"].map(|name| UnixListener::bind(home.path(name)).unwrap());
    let arguments = ["serve", "--echo", "--unix", "systemd", "--unix", "systemd~noise"];
    let mut server = start(&home, vec![noise.into(), shs.into()], "unix~noise:unix", &arguments);
    let address = server.line();
    let (first, second) = address.split_once(';').unwrap();
    reached(&home, first, &format!("unix:{}~shs:", home.path("shs").display()));
    reached(&home, second, &format!("unix:{}~noise:", home.path("noise").display()));

    let none = start(&home, Vec::new(), "", &["serve", "--echo", "--net", "systemd~noise"]).finish();
    let message = none.failure(1);
    assert!(message.starts_with("--net systemd~noise: no socket named `net~noise` was passed to us\n"), "{message}");
}

#[test]
fn the_configuration_file_can_ask_for_sockets() {
    let home = Home::new();
    fs::create_dir(home.path("etc")).unwrap();
    let config = home.path("etc/server.toml");
    common::write_private(&config, "[serve]\necho = true\nunix = \"systemd\"\n");
    let path = home.path("socket");
    let socket = UnixListener::bind(&path).unwrap();
    let mut server = start(&home, vec![socket.into()], "unix", &["serve", "--config", config.to_str().unwrap()]);
    reached(&home, &server.line(), &format!("unix:{}~shs:", path.display()));
}

#[test]
fn a_socket_that_does_not_listen_is_named() {
    let home = Home::new();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    for socket in [OwnedFd::from(udp), connected.into()] {
        let failed = start(&home, vec![socket], "mine", &["serve", "--echo", "--net", "systemd"]).finish();
        let message = failed.failure(1);
        assert!(message.contains("the socket `mine` of the service manager does not listen"), "{message}");
        assert_eq!(failed.output, b"");
    }
}

/// Where a service manager hears of the program's state.
fn manager(home: &Home) -> (UnixDatagram, String) {
    let path = home.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    (socket, path.to_str().unwrap().to_owned())
}

fn next_state(socket: &UnixDatagram) -> String {
    let mut state = [0; 100];
    let count = socket.recv(&mut state).unwrap();
    str::from_utf8(state.get(..count).unwrap()).unwrap().trim_end().to_owned()
}

#[test]
fn the_service_manager_is_told_when_the_program_serves_and_when_it_is_about_to_end() {
    let home = Home::new();
    let (_target, target) = home.serve(&["--echo"]);
    let (manager, path) = manager(&home);
    for arguments in [["serve", "--echo"].as_slice(), &["serve"], &["bridge", &target]] {
        let mut command = home.command(arguments);
        command.env("NOTIFY_SOCKET", &path);
        let mut program = Program::start(command);
        assert_eq!(next_state(&manager), "READY=1", "{arguments:?}");
        assert!(program.line().contains("~shs:"));
        terminate(&program);
        assert_eq!(next_state(&manager), "STOPPING=1", "{arguments:?}");
        let program = program.finish();
        assert_eq!((program.status, program.errors.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn who_cannot_print_its_address_is_not_ready() {
    let home = Home::new();
    let (manager, path) = manager(&home);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = home.command(&["serve", "--echo"]);
    command.env("NOTIFY_SOCKET", &path).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let failed = Program::of(command.spawn().unwrap()).finish();
    assert!(failed.failure(1).contains("cannot write to standard output"), "{failed:?}");
    manager.set_nonblocking(true).unwrap();
    assert_eq!(manager.recv(&mut [0; 100]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_service_manager_that_is_not_there_is_no_reason_to_end() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--echo"]);
    command.env("NOTIFY_SOCKET", home.path("nobody"));
    let mut server = Program::start(command);
    reached(&home, &server.line(), "net:127.0.0.1:");
    assert!(server.error_line().contains("cannot tell the service manager"));
    interrupt(&server);
    assert_eq!(server.finish().status, 0);
}
