//! Servers and clients on simulated machines, with identities made of one byte.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_sim::core::keys::Seed;
use multiserver_sim::{Connection, Host, KeyPair, MultiAddress, Multiserver, Net, Scope, Server, Shs, Sim};
use std::time::Duration;

pub const SERVER: u8 = 1;
pub const CLIENT: u8 = 2;
pub const DEADLINE: Duration = Duration::from_secs(15);

pub fn identity(fill: u8) -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes([fill; 32]))
}

pub fn listen(sim: &Sim, host: &Host) -> (Server, MultiAddress) {
    let suite = Net::bind("0.0.0.0:8008").then(Shs::new(identity(SERVER)));
    let multiserver = Multiserver::builder_on(host.clone()).suite(suite).build().unwrap();
    let server = sim.block_on(multiserver.listen()).unwrap().unwrap();
    let address = server.address(Scope::Local).unwrap();
    (server, address)
}

/// A server that returns every byte.
pub fn echo(sim: &Sim, host: &Host) -> MultiAddress {
    let (server, address) = listen(sim, host);
    sim.spawn(server.serve(
        |_| async { Some(()) },
        |connection, ()| async {
            let (read, mut write) = connection.into_split();
            if futures_util::io::copy(read, &mut write).await.is_ok() {
                let _ = AsyncWriteExt::close(&mut write).await;
            }
        },
    ));
    address
}

pub fn client(host: &Host) -> Multiserver {
    let suite = Net::dial_only().then(Shs::new(identity(CLIENT)));
    Multiserver::builder_on(host.clone()).suite(suite).build().unwrap()
}

/// Sends these bytes, closes, and reads all that comes back.
pub async fn exchange(connection: Connection, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let (mut read, mut write) = connection.into_split();
    let mut back = Vec::new();
    let send = async {
        write.write_all(bytes).await?;
        AsyncWriteExt::close(&mut write).await
    };
    futures_util::future::try_join(send, read.read_to_end(&mut back)).await?;
    Ok(back)
}
