//! Peers that never come in.

use crate::raw::{Target, connect, random};
use multiserver_tokio::core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
use multiserver_tokio::core::shs::Client;
use std::net::Ipv4Addr;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an attempt lasts unless the server ends it before.
const STAY: Duration = Duration::from_secs(3);

/// The pause between two bytes of a peer that drips.
const DRIP: Duration = Duration::from_millis(100);

/// What a peer does.
#[derive(Clone, Copy)]
pub(crate) enum Attack {
    Silence,
    Drip,
    OtherNetwork,
    Replay,
    Http,
}

impl Attack {
    /// Each in turn.
    pub(crate) fn of(number: u32) -> Self {
        // The sources repeat every hundred attempts: each source makes all kinds.
        match (number / 7) % 5 {
            0 => Self::Silence,
            1 => Self::Drip,
            2 => Self::OtherNetwork,
            3 => Self::Replay,
            _ => Self::Http,
        }
    }

    /// Runs it to its end, which is the server's or the end of its time.
    pub(crate) async fn run(self, target: &Target, from: Ipv4Addr) {
        let attempt = async {
            let mut stream = connect(target, from).await?;
            match self {
                Self::Silence => {}
                Self::Drip => {
                    for byte in hello(target, &NetworkKey::SSB_MAIN) {
                        stream.write_all(&[byte]).await?;
                        tokio::time::sleep(DRIP).await;
                    }
                }
                Self::OtherNetwork => stream.write_all(&hello(target, &NetworkKey::from_bytes([7; 32]))).await?,
                Self::Replay => {
                    static RECORDED: LazyLock<[u8; 32]> = LazyLock::new(random);
                    stream.write_all(&hello_of(target, &NetworkKey::SSB_MAIN, *RECORDED)).await?;
                }
                Self::Http => stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await?,
            }
            to_the_end(&mut stream).await
        };
        let _ = timeout(STAY, attempt).await;
    }
}

async fn to_the_end(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 256]).await? > 0 {}
    Ok(())
}

fn hello(target: &Target, network: &NetworkKey) -> [u8; 64] {
    hello_of(target, network, random())
}

fn hello_of(target: &Target, network: &NetworkKey, ephemeral: [u8; 32]) -> [u8; 64] {
    let anybody = KeyPair::from_seed(Seed::from_bytes([1; 32]));
    Client::new(anybody, &target.key, network).unwrap().start(Ephemeral::from_random(ephemeral)).1
}
