//! The configuration file: names of addresses, and options of `serve`.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program, interrupt};
use std::fs;

const KEY: &str = "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ=";
const SEED: &str = "gfhWsBYIEOZzYCmSYXJKmj3yj+f8H2Mqy2JZk0/I6Ys=";

/// Writes the configuration and returns its path.
fn write(home: &Home, text: &str) -> String {
    let path = home.path("multiserver.toml");
    common::write_private(&path, text);
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_address_is_called_by_its_name() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    fs::write(home.path("work.address"), format!("{address}\n")).unwrap();
    let config = write(&home, &format!("[names]\nhome = \"{address}\"\nwork = {{ file = \"work.address\" }}\n"));
    for name in ["home", "work"] {
        assert_eq!(home.run(&["connect", "--config", &config, name], b"hello").output, b"hello");
    }
    let unknown = home.run(&["connect", "--config", &config, "nowhere"], b"");
    let message = unknown.failure(2);
    assert!(message.contains("no address named `nowhere`") && message.contains("home, work"), "{message}");

    fs::create_dir_all(home.path("config/multiserver")).unwrap();
    assert!(home.run(&["connect", "home"], b"").failure(2).contains("[names]"));
    fs::copy(&config, home.path("config/multiserver/config.toml")).unwrap();
    assert_eq!(home.run(&["connect", "home"], b"hello").output, b"hello", "found at its default place");
    let missing = home.run(&["connect", "--config", "missing.toml", "home"], b"");
    assert!(missing.failure(1).contains("cannot read missing.toml"), "{missing:?}");
}

#[test]
fn blanks_and_line_ends_around_addresses_do_not_count() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let list = format!("  unix:/nowhere~shs:{KEY} ;\n {address}\n ");
    let connected = home.run(&["connect", &format!(" {address}\n")], b"hello");
    assert_eq!(connected.output, b"hello", "{}", connected.errors);
    let shown = home.run(&["address", &list], b"");
    assert_eq!(shown.status, 0, "{shown:?}");
    assert!(String::from_utf8(shown.output).unwrap().contains(&address));
}

#[test]
fn an_empty_environment_variable_is_not_set() {
    let home = Home::new();
    let (_server, address) = home.serve(&["--echo"]);
    let mut command = home.command(&["connect", &address]);
    command.env("MULTISERVER_NETWORK_KEY", "");
    let mut client = Program::start(command);
    client.send(b"hello");
    assert_eq!(client.end().output, b"hello");
    let mut command = home.command(&["connect"]);
    command.env("MULTISERVER_ADDRESS", "");
    let missing = Program::start(command).end();
    assert!(missing.failure(2).contains("an address is needed"), "{missing:?}");
}

#[test]
fn serve_has_the_options_of_the_file_and_those_given_come_first() {
    let home = Home::new();
    let (friend, friend_key) = home.identity("friend");
    let (other, other_key) = home.identity("other");
    fs::write(home.path("friends"), &friend_key).unwrap();
    let config = write(
        &home,
        "[serve]\nnet = [\"127.0.0.1:0\"]\necho = true\nmax-peers = 3\nallow-file = \"friends\"\nws = \"127.0.0.1:0\"\n\
         identity = \"friend\"\n",
    );
    let connect = |identity: &str, address: &str| home.run(&["connect", "--identity", identity, address], b"hello");
    let (server, address) = home.serve(&["--config", &config]);
    assert!(address.contains(&format!("~shs:{friend_key};ws://")), "{address}");
    assert_eq!(connect(&friend, &address).output, b"hello");
    connect(&other, &address).failure(4);
    interrupt(&server);
    assert_eq!(server.finish().status, 0);

    let (_server, address) = home.serve(&["--config", &config, "--unix", home.path("s").to_str().unwrap()]);
    assert!(address.ends_with(&format!("unix:{}~shs:{friend_key}", home.path("s").display())), "{address}");

    let (_server, address) =
        home.serve(&["--config", &config, "--allow-anyone", "--exec", "sh", "-c", "cat; echo bye"]);
    assert_eq!(connect(&other, &address).output, b"hellobye\n", "--exec and --allow-anyone take their rivals' place");

    let (_server, address) = home.serve(&["--config", &config, "--allow", &other_key, "--ws", "127.0.0.1:0"]);
    assert_eq!(connect(&other, &address).output, b"hello");
    assert_eq!(connect(&friend, &address).output, b"hello", "the file's keys count beside --allow");

    let mut command =
        home.command(&["serve", "--config", &write(&home, &format!("[serve]\nnetwork-key = \"{SEED}\"\n"))]);
    command.args(["--echo", "--net", "127.0.0.1:0"]).env("MULTISERVER_NETWORK_KEY", &friend_key);
    let mut server = Program::start(command);
    let address = server.line();
    let friend_network = ["connect", "--network-key", &friend_key, &address];
    assert_eq!(home.run(&friend_network, b"hello").output, b"hello", "the environment comes before the file");

    let mut command = home.command(&["serve", "--config", &home.path("multiserver.toml").display().to_string()]);
    command.args(["--echo", "--net", "127.0.0.1:0"]).env("MULTISERVER_NETWORK_KEY", "");
    let mut server = Program::start(command);
    let address = server.line();
    assert_eq!(
        home.run(&["connect", "--network-key", SEED, &address], b"hello").output,
        b"hello",
        "an empty one does not"
    );

    fs::write(home.path("program"), "#!/bin/sh\necho \"$@\"\n").unwrap();
    common::set_mode(&home.path("program"), 0o700);
    let program = write(&home, "[serve]\nexec = [\"./program\", \"unix:sock\", \"a/b\"]\nallow-anyone = true\n");
    let (_server, address) = home.serve(&["--config", &program]);
    let printed = connect(&other, &address).output;
    assert_eq!(printed, b"unix:sock a/b\n", "the program stands beside the file, and what it is given is its own");

    let exec = write(&home, "[serve]\nexec = [\"printenv\", \"MULTISERVER_PEER\"]\nallow-anyone = true\n");
    let (_server, address) = home.serve(&["--config", &exec, "--net", "127.0.0.1:0"]);
    assert_eq!(connect(&other, &address).output, format!("{other_key}\n").as_bytes());
}

#[test]
fn what_is_wrong_in_the_file_is_named_and_no_secret_repeated() {
    let home = Home::new();
    for (text, part) in [
        ("[serve]\necko = true\n", "`ecko` in [serve]: there is no such option"),
        ("[serve]\nhelp = true\n", "`help` in [serve]: there is no such option"),
        ("[serve]\necho = 1\n", "`echo` in [serve]: expected true or false"),
        ("[serve]\nnet = true\n", "`net` in [serve]: expected a text or a number"),
        ("[serve]\n\nnet = \"x\n", "line 3: "),
        (&format!("[names]\nhome = \"net:h:1~shs:{KEY}:{SEED}\n"), "line 2: "),
        ("[name]\n", "line 1: unknown field `name`"),
        ("[serve]\necho = true\nallow = []\n", "`allow` in [serve]: expected one value at least"),
        (&format!("names = \"net:h:1~shs:{KEY}:{SEED}\"\n"), "line 1: "),
        (&format!("[serve]\n\"{SEED}\" = true\n"), "there is no such option"),
    ] {
        let config = write(&home, text);
        let wrong = home.run(&["serve", "--config", &config], b"");
        let message = wrong.failure(2);
        assert!(message.contains(part) && message.contains("multiserver.toml"), "{message}");
        assert!(!wrong.errors.contains(SEED), "{message}");
    }
    for wrong in ["5", &format!("[\"net:h:1~shs:{KEY}:{SEED}\"]"), "{ file = \"a\", other = 1 }"] {
        let config = write(&home, &format!("[names]\nhome = {wrong}\n"));
        let wrong = home.run(&["connect", "--config", &config, "home"], b"");
        assert!(wrong.failure(2).contains("`home` in [names]: expected the text of an address"), "{wrong:?}");
        assert!(!wrong.errors.contains(SEED), "{wrong:?}");
    }
    let hex_seed = "81".repeat(32);
    let by_mistake = home.run(&["connect", "--config", &write(&home, ""), &hex_seed], b"");
    assert!(by_mistake.failure(2).contains("no address named") && !by_mistake.errors.contains(&hex_seed));
    let config = write(&home, &format!("[serve]\nnetwork-key = \"{SEED}{SEED}\"\n"));
    let wrong = home.run(&["serve", "--config", &config], b"");
    assert!(wrong.failure(2).contains("the network key is wrong") && !wrong.errors.contains(SEED), "{wrong:?}");
    let config = write(&home, "[serve]\nmax-peers = 0\n");
    let wrong = home.run(&["serve", "--config", &config], b"");
    assert_eq!(wrong.status, 2);
    assert!(wrong.errors.contains("--max-peers"), "{wrong:?}");
}

#[test]
fn the_readmes_configuration_is_one() {
    let home = Home::new();
    let readme = include_str!("../README.md");
    let (_, text) = readme.split_once("```toml\n[names]").unwrap();
    let config = write(&home, &format!("[names]{}", text.split_once("```").unwrap().0));
    let socket = home.path("s").to_str().unwrap().to_owned();
    // Free ports instead of those in the file.
    let places = ["--net", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--external", "wss://example.com", "--unix", &socket];
    let arguments = [&["--config", &config, "--scope", "device"], places.as_slice()].concat();
    let (_server, address) = home.serve(&arguments);
    assert!(address.starts_with("net:127.0.0.1:") && address.contains(";unix:"), "{address}");
}
