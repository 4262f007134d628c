//! The multiserver on simulated machines.
#![allow(clippy::unwrap_used)]

mod support;

use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_sim::{ConnectError, Failure, Multiserver, Net, Packet, Runtime, Shs, Sim, Stage, Trace};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::time::Duration;
use support::{CLIENT, DEADLINE, SERVER, client, echo, exchange, identity, listen};

/// What two clients and a server do at this seed.
fn run(seed: u64) -> Trace {
    let sim = Sim::new(seed);
    let address = echo(&sim, &sim.runtime("server"));
    for name in ["one", "other"] {
        let (client, address) = (client(&sim.runtime(name)), address.clone());
        sim.spawn(async move {
            let connection = client.connect(&address).await.unwrap();
            assert!(exchange(connection, &[7; 10_000]).await.unwrap() == [7; 10_000]);
        });
    }
    sim.advance(Duration::from_secs(60)).unwrap();
    sim.trace()
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let trace = run(7);
    assert!(trace.count() > 40, "{trace}");
    assert_eq!(trace, run(7));
    assert_ne!(trace.digest(), run(8).digest());
}

#[test]
fn every_seed_brings_every_byte_through() {
    for seed in 0..20 {
        let ends = run(seed).records().filter(|record| record.packet == Packet::End).count();
        assert_eq!(ends, 4, "both directions of both connections, seed {seed}");
    }
}

#[test]
fn a_handshake_goes_through_pipes_of_one_byte() {
    let sim = Sim::new(1);
    sim.window(NonZeroUsize::MIN);
    let address = echo(&sim, &sim.runtime("server"));
    let connection = sim.block_on(client(&sim.runtime("client")).connect(&address)).unwrap().unwrap();
    assert_eq!(sim.block_on(exchange(connection, b"hello")).unwrap().unwrap(), b"hello");
    let is_one = |packet| matches!(packet, Packet::Data(1)) || !matches!(packet, Packet::Data(_));
    assert!(sim.trace().records().all(|record| is_one(record.packet)));
}

#[test]
fn a_cut_in_the_middle_of_a_handshake_ends_it_at_the_deadline() {
    let sim = Sim::new(2);
    let (server, host) = (sim.runtime("server"), sim.runtime("client"));
    let address = echo(&sim, &server);
    let begin = sim.now();
    let connecting = sim.block_on(async {
        let client = client(&host);
        let connect = std::pin::pin!(client.connect(&address));
        let cut = std::pin::pin!(async {
            while !sim.trace().records().any(|record| matches!(record.packet, Packet::Data(_))) {
                host.sleep(Duration::from_micros(100)).await;
            }
            sim.cut(&server, &host);
            std::future::pending::<()>().await;
        });
        match futures_util::future::select(connect, cut).await {
            futures_util::future::Either::Left((connected, _)) => connected,
            futures_util::future::Either::Right(_) => unreachable!(),
        }
    });
    let ConnectError::Failed(attempts) = connecting.unwrap().unwrap_err() else { unreachable!() };
    assert!(
        matches!(attempts[0].failure, Failure::Deadline { stage: Stage::Handshake, limit: DEADLINE }),
        "{}",
        attempts[0]
    );
    assert_eq!(sim.now() - begin, DEADLINE);
}

#[test]
fn a_cut_that_is_healed_loses_nothing() {
    let sim = Sim::new(3);
    let (server, host) = (sim.runtime("server"), sim.runtime("client"));
    let address = echo(&sim, &server);
    let connection = sim.block_on(client(&host).connect(&address)).unwrap().unwrap();
    sim.spawn(async move {
        assert!(exchange(connection, &[9; 200_000]).await.unwrap() == [9; 200_000]);
    });
    for _ in 0..50 {
        sim.advance(Duration::from_millis(7)).unwrap();
        sim.cut(&server, &host);
        sim.advance(Duration::from_millis(3)).unwrap();
        sim.heal(&server, &host);
    }
    sim.advance(Duration::from_secs(60)).unwrap();
    let trace = sim.trace();
    assert!(trace.to_string().contains("held back by a cut"));
    assert_eq!(trace.records().filter(|record| record.packet == Packet::End).count(), 2, "{trace}");
}

#[test]
fn a_thousand_handshakes_take_seconds_that_nobody_waits_for() {
    let sim = Sim::new(4);
    sim.latency(Duration::from_millis(50)..=Duration::from_millis(400));
    let address = echo(&sim, &sim.runtime("server"));
    let (done, results) = std::sync::mpsc::channel();
    for number in 0..1000 {
        let host = sim.runtime(&format!("client {number}"));
        let (client, address, done) = (client(&host), address.clone(), done.clone());
        sim.spawn(async move {
            let connection = client.connect(&address).await.unwrap();
            let back = exchange(connection, &[1; 100]).await.unwrap();
            done.send((host.now(), back)).unwrap();
        });
    }
    sim.advance(DEADLINE).unwrap();
    let results: Vec<_> = results.try_iter().collect();
    assert_eq!(results.len(), 1000);
    assert!(results.iter().all(|(at, back)| *at > Duration::from_millis(300) && *back == [1; 100]));
}

#[test]
fn a_byte_now_and_then_does_not_hold_a_handshake_open() {
    let sim = Sim::new(5);
    let (host, slow) = (sim.runtime("server"), sim.runtime("slow"));
    let (mut server, _) = listen(&sim, &host);
    let to = (host.addresses()[0], 8008).into();
    sim.spawn(async move {
        let (_read, mut write) = slow.tcp_connect(to).await.unwrap().into_halves();
        while write.write_all(&[0]).await.is_ok() {
            slow.sleep(Duration::from_secs(4)).await;
        }
    });
    let incoming = sim.block_on(server.accept()).unwrap().unwrap();
    let begin = sim.now();
    let error = sim.block_on(incoming.handshake()).unwrap().unwrap_err();
    assert!(matches!(error.failure, Failure::Deadline { stage: Stage::Handshake, .. }), "{error}");
    assert!(sim.now() - begin <= DEADLINE);
    assert_eq!(server.handle().live(), 0);
}

#[test]
fn the_time_a_request_is_held_counts() {
    let sim = Sim::new(6);
    let (mut server, address) = listen(&sim, &sim.runtime("server"));
    let client = client(&sim.runtime("client"));
    sim.spawn(async move {
        client.connect(&address).await.unwrap_err();
    });
    let request = sim.block_on(async { server.accept().await.unwrap().handshake().await }).unwrap().unwrap();
    assert_eq!(request.peer(), Some(&identity(CLIENT).public()));
    sim.advance(DEADLINE).unwrap();
    let error = sim.block_on(request.accept()).unwrap().unwrap_err();
    assert!(matches!(error.failure, Failure::Deadline { .. }), "{error}");
}

#[test]
fn a_host_that_nobody_knows_may_be_known_later() {
    let sim = Sim::new(9);
    let server = sim.runtime("server");
    let address = echo(&sim, &server).to_string().replace(&server.addresses()[0].to_string(), "nobody");
    let (client, address) = (client(&sim.runtime("client")), address.parse().unwrap());
    let error = sim.block_on(client.connect(&address)).unwrap().unwrap_err();
    assert!(error.is_retryable(), "{error}");
    let ConnectError::Failed(attempts) = error else { unreachable!() };
    assert_eq!(attempts[0].failure.stage(), Some(Stage::Resolve), "{}", attempts[0]);
    sim.name("nobody", server.addresses());
    assert!(sim.block_on(client.connect(&address)).unwrap().is_ok());
}

#[test]
fn an_ip_address_that_does_not_answer_has_a_short_head_start_only() {
    let sim = Sim::new(7);
    let server = sim.runtime("server");
    let address = echo(&sim, &server);
    let own = server.addresses()[0];
    sim.name("both", ["192.0.2.1".parse().unwrap(), own]);
    let address = address.to_string().replace(&own.to_string(), "both").parse().unwrap();
    let begin = sim.now();
    let connection = sim.block_on(client(&sim.runtime("client")).connect(&address)).unwrap().unwrap();
    assert!(sim.now() - begin > Duration::from_millis(250) && sim.now() - begin < Duration::from_millis(500));
    assert_eq!(sim.block_on(exchange(connection, b"hello")).unwrap().unwrap(), b"hello");
    assert!(sim.trace().to_string().contains("> 192.0.2.1:8008 connect, lost"));
}

#[test]
fn a_reset_is_an_error_at_both_ends() {
    let sim = Sim::new(8);
    let (host, near) = (sim.runtime("server"), sim.runtime("client"));
    let (mut server, address) = listen(&sim, &host);
    let client = client(&near);
    let accept = async { server.accept().await.unwrap().handshake().await.unwrap().accept().await };
    let (connected, accepted) = sim.block_on(futures_util::future::join(client.connect(&address), accept)).unwrap();
    let (mut connection, mut other) = (connected.unwrap(), accepted.unwrap());
    sim.reset(&host, &near);
    for end in [&mut connection, &mut other] {
        let error = sim.block_on(end.read(&mut [0; 1])).unwrap().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn a_host_to_listen_at_that_is_not_found_is_named() {
    let sim = Sim::new(9);
    let suite = Net::bind("nowhere.example:8008").then(Shs::new(identity(SERVER)));
    let multiserver = Multiserver::builder_on(sim.runtime("server")).suite(suite).build().unwrap();
    let text = sim.block_on(multiserver.listen()).unwrap().unwrap_err().to_string();
    assert!(text.contains("cannot listen on nowhere.example:8008: "), "{text}");
}

#[test]
fn a_machine_has_sockets_of_the_simulation_only() {
    let sim = Sim::new(9);
    let host = sim.runtime("server");
    let (mut server, address) = listen(&sim, &host);
    let client = client(&sim.runtime("client"));
    let accept = async { server.accept().await.unwrap().handshake().await.unwrap().accept().await };
    let (near, far) = sim.block_on(futures_util::future::join(client.connect(&address), accept)).unwrap();
    let local = SocketAddr::new(host.addresses()[0], 8008);
    assert_eq!(
        (near.unwrap().local_address(), far.unwrap().local_address()),
        (None, Some(local)),
        "it listens on a wildcard"
    );

    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let multiserver = Multiserver::builder_on(host).suite(Net::listener(socket).then(Shs::new(identity(CLIENT))));
    let text = sim.block_on(multiserver.build().unwrap().listen()).unwrap().unwrap_err().to_string();
    assert!(text.contains("this runtime cannot listen on a socket that is open already"), "{text}");
}
