//! Several servers with one identity behind HAProxy, which are as one.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, LIMIT};
use multiserver_interop::HaProxy;
use multiserver_tokio::{Connection, MultiAddress, Multiserver, Net, Shs, generate_identity};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How many connections each server has.
const EACH: usize = 20;

/// How many come when one of the servers has gone.
const NEWCOMERS: usize = 30;

/// How many bytes go there and back at once.
const PIECE: usize = 16 * 1024;

/// Sends pieces and reads them back until `is_enough`, then says goodbye; `false` when the connection has broken before.
async fn exchange_until(mut connection: Connection, is_enough: impl Fn() -> bool) -> bool {
    let (sent, mut back) = (vec![7; PIECE], vec![0; PIECE]);
    let mut is_last = false;
    while !is_last {
        // One exchange begins after that at least.
        is_last = is_enough();
        let exchange = async {
            connection.write_all(&sent).await?;
            connection.flush().await?;
            connection.read_exact(&mut back).await
        };
        if timeout(LIMIT, exchange).await.unwrap().is_err() {
            return false;
        }
        assert_eq!(back, sent);
    }
    connection.shutdown().await.unwrap();
    timeout(LIMIT, connection.read_to_end(&mut back)).await.unwrap().unwrap() == 0
}

fn place(address: &str) -> SocketAddr {
    address.strip_prefix("net:").unwrap().split('~').next().unwrap().parse().unwrap()
}

#[test]
fn one_of_three_servers_is_killed_under_load_and_only_its_connections_are_lost() {
    let home = Home::new();
    let (identity, _) = home.identity("shared");
    let source = HaProxy::SOURCE.to_string();
    let options = ["--echo", "--identity", &identity, "--net", "127.0.0.1:0", "--proxy-protocol-from", &source, "-v"];
    let mut servers: Vec<_> = (0..3).map(|_| home.serve(&options)).collect();
    let places: Vec<_> = servers.iter().map(|(_, address)| place(address)).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let haproxy = HaProxy::start(&home.path("haproxy"), &places).await.unwrap();
        haproxy.servers_when(|servers| servers.iter().all(|server| server.is_up)).await.unwrap();
        let key = servers[0].1.split_once('~').unwrap().1;
        let address: MultiAddress = format!("net:{}~{key}", haproxy.address()).parse().unwrap();
        let suite = Net::dial_only().then(Shs::new(generate_identity().unwrap()));
        let client = Multiserver::builder().suite(suite).build().unwrap();

        let is_over = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        for _ in 0..3 * EACH {
            let (connection, is_over) = (client.connect(&address).await.unwrap(), Arc::clone(&is_over));
            running.spawn(exchange_until(connection, move || is_over.load(Ordering::Relaxed)));
        }
        let before = haproxy.servers().await.unwrap();
        assert_eq!(before.iter().map(|server| server.connections).collect::<Vec<_>>(), [EACH; 3]);

        let (mut killed, _) = servers.remove(0);
        killed.kill();
        // What it had taken until it was gone is lost with it.
        killed.finish();
        let mut newcomers = JoinSet::new();
        for _ in 0..NEWCOMERS {
            let (client, address) = (client.clone(), address.clone());
            newcomers.spawn(async move { exchange_until(client.connect(&address).await.unwrap(), || true).await });
        }
        assert_eq!(newcomers.join_all().await, [true; NEWCOMERS], "whoever comes gets in");
        is_over.store(true, Ordering::Relaxed);
        let whole = running.join_all().await.into_iter().filter(|is_whole| *is_whole).count();
        assert_eq!(whole, 2 * EACH, "all but those of the server that was killed");
        haproxy.servers_when(|now| now.iter().map(|server| server.is_up).eq([false, true, true])).await.unwrap();
    });
    for (server, _) in servers {
        common::interrupt(&server);
        let log = server.end().errors;
        let accepted = log.lines().filter(|line| line.contains("accepted")).count();
        let of_clients =
            log.lines().filter(|line| line.contains("net:127.0.0.1:") && line.contains("accepted")).count();
        assert!(accepted >= EACH && of_clients == accepted, "{log}");
        assert!(!log.contains("failed") && !log.contains("WARN"), "{log}");
    }
}
