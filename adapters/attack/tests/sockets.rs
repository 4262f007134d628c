//! Our server and our client on sockets, box stream and all.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../interop/tests/support/mod.rs"]
mod support;

use data_encoding::HEXLOWER;
use multiserver_attack::grade::{Options, grade};
use multiserver_attack::kind::Kind;
use multiserver_attack::parties::Parties;
use multiserver_attack::targets::{Server, Target, words};
use multiserver_attack::{Counts, Report};
use multiserver_interop::example;
use multiserver_tokio::{MultiAddress, Multiserver, Net, NetworkKey, PublicKey, Scope, Shs};
use support::{pair, public, serve_echo};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

const NETWORK: [u8; 32] = [0x98; 32];
const SEED: [u8; 32] = [5; 32];

fn multiserver(net: Net) -> Multiserver {
    let shs = Shs::new(pair(SEED)).network(NetworkKey::from_bytes(NETWORK));
    Multiserver::builder().suite(net.then(shs)).build().unwrap()
}

fn assert_full_marks(report: &Report) {
    assert!(report.full_marks(), "{report}\n{:?}", report.faults().collect::<Vec<_>>());
    let streams = [Kind::Stream, Kind::BadFrame, Kind::Truncated].map(|kind| report.counts(Some(kind)).held);
    assert!(streams.iter().all(|held| *held > 0), "{streams:?}");
}

#[tokio::test]
async fn our_server_holds_against_everything() {
    let server = multiserver(Net::bind("127.0.0.1:0")).listen().await.unwrap();
    let address = server.address(Scope::Device).unwrap().to_string();
    let (_, address) = address.split_once("net:").unwrap();
    let (address, _) = address.split_once("~shs").unwrap();
    let mut target = Target::Server(Server::at(address));
    tokio::spawn(serve_echo(server));

    let parties = Parties::with_server(NETWORK, *public(SEED).as_bytes());
    assert_full_marks(&grade(&mut target, &parties, &Options::default()).await.unwrap());
}

#[tokio::test]
async fn our_client_holds_against_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let parties = Parties::fixed(NETWORK);
    let key = PublicKey::from_bytes(parties.server);
    let address: MultiAddress = format!("net:{}~shs:{key}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(connect_again_and_again(address));

    let mut target = Target::ClientListener(listener);
    assert_full_marks(&grade(&mut target, &parties, &Options::default()).await.unwrap());
}

/// A server of `socket_peer` with this fault, and what it is worth under one kind of attack.
async fn report_of_process(fault: &str, kind: Kind) -> Report {
    let secret = [SEED, *public(SEED).as_bytes()].concat();
    let (program, network) = (example("multiserver-attack", "socket_peer").unwrap(), HEXLOWER.encode(&NETWORK));
    let command = format!("'{}' server {fault} {network} {}", program.display(), HEXLOWER.encode(&secret));
    let mut target = Target::Server(Server::start(words(&command).unwrap()).await.unwrap());
    let parties = Parties::with_server(NETWORK, *public(SEED).as_bytes());
    let options = Options { kinds: vec![kind], ..Options::default() };
    grade(&mut target, &parties, &options).await.unwrap()
}

#[tokio::test]
async fn a_server_that_ends_is_started_anew_and_every_attack_that_ends_it_is_found() {
    let counts = report_of_process("exits", Kind::Signature).await;
    assert_eq!(counts.counts(None), Counts { held: 0, late: 0, fell: 12 }, "{counts}");
    assert!(counts.reasons(Kind::Signature).iter().all(|reason| reason.contains("exit status: 3")), "{counts}");
}

#[tokio::test]
async fn a_panic_in_a_thread_of_a_server_is_found() {
    let counts = report_of_process("panics", Kind::Signature).await;
    assert_eq!(counts.counts(None), Counts { held: 0, late: 0, fell: 12 }, "{counts}");
    assert!(counts.reasons(Kind::Signature).iter().all(|reason| reason.contains("panic")), "{counts}");
}

#[tokio::test]
async fn an_end_that_is_taken_for_a_goodbye_is_found() {
    let report = report_of_process("takes-cuts", Kind::Truncated).await;
    assert_eq!(report.counts(None), Counts { held: 0, late: 0, fell: 73 }, "{report}");
    assert!(report_of_process("takes-cuts", Kind::Stream).await.full_marks());
}

#[tokio::test]
async fn a_server_without_a_fault_is_not_blamed() {
    for kind in [Kind::Signature, Kind::Stream, Kind::BadFrame, Kind::Truncated] {
        let report = report_of_process("none", kind).await;
        assert!(report.full_marks(), "{report}");
    }
}

#[tokio::test]
async fn a_client_is_started_for_each_attack() {
    let program = example("multiserver-attack", "socket_peer").unwrap();
    let network = HEXLOWER.encode(&NETWORK);
    let command = format!("'{}' client {{host}} {{port}} {{server_key}} {network}", program.display());
    let mut target = Target::ClientCommand(words(&command).unwrap());
    let options = Options { quick: true, ..Options::default() };
    let report = grade(&mut target, &Parties::fixed(NETWORK), &options).await.unwrap();
    assert_full_marks(&report);
    assert!(report.counts(Some(Kind::ServerKey)).held > 0, "{report}");
}

/// A client that reads to the goodbye, and answers it by its own.
async fn connect_again_and_again(address: MultiAddress) {
    let multiserver = multiserver(Net::dial_only());
    loop {
        let Ok(connection) = multiserver.connect(&address).await else { continue };
        let (mut read, mut write) = connection.into_split();
        if tokio::io::copy(&mut read, &mut tokio::io::sink()).await.is_ok() {
            let _ = write.shutdown().await;
        }
    }
}
