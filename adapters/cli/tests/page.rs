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

/// The head, in small letters, and the body of what is answered to this request.
fn ask(address: &str, method: &str, path: &str) -> (String, String) {
    let endpoint = address.split('~').next().unwrap().strip_prefix("ws://").unwrap().trim_end_matches('/');
    let (head, body) = http::ask(endpoint, &format!("{method} {path}"), "localhost");
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
