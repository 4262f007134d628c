//! Reconnectors and races over a network that fails.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_sim::{ConnectOptions, MultiAddress, Sim, Trace};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use support::{client, echo, exchange};

const OUTAGE: Duration = Duration::from_secs(600);

const LONGEST: Duration = Duration::from_secs(30);

/// When each of several reconnectors was connected again after an outage of their server, and what went over the network.
fn outage(seed: u64) -> (Vec<SystemTime>, Trace) {
    let sim = Sim::new(seed);
    let server = sim.runtime("server");
    let address = echo(&sim, &server);
    let opened = Arc::new(Mutex::new(Vec::new()));
    let hosts: Vec<_> = (0..8).map(|index| sim.runtime(&format!("client {index}"))).collect();
    for host in &hosts {
        let (client, address, opened) = (client(host), address.clone(), Arc::clone(&opened));
        sim.spawn(async move {
            let mut reconnector = client.reconnector(address).pauses(Duration::from_secs(1), LONGEST);
            loop {
                let connection = reconnector.next().await.unwrap();
                opened.lock().unwrap().push(connection.since());
                // The peer that stays learns of the end by reading.
                let _ = futures_util::AsyncReadExt::read(&mut { connection }, &mut [0]).await;
            }
        });
    }
    sim.advance(Duration::from_secs(5)).unwrap();
    assert_eq!(std::mem::take(&mut *opened.lock().unwrap()).len(), hosts.len());

    sim.refuse(&server, true);
    hosts.iter().for_each(|host| sim.reset(host, &server));
    sim.advance(OUTAGE).unwrap();
    assert!(opened.lock().unwrap().is_empty(), "the server is away");
    sim.refuse(&server, false);
    sim.advance(LONGEST + Duration::from_secs(5)).unwrap();
    let opened = opened.lock().unwrap().clone();
    (opened, sim.trace())
}

#[test]
fn links_are_open_again_soon_after_an_outage_and_not_all_at_once() {
    let (opened, trace) = outage(7);
    assert_eq!(opened.len(), 8);
    let (first, last) = (opened.iter().min().unwrap(), opened.iter().max().unwrap());
    assert!(last.duration_since(*first).unwrap() > LONGEST / 8, "{opened:?}");
    assert_eq!(trace, outage(7).1, "the jitter comes of the seed");
}

#[test]
fn a_race_is_won_by_who_answers_though_the_first_address_is_cut_off() {
    let sim = Sim::new(3);
    let (near, far, host) = (sim.runtime("near"), sim.runtime("far"), sim.runtime("client"));
    let addresses = [echo(&sim, &near), echo(&sim, &far)].map(|address| address.to_string()).join(";");
    let addresses: MultiAddress = addresses.parse().unwrap();
    sim.cut(&near, &host);
    let (begin, head_start) = (sim.now(), Duration::from_millis(250));
    let client = client(&host);
    let options = ConnectOptions::new().race(head_start);
    let connection = sim.block_on(client.connect_with(&addresses, &options)).unwrap().unwrap();
    let took = sim.now() - begin;
    assert!(took >= head_start && took < Duration::from_secs(2), "{took:?}");
    let address = connection.peer_address().unwrap().to_string();
    assert!(address.starts_with(&format!("net:{}:", far.addresses()[0])), "{address}");
    assert_eq!(sim.block_on(exchange(connection, b"hello")).unwrap().unwrap(), b"hello");
}
