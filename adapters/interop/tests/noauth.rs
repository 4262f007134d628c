//! Our clients and servers against those of npm `multiserver`, over net~noauth and unix~noauth.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use multiserver_interop::Reference;
use multiserver_tokio::{Multiserver, Net, NoAuth, Scope, Suite, Unix};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use support::{exchange, patiently, text};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr};

const VERSIONS: [u8; 2] = [1, 3];
const LENGTHS: [usize; 4] = [0, 1, 65_537, 1 << 20];

#[tokio::test]
async fn their_server_returns_our_bytes() {
    for (version, transport, length) in cases() {
        let directory = tempfile::tempdir().unwrap();
        let (mut child, mut said) = start(&json!({
            "version": version, "role": "server", "transport": transport, "directory": directory.path(),
        }))
        .await;
        let address = line(&mut lines(child.stdout.take().unwrap()), &format!("{transport}:")).await;
        let client = Multiserver::builder().suite(dialling(transport)).build().unwrap();
        let connection = patiently(client.connect(&address.parse().unwrap())).await.unwrap();
        assert_eq!((connection.peer(), connection.peer_address().unwrap().to_string()), (None, address));
        assert!(exchange(connection, &text(length)).await == text(length), "{version}, {transport}, {length} bytes");
        assert_eq!(line(&mut said, "").await, "done", "{version}, {transport}, {length} bytes");
    }
}

#[tokio::test]
async fn our_server_returns_their_bytes() {
    for (version, transport, length) in cases() {
        let directory = tempfile::tempdir().unwrap();
        let suite = match transport {
            "net" => Net::bind("127.0.0.1:0").then(NoAuth),
            _ => Unix::bind(directory.path().join("ours")).then(NoAuth),
        };
        let mut server = Multiserver::builder().suite(suite).build().unwrap().listen().await.unwrap();
        let (_child, mut said) = start(&json!({
            "version": version, "role": "client", "transport": transport, "directory": directory.path(),
            "address": server.address(Scope::Device).unwrap().to_string(), "length": length,
        }))
        .await;
        let echo = async {
            let request = server.accept().await.unwrap().handshake().await.unwrap();
            assert_eq!(request.peer(), None);
            let (mut read, mut write) = request.accept().await.unwrap().into_split();
            tokio::io::copy(&mut read, &mut write).await.unwrap();
            write.shutdown().await.unwrap();
        };
        patiently(echo).await;
        assert_eq!(line(&mut said, "").await, "done", "{version}, {transport}, {length} bytes");
    }
}

fn cases() -> impl Iterator<Item = (u8, &'static str, usize)> {
    let transports = VERSIONS.into_iter().flat_map(|version| ["net", "unix"].map(|transport| (version, transport)));
    transports.flat_map(|(version, transport)| LENGTHS.map(|length| (version, transport, length)))
}

fn dialling(transport: &str) -> Suite {
    if transport == "net" { Net::dial_only().then(NoAuth) } else { Unix::dial_only().then(NoAuth) }
}

/// Starts the reference, which ends when the child is dropped.
async fn start(settings: &Value) -> (Child, Lines<BufReader<ChildStderr>>) {
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let mut command = reference.script("noauth.js");
    command.arg(settings.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let said = lines(child.stderr.take().unwrap());
    (child, said)
}

fn lines<R: AsyncRead + Unpin>(read: R) -> Lines<BufReader<R>> {
    BufReader::new(read).lines()
}

/// The next line that starts so: version 1 tells of other things too.
async fn line<R: AsyncRead + Unpin>(lines: &mut Lines<BufReader<R>>, start: &str) -> String {
    loop {
        let line = patiently(lines.next_line()).await.unwrap().expect("it says nothing more");
        if line.starts_with(start) {
            return line;
        }
    }
}
