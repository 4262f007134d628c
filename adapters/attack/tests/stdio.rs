//! Peers on standard input and output: ours hold against everything, and a peer with any one fault falls.
#![allow(clippy::unwrap_used, clippy::panic)]

use multiserver_attack::Report;
use multiserver_attack::grade::{Options, grade};
use multiserver_attack::kind::{Kind, Side};
use multiserver_attack::parties::Parties;
use multiserver_attack::targets::Target;
use multiserver_interop::example;
use std::time::Duration;

const NETWORK: [u8; 32] = [0x99; 32];

/// A fault of `broken_peer`, the kinds of attacks that find it, and one that does not.
type Fault = (&'static str, &'static [Kind], Option<Kind>);

const FAULTS_OF_BOTH: [Fault; 13] = [
    ("any-signature", &[Kind::Signature], Some(Kind::LowOrder)),
    ("lax-signature", &[Kind::Signature], Some(Kind::LowOrder)),
    ("low-order", &[Kind::LowOrder], Some(Kind::Signature)),
    ("not-canonical", &[Kind::NotCanonical], Some(Kind::Signature)),
    ("any-network", &[Kind::Network, Kind::Flip], Some(Kind::Signature)),
    ("takes-cut-hello", &[Kind::Cut], Some(Kind::Signature)),
    ("takes-cut-proof", &[Kind::Cut], Some(Kind::LowOrder)),
    ("reads-once", &[Kind::Split, Kind::Drip], Some(Kind::LowOrder)),
    ("panics", &[Kind::Box], Some(Kind::Signature)),
    ("aborts", &[Kind::Box], Some(Kind::Signature)),
    ("hangs", &[Kind::Box], None),
    ("exits-with-0", &[Kind::Box, Kind::Signature], None),
    ("same-randomness", &[Kind::Replay], Some(Kind::Signature)),
];

async fn attack(side: Side, command: Vec<String>, options: &Options) -> anyhow::Result<Report> {
    let mut target = match side {
        Side::Server => Target::StdioServer(command),
        Side::Client => Target::StdioClient(command),
    };
    grade(&mut target, &Parties::fixed(NETWORK), options).await
}

fn program(name: &str) -> String {
    example("multiserver-attack", name).unwrap().to_str().unwrap().to_owned()
}

fn broken(side: Side, fault: &str) -> Vec<String> {
    vec![program("broken_peer"), side.name().to_owned(), fault.to_owned()]
}

/// The report of a broken peer under these kinds of attacks.
async fn report(side: Side, fault: &str, kinds: Vec<Kind>) -> Report {
    let mut options = Options { kinds, quick: true, ..Options::default() };
    if fault == "hangs" {
        options.limits.deadline = Duration::from_secs(2);
    }
    attack(side, broken(side, fault), &options).await.unwrap()
}

async fn assert_found(side: Side, (fault, finders, other): Fault) {
    for kind in finders {
        let counts = report(side, fault, vec![*kind]).await.counts(Some(*kind));
        assert!(counts.late + counts.fell > 0, "{} with {fault}, {}: {counts:?}", side.name(), kind.name());
    }
    if let Some(kind) = other {
        let report = report(side, fault, vec![kind]).await;
        assert!(report.full_marks(), "{} with {fault}, {}: {report}", side.name(), kind.name());
    }
}

/// One bit of every byte is flipped: the tests over sockets, which start no process for each, flip all.
async fn assert_full_marks(side: Side, name: &str) {
    let options = Options { quick: true, ..Options::default() };
    let report = attack(side, vec![program(name)], &options).await.unwrap();
    assert!(report.full_marks(), "{report}\n{:?}", report.faults().collect::<Vec<_>>());
}

#[tokio::test]
async fn our_server_holds_against_everything() {
    assert_full_marks(Side::Server, "holding_server").await;
}

#[tokio::test]
async fn our_client_holds_against_everything() {
    assert_full_marks(Side::Client, "holding_client").await;
}

/// So what is found is the fault, and not something else about `broken_peer`.
#[tokio::test]
async fn a_broken_peer_without_a_fault_holds() {
    for side in [Side::Server, Side::Client] {
        let report = report(side, "none", Vec::new()).await;
        assert!(report.full_marks(), "{report}\n{:?}", report.faults().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn every_fault_of_a_server_is_found() {
    for fault in FAULTS_OF_BOTH {
        assert_found(Side::Server, fault).await;
    }
    assert_found(Side::Server, ("any-key", &[Kind::ClientKey], Some(Kind::LowOrder))).await;
    assert_found(Side::Server, ("answers-first", &[Kind::Flip, Kind::Network], Some(Kind::Signature))).await;
}

#[tokio::test]
async fn every_fault_of_a_client_is_found() {
    for fault in FAULTS_OF_BOTH {
        assert_found(Side::Client, fault).await;
    }
    assert_found(Side::Client, ("takes-own-hello", &[Kind::Reflect], Some(Kind::Signature))).await;
    assert_found(Side::Client, ("any-key", &[Kind::ServerKey], Some(Kind::LowOrder))).await;
}

#[tokio::test]
async fn a_peer_that_fails_an_honest_session_is_not_graded() {
    for side in [Side::Server, Side::Client] {
        let error = attack(side, broken(side, "swaps-keys"), &Options::default()).await.unwrap_err();
        assert!(error.to_string().contains("its keys are others"), "{error}");
        let error = attack(side, vec!["/no/such/program".to_owned()], &Options::default()).await.unwrap_err();
        assert!(error.to_string().contains("cannot start"), "{error}");
    }
}

/// A fault must not only be seen, but named.
#[tokio::test]
async fn the_report_says_how_a_peer_fell() {
    for (fault, kind, says) in [
        ("panics", Kind::Box, "101"),
        ("aborts", Kind::Box, "signal"),
        ("hangs", Kind::Box, "no end"),
        ("exits-with-0", Kind::Box, "status 0"),
        ("any-signature", Kind::Signature, "it accepted"),
    ] {
        let report = report(Side::Server, fault, vec![kind]).await;
        assert!(report.reasons(kind).iter().all(|reason| reason.contains(says)), "{fault}: {report}");
        assert!(report.to_string().contains(says), "{fault}: {report}");
    }
}
