//! Who gets a slot in a flood from more sources than there are slots.
#![allow(clippy::unwrap_used)]

mod support;

use futures_util::future::{Either, select};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_sim::core::keys::{Ephemeral, NetworkKey};
use multiserver_sim::core::shs::Client;
use multiserver_sim::{Host, Runtime, Sim};
use std::net::SocketAddr;
use std::time::Duration;
use support::{SERVER, client, echo, exchange, identity};

/// How many machines attack: more than a suite has slots by default.
const ATTACKERS: usize = 300;

/// At least the time that a peer whose handshake makes progress has, and a bit for the network.
const PATIENCE: Duration = Duration::from_secs(3);

/// What an attacker does with its connection.
#[derive(Debug, Clone, Copy)]
enum Attack {
    /// Nothing.
    Silence,
    /// It sends a byte of a possible message now and then.
    Drip,
    /// It sends a first message, which anybody who has seen one can replay.
    Hello,
}

/// Connects again and again, whenever the server closes the connection.
async fn attack(host: Host, server: SocketAddr, attack: Attack) {
    loop {
        let Ok(mut io) = host.tcp_connect(server).await else { continue };
        if let Attack::Hello = attack {
            let random = host.random().unwrap();
            let client = Client::new(identity(9), &identity(SERVER).public(), &NetworkKey::SSB_MAIN).unwrap();
            let (_, hello) = client.start(Ephemeral::from_random(random));
            let _ = io.write_all(&hello).await;
        }
        let mut answer = [0; 64];
        loop {
            match select(io.read(&mut answer), host.sleep(Duration::from_millis(400))).await {
                Either::Left((Ok(1..), _)) => {}
                Either::Left(_) => break,
                Either::Right(_) => {
                    if let Attack::Drip = attack
                        && io.write_all(&[7]).await.is_err()
                    {
                        break;
                    }
                }
            }
        }
    }
}

fn nobody_waits(kind: Attack) {
    let sim = Sim::new(11);
    let server = sim.runtime("server");
    let address = echo(&sim, &server);
    let listening = SocketAddr::new(*server.addresses().first().unwrap(), 8008);
    for number in 0..ATTACKERS {
        sim.spawn(attack(sim.runtime(&format!("attacker {number}")), listening, kind));
    }
    sim.advance(Duration::from_secs(1)).unwrap();
    for number in 0..15 {
        let begun = sim.now();
        let connecting = client(&sim.runtime(&format!("friend {number}")));
        let connection = sim.block_on(connecting.connect(&address)).unwrap().unwrap();
        assert!(sim.now() - begun < PATIENCE, "{kind:?}: friend {number} waited for {:?}", sim.now() - begun);
        assert_eq!(sim.block_on(exchange(connection, b"hello")).unwrap().unwrap(), b"hello");
        sim.advance(Duration::from_millis(300)).unwrap();
    }
}

#[test]
fn nobody_waits_for_silent_peers_from_everywhere() {
    nobody_waits(Attack::Silence);
}

#[test]
fn dripping_gains_nothing() {
    nobody_waits(Attack::Drip);
}

#[test]
fn saying_hello_gains_next_to_nothing() {
    nobody_waits(Attack::Hello);
}
