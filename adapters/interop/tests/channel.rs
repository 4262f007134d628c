//! Our clients and servers against npm `multiserver-rn-channel`, over message channels made of standard streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use data_encoding::HEXLOWER;
use futures_util::{sink, stream};
use multiserver_interop::{PATIENCE, Reference};
use multiserver_tokio::channel::duplex;
use multiserver_tokio::{Channel, Multiserver, NetworkKey, Scope, Shs, Suite};
use std::path::Path;
use std::process::Stdio;
use support::{pair, text};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

/// Around the largest message of ours, and far above it.
const LENGTHS: [usize; 5] = [0, 1, 48 << 10, (48 << 10) + 1, 1 << 20];
const NETWORK: [u8; 32] = [1; 32];
const THEIR_SEED: [u8; 32] = [3; 32];
const OUR_SEED: [u8; 32] = [4; 32];

#[tokio::test]
async fn their_server_returns_our_bytes() {
    for address in ["channel".to_owned(), secure(THEIR_SEED)] {
        for length in LENGTHS {
            let channel = Channel::dial_only();
            let (child, said) = start("server", &address, 0, &channel).await;
            let connection = ours(channel.clone(), &address).connect(&address.parse().unwrap()).await.unwrap();
            assert_eq!(connection.peer().copied(), address.contains("shs").then(|| pair(THEIR_SEED).public()));
            let (mut read, mut write) = connection.into_split();
            let (mut back, sent) = (Vec::new(), text(length));
            let exchange = async {
                tokio::try_join!(
                    async {
                        write.write_all(&sent).await?;
                        write.shutdown().await
                    },
                    read.read_to_end(&mut back)
                )
            };
            timeout(PATIENCE, exchange).await.expect("the peer answers").unwrap();
            assert!(back == sent, "{address}, {length} bytes");
            assert_eq!(said.await, "done", "{address}, {length} bytes");
            drop(child);
        }
    }
}

#[tokio::test]
async fn our_server_returns_their_bytes() {
    for address in ["channel".to_owned(), secure(OUR_SEED)] {
        for length in LENGTHS {
            let channel = Channel::listening();
            let mut server = ours(channel.clone(), &address).listen().await.unwrap();
            assert_eq!(server.address(Scope::Device).unwrap().to_string(), address);
            let (child, said) = start("client", &address, length, &channel).await;
            let echo = async {
                let request = server.accept().await.unwrap().handshake().await.unwrap();
                assert_eq!(request.peer().copied(), address.contains("shs").then(|| pair(THEIR_SEED).public()));
                let (mut read, mut write) = request.accept().await.unwrap().into_split();
                tokio::io::copy(&mut read, &mut write).await.unwrap();
                write.shutdown().await.unwrap();
                said.await
            };
            assert_eq!(timeout(PATIENCE, echo).await.expect("the peer answers"), "done", "{address}, {length} bytes");
            drop(child);
        }
    }
}

/// Starts the reference at the other end of a channel, and returns what it says in the end.
async fn start(role: &str, address: &str, length: usize, channel: &Channel) -> (Child, impl Future<Output = String>) {
    let settings = serde_json::json!({
        "role": role,
        "address": address,
        "length": length,
        "networkKey": HEXLOWER.encode(&NETWORK),
        "seed": HEXLOWER.encode(&THEIR_SEED),
    });
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let mut command = reference.script("channel.js");
    command.arg(settings.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let incoming =
        stream::unfold(lines, |mut lines| async { lines.next_line().await.unwrap().map(|line| (line, lines)) });
    let outgoing = sink::unfold(child.stdin.take().unwrap(), |mut input, mut text: String| async move {
        text.push('\n');
        input.write_all(text.as_bytes()).await.map(|()| input)
    });
    channel.offer(duplex(Box::pin(incoming), Box::pin(outgoing)));
    let mut reports = BufReader::new(child.stderr.take().unwrap()).lines();
    let said = async move { timeout(PATIENCE, reports.next_line()).await.expect("a report").unwrap().unwrap() };
    (child, said)
}

/// Ours, with the suite that the address is for.
fn ours(channel: Channel, address: &str) -> Multiserver {
    let suite = if address.contains("~shs:") {
        channel.then(Shs::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(NETWORK)))
    } else {
        Suite::new(channel)
    };
    Multiserver::builder().suite(suite).build().unwrap()
}

fn secure(server: [u8; 32]) -> String {
    format!("channel~shs:{}", pair(server).public())
}
