//! Sockets, time and tasks of a simulation.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_sim::io::Duplex;
use multiserver_sim::{Error, Host, Runtime, Sim, TcpListener};
use std::future::{pending, poll_fn};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn address(host: &Host, port: u16) -> SocketAddr {
    SocketAddr::new(host.addresses()[0], port)
}

fn listen(sim: &Sim, host: &Host, address: &str) -> std::io::Result<Box<dyn TcpListener>> {
    sim.block_on(host.tcp_listen(address.parse().unwrap())).unwrap()
}

/// The two ends of a connection: the one that connected, and the one that accepted.
fn pair(sim: &Sim, from: &Host, to: &Host) -> (Duplex, Duplex) {
    let listener = listen(sim, to, "0.0.0.0:7").unwrap();
    sim.block_on(async {
        let accept = poll_fn(|cx| listener.poll_accept(cx));
        let (near, far) = futures_util::future::join(from.tcp_connect(address(to, 7)), accept).await;
        (near.unwrap(), far.unwrap().io)
    })
    .unwrap()
}

#[test]
fn time_is_what_the_test_makes_it() {
    let sim = Sim::new(1);
    let host = sim.runtime("one");
    let late = host.sleep(10 * SECOND);
    sim.block_on(host.sleep(3 * SECOND)).unwrap();
    assert_eq!(sim.now(), 3 * SECOND);
    sim.advance(2 * SECOND).unwrap();
    assert_eq!(sim.now(), 5 * SECOND);
    sim.block_on(late).unwrap();
    assert_eq!(host.now(), 10 * SECOND, "counted from the call");
    sim.block_on(host.sleep(Duration::ZERO)).unwrap();
    sim.run_until_stalled().unwrap();
    assert_eq!(sim.now(), 10 * SECOND);
}

#[test]
fn advancing_runs_what_is_due_and_no_more() {
    let sim = Sim::new(1);
    let ticks = Arc::new(AtomicU32::new(0));
    let (host, counter) = (sim.runtime("one"), Arc::clone(&ticks));
    sim.spawn(async move {
        loop {
            host.sleep(SECOND).await;
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    sim.run_until_stalled().unwrap();
    assert_eq!(ticks.load(Ordering::Relaxed), 0);
    sim.advance(5 * SECOND / 2).unwrap();
    assert_eq!(ticks.load(Ordering::Relaxed), 2);
    sim.advance(SECOND / 2).unwrap();
    assert_eq!(ticks.load(Ordering::Relaxed), 3);
}

#[test]
fn a_deadlock_is_an_error_that_counts_what_waits() {
    let sim = Sim::new(1);
    let (one, other) = (sim.runtime("one"), sim.runtime("other"));
    let (_near, far) = pair(&sim, &one, &other);
    let at = sim.now();
    sim.spawn(pending());
    let (mut read, _write) = far.into_halves();
    let error = sim.block_on(read.read(&mut [0; 1])).unwrap_err();
    assert_eq!(error, Error::Deadlock { at, tasks: 1, held: 0 });

    sim.cut(&one, &other);
    let error = sim.block_on(one.tcp_connect(address(&other, 7))).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Deadlock { held: 1, .. }), "{error}");
}

#[test]
fn a_livelock_is_an_error() {
    let sim = Sim::new(1);
    let error = sim.block_on(poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    }));
    assert!(matches!(error, Err(Error::Livelock { at: Duration::ZERO, .. })), "{error:?}");
}

#[test]
fn what_never_ends_ends_after_a_virtual_day() {
    let sim = Sim::new(1);
    let host = sim.runtime("one");
    let error = sim.block_on(async {
        loop {
            host.sleep(60 * SECOND).await;
        }
    });
    let error: Result<(), Error> = error;
    assert_eq!(error.unwrap_err(), Error::TooLong(24 * 60 * 60 * SECOND));
}

#[test]
fn a_simulation_does_not_run_inside_itself() {
    let sim = Sim::new(1);
    let inner = sim.block_on(async { (sim.run_until_stalled(), sim.block_on(async {})) }).unwrap();
    assert_eq!(inner, (Err(Error::Running), Err(Error::Running)));
    sim.block_on(async {}).unwrap();
}

#[test]
fn dropping_a_simulation_drops_its_tasks() {
    let alive = Arc::new(());
    let sim = Sim::new(1);
    let host = sim.runtime("one");
    let (held, task_host) = (Arc::clone(&alive), host.clone());
    sim.spawn(async move {
        let _held = held;
        task_host.sleep(SECOND).await;
    });
    sim.run_until_stalled().unwrap();
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(sim);
    assert_eq!(Arc::strong_count(&alive), 1);
    let held = Arc::clone(&alive);
    host.spawn(Box::pin(async move { drop(held) }));
    assert_eq!(Arc::strong_count(&alive), 1, "spawned too late");
}

#[test]
fn the_seed_decides_which_task_runs_first() {
    let order = |seed| {
        let sim = Sim::new(seed);
        let order = Arc::new(Mutex::new(Vec::new()));
        for number in 0..10 {
            let order = Arc::clone(&order);
            sim.spawn(async move { order.lock().unwrap().push(number) });
        }
        sim.run_until_stalled().unwrap();
        let order = order.lock().unwrap();
        order.clone()
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
}

#[test]
fn two_simulations_run_side_by_side() {
    let (one, other) = (Sim::new(1), Sim::new(1));
    let (host, same) = (one.runtime("host"), other.runtime("host"));
    one.advance(SECOND).unwrap();
    assert_eq!((host.now(), same.now()), (SECOND, Duration::ZERO));
    assert_eq!(host.random().unwrap(), same.random().unwrap());
    assert_ne!(host.random().unwrap(), Sim::new(2).runtime("host").random().unwrap());
}

#[test]
#[should_panic(expected = "belongs to another simulation")]
fn a_host_of_another_simulation_is_refused() {
    let (one, other) = (Sim::new(1), Sim::new(1));
    one.cut(&one.runtime("host"), &other.runtime("host"));
}

#[test]
fn names_and_addresses_are_those_of_the_machines() {
    let sim = Sim::new(1);
    let (one, other) = (sim.runtime("one"), sim.runtime("Other"));
    let resolve = |name| sim.block_on(one.resolve(name, 7)).unwrap().map(|found| format!("{found:?}"));
    assert_eq!(resolve("other").unwrap(), "[10.0.0.2:7]");
    assert_eq!(resolve("localhost").unwrap(), "[127.0.0.1:7]");
    assert_eq!(resolve("::1").unwrap(), "[[::1]:7]");
    assert!(resolve("nobody").unwrap_err().to_string().contains("`nobody`"));
    other.add_address("2001:db8::2".parse().unwrap());
    assert_eq!(resolve("OTHER").unwrap(), "[10.0.0.2:7, [2001:db8::2]:7]");
    assert_eq!(sim.runtime("other").name(), "Other", "the same machine");
    assert_eq!(format!("{:?}", other.interfaces().unwrap()), "[127.0.0.1, 10.0.0.2, 2001:db8::2]");
}

#[test]
fn ports_are_taken_freed_and_chosen() {
    let sim = Sim::new(1);
    let (one, other) = (sim.runtime("one"), sim.runtime("other"));
    let kind = |host, address| listen(&sim, host, address).map(|_| ()).map_err(|error| error.kind());
    let held = listen(&sim, &one, "10.0.0.1:7").unwrap();
    assert_eq!(kind(&one, "0.0.0.0:7"), Err(ErrorKind::AddrInUse));
    assert_eq!(kind(&one, "127.0.0.1:7"), Ok(()));
    assert_eq!(kind(&other, "0.0.0.0:7"), Ok(()));
    assert_eq!(kind(&other, "10.0.0.1:8"), Err(ErrorKind::AddrNotAvailable));
    drop(held);
    assert_eq!(kind(&one, "[::]:7"), Ok(()));
    let free = listen(&sim, &one, "0.0.0.0:0").unwrap().local_address().unwrap();
    assert_ne!(free.port(), 0);
}

#[test]
fn who_listens_is_reached_and_who_does_not_refuses() {
    let sim = Sim::new(1);
    let (one, other) = (sim.runtime("one"), sim.runtime("other"));
    let connect = |from: &Host, to: &str| {
        let connected = sim.block_on(from.tcp_connect(to.parse().unwrap())).unwrap();
        connected.map(|_| ()).map_err(|error| error.kind())
    };
    assert_eq!(connect(&one, "10.0.0.2:7"), Err(ErrorKind::ConnectionRefused));
    let _any = listen(&sim, &other, "[::]:7").unwrap();
    let _local = listen(&sim, &other, "127.0.0.1:8").unwrap();
    assert_eq!(connect(&one, "10.0.0.2:7"), Ok(()));
    assert_eq!(connect(&other, "[::1]:7"), Ok(()));
    assert_eq!(connect(&other, "127.0.0.1:8"), Ok(()));
    assert_eq!(connect(&one, "127.0.0.1:8"), Err(ErrorKind::ConnectionRefused), "another machine's loopback");
    assert_eq!(connect(&one, "10.0.0.2:8"), Err(ErrorKind::ConnectionRefused), "bound to loopback");
    sim.refuse(&other, true);
    assert_eq!(connect(&one, "10.0.0.2:7"), Err(ErrorKind::ConnectionRefused));
    sim.refuse(&other, false);
    assert_eq!(connect(&one, "10.0.0.2:7"), Ok(()));
}

#[test]
fn each_direction_ends_for_itself() {
    let sim = Sim::new(1);
    let (near, far) = pair(&sim, &sim.runtime("one"), &sim.runtime("other"));
    let ((mut near_read, mut near_write), (mut far_read, mut far_write)) = (near.into_halves(), far.into_halves());
    sim.block_on(async {
        near_write.write_all(b"question").await.unwrap();
        near_write.close().await.unwrap();
        assert_eq!(near_write.write_all(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut question = String::new();
        far_read.read_to_string(&mut question).await.unwrap();
        far_write.write_all(b"answer").await.unwrap();
        drop(far_write);
        let mut answer = String::new();
        near_read.read_to_string(&mut answer).await.unwrap();
        assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
    })
    .unwrap();
}

#[test]
fn writing_to_who_has_gone_is_an_error() {
    let sim = Sim::new(1);
    let (near, far) = pair(&sim, &sim.runtime("one"), &sim.runtime("other"));
    let mut write = near.into_halves().1;
    drop(far);
    let error = sim.block_on(async {
        loop {
            if let Err(error) = write.write_all(&[0; 1000]).await {
                return error.kind();
            }
        }
    });
    assert_eq!(error.unwrap(), ErrorKind::ConnectionReset);
}

#[test]
fn a_writer_waits_for_a_reader() {
    let sim = Sim::new(1);
    let (near, far) = pair(&sim, &sim.runtime("one"), &sim.runtime("other"));
    let (mut write, mut read) = (near.into_halves().1, far.into_halves().0);
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    sim.spawn(async move {
        while let Ok(written) = write.write(&[0; 1000]).await {
            count.fetch_add(u32::try_from(written).unwrap(), Ordering::Relaxed);
        }
    });
    sim.advance(SECOND).unwrap();
    assert_eq!(sent.load(Ordering::Relaxed), 64 * 1024);
    sim.block_on(read.read_exact(&mut [0; 1500])).unwrap().unwrap();
    sim.advance(SECOND).unwrap();
    assert_eq!(sent.load(Ordering::Relaxed), 64 * 1024 + 1500);
}

#[test]
fn latencies_are_within_their_range_and_streams_overtake_each_other() {
    let sim = Sim::new(1);
    let (one, other) = (sim.runtime("one"), sim.runtime("other"));
    sim.latency_between(&one, &other, SECOND..=2 * SECOND);
    let pairs: Vec<_> = (0..10).map(|_| pair(&sim, &one, &other)).collect();
    let (begin, arrivals) = (sim.now(), Arc::new(Mutex::new(Vec::new())));
    for (number, (near, far)) in pairs.into_iter().enumerate() {
        let (mut write, mut read) = (near.into_halves().1, far.into_halves().0);
        sim.block_on(write.write_all(&[0])).unwrap().unwrap();
        let (arrivals, host) = (Arc::clone(&arrivals), other.clone());
        sim.spawn(async move {
            let _write = write;
            read.read_exact(&mut [0; 1]).await.unwrap();
            arrivals.lock().unwrap().push((number, host.now() - begin));
        });
    }
    sim.advance(5 * SECOND).unwrap();
    let arrivals = arrivals.lock().unwrap();
    assert_eq!(arrivals.len(), 10);
    assert!(arrivals.iter().all(|(_, took)| (SECOND..=2 * SECOND).contains(took)), "{arrivals:?}");
    assert!(!arrivals.is_sorted_by_key(|(number, _)| *number), "{arrivals:?}");
}

#[test]
fn a_unix_socket_is_known_on_its_own_machine_while_somebody_listens() {
    let sim = Sim::new(1);
    let (one, other) = (sim.runtime("one"), sim.runtime("other"));
    let path = std::path::Path::new("/run/socket");
    let connect = |host: &Host| sim.block_on(host.unix_connect(path)).unwrap().map_err(|error| error.kind());
    assert_eq!(connect(&one).err(), Some(ErrorKind::NotFound));
    let listener = sim.block_on(one.unix_listen(path)).unwrap().unwrap();
    assert_eq!(connect(&other).err(), Some(ErrorKind::NotFound));
    let again = sim.block_on(one.unix_listen(path)).unwrap().map_err(|error| error.kind());
    assert_eq!(again.err(), Some(ErrorKind::AddrInUse));
    let near = connect(&one).unwrap();
    let far = sim.block_on(poll_fn(|cx| listener.poll_accept(cx))).unwrap().unwrap();
    let (mut write, mut read) = (near.into_halves().1, far.into_halves().0);
    sim.block_on(write.write_all(b"hi")).unwrap().unwrap();
    let mut bytes = [0; 2];
    sim.block_on(read.read_exact(&mut bytes)).unwrap().unwrap();
    assert_eq!(&bytes, b"hi");
    drop(listener);
    assert_eq!(connect(&one).err(), Some(ErrorKind::NotFound));
    drop(sim.block_on(one.unix_listen(path)).unwrap().unwrap());
}

#[test]
fn what_is_due_does_not_wait_for_who_is_always_ready() {
    let sim = Sim::new(1);
    sim.latency(Duration::ZERO..=Duration::ZERO);
    let (one, other) = (sim.runtime("one"), sim.runtime("other"));
    let _listener = listen(&sim, &other, "0.0.0.0:7").unwrap();
    let mut connect = one.tcp_connect(address(&other, 7));
    let connected = sim.block_on(poll_fn(|cx| {
        cx.waker().wake_by_ref();
        connect.as_mut().poll(cx)
    }));
    connected.unwrap().unwrap();
    assert_eq!(sim.now(), Duration::ZERO);
}
