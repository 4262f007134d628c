//! An implementation written straight from the specification reads the machines' transcripts, and the vectors.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod common;

use common::straight_line::{hello, honest, open, prove, read_answer, scalar_of, seal};
use common::{CLIENT_RANDOM, SERVER_RANDOM, alice, bob, opened, sealed, transcript};
use data_encoding::HEXLOWER;
use multiserver_core::keys::{Ephemeral, Seed};
use serde_json::{Value, json};

#[test]
fn the_machines_say_what_the_specification_says() {
    let whole = transcript();
    let values = honest();
    let (mut state, first) = hello(&values);
    assert_eq!(first, whole.messages[0]);
    assert_eq!(first[..32], *Ephemeral::from_random(CLIENT_RANDOM).public());
    let server_ephemeral = read_answer(&mut state, &values, &whole.messages[1]).unwrap();
    assert_eq!(server_ephemeral, *Ephemeral::from_random(SERVER_RANDOM).public());
    assert_eq!(prove(&mut state, &values, server_ephemeral), whole.messages[2]);
    let [client, server] = state.split();
    assert_eq!(open(&server, 0, &[], &whole.messages[3]), Some(Vec::new()));
    assert_eq!((whole.client.channel_binding(), whole.server.channel_binding()), (&state.hash, &state.hash));

    let (near, far) = (whole.client.into_frames(), whole.server.into_frames());
    let mut stream = Vec::new();
    for (number, text) in [b"hello".as_slice(), &[7; 4096]].into_iter().enumerate() {
        let number = 2 * u64::try_from(number).unwrap();
        stream.extend(seal(&client, number, &[], &u16::try_from(text.len()).unwrap().to_be_bytes()));
        stream.extend(seal(&client, number + 1, &[], text));
    }
    stream.extend(seal(&client, 4, &[], &[0, 0]));
    assert_eq!(sealed(near.0, &[b"hello", &[7; 4096]]), stream);
    assert_eq!(opened(far.1, &stream), ([&b"hello"[..], &[7; 4096]].concat(), None));
    let answer = sealed(far.0, &[b"welcome"]);
    assert_eq!(open(&server, 1, &[], &answer[..18]), Some(vec![0, 7]), "message 4 was number 0");
    assert_eq!(open(&server, 2, &[], &answer[18..41]), Some(b"welcome".to_vec()));
    assert_eq!(open(&server, 3, &[], &answer[41..]), Some(vec![0, 0]));
    assert_eq!(opened(near.1, &answer), (b"welcome".to_vec(), None));
}

/// `vectors/noise.json` is what this prints; other implementations are tested with it.
#[test]
fn the_vectors_are_those_of_the_machines() {
    let whole = transcript();
    let hex = |bytes: &[u8]| HEXLOWER.encode(bytes);
    let values = honest();
    let (mut state, _) = hello(&values);
    let server_ephemeral = read_answer(&mut state, &values, &whole.messages[1]).unwrap();
    prove(&mut state, &values, server_ephemeral);
    let [client_key, server_key] = state.split();
    let [one, two, three, four] = whole.messages.each_ref().map(|message| hex(message));
    let expected = json!({
        "network_key": hex(&values.network),
        "client_seed": hex(alice().seed().as_bytes()),
        "client_ed25519": hex(alice().public().as_bytes()),
        "client_x25519": hex(&alice().x25519_public()),
        "client_ephemeral_secret": hex(&values.ephemeral_secret),
        "server_seed": hex(bob().seed().as_bytes()),
        "server_ed25519": hex(bob().public().as_bytes()),
        "server_x25519": hex(&bob().x25519_public()),
        "server_ephemeral_secret": hex(&scalar_of(&Seed::from_bytes(SERVER_RANDOM))),
        "message_1": one,
        "message_2": two,
        "message_3": three,
        "message_4": four,
        "handshake_hash": hex(&state.hash),
        "client_key": hex(&client_key),
        "server_key": hex(&server_key),
        "client_stream": { "plaintext": hex(b"hello"), "ciphertext": hex(&sealed(whole.client.into_frames().0, &[b"hello"])) },
        "server_stream": { "plaintext": hex(b"welcome"), "ciphertext": hex(&sealed(whole.server.into_frames().0, &[b"welcome"])) },
    });
    let written: Value = serde_json::from_str(include_str!("../vectors/noise.json")).unwrap();
    assert_eq!(written, expected, "{}", serde_json::to_string_pretty(&expected).unwrap());
}
