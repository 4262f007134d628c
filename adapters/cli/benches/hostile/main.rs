//! What honest clients get of `multiserver serve` while others attack it: how many of them succeed, how long it takes them,
//! and how much memory the server needs.
//!
//! `cargo bench -p multiserver-cli --bench hostile`; with `-- --test` a tenth of the attempts. All is on the loopback
//! interface, and bounded in number and time. The memory is read from /proc, as Linux has it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod attacker;
mod raw;
mod server;

use attacker::Attack;
use raw::{Target, source};
use server::Server;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Hostile attempts in the whole run.
const ATTEMPTS: u32 = 10_000;

/// How many of them are under way at once: more than the server has slots for handshakes.
const AT_ONCE: usize = 600;

/// Where they come from.
const SOURCES: u32 = 100;

/// Keys that nobody knows, each with a connection that stays; as many as the server serves peers.
const THROWAWAY_KEYS: u32 = 200;

/// Where these come from.
const THROWAWAY_SOURCES: u32 = 20;

/// How many times a throwaway key comes back when its connection was ended.
const RETURNS: u32 = 5;

/// Honest clients that connect one after the other, each from an address of its own.
const HONEST: u8 = 4;

#[tokio::main]
async fn main() {
    let attempts = if std::env::args().any(|argument| argument == "--test") { ATTEMPTS / 10 } else { ATTEMPTS };
    let server = Server::start(THROWAWAY_KEYS);
    let target = Arc::new(server.target());
    let idle_memory = server.memory();

    let mut throwaway = JoinSet::new();
    for number in 0..THROWAWAY_KEYS {
        let target = Arc::clone(&target);
        let from = source(2, number % THROWAWAY_SOURCES);
        throwaway.spawn(async move { raw::stay(&target, from, number, RETURNS).await });
    }
    let is_over = Arc::<AtomicBool>::default();
    let mut honest = JoinSet::new();
    for client in 0..HONEST {
        let (target, is_over) = (Arc::clone(&target), Arc::clone(&is_over));
        honest.spawn(async move { honestly(&target, client, &is_over).await });
    }
    let begun = Instant::now();
    attack(&target, attempts).await;
    let took = begun.elapsed();
    is_over.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    let mut failures = Vec::new();
    while let Some(results) = honest.join_next().await {
        for result in results.unwrap() {
            match result {
                Ok(time) => times.push(time),
                Err(error) => failures.push(error),
            }
        }
    }
    throwaway.abort_all();
    times.sort_unstable();
    let peak_memory = server.memory();
    println!(
        "{attempts} hostile attempts from {SOURCES} sources in {took:.1?}, {THROWAWAY_KEYS} throwaway keys that stay"
    );
    println!("honest clients: {} of {} succeeded", times.len(), times.len() + failures.len());
    println!(
        "handshake and echo: p50 {:.1?}, p99 {:.1?}, longest {:.1?}",
        quantile(&times, 50),
        quantile(&times, 99),
        quantile(&times, 100)
    );
    println!("memory of the server: {idle_memory} KiB idle, {peak_memory} KiB at its peak");
    assert!(failures.is_empty(), "honest clients failed, the first one so: {}", failures[0]);
    assert!(!times.is_empty(), "no honest client had its turn");
}

/// Connects, is answered and goes, again and again until the attack is over.
async fn honestly(target: &Target, client: u8, is_over: &AtomicBool) -> Vec<Result<Duration, String>> {
    let mut results = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let result = raw::echo(target, source(3, u32::from(client)), client).await;
        results.push(result.map(|()| begun.elapsed()).map_err(|error| error.to_string()));
    }
    results
}

/// All hostile attempts, this many at once.
async fn attack(target: &Arc<Target>, attempts: u32) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for number in 0..attempts {
        let permit = Arc::clone(&room).acquire_owned().await.unwrap();
        let target = Arc::clone(target);
        running.spawn(async move {
            Attack::of(number).run(&target, source(1, number % SOURCES)).await;
            drop(permit);
        });
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or_default()
}
