//! Our package for web pages in Chromium, against our servers and the reference's: `.ci/web` builds it and runs this.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use futures_util::FutureExt;
use multiserver_interop::{Peer, Reference, Under, Version, tell_of_page, web_package};
use multiserver_noise::Noise;
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::ws::Certificate;
use multiserver_tokio::{Connection, Multiserver, Net, NetworkKey, Scope, Server, Shs, Ws, Wss};
use serde_json::json;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{pair, patiently, serve_echo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};

const NETWORK: [u8; 32] = [1; 32];
const THEIR_SEED: [u8; 32] = [3; 32];
const OUR_SEED: [u8; 32] = [4; 32];
const LENGTH: usize = 1 << 20;

/// What the browser opens.
#[derive(Debug, Clone, Copy)]
enum By {
    /// `WebSocketStream`, which Chromium has.
    Stream,
    /// `WebSocket`, which all browsers have.
    Socket,
}

const BOTH: [By; 2] = [By::Stream, By::Socket];

/// What a page tells of each address after it did this case with it.
async fn tell(case: &str, by: By, addresses: &[String]) -> String {
    let config = json!({
        "case": case, "addresses": addresses, "networkKey": NETWORK, "seed": THEIR_SEED, "length": LENGTH,
        "plain": matches!(by, By::Socket),
    });
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{case}-{by:?}"));
    tell_of_page(&directory, &config).await.unwrap()
}

fn shs() -> Shs {
    Shs::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(NETWORK))
}

fn noise() -> Noise {
    Noise::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(NETWORK))
}

/// A server of WebSockets with and without TLS, each by both protocols, and its addresses.
async fn serve() -> (Server, Vec<String>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = Certificate::from_pem(made.cert.pem(), made.signing_key.serialize_pem()).unwrap();
    let builder = Multiserver::builder().suite(Ws::bind("127.0.0.1:0").then(shs()));
    let builder = builder.suite(Ws::bind("127.0.0.1:0").then(noise()));
    let builder = builder.suite(Wss::bind("127.0.0.1:0", certificate.clone()).then(shs()));
    let builder = builder.suite(Wss::bind("127.0.0.1:0", certificate).then(noise()));
    let server = builder.build().unwrap().listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap().to_string();
    let addresses: Vec<_> = address.split(';').map(str::to_owned).collect();
    assert_eq!(addresses.len(), 4);
    (server, addresses)
}

/// Serves the connections with this function, which sends what it has seen.
fn spawn<F>(server: Server, serve: impl Fn(Connection, mpsc::Sender<String>) -> F + Send + Sync + 'static) -> Serving
where
    F: Future<Output = ()> + Send + 'static,
{
    let (seen, receiver) = mpsc::channel(16);
    let handler = move |connection, ()| serve(connection, seen.clone());
    Serving { seen: receiver, task: tokio::spawn(server.serve(|_| async { Some(()) }, handler)) }
}

struct Serving {
    seen: mpsc::Receiver<String>,
    task: JoinHandle<()>,
}

impl Serving {
    async fn seen(&mut self) -> String {
        patiently(self.seen.recv()).await.unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves every second connection with the one function and the others with the other; both are given the same semaphore,
/// by which one of a pair waits for the other.
fn spawn_pairs<F, G>(
    server: Server,
    first: impl Fn(Connection, mpsc::Sender<String>, Arc<Semaphore>) -> F + Send + Sync + 'static,
    second: impl Fn(Connection, Arc<Semaphore>) -> G + Send + Sync + 'static,
) -> Serving
where
    F: Future<Output = ()> + Send + 'static,
    G: Future<Output = ()> + Send + 'static,
{
    let (waits, is_first) = (Arc::new(Semaphore::new(0)), AtomicBool::new(true));
    spawn(server, move |connection, seen| {
        let waits = Arc::clone(&waits);
        if is_first.fetch_xor(true, Ordering::SeqCst) {
            first(connection, seen, waits).left_future()
        } else {
            second(connection, waits).right_future()
        }
    })
}

/// Says goodbye when the other connection of the pair says so.
async fn tell_page(mut connection: Connection, go: Arc<Semaphore>) {
    patiently(go.acquire()).await.unwrap().forget();
    connection.shutdown().await.unwrap();
}

/// Reads all, and sends how reading ended.
async fn read_all(mut connection: Connection, seen: mpsc::Sender<String>) {
    let read = tokio::io::copy(&mut connection, &mut tokio::io::sink()).await;
    let _ = seen.send(read.map_or_else(|error| error.to_string(), |count| count.to_string())).await;
}

#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn a_page_talks_to_our_server_and_to_the_reference() {
    let (server, mut addresses) = serve().await;
    let serving = tokio::spawn(serve_echo(server));
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let mut theirs = Vec::new();
    for version in [Version::V1, Version::V3] {
        let network = NetworkKey::from_bytes(NETWORK);
        let peer = Peer { under: Under::Ws, version, network, seed: Seed::from_bytes(OUR_SEED) };
        theirs.push(peer.serve_echo(&reference, None).await.unwrap());
    }
    addresses.extend(theirs.iter().map(|server| server.address().to_owned()));
    for by in BOTH {
        assert_eq!(tell("exchange", by, &addresses).await, "ok;ok;ok;ok;ok;ok", "{by:?}");
        assert_eq!(tell("views", by, &addresses).await, "ok;ok;ok;ok;ok;ok", "{by:?}");
    }
    serving.abort();
}

#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn a_page_says_in_words_what_failed() {
    let net = Net::bind("127.0.0.1:0").then(shs());
    let server = Multiserver::builder().suite(net).build().unwrap().listen().await.unwrap();
    let net = server.address(Scope::Device).unwrap().to_string();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("ws://{closed}~shs:{}", pair(OUR_SEED).public());
    for by in BOTH {
        let told = tell("exchange", by, &[net.clone(), "nonsense".to_owned(), closed.clone()]).await;
        let [net, nonsense, closed] = told.splitn(3, ';').collect::<Vec<_>>()[..] else { panic!("{told}") };
        assert!(net.contains("no suite here fits net:127.0.0.1"), "{net}");
        assert!(nonsense.starts_with("Error"), "{nonsense}");
        assert!(closed.contains("the browser could not open the WebSocket"), "{closed}");
    }
}

#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn what_is_not_bytes_is_refused() {
    let (server, addresses) = serve().await;
    let mut serving = spawn(server, read_all);
    let refused = "TypeError: only bytes can be written: a Uint8Array, another view or an ArrayBuffer";
    let aborted = "Error: the connection was aborted";
    for by in BOTH {
        let told = tell("text", by, &addresses[..2]).await;
        assert_eq!(told, format!("{refused};{aborted};{refused};{aborted}"), "{by:?}");
        for _ in 0..2 {
            let seen = serving.seen().await;
            assert!(seen.contains("without"), "{by:?}: {seen}");
        }
    }
    let (seed, network) =
        ("Error: a seed is a Uint8Array of 32 bytes", "Error: a network key is a Uint8Array of 32 bytes");
    let address = "Error: an address is a string";
    let expected = [seed, seed, seed, network, network, network, address, address].join(";");
    assert_eq!(tell("keys", By::Stream, &addresses[..1]).await, expected);
}

#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn a_page_ends_a_connection_whose_read_waits() {
    let (server, addresses) = serve().await;
    let mut serving = spawn(server, read_all);
    let cases = [("abort", "Error: the connection was aborted"), ("cancel", "true")];
    for (by, (case, told)) in BOTH.into_iter().flat_map(|by| cases.map(|case| (by, case))) {
        assert_eq!(tell(case, by, &addresses[..2]).await, format!("{told};{told}"), "{by:?}");
        for _ in 0..2 {
            let seen = serving.seen().await;
            assert!(seen.contains("without"), "{case}: {seen}");
        }
    }
}

/// The server's second connection tells the page that the first was cut off: the page has read nothing until then.
#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn a_peer_that_sends_more_than_a_page_reads_is_cut_off() {
    let (server, addresses) = serve().await;
    let send_on = |connection: Connection, seen: mpsc::Sender<String>, cut: Arc<Semaphore>| async move {
        let (mut read, mut write) = connection.into_split();
        let (mut sent, mut byte) = (0_u64, [0]);
        let send = async {
            while write.write_all(&[0; 65_536]).await.is_ok() {
                sent += 65_536;
            }
        };
        tokio::select! {
            () = send => {}
            end = read.read(&mut byte) => assert!(end.is_err(), "{end:?}"),
        }
        let _ = seen.send((sent >> 20).to_string()).await;
        cut.add_permits(1);
    };
    let mut serving = spawn_pairs(server, send_on, tell_page);
    let told = tell("overrun", By::Socket, &addresses[..2]).await;
    let error = "Error: the peer sent more than 16 MiB that this page has not read";
    assert_eq!(told, format!("{error};{error}"));
    for _ in 0..2 {
        let sent: u64 = serving.seen().await.parse().unwrap();
        assert!((15..64).contains(&sent), "{sent} MiB");
    }
}

#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn a_page_waits_for_a_server_that_reads_nothing() {
    let (server, addresses) = serve().await;
    let count = |connection: Connection, _, go: Arc<Semaphore>| async move {
        patiently(go.acquire()).await.unwrap().forget();
        let (mut read, mut write) = connection.into_split();
        let count = tokio::io::copy(&mut read, &mut tokio::io::sink()).await.unwrap();
        write.write_all(count.to_string().as_bytes()).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let _serving = spawn_pairs(server, count, |_, go| async move { go.add_permits(1) });
    for by in BOTH {
        assert_eq!(tell("pressure", by, &addresses[..2]).await, "ok;ok", "{by:?}");
    }
}

/// The server's second connection tells the page that the first takes nothing more: the page has read nothing until then.
#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn a_server_waits_for_a_page_that_reads_nothing() {
    const ALL: usize = 64 << 20;
    let (server, addresses) = serve().await;
    let send_all = |mut connection: Connection, seen: mpsc::Sender<String>, waits: Arc<Semaphore>| async move {
        let mut waited = false;
        for sent in (0..ALL).step_by(65_536) {
            let mut write = pin!(connection.write_all(&[0; 65_536]));
            if waited {
                write.await.unwrap();
            } else if timeout(Duration::from_secs(1), &mut write).await.is_err() {
                let _ = seen.send((sent >> 20).to_string()).await;
                waits.add_permits(1);
                waited = true;
                write.await.unwrap();
            }
        }
        connection.shutdown().await.unwrap();
    };
    let mut serving = spawn_pairs(server, send_all, tell_page);
    assert_eq!(tell("slow", By::Stream, &addresses[..2]).await, format!("{ALL};{ALL}"));
    for _ in 0..2 {
        let sent: u64 = serving.seen().await.parse().unwrap();
        assert!(sent < 32, "{sent} MiB");
    }
}

/// `types.ts` uses all that the types promise, and makes mistakes that they have to find.
#[tokio::test]
#[ignore = "needs the package: `.ci/web` builds it and runs this"]
async fn the_types_are_those_of_typescript() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let reference = Reference::install(target).await.unwrap();
    let directory = target.join("types");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::copy(web_package().join("index.d.ts"), directory.join("index.d.ts")).unwrap();
    std::fs::write(directory.join("types.ts"), include_str!("../src/web/types.ts")).unwrap();
    let mut tsc = reference.script(reference.file("typescript/bin/tsc"));
    tsc.args(["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"]);
    let output = tsc.arg(directory.join("types.ts")).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
