//! The clients.

use multiserver_tokio::core::address::Address;
use multiserver_tokio::{Connection, MultiAddress, Multiserver, Net, Shs, generate_identity};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

/// How many connections are opened at once.
const AT_ONCE: u32 = 32;

/// How many connections carry bytes.
const CARRYING: u32 = 6;

/// How many bytes are written and read at once.
const PIECE: usize = 64 * 1024;

/// How many connections come before anything is measured.
const WARM_UP: u32 = 100;

#[derive(Clone)]
pub(crate) struct Client {
    multiserver: Multiserver,
    address: MultiAddress,
}

impl Client {
    pub(crate) fn new(address: &Address) -> Self {
        let suite = Net::dial_only().then(Shs::new(generate_identity().unwrap()));
        let multiserver = Multiserver::builder().suite(suite).build().unwrap();
        Self { multiserver, address: MultiAddress::new([address.clone()]).unwrap() }
    }

    async fn connect(&self) -> Connection {
        self.multiserver.connect(&self.address).await.unwrap()
    }

    pub(crate) async fn warm_up(&self) {
        self.connect_and_part(WARM_UP).await;
    }

    /// Opens so many connections, some at once, each to its end with both goodbyes.
    pub(crate) async fn connect_and_part(&self, count: u32) -> Duration {
        let (left, mut tasks, begun) = (Arc::new(AtomicU32::new(0)), JoinSet::new(), Instant::now());
        for _ in 0..AT_ONCE {
            let (client, done) = (self.clone(), Arc::clone(&left));
            tasks.spawn(async move {
                while done.fetch_add(1, Ordering::Relaxed) < count {
                    let mut connection = client.connect().await;
                    connection.shutdown().await.unwrap();
                    assert_eq!(connection.read_to_end(&mut Vec::new()).await.unwrap(), 0);
                }
            });
        }
        tasks.join_all().await;
        begun.elapsed()
    }

    /// Has so many MiB come back, over several connections.
    pub(crate) async fn echo(&self, mebibytes: u32) -> Duration {
        let each = usize::try_from(mebibytes.div_ceil(CARRYING)).unwrap() * 1024 * 1024;
        let mut tasks = JoinSet::new();
        let connections = self.open(CARRYING).await;
        let begun = Instant::now();
        for connection in connections {
            tasks.spawn(async move {
                let (mut read, mut write) = connection.into_split();
                let sending = tokio::spawn(async move {
                    let piece = vec![7; PIECE];
                    for _ in 0..each / PIECE {
                        write.write_all(&piece).await.unwrap();
                    }
                    write.shutdown().await.unwrap();
                });
                let (mut buffer, mut count) = (vec![0; PIECE], 0);
                loop {
                    match read.read(&mut buffer).await.unwrap() {
                        0 => break,
                        more => count += more,
                    }
                }
                assert_eq!(count, each);
                sending.await.unwrap();
            });
        }
        tasks.join_all().await;
        begun.elapsed()
    }

    /// Opens so many connections, each of which has carried a byte there and back.
    pub(crate) async fn open(&self, count: u32) -> Vec<Connection> {
        let mut connections = Vec::new();
        for _ in 0..count {
            let mut connection = self.connect().await;
            connection.write_all(&[7]).await.unwrap();
            connection.flush().await.unwrap();
            connection.read_exact(&mut [0]).await.unwrap();
            connections.push(connection);
        }
        connections
    }
}
