//! Somebody who blocks ports, and cannot choose the weaker protocol of a server for a client that has seen the stronger.
#![allow(clippy::unwrap_used)]

mod support;

use multiserver_noise::Noise;
use multiserver_sim::compose::Builder;
use multiserver_sim::{
    ConnectError, ConnectOptions, Failure, Host, InMemory, MultiAddress, Multiserver, Net, ProtocolMemory, Proven,
    Scope, Shs, Sim,
};
use stateright::{Checker, Model, Property};
use std::sync::Arc;
use std::time::Instant;
use support::{CLIENT, SERVER, identity};

const SHS: u16 = 8008;
const NOISE: u16 = 8009;

/// What a server of noise and shs offers.
const BOTH: [bool; 2] = [true; 2];

/// A server of noise, of shs, or of both, on a port each; its address names noise first.
fn serve(sim: &Sim, host: &Host, [offers_noise, offers_shs]: [bool; 2]) -> MultiAddress {
    let noise = Net::bind(format!("0.0.0.0:{NOISE}")).then(Noise::new(identity(SERVER)));
    let shs = Net::bind(format!("0.0.0.0:{SHS}")).then(Shs::new(identity(SERVER)));
    let offered = [(noise, offers_noise), (shs, offers_shs)].into_iter().filter(|(_, is_offered)| *is_offered);
    let builder = Multiserver::builder_on(host.clone());
    let multiserver = offered.fold(builder, |builder, (suite, _)| builder.suite(suite)).build().unwrap();
    let server = sim.block_on(multiserver.listen()).unwrap().unwrap();
    let address = server.address(Scope::Local).unwrap();
    sim.spawn(server.serve(|_| async { Some(()) }, |connection, ()| async { drop(connection) }));
    address
}

fn client(host: &Host, set: impl FnOnce(Builder<Host>) -> Builder<Host>) -> Multiserver {
    let builder = Multiserver::builder_on(host.clone())
        .suite(Net::dial_only().then(Noise::new(identity(CLIENT))))
        .suite(Net::dial_only().then(Shs::new(identity(CLIENT))));
    set(builder).build().unwrap()
}

/// The suite that a connection was made through.
fn connect(
    sim: &Sim,
    client: &Multiserver,
    address: &MultiAddress,
    options: &ConnectOptions,
) -> Result<String, ConnectError> {
    let connected = sim.block_on(client.connect_with(address, options)).unwrap();
    connected.map(|connection| connection.suite().to_owned())
}

#[test]
fn a_blocker_of_ports_gets_no_downgrade() {
    let sim = Sim::new(1);
    let (server, host) = (sim.runtime("server"), sim.runtime("client"));
    let address = serve(&sim, &server, BOTH);
    let client = client(&host, |builder| builder);
    let (plain, allowing) = (ConnectOptions::new(), ConnectOptions::new().allow_downgrade());
    assert_eq!(connect(&sim, &client, &address, &plain).unwrap(), "net~noise");

    sim.block(&server, NOISE, true);
    let ConnectError::Failed(failed) = connect(&sim, &client, &address, &plain).unwrap_err() else { panic!() };
    assert!(
        matches!(failed.as_slice(), [noise, shs]
        if noise.suite == "net~noise" && matches!(noise.failure, Failure::Layer { .. })
        && shs.suite == "net~shs" && matches!(&shs.failure, Failure::Downgrade { offered, seen } if offered == "shs" && seen == "noise")),
        "{failed:?}"
    );
    let text = failed[1].to_string();
    assert!(text.contains("shs is weaker than noise") && text.contains("allow the downgrade"), "{text}");
    let old: MultiAddress =
        address.to_string().split(';').find(|address| address.contains("~shs:")).unwrap().parse().unwrap();
    assert!(connect(&sim, &client, &old, &plain).is_err(), "an old address does not help the blocker either");

    assert_eq!(connect(&sim, &client, &address, &allowing).unwrap(), "net~shs");
    assert!(connect(&sim, &client, &address, &plain).is_err(), "what was allowed once is not allowed again");
    sim.block(&server, NOISE, false);
    assert_eq!(connect(&sim, &client, &address, &plain).unwrap(), "net~noise");
}

#[test]
fn the_stronger_protocol_is_tried_first_wherever_it_stands() {
    let sim = Sim::new(1);
    let (server, host) = (sim.runtime("server"), sim.runtime("client"));
    let address = serve(&sim, &server, BOTH);
    let client = client(&host, |builder| builder);
    let backwards: Vec<_> = address.to_string().split(';').rev().map(str::to_owned).collect();
    assert!(backwards[0].contains("~shs:"), "{backwards:?}");
    let backwards = backwards.join(";").parse().unwrap();
    assert_eq!(connect(&sim, &client, &backwards, &ConnectOptions::new()).unwrap(), "net~noise");
    let preferring = ConnectOptions::new().prefer(["shs"]).allow_downgrade();
    assert_eq!(connect(&sim, &client, &backwards, &preferring).unwrap(), "net~shs", "unless the caller says otherwise");
}

/// So the test above can fail.
#[test]
fn without_a_memory_the_blocker_chooses_the_protocol() {
    let sim = Sim::new(1);
    let (server, host) = (sim.runtime("server"), sim.runtime("client"));
    let address = serve(&sim, &server, BOTH);
    let client = client(&host, Builder::without_protocol_memory);
    assert_eq!(connect(&sim, &client, &address, &ConnectOptions::new()).unwrap(), "net~noise");
    sim.block(&server, NOISE, true);
    assert_eq!(connect(&sim, &client, &address, &ConnectOptions::new()).unwrap(), "net~shs");
}

#[test]
fn a_memory_is_shared_by_multiservers_and_knows_keys_apart() {
    let sim = Sim::new(1);
    let (server, host) = (sim.runtime("server"), sim.runtime("client"));
    let address = serve(&sim, &server, BOTH);
    let memory = Arc::new(InMemory::new());
    let with_memory = |memory: &Arc<InMemory>| client(&host, |builder| builder.protocol_memory(Arc::clone(memory)));
    assert_eq!(connect(&sim, &with_memory(&memory), &address, &ConnectOptions::new()).unwrap(), "net~noise");
    sim.block(&server, NOISE, true);
    assert!(connect(&sim, &with_memory(&memory), &address, &ConnectOptions::new()).is_err());
    let fresh = Arc::new(InMemory::new());
    let first = connect(&sim, &with_memory(&fresh), &address, &ConnectOptions::new()).unwrap();
    assert_eq!(first, "net~shs", "the first connection has nothing to go by");
}

/// A step of the world: what the server offers and so its address names, what is blocked on the way, and whether the
/// client allows a downgrade.
#[derive(Debug, Clone, Copy, PartialEq)]
struct World {
    offers: [bool; 2],
    blocks: [bool; 2],
    allows: bool,
}

impl World {
    /// Whether noise and shs can be reached.
    fn reachable(self) -> [bool; 2] {
        let ([noise, shs], [blocks_noise, blocks_shs]) = (self.offers, self.blocks);
        [noise && !blocks_noise, shs && !blocks_shs]
    }
}

/// What happens to a client that has seen `noise` or not: the suite that it connects through, and whether it has seen it
/// afterwards.
fn step(has_seen: bool, world: World, remembers: bool) -> (Option<String>, bool) {
    let sim = Sim::new(1);
    let (server, host) = (sim.runtime("server"), sim.runtime("client"));
    let address = serve(&sim, &server, world.offers);
    for (port, is_blocked) in [NOISE, SHS].into_iter().zip(world.blocks) {
        sim.block(&server, port, is_blocked);
    }
    let memory = Arc::new(InMemory::new());
    if has_seen {
        memory.note(&identity(SERVER).public(), &Proven::new("noise", 100)).unwrap();
    }
    let client = client(&host, |builder| {
        if remembers { builder.protocol_memory(Arc::clone(&memory)) } else { builder.without_protocol_memory() }
    });
    let options = if world.allows { ConnectOptions::new().allow_downgrade() } else { ConnectOptions::new() };
    let suite = connect(&sim, &client, &address, &options).ok();
    (suite, memory.strongest(&identity(SERVER).public()).unwrap().is_some())
}

/// A client, and somebody who blocks ports.
struct Blocked {
    /// Whether the client remembers what it has seen.
    remembers: bool,
}

/// What a client has gone through.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Client {
    has_used_noise: bool,
    /// Whether its memory says so.
    has_seen_noise: bool,
    /// Whether it has used `noise` and then `shs` unasked.
    fell_back: bool,
}

impl Model for Blocked {
    type State = Client;
    type Action = World;

    fn init_states(&self) -> Vec<Client> {
        vec![Client { has_used_noise: false, has_seen_noise: false, fell_back: false }]
    }

    fn actions(&self, _: &Client, worlds: &mut Vec<World>) {
        let all = (0..32_u8).map(|bits| {
            let bit = |number: u8| bits >> number & 1 == 1;
            World { offers: [bit(0), bit(1)], blocks: [bit(2), bit(3)], allows: bit(4) }
        });
        // A server that offers nothing has no address.
        worlds.extend(all.filter(|world| world.offers != [false; 2]));
    }

    fn next_state(&self, client: &Client, world: World) -> Option<Client> {
        let (suite, has_seen_noise) = step(client.has_seen_noise, world, self.remembers);
        let [has_noise, has_shs] = world.reachable();
        match suite.as_deref() {
            Some("net~noise") => assert!(has_noise, "{world:?}"),
            Some("net~shs") => assert!(has_shs && !has_noise, "{world:?}"),
            _ => assert!(!has_noise && (!has_shs || has_seen_noise && !world.allows), "{world:?}"),
        }
        let fell_back = client.has_used_noise && suite.as_deref() == Some("net~shs") && !world.allows;
        let has_used_noise = client.has_used_noise || suite.as_deref() == Some("net~noise");
        Some(Client { has_used_noise, has_seen_noise, fell_back })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_DOWNGRADE, |_, client: &Client| !client.fell_back),
            Property::sometimes("noise is used", |_, client: &Client| client.has_used_noise),
        ]
    }
}

const NO_DOWNGRADE: &str = "no downgrade";

#[test]
fn no_order_of_offers_and_blocks_makes_a_client_fall_back() {
    let begun = Instant::now();
    let checker = Blocked { remembers: true }.checker().spawn_bfs().join();
    println!("{} states, {} steps, {:.1?}", checker.unique_state_count(), checker.state_count(), begun.elapsed());
    checker.assert_properties();
    assert_eq!(checker.unique_state_count(), 2);
    let without = Blocked { remembers: false }.checker().spawn_bfs().join();
    assert!(without.discovery(NO_DOWNGRADE).is_some(), "without the memory it does");
}
