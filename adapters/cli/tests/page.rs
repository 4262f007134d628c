//! The files that `serve --page` gives to browsers.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, http};
use std::fs::{self, File};
use std::path::PathBuf;

/// A directory of files for a page.
fn page(home: &Home) -> PathBuf {
    let directory = home.path("page");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("index.html"), "<p>hello").unwrap();
    fs::write(directory.join("code.js"), "start()").unwrap();
    fs::write(directory.join("notes.txt"), "for me alone").unwrap();
    fs::create_dir(directory.join("more.js")).unwrap();
    directory
}

fn endpoint(address: &str) -> &str {
    address.split('~').next().unwrap().strip_prefix("ws://").unwrap().trim_end_matches('/')
}

/// The head, in small letters, and the body of what is answered to this request.
fn ask(address: &str, method: &str, path: &str) -> (String, String) {
    let (head, body) = http::ask(endpoint(address), &format!("{method} {path}"), "localhost");
    (head.to_lowercase(), body)
}

#[test]
fn a_browser_gets_the_files_and_the_address() {
    let home = Home::new();
    let directory = page(&home);
    let (_server, address) = home.serve(&["--echo", "--ws", "127.0.0.1:0", "--page", directory.to_str().unwrap()]);
    for (path, kind, body) in [
        ("/", "text/html; charset=utf-8", "<p>hello"),
        ("/index.html", "text/html; charset=utf-8", "<p>hello"),
        ("/code.js?version=1", "text/javascript; charset=utf-8", "start()"),
        ("/address", "text/plain; charset=utf-8", &address),
    ] {
        let (head, got) = ask(&address, "GET", path);
        assert!(head.starts_with("http/1.1 200") && head.contains(&format!("content-type: {kind}")), "{path}: {head}");
        assert_eq!(got, body, "{path}");
        let (head_of_head, got) = ask(&address, "HEAD", path);
        assert_eq!((head_of_head, got.as_str()), (head, ""), "{path}: HEAD has the head of GET");
    }
    for path in ["/notes.txt", "/more.js", "/../identity", "/nothing.html", "/code.js/"] {
        let (head, body) = ask(&address, "GET", path);
        assert!(head.starts_with("http/1.1 404") && body.is_empty(), "{path}: {head}");
    }
    let (head, _) = ask(&address, "POST", "/");
    assert!(head.starts_with("http/1.1 405") && head.contains("allow: get, head"), "{head}");
    assert_eq!(home.run(&["connect", &address], b"hello\n").line(), "hello");
}

#[test]
fn in_the_configuration_file_a_directory_stands_beside_it() {
    let home = Home::new();
    fs::create_dir(home.path("etc")).unwrap();
    fs::rename(page(&home), home.path("etc/page")).unwrap();
    let config = home.path("etc/server.toml");
    common::write_private(&config, "[serve]\necho = true\nws = \"127.0.0.1:0\"\npage = \"page\"\n");
    let (_server, address) = home.serve(&["--config", config.to_str().unwrap()]);
    assert_eq!(ask(&address, "GET", "/").1, "<p>hello");
}

/// Who asks for a file and does not take it has no copy of its own in the server.
#[cfg(target_os = "linux")]
#[test]
fn a_file_is_in_memory_once() {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    const SIZE: usize = 8 * 1024 * 1024;
    let home = Home::new();
    let directory = page(&home);
    fs::write(directory.join("large.wasm"), vec![1; SIZE]).unwrap();
    let (server, address) = home.serve(&["--echo", "--ws", "127.0.0.1:0", "--page", directory.to_str().unwrap()]);
    let memory = || {
        let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        1024 * line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap()
    };
    let before = memory();
    let asked: Vec<_> = (0..16)
        .map(|_| {
            let mut stream = TcpStream::connect(endpoint(&address)).unwrap();
            write!(stream, "GET /large.wasm HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut begin = [0; 12];
            stream.read_exact(&mut begin).unwrap();
            assert_eq!(&begin, b"HTTP/1.1 200");
            stream
        })
        .collect();
    let more = memory().saturating_sub(before);
    assert!(more < 2 * SIZE, "{more} bytes for {} requests", asked.len());
}

/// Opening a pipe would wait for a writer.
#[cfg(unix)]
#[test]
fn a_pipe_is_left_out() {
    let home = Home::new();
    let directory = page(&home);
    let pipe = directory.join("pipe.js");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let (_server, address) = home.serve(&["--echo", "--ws", "127.0.0.1:0", "--page", directory.to_str().unwrap()]);
    assert!(ask(&address, "GET", "/pipe.js").0.starts_with("http/1.1 404"));
}

#[test]
fn a_page_has_a_bound() {
    let home = Home::new();
    let directory = page(&home);
    let serve = |directory: &str| {
        home.run(&["serve", "--echo", "--ws", "127.0.0.1:0", "--page", directory], b"").failure(2).to_owned()
    };
    let large = directory.join("large.wasm");
    File::create(&large).unwrap().set_len(16 * 1024 * 1024).unwrap();
    let told = serve(directory.to_str().unwrap());
    assert!(told.contains("--page has more than 64 files or 16 MiB"), "{told}");
    fs::remove_file(large).unwrap();
    for index in 0..63 {
        fs::write(directory.join(format!("{index}.svg")), "").unwrap();
    }
    let told = serve(directory.to_str().unwrap());
    assert!(told.contains("--page has more than 64 files or 16 MiB"), "{told}");
}

#[test]
fn a_page_needs_a_directory_and_a_port_for_websockets() {
    let home = Home::new();
    let missing = home.path("missing");
    let missing = missing.to_str().unwrap();
    let told = home.run(&["serve", "--echo", "--ws", "127.0.0.1:0", "--page", missing], b"");
    assert!(told.failure(1).contains("cannot read"), "{told:?}");
    let told = home.run(&["serve", "--echo", "--net", "127.0.0.1:0", "--page", missing], b"");
    assert!(told.failure(2).contains("--page is given out by --ws or --wss"), "{told:?}");
}
