//! `--proxy`: peers are reached through a SOCKS5 proxy, whose password stays unseen.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program};
use multiserver_interop::Microsocks;

const USER: &str = "alice";
const PASSWORD: &str = "p@ss:w/rd";

/// The same password, percent-encoded for a URL.
const ENCODED: &str = "p%40ss%3Aw%2Frd";

#[tokio::test]
async fn a_proxy_with_a_password_comes_from_the_command_line_a_file_or_the_environment() {
    let proxy = Microsocks::start(Some((USER, PASSWORD))).await.unwrap();
    let endpoint = proxy.address();
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let url = format!("socks5h://{USER}:{ENCODED}@{endpoint}");
    let file = home.path("proxy");
    common::write_private(&file, &format!("{url}\n"));
    let file = file.to_str().unwrap();
    for arguments in [["connect", &address, "--proxy", &url], ["connect", &address, "--proxy-file", file]] {
        let client = home.run(&arguments, b"hello");
        assert_eq!((client.status, client.output.as_slice()), (0, b"hello".as_slice()), "{}", client.errors);
    }
    let with_variable = |variable: &str, value: &str, arguments: &[&str]| {
        let mut command = home.command(&[&["connect", &address], arguments].concat());
        command.env(variable, value);
        let mut client = Program::start(command);
        client.send(b"hello");
        client.end()
    };
    for variable in ["ALL_PROXY", "all_proxy"] {
        let client = with_variable(variable, &url, &[]);
        assert_eq!((client.status, client.output.as_slice()), (0, b"hello".as_slice()), "{}", client.errors);
    }

    let wrong = format!("socks5h://{USER}:hunter2@{endpoint}");
    let refused = with_variable("ALL_PROXY", &wrong, &[]);
    assert!(refused.failure(3).contains("proxy"), "{refused:?}");
    assert!(!refused.errors.contains("hunter2"), "{refused:?}");
    for (variable, value, arguments) in
        [("ALL_PROXY", wrong.as_str(), ["--proxy", "none"].as_slice()), ("ALL_PROXY", "", &[])]
    {
        let client = with_variable(variable, value, arguments);
        assert_eq!((client.status, client.output.as_slice()), (0, b"hello".as_slice()), "{}", client.errors);
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_named_without_its_password() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    for wrong in ["http://alice:hunter2@localhost:8080", "alice:hunter2@localhost", "alice:hunter2@localhost:x"] {
        for command in ["connect", "ping", "join"] {
            let failed = home.run(&[command, &address, "--proxy", wrong], b"");
            assert_eq!(failed.status, 2, "{failed:?}");
            assert!(!failed.errors.contains("hunter2"), "{failed:?}");
        }
    }
}
