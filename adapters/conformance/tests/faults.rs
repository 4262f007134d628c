//! Sessions over a network that cuts, delays, splits and reorders in time, with faults that come of a seed.
//!
//! What arrives is the beginning of what was sent, and all of it where its end is clean; nothing hangs, and nothing is left.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use fastrand::Rng;
use futures_util::future::{Either, join, select};
use futures_util::{AsyncReadExt, AsyncWriteExt};
use multiserver_compose::{Connection, Multiserver, Net, ReadHalf, Runtime, Shs, Suite, Unix, WriteHalf, Ws, Wss};
use multiserver_conformance::{CERTIFICATE, CONTRACT, checked};
use multiserver_core::address::Scope;
use multiserver_core::keys::{KeyPair, Seed};
use multiserver_noise::Noise;
use multiserver_sim::{Host, Sim};
use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many sessions there are, unless the environment says otherwise.
const SESSIONS: u64 = 10_000;

/// After this time no handshake is under way on either side.
const DEADLINE: Duration = Duration::from_secs(16);

/// The most bytes that one side sends.
const MOST: usize = 40_000;

/// A time of up to so many milliseconds, which is short more often than long.
fn time(numbers: &mut Rng, most: u64) -> Duration {
    let limit = 1 + numbers.u64(..most);
    Duration::from_millis(numbers.u64(..limit))
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Nothing,
    /// The network is cut, and heals.
    Pause,
    /// It is cut until it resets all connections, long after the deadline.
    Cut,
    /// It resets all connections.
    Reset,
    /// One side drops its connection.
    Drop,
}

/// How one direction ended.
struct Direction {
    sent: Vec<u8>,
    received: Vec<u8>,
    /// Whether all was written and closed.
    is_written: bool,
    end: io::Result<()>,
}

fn identity(fill: u8) -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes([fill; 32]))
}

/// The suites of a client and of a server, by number.
fn suites(number: u64) -> [Suite; 2] {
    let transports: [Suite; 2] = match number / 2 {
        0 => [Net::dial_only().into(), Net::bind("0.0.0.0:8008").into()],
        1 => [Ws::dial_only().into(), Ws::bind("0.0.0.0:8008").into()],
        2 => {
            let listening = Wss::bind("0.0.0.0:8008", CERTIFICATE.1.clone());
            [Wss::dial_only().root(&CERTIFICATE.0).unwrap().into(), listening.into()]
        }
        _ => [Unix::dial_only().into(), Unix::bind("/run/socket").into()],
    };
    let mut fill = 1;
    transports.map(|suite| {
        let suite = suite.then(CONTRACT);
        fill += 1;
        if number.is_multiple_of(2) {
            suite.then(Shs::new(identity(fill)))
        } else {
            suite.then(Noise::new(identity(fill)))
        }
    })
}

const SUITES: u64 = 8;

/// The first suite over Unix sockets, which are within one machine.
const FIRST_UNIX: u64 = 6;

/// Writes all of these bytes in pieces and closes, unless it drops the half after so many bytes.
async fn write(mut half: WriteHalf, bytes: &[u8], most: usize, mut numbers: Rng) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        if bytes.len() - rest.len() >= most {
            return false;
        }
        let (now, later) = rest.split_at(rest.len().min(1 + numbers.usize(..9_000)));
        if half.write_all(now).await.is_err() {
            return false;
        }
        if numbers.u8(..3) == 0 && half.flush().await.is_err() {
            return false;
        }
        rest = later;
    }
    half.close().await.is_ok()
}

/// Reads in pieces to the end, unless it drops the half after so many bytes.
async fn read(mut half: ReadHalf, most: usize, mut numbers: Rng) -> (Vec<u8>, io::Result<()>) {
    let mut received = Vec::new();
    let mut buffer = vec![0; 1 + numbers.usize(..9_000)];
    while received.len() < most {
        match half.read(&mut buffer).await {
            Ok(0) => return (received, Ok(())),
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) => return (received, Err(error)),
        }
    }
    (received, Err(io::ErrorKind::Interrupted.into()))
}

/// Sends these bytes and reads the other side's, unless it drops either half after so many bytes.
async fn talk(connection: Connection, send: &[u8], most: usize, seed: u64) -> (bool, (Vec<u8>, io::Result<()>)) {
    let (read_half, write_half) = connection.into_split();
    let reading = checked(read(read_half, most, Rng::with_seed(seed)));
    join(checked(write(write_half, send, most, Rng::with_seed(seed + 1))), reading).await
}

/// Runs one session, and returns the fault, and what became of both directions if it was connected.
fn session(seed: u64) -> (Fault, Option<[Direction; 2]>) {
    let mut numbers = Rng::with_seed(seed);
    let sim = Sim::new(seed);
    let [client_suite, server_suite] = suites(seed % SUITES);
    let server_host = sim.runtime("server");
    let is_unix = seed % SUITES >= FIRST_UNIX;
    let client_host = if is_unix { server_host.clone() } else { sim.runtime("client") };
    let shortest = time(&mut numbers, 20);
    sim.latency(shortest..=shortest + time(&mut numbers, 200));
    sim.segments(1..=1 + numbers.usize(..5_000));
    // With room for a pong behind the goodbye: where there is none, a close waits for a peer that may be gone, and fails.
    sim.window(NonZeroUsize::new(200 + numbers.usize(..30_000)).unwrap());

    let on = |host: &Host, suite| Multiserver::builder_on(host.clone()).suite(suite).build().unwrap();
    let (client, server) = (on(&client_host, client_suite), on(&server_host, server_suite));
    let mut server = sim.block_on(server.listen()).unwrap().unwrap();
    let scope = if is_unix { Scope::Device } else { Scope::Local };
    let (address, handle) = (server.address(scope).unwrap(), server.handle());

    let fault = [Fault::Nothing, Fault::Pause, Fault::Cut, Fault::Reset, Fault::Drop][numbers.usize(..5)];
    let (begins, lasts) = (time(&mut numbers, 1_500), time(&mut numbers, 20_000));
    let texts: [Vec<u8>; 2] = [0, 1].map(|number| {
        (0..numbers.usize(..MOST)).map(|index| u8::try_from((index * 7 + number) % 251).unwrap()).collect()
    });
    let mut most = [usize::MAX; 2];
    if fault == Fault::Drop {
        most[numbers.usize(..2)] = numbers.usize(..MOST);
    }
    let faults = async {
        client_host.sleep(begins).await;
        match fault {
            Fault::Nothing | Fault::Drop => {}
            Fault::Reset => sim.reset(&client_host, &server_host),
            Fault::Pause => {
                sim.cut(&client_host, &server_host);
                client_host.sleep(lasts).await;
                sim.heal(&client_host, &server_host);
            }
            Fault::Cut => {
                sim.cut(&client_host, &server_host);
                client_host.sleep(2 * DEADLINE).await;
                assert_eq!(handle.stats()[0].pending, 0, "a handshake has outlived its deadline");
                sim.reset(&client_host, &server_host);
                sim.heal(&client_host, &server_host);
            }
        }
    };
    let connect = async {
        let begun = sim.now();
        let connected = checked(client.connect(&address)).await;
        let took = sim.now() - begun;
        assert!(took <= DEADLINE, "the attempt lasted for {took:?}");
        match connected {
            Ok(connection) => Some(talk(connection, &texts[0], most[0], seed).await),
            Err(_) => None,
        }
    };
    let accept = async {
        let accepted = async {
            let incoming = checked(server.accept()).await?;
            checked(async { incoming.handshake().await?.accept().await }).await.ok()
        };
        // Where no connection arrives, nobody is waited for.
        let gives_up = server_host.sleep(4 * DEADLINE);
        match select(pin!(accepted), gives_up).await {
            Either::Left((Some(connection), _)) => Some(talk(connection, &texts[1], most[1], seed + 7).await),
            Either::Left((None, _)) | Either::Right(_) => None,
        }
    };
    let (near, (far, ())) = sim.block_on(join(connect, join(accept, faults))).unwrap();
    drop(server);
    sim.run_until_stalled().unwrap();
    assert_eq!(handle.live(), 0, "something is left");
    // Who is connected alone learns of it.
    for alone in [&near, &far].into_iter().flatten().filter(|_| near.is_some() != far.is_some()) {
        assert!(alone.1.1.is_err(), "one side is connected, and the other is not");
    }
    let [first, second] = texts;
    let directions =
        near.zip(far).map(|((near_written, (near_received, near_end)), (far_written, (far_received, far_end)))| {
            [
                Direction { sent: first, received: far_received, is_written: near_written, end: far_end },
                Direction { sent: second, received: near_received, is_written: far_written, end: near_end },
            ]
        });
    (fault, directions)
}

/// Checks one session, and returns what became of it.
fn check(seed: u64) -> (Fault, &'static str) {
    let (fault, directions) = session(seed);
    let Some(directions) = directions else {
        assert_ne!(fault, Fault::Nothing, "without a fault it is connected");
        return (fault, "not connected");
    };
    for Direction { sent, received, is_written, end } in &directions {
        assert!(sent.starts_with(received), "other bytes came than were sent");
        assert!(
            end.is_err() || received == sent,
            "the end is clean, and {} of {} bytes came",
            received.len(),
            sent.len()
        );
        assert!(end.is_err() || *is_written, "the end is clean, and was not sent");
        let harmless = [Fault::Nothing, Fault::Pause].contains(&fault);
        assert!(!harmless || end.is_ok() && *is_written, "an error without a fault: {end:?}");
    }
    let clean = directions.iter().filter(|direction| direction.end.is_ok()).count();
    (fault, ["cut both ways", "cut one way", "clean"][clean])
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn what_arrives_is_a_beginning_and_a_cut_is_an_error() {
    if let Some(seed) = number("MULTISERVER_FAULTS_SEED") {
        println!("{:?}", check(seed));
        return;
    }
    let sessions = number("MULTISERVER_FAULTS_SESSIONS").unwrap_or(SESSIONS);
    let (next, outcomes) = (AtomicU64::new(0), Mutex::new(BTreeMap::<_, u64>::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= sessions {
                        break;
                    }
                    let outcome = catch_unwind(AssertUnwindSafe(|| check(seed))).unwrap_or_else(|_| {
                        let command = "cargo test -p multiserver-conformance --test faults";
                        panic!("seed {seed} fails: MULTISERVER_FAULTS_SEED={seed} {command}")
                    });
                    *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    println!("{sessions} sessions: {outcomes:#?}");
    // Every fault is met before, amid and after the transfer.
    if sessions >= 1_000 {
        for fault in [Fault::Cut, Fault::Reset] {
            for outcome in ["not connected", "cut both ways", "clean"] {
                assert!(outcomes.contains_key(&(fault, outcome)), "{fault:?}, {outcome}");
            }
        }
        assert!(outcomes.contains_key(&(Fault::Drop, "cut one way")));
    }
}
