//! Secrets are gone from the memory of what held them when it is dropped.
//!
//! What was moved may leave copies on the stack, which nothing in Rust wipes. A client after its hello has a field that is empty
//! and holds what was on the stack before, so its ephemeral secret is not looked for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, unsafe_code, reason = "a test of memory reads memory")]

use multiserver_core::box_stream::{Opener, Sealer};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
use multiserver_core::shs::{Authenticated, AwaitClientAuth, AwaitServerAccept, Client, Outcome, Server};
use std::alloc::{Layout, alloc, dealloc};
use std::sync::Arc;

const CLIENT_SECRET: [u8; 32] = [3; 32];
const SERVER_SECRET: [u8; 32] = [4; 32];
const NETWORK: [u8; 32] = [5; 32];

/// The numbers of those of these secrets that the value's own memory has before it is dropped, and afterwards.
fn held<T>(value: T, secrets: &[[u8; 32]]) -> [Vec<usize>; 2] {
    let layout = Layout::new::<T>();
    // SAFETY: the memory is one allocation of the value's layout, which is written before it is dropped, and read as bytes
    // that are opaque to the compiler before it is freed.
    unsafe {
        let memory = alloc(layout).cast::<T>();
        memory.write(value);
        let bytes =
            || -> Vec<u8> { (0..layout.size()).map(|at| memory.cast::<u8>().add(at).read_volatile()).collect() };
        let before = bytes();
        memory.drop_in_place();
        let after = bytes();
        dealloc(memory.cast(), layout);
        let has = |bytes: &[u8], number: usize| bytes.windows(32).any(|window| window == secrets[number]);
        [before, after].map(|bytes| (0..secrets.len()).filter(|number| has(&bytes, *number)).collect())
    }
}

fn pair(fill: u8) -> Arc<KeyPair> {
    Arc::new(KeyPair::from_seed(Seed::from_bytes([fill; 32])))
}

fn client() -> Client {
    Client::new(pair(1), &pair(2).public(), &NetworkKey::from_bytes(NETWORK)).unwrap()
}

/// A client and a server that wait for the last message of the other, and that of the client.
fn states() -> (AwaitServerAccept, AwaitClientAuth, [u8; 112]) {
    let (client, hello) = client().start(Ephemeral::from_secret(CLIENT_SECRET));
    let server = Server::new(pair(2), &NetworkKey::from_bytes(NETWORK));
    let (mut server, hello) = server.client_hello(&hello, Ephemeral::from_secret(SERVER_SECRET)).unwrap();
    server.prepare();
    let (client, auth) = client.server_hello(&hello).unwrap();
    (client, server, auth)
}

/// What both sides have computed of their ephemeral keys.
fn product() -> [u8; 32] {
    let server = Ephemeral::from_secret(SERVER_SECRET);
    *Ephemeral::from_secret(CLIENT_SECRET).diffie_hellman(server.public()).unwrap()
}

fn authenticated() -> Authenticated {
    let (_, server, auth) = states();
    server.client_auth(&auth).unwrap()
}

fn outcome() -> Outcome {
    authenticated().accept().0
}

#[test]
fn what_holds_a_secret_wipes_it_when_it_is_dropped() {
    let (await_server_hello, _) = client().start(Ephemeral::from_secret(CLIENT_SECRET));
    let (await_server_accept, await_client_auth, _) = states();
    let keys = outcome().into_keys();
    let session = [keys.encrypt_key, keys.decrypt_key];
    for (name, count, [before, after]) in [
        ("seed", 1, held(Seed::from_bytes([9; 32]), &[[9; 32]])),
        ("network key", 1, held(NetworkKey::from_bytes(NETWORK), &[NETWORK])),
        ("key pair", 1, held(KeyPair::from_seed(Seed::from_bytes([9; 32])), &[[9; 32]])),
        ("ephemeral", 1, held(Ephemeral::from_secret(CLIENT_SECRET), &[CLIENT_SECRET])),
        ("client", 1, held(client(), &[NETWORK])),
        ("client after its hello", 1, held(await_server_hello, &[NETWORK])),
        ("client after both hellos", 2, held(await_server_accept, &[NETWORK, product()])),
        ("server after both hellos", 3, held(await_client_auth, &[NETWORK, SERVER_SECRET, product()])),
        ("server that knows its client", 2, held(authenticated(), &[NETWORK, product()])),
        ("outcome", 2, held(outcome(), &session)),
        ("session keys", 2, held(outcome().into_keys(), &session)),
        ("sealer", 1, held(Sealer::new([8; 32], [7; 24]), &[[8; 32]])),
        ("opener", 1, held(Opener::new([8; 32], [7; 24]), &[[8; 32]])),
    ] {
        assert_eq!(before, Vec::from_iter(0..count), "{name}: the test does not find the secrets");
        assert_eq!(after, [0; 0], "{name}: secrets stay");
    }
}

/// So the test can fail.
#[test]
fn plain_bytes_stay() {
    assert_eq!(held([9_u8; 32], &[[9; 32]]), [[0], [0]]);
}
