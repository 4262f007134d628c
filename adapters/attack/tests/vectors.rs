//! The file of vectors.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use data_encoding::HEXLOWER;
use multiserver_attack::kind::{Kind, Side};
use multiserver_attack::vectors;
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{Client, Server};
use serde_json::Value;

const FILE: &str = include_str!("../vectors/attacks.json");

#[test]
fn the_file_is_what_the_generator_writes() {
    assert!(vectors::text().unwrap() == FILE, "`shs-attack vectors > adapters/attack/vectors/attacks.json` renews it");
}

/// By the file alone, as other implementations read it.
#[test]
fn core_does_what_the_file_says() {
    let file: Value = serde_json::from_str(FILE).unwrap();
    for side in [Side::Server, Side::Client] {
        let vectors = file[side.name()].as_array().unwrap();
        assert!(vectors.len() > 100);
        for vector in vectors {
            let (answer, takes) = answer(side, &file["keys"], vector);
            assert_eq!(hex(&vector["answer"]), answer, "{}: {}", side.name(), vector["id"]);
            assert_eq!(vector["takes"], takes, "{}: {}", side.name(), vector["id"]);
        }
    }
}

#[test]
fn every_vector_is_of_a_kind_that_the_file_explains() {
    let file: Value = serde_json::from_str(FILE).unwrap();
    assert_eq!(file["kinds"].as_object().unwrap().len(), Kind::ALL.len());
    for side in [Side::Server, Side::Client] {
        for vector in file[side.name()].as_array().unwrap() {
            assert!(file["kinds"][vector["kind"].as_str().unwrap()].is_string(), "{vector}");
        }
    }
}

/// All that core sends, and how many messages it takes.
fn answer(side: Side, keys: &Value, vector: &Value) -> (Vec<u8>, usize) {
    let network = NetworkKey::from_bytes(bytes(&keys["network"]));
    let pair = KeyPair::from_seed(Seed::from_bytes(bytes(&keys[format!("{}_seed", side.name())])));
    let ephemeral = Ephemeral::from_secret(bytes(&keys["peer_ephemeral"]));
    let sent: Vec<u8> = vector["send"].as_array().unwrap().iter().flat_map(hex).collect();
    let hello = sent[..64.min(sent.len())].try_into();
    match side {
        Side::Server => {
            let Ok((server, hello)) = Server::new(pair, &network).client_hello(&hello.unwrap(), ephemeral) else {
                return (Vec::new(), 0);
            };
            let Ok(request) = server.client_auth(sent[64..176].try_into().unwrap()) else { return (hello.to_vec(), 1) };
            ([hello.as_slice(), &request.accept().1].concat(), 2)
        }
        Side::Client => {
            let key = vector.get("server_key").unwrap_or(&keys["server_key"]);
            let Ok(client) = Client::new(pair, &PublicKey::from_bytes(bytes(key)), &network) else {
                return (Vec::new(), 0);
            };
            let (client, own) = client.start(ephemeral);
            let Ok((client, auth)) = client.server_hello(&hello.unwrap()) else { return (own.to_vec(), 0) };
            let accepted = client.server_accept(sent[64..144].try_into().unwrap()).is_ok();
            ([own.as_slice(), &auth].concat(), if accepted { 2 } else { 1 })
        }
    }
}

fn bytes<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}
