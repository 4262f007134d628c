//! Our ws~shs server behind nginx, which ends TLS: reached as wss~shs by our client and by the reference's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use multiserver_interop::{ClientEnd, Nginx, PATIENCE, Peer, Reference, Under, Version};
use multiserver_tokio::core::address;
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::ws::Config;
use multiserver_tokio::{Connection, MultiAddress, Multiserver, NetworkKey, Scope, Server, Shs, Ws, Wss};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use support::{pair, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const NETWORK: [u8; 32] = [1; 32];
const OUR_SEED: [u8; 32] = [4; 32];
/// After this time nginx cuts an idle connection, unless a test sets another: nginx's default.
const IDLE: Duration = Duration::from_secs(60);

/// A server of ours that returns every byte, and nginx before it.
struct Behind {
    _nginx: Nginx,
    serving: JoinHandle<()>,
    /// Where it is found through nginx.
    address: MultiAddress,
    chain: String,
    key: String,
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn behind(name: &str, idle: Duration, ping_every: Duration) -> Behind {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let config = Config::default().ping_every(ping_every);
    let multiserver = Multiserver::builder().suite(Ws::bind("127.0.0.1:0").config(config).then(shs())).build().unwrap();
    let server: Server = multiserver.listen().await.unwrap();
    let direct = server.address(Scope::Device).unwrap();
    let ws = address::Ws::try_from(direct.addresses().next().unwrap().transport()).unwrap();
    let to = SocketAddr::new(ws.host().ip().unwrap(), ws.port());
    let serving = tokio::spawn(server.serve(
        |_| async { Some(()) },
        |connection, ()| async {
            let (mut read, mut write) = connection.into_split();
            if copy(&mut read, &mut write).await.is_ok() {
                let _ = write.shutdown().await;
            }
        },
    ));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nginx-{name}"));
    let nginx = Nginx::start(&directory, (&chain, &key), to, idle).await.unwrap();
    let address = direct.to_string().replacen(&format!("ws://{to}"), &format!("wss://{}/any?path", nginx.address()), 1);
    Behind { _nginx: nginx, serving, address: address.parse().unwrap(), chain, key }
}

impl Behind {
    async fn connect(&self) -> Connection {
        // Only the server's pings are to keep the connection alive.
        let config = Config::default().ping_every(Duration::from_secs(3600));
        let wss = Wss::dial_only().root(&self.chain).unwrap().config(config);
        let client = Multiserver::builder().suite(wss.then(shs())).build().unwrap();
        timeout(PATIENCE, client.connect(&self.address)).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn bytes_come_back_through_nginx_with_half_close() {
    let server = behind("echo", IDLE, IDLE).await;
    for length in [0, 1, 4097, 1 << 20] {
        let (mut read, mut write) = server.connect().await.into_split();
        let sent = text(length);
        let send = async {
            write.write_all(&sent).await.unwrap();
            write.shutdown().await.unwrap();
        };
        let mut back = Vec::new();
        let both = async { tokio::join!(send, read.read_to_end(&mut back)) };
        timeout(PATIENCE, both).await.unwrap().1.unwrap();
        assert!(back == sent, "{length} bytes");
    }
}

#[tokio::test]
async fn their_client_reaches_our_server_through_nginx() {
    let server = behind("reference", IDLE, IDLE).await;
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    for version in [Version::V1, Version::V3] {
        let peer = Peer {
            under: Under::Wss { chain: server.chain.clone(), key: server.key.clone() },
            version,
            network: NetworkKey::from_bytes(NETWORK),
            seed: Seed::from_bytes([3; 32]),
        };
        let sent = text(1 << 20);
        let client = peer.connect(&reference, &server.address.to_string()).unwrap();
        assert!(client.send(&sent).await.unwrap() == ClientEnd::Clean(sent), "{version:?}");
    }
}

/// This test waits for real time to pass, since nginx's clock is real.
#[tokio::test]
async fn pings_keep_what_is_idle_alive_and_without_them_nginx_cuts_it() {
    let idle = Duration::from_secs(2);
    let (kept, cut) = tokio::join!(behind("kept", idle, idle / 2), behind("cut", idle, Duration::from_secs(3600)));
    let (mut kept, mut cut) = tokio::join!(kept.connect(), cut.connect());
    let (mut byte, mut other) = ([0], [0]);
    // The server sends its pings itself; the client only has to stay connected.
    let (still_there, end) =
        tokio::join!(timeout(2 * idle, kept.read(&mut byte)), timeout(PATIENCE, cut.read(&mut other)));
    assert!(still_there.is_err(), "nothing came, no end either: {still_there:?}");
    assert!(end.unwrap().is_err(), "cut without a goodbye");
    kept.write_all(b"x").await.unwrap();
    kept.flush().await.unwrap();
    assert_eq!(timeout(PATIENCE, kept.read(&mut byte)).await.unwrap().unwrap(), 1);
}

fn shs() -> Shs {
    Shs::new(pair(OUR_SEED)).network(NetworkKey::from_bytes(NETWORK))
}
