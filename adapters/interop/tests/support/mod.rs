//! Helpers that the tests beside this share.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, unreachable_pub)]

use multiserver_interop::PATIENCE;
use multiserver_tokio::core::keys::Seed;
use multiserver_tokio::{Connection, KeyPair, PublicKey, Server};
use std::future::Future;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

pub fn pair(seed: [u8; 32]) -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes(seed))
}

pub fn public(seed: [u8; 32]) -> PublicKey {
    pair(seed).public()
}

/// Bytes that do not repeat within a frame: 0 to 250 over and over, as the reference's scripts send them.
pub fn text(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect()
}

/// Sends these bytes and ends, and returns what arrives meanwhile, up to its clean end.
pub async fn exchange(connection: Connection, send: &[u8]) -> Vec<u8> {
    let (mut read, mut write) = connection.into_split();
    let sending = async {
        write.write_all(send).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let ((), received) = tokio::join!(patiently(sending), read_to_end(&mut read));
    received
}

pub async fn read_to_end(read: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut received = Vec::new();
    patiently(read.read_to_end(&mut received)).await.unwrap();
    received
}

pub async fn patiently<T>(wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.expect("nothing happens")
}

/// Returns every byte to everybody.
pub async fn serve_echo(server: Server) {
    let echo = |connection: Connection, ()| async {
        let (mut read, mut write) = connection.into_split();
        if tokio::io::copy(&mut read, &mut write).await.is_ok() {
            let _ = write.shutdown().await;
        }
    };
    server.serve(|_| async { Some(()) }, echo).await;
}
