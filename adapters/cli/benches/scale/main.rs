//! What one core does for the servers' side, and what a load balancer before several servers adds: the figures of
//! `adapters/cli/SCALING.md`.
//!
//! `cargo bench -p multiserver-cli --bench scale`; with `-- --test` a hundredth of it. All is on the loopback interface.
//! The clients have the same cores, so each figure is what the servers' processes did in a second of processor time, as
//! /proc of Linux has it: that does not depend on who else wants the cores.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod load;
mod process;

use load::Client;
use multiserver_interop::HaProxy;
use process::{Server, cpu};
use std::net::SocketAddr;
use tempfile::TempDir;

/// How much there is to do.
struct Amount {
    connections: u32,
    mebibytes: u32,
    idle: u32,
}

#[tokio::main]
async fn main() {
    let part = if std::env::args().any(|argument| argument == "--test") { 100 } else { 1 };
    let amount = Amount { connections: 20_000 / part, mebibytes: 2400 / part, idle: 2000 / part };
    process::allow_files(3 * amount.idle.max(1000));
    let home = tempfile::tempdir().unwrap();
    one_thread(&home, &amount).await;
    one_server(&home, &amount).await;
    shared_port(&home, &amount).await;
    behind_haproxy(&home, &amount).await;
}

/// What a core does without another beside it: whatever several do less, each, is what sharing costs.
async fn one_thread(home: &TempDir, amount: &Amount) {
    let server = Server::start_with(home, "127.0.0.1:0", &[], &[("TOKIO_WORKER_THREADS", "1")]);
    println!("one server with one thread");
    let client = Client::new(&server.address);
    client.warm_up().await;
    measure(&client, amount, &[server.id()], None).await;
}

async fn one_server(home: &TempDir, amount: &Amount) {
    let server = Server::start(home, "127.0.0.1:0", &[]);
    let client = Client::new(&server.address);
    println!("one server with a thread for each core");
    client.warm_up().await;
    measure(&client, amount, &[server.id()], None).await;
    let before = server.memory();
    let connections = client.open(amount.idle).await;
    let each = server.memory().saturating_sub(before) * 1024 / u64::from(amount.idle);
    drop(connections);
    println!("  idle: {each} bytes a connection, {} connections per GiB", (1 << 30) / each.max(1));
}

async fn shared_port(home: &TempDir, amount: &Amount) {
    let first = Server::start(home, "127.0.0.1:0", &["--reuse-port"]);
    let place = first.place().to_string();
    let others = [0; 2].map(|_| Server::start(home, &place, &["--reuse-port"]));
    let ids: Vec<_> = [first.id()].into_iter().chain(others.iter().map(Server::id)).collect();
    println!("three servers at one port");
    let client = Client::new(&first.address);
    client.warm_up().await;
    measure(&client, amount, &ids, None).await;
}

async fn behind_haproxy(home: &TempDir, amount: &Amount) {
    let source = HaProxy::SOURCE.to_string();
    let servers = [0; 3].map(|_| Server::start(home, "127.0.0.1:0", &["--proxy-protocol-from", &source]));
    let places: Vec<SocketAddr> = servers.iter().map(Server::place).collect();
    let haproxy = HaProxy::start(&home.path().join("haproxy"), &places).await.unwrap();
    haproxy.servers_when(|servers| servers.iter().all(|server| server.is_up)).await.unwrap();
    let ids: Vec<_> = servers.iter().map(Server::id).collect();
    println!("three servers behind HAProxy");
    let client = Client::new(&servers[0].address_at(haproxy.address()));
    client.warm_up().await;
    measure(&client, amount, &ids, haproxy.id()).await;
}

/// Measures connections and bytes, by what these servers and the balancer need for them.
async fn measure(client: &Client, amount: &Amount, servers: &[u32], balancer: Option<u32>) {
    let counted = |before: Vec<f64>| {
        let now = cpu_of(servers, balancer);
        now.iter().zip(before).map(|(now, before)| (now - before).max(0.01)).collect::<Vec<_>>()
    };
    let before = cpu_of(servers, balancer);
    let seconds = client.connect_and_part(amount.connections).await.as_secs_f64();
    print("handshakes", amount.connections, seconds, &counted(before));
    let before = cpu_of(servers, balancer);
    let seconds = client.echo(amount.mebibytes).await.as_secs_f64();
    print("MiB echoed", amount.mebibytes, seconds, &counted(before));
}

/// The seconds of all servers, and those of the balancer if there is one.
fn cpu_of(servers: &[u32], balancer: Option<u32>) -> Vec<f64> {
    let servers = servers.iter().map(|id| cpu(*id)).sum();
    [Some(servers), balancer.map(cpu)].into_iter().flatten().collect()
}

fn print(what: &str, count: u32, seconds: f64, cpu: &[f64]) {
    let count = f64::from(count);
    let names = ["the servers'", "the balancer's"];
    let each = cpu.iter().zip(names).map(|(cpu, name)| format!("{:.0} in a second of {name} cores", count / cpu));
    let each: Vec<_> = each.collect();
    println!("  net~shs: {:.0} {what} a second; {}", count / seconds, each.join(", "));
}
