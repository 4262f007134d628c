//! Counters by suite: on SIGUSR1, and as OpenMetrics over HTTP.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, Program, http};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const SERVE: [&str; 7] = ["--net", "127.0.0.1:0", "--net", "127.0.0.1:0~noise", "--echo", "--metrics", "127.0.0.1:0"];

/// Starts a server, and returns its address and its endpoint for metrics as well.
fn serve(home: &Home, arguments: &[&str]) -> (Program, String, String) {
    let (mut server, address) = home.serve(arguments);
    let line = server.error_line();
    let endpoint = line.split("http://").nth(1).unwrap().strip_suffix("/metrics").unwrap().to_owned();
    (server, address, endpoint)
}

/// The head and the body of what is answered to this request.
fn ask(endpoint: &str, request: &str) -> (String, String) {
    http::ask(endpoint, request, "localhost")
}

/// The value of a sample; `None` where it is not there.
fn sample(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[test]
fn the_old_protocol_is_seen_to_fall_silent() {
    let home = Home::new();
    let (mut server, address, endpoint) = serve(&home, &SERVE);
    let (shs, noise) = address.split_once(';').unwrap();
    for address in [shs, noise, noise] {
        assert_eq!(home.run(&["connect", "--allow-downgrade", address], b"hello").status, 0);
    }
    let (head, text) = ask(&endpoint, "GET /metrics");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let accepted = |suite| sample(&text, &format!("multiserver_peers_total{{suite=\"{suite}\",outcome=\"accepted\"}}"));
    assert_eq!((accepted("net~shs"), accepted("net~noise")), (Some(1), Some(2)), "{text}");
    let last = |suite| sample(&text, &format!("multiserver_last_accepted_timestamp_seconds{{suite=\"{suite}\"}}"));
    assert!(last("net~shs") <= last("net~noise") && last("net~shs").is_some(), "{text}");

    kill_process(Pid::from_raw(server.id().try_into().unwrap()).unwrap(), Signal::USR1).unwrap();
    let shs = server.error_line_with("net~shs: 1 accepted, the last at ");
    assert!(shs.contains("0 refused, 0 failed"), "{shs}");
    server.error_line_with("net~noise: 2 accepted, the last at ");
}

#[test]
fn other_requests_are_turned_down() {
    let home = Home::new();
    let (_server, _, endpoint) = serve(&home, &SERVE);
    for (request, status) in [("GET /", "404"), ("POST /metrics", "405"), ("GET /metrics/", "404")] {
        let (head, body) = ask(&endpoint, request);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")) && body.is_empty(), "{request}: {head}");
    }
    let (head, body) = ask(&endpoint, "HEAD /metrics");
    assert!(head.starts_with("HTTP/1.1 200") && body.is_empty(), "{head}");
    for (host, status) in
        [("127.0.0.1:9009", "200"), ("[::1]:9009", "200"), ("LOCALHOST", "200"), ("evil.example", "421")]
    {
        let (head, body) = http::ask(&endpoint, "GET /metrics", host);
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}")) && body.is_empty() == (status == "421"),
            "{host}: {head}"
        );
    }
}

/// Prometheus' own parser reads the text: each sample of ours as `family type unit name labels value`.
#[test]
fn the_reference_parser_reads_the_metrics() {
    const PARSE: &str = r#"
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    for name, labels, value, *_ in family.samples:
        print(family.type, name, ",".join(labels[key] for key in sorted(labels)), int(value))
"#;
    let home = Home::new();
    let (_server, address, endpoint) = serve(&home, &SERVE);
    let (_, noise) = address.split_once(';').unwrap();
    let mut open = home.start(&["connect", noise]);
    open.stdin.as_mut().unwrap().write_all(b"hello\n").unwrap();
    assert_eq!(open.line(), "hello", "the connection is open");
    let (_, text) = ask(&endpoint, "GET /metrics");
    // Debian's own Python, which has Debian's packages, and not another that comes first.
    let python = if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" };
    let mut parser =
        Command::new(python).args(["-c", PARSE]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    parser.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = parser.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "this test needs Python's prometheus-client. Debian: `sudo apt-get install python3-prometheus-client`"
    );
    let samples = String::from_utf8(output.stdout).unwrap();
    for sample in [
        "counter multiserver_peers_total accepted,net~shs 0",
        "counter multiserver_peers_total accepted,net~noise 1",
        "counter multiserver_accept_errors_total net~shs 0",
        "gauge multiserver_pending_handshakes net~noise 0",
        "gauge multiserver_connected_peers net~noise 1",
        "gauge multiserver_connected_peers net~shs 0",
        "gauge multiserver_last_accepted_timestamp_seconds net~shs 0",
        "gauge multiserver_live_peers  1",
    ] {
        assert!(samples.lines().any(|line| line == sample), "{sample}: {samples}");
    }
}

#[test]
fn others_cannot_reach_it() {
    let home = Home::new();
    let failed = home.run(&["serve", "--echo", "--metrics", "0.0.0.0:0"], b"");
    assert!(failed.failure(2).contains("for this machine alone"), "{failed:?}");
}

/// Two suites of one name count together.
#[test]
fn suites_of_one_name_count_together() {
    let home = Home::new();
    let twice = ["--net", "127.0.0.1:0", "--net", "127.0.0.1:0", "--echo", "--metrics", "127.0.0.1:0"];
    let (_server, address, endpoint) = serve(&home, &twice);
    for address in address.split(';') {
        assert_eq!(home.run(&["connect", address], b"hello").status, 0);
    }
    let (_, text) = ask(&endpoint, "GET /metrics");
    let accepted = "multiserver_peers_total{suite=\"net~shs\",outcome=\"accepted\"}";
    assert_eq!((sample(&text, accepted), text.matches(accepted).count()), (Some(2), 1), "{text}");
}
