//! Both machines of the secret handshake do what the handshake written out does: with messages of an honest peer that
//! were altered, cut, put in another order or repeated, they write the same bytes and end in the same way, in any
//! pieces.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;
mod handshake;
mod plain_boxes;
mod straight_line;

use arbitrary::Arbitrary;
use common::AcceptingServer;
use handshake::{End, run_to_end};
use libfuzzer_sys::fuzz_target;
use multiserver_core::box_stream::Opened;
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{Client, ClientHandshake, Error, Outcome, SERVER_ACCEPT_SIZE, Server, ServerHandshake};
use plain_boxes::{Boxes, TAG_SIZE};
use std::sync::LazyLock;
use straight_line::{Run, Secrets, Session};

#[derive(Debug, Arbitrary)]
struct Input {
    /// Whether the server's machine runs, or the client's.
    runs_server: bool,
    /// Whether the server refuses the client that has proven its key.
    refuses: bool,
    /// The secrets of the peer, where they are not the usual ones.
    peer_seed: Option<[u8; 32]>,
    peer_ephemeral: Option<[u8; 32]>,
    operations: Vec<Operation>,
    /// How many bytes the machine gets at once, used cyclically.
    pieces: Vec<u8>,
}

/// A change of the messages that the machine receives; messages are counted around.
#[derive(Debug, Arbitrary)]
enum Operation {
    /// Exclusive-ors bytes from an offset on.
    Flip {
        message: u8,
        start: u8,
        flips: Vec<u8>,
    },
    /// Cuts a message, and puts other bytes where its end was.
    Replace {
        message: u8,
        length: u8,
        bytes: Vec<u8>,
    },
    Swap {
        one: u8,
        other: u8,
    },
    Remove {
        message: u8,
    },
    /// Puts a message of the honest handshake, of either side, before another.
    Insert {
        honest: u8,
        before: u8,
    },
    /// A hello of our network with this key.
    Hello {
        message: u8,
        key: [u8; 32],
    },
    /// Exclusive-ors bytes of a sealed message's content, and seals it again.
    Reseal {
        message: u8,
        start: u8,
        flips: Vec<u8>,
    },
}

const NETWORK: [u8; 32] = [7; 32];

/// The secrets of the side whose machine runs, and of its peer.
const OWN: Secrets = secrets([1; 32], [3; 32]);
const PEER: Secrets = secrets([2; 32], [4; 32]);

const fn secrets(seed: [u8; 32], ephemeral: [u8; 32]) -> Secrets {
    Secrets { network: NETWORK, seed, ephemeral }
}

/// The handshake with this peer, where the client's machine runs, and where the server's does.
static HONEST: LazyLock<[Honest; 2]> =
    LazyLock::new(|| [Honest::between(&OWN, &PEER).unwrap(), Honest::between(&PEER, &OWN).unwrap()]);

fuzz_target!(|input: Input| {
    let peer = secrets(input.peer_seed.unwrap_or(PEER.seed), input.peer_ephemeral.unwrap_or(PEER.ephemeral));
    let (client, server) = if input.runs_server { (&peer, &OWN) } else { (&OWN, &peer) };
    let is_other = input.peer_seed.is_some() || input.peer_ephemeral.is_some();
    let other = is_other.then(|| Honest::between(client, server));
    let honest = match &other {
        None => &HONEST[usize::from(input.runs_server)],
        Some(Some(honest)) => honest,
        Some(None) => return,
    };
    let received = altered(honest, &input);
    let network = NetworkKey::from_bytes(NETWORK);
    if input.runs_server {
        let machine = || ServerHandshake::new(Server::new(pair(server), &network), ephemeral(server));
        let expected = straight_line::server(server, &received);
        if input.refuses {
            let end = run_to_end(machine(), &received, &input.pieces);
            compare(end, expected, SERVER_ACCEPT_SIZE, |request, session| {
                assert_eq!(request.peer().as_bytes(), &session.peer)
            });
        } else {
            let end = run_to_end(AcceptingServer::Authenticating(machine()), &received, &input.pieces);
            compare(end, expected, 0, compare_sessions);
        }
    } else {
        let to = PublicKey::from_bytes(server.public());
        let machine = Client::new(pair(client), &to, &network).unwrap();
        let end = run_to_end(ClientHandshake::new(machine, ephemeral(client)), &received, &input.pieces);
        compare(end, straight_line::client(client, server.public(), &received), 0, compare_sessions);
    }
});

fn pair(secrets: &Secrets) -> KeyPair {
    let pair = KeyPair::from_seed(Seed::from_bytes(secrets.seed));
    assert_eq!(pair.public().as_bytes(), &secrets.public());
    pair
}

fn ephemeral(secrets: &Secrets) -> Ephemeral {
    Ephemeral::from_secret(secrets.ephemeral)
}

/// The four messages of an honest handshake, and the keys of the sealed ones.
struct Honest {
    messages: [Vec<u8>; 4],
    keys: [[u8; 32]; 2],
}

impl Honest {
    /// `None` where both sides have the same ephemeral key, which ends it.
    fn between(client: &Secrets, server: &Secrets) -> Option<Self> {
        let client_hello = straight_line::client(client, server.public(), &[]).written;
        let server_hello = straight_line::server(server, &client_hello).written;
        let from_client = straight_line::client(client, server.public(), &server_hello).written;
        let run = straight_line::server(server, &from_client);
        let client_auth = from_client[client_hello.len()..].to_vec();
        let server_accept = run.written[server_hello.len()..].to_vec();
        let messages = [client_hello, server_hello, client_auth, server_accept];
        Some(Self { messages, keys: run.end.ok()?.message_keys })
    }
}

/// What the machine receives.
fn altered(honest: &Honest, input: &Input) -> Vec<u8> {
    let [client_hello, server_hello, client_auth, server_accept] = honest.messages.clone();
    let mut messages =
        if input.runs_server { vec![client_hello, client_auth] } else { vec![server_hello, server_accept] };
    for operation in input.operations.iter().take(16) {
        operation.apply(honest, &mut messages);
    }
    messages.concat()
}

impl Operation {
    fn apply(&self, honest: &Honest, messages: &mut Vec<Vec<u8>>) {
        let count = messages.len();
        let at = |index: u8| usize::from(index) % count.max(1);
        match self {
            Self::Insert { honest: index, before } => {
                messages.insert(at(*before), honest.messages[usize::from(*index) % 4].clone());
            }
            _ if count == 0 => {}
            Self::Flip { message, start, flips } => flip(&mut messages[at(*message)], *start, flips),
            Self::Replace { message, length, bytes } => {
                messages[at(*message)].truncate(usize::from(*length));
                messages[at(*message)].extend_from_slice(bytes);
            }
            Self::Swap { one, other } => messages.swap(at(*one), at(*other)),
            Self::Remove { message } => drop(messages.remove(at(*message))),
            Self::Hello { message, key } => {
                messages[at(*message)] = straight_line::hello(&NETWORK, key).to_vec();
            }
            Self::Reseal { message, start, flips } => {
                let message = &mut messages[at(*message)];
                for key in honest.keys {
                    let boxes = Boxes::new(key, [0; 24]);
                    if message.len() >= TAG_SIZE
                        && let Some(mut content) = boxes.clone().open(message)
                    {
                        flip(&mut content, *start, flips);
                        *message = boxes.clone().seal(&content);
                        return;
                    }
                }
            }
        }
    }
}

fn flip(bytes: &mut [u8], start: u8, flips: &[u8]) {
    bytes.iter_mut().skip(usize::from(start)).zip(flips).for_each(|(byte, flip)| *byte ^= flip);
}

/// Compares how a machine ended with how the handshake written out did, of whose bytes the last ones are not due yet.
fn compare<T>(end: End<T, Error>, expected: Run, not_due: usize, same: impl FnOnce(T, Session)) {
    let due = expected.written.len() - if expected.end.is_ok() { not_due } else { 0 };
    assert_eq!(end.sent, expected.written[..due]);
    assert_eq!(end.left, expected.left, "bytes that follow are left alone");
    match (end.result, expected.end) {
        (Ok(output), Ok(session)) => same(output, session),
        (Err(error), Err(expected)) => assert_eq!(error, expected),
        (Ok(_), Err(error)) => panic!("accepted, and not refused because {error}"),
        (Err(error), Ok(_)) => panic!("not accepted: {error}"),
    }
}

/// The same peer and binding, and each direction's first frame is the same.
fn compare_sessions(outcome: Outcome, mut session: Session) {
    assert_eq!(outcome.peer().as_bytes(), &session.peer);
    assert_eq!(outcome.channel_binding(), &session.channel_binding);
    let (mut sealer, opener) = outcome.into_boxes();
    let mut body = *b"a frame";
    let frame = session.to_peer.frame(&body);
    let header = sealer.seal(&mut body).unwrap();
    assert_eq!([&header[..], &body].concat(), frame);
    let frame = session.from_peer.frame(b"an answer");
    let (header, body) = frame.split_first_chunk().unwrap();
    let Ok(Opened::Body(opener)) = opener.open_header(header) else { panic!("the peer's first header opens") };
    let mut body = body.to_vec();
    opener.open(&mut body).unwrap();
    assert_eq!(body, b"an answer");
}
