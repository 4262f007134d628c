//! Peers that know every secret of their side and say what they like.

use super::schedule::{self, Products, agreement, ephemeral_secret, open, seal};
use super::{ALICE, BOB, client_ephemeral, client_to, server, server_ephemeral};
use multiserver_core::keys::{Ephemeral, NetworkKey, PublicKey};
use multiserver_core::shs::{Authenticated, AwaitServerAccept, Error, Outcome};
use x25519_dalek::x25519;

/// A hello that is well authenticated, whatever its key.
pub fn hello(key: &[u8; 32]) -> [u8; 64] {
    schedule::hello(NetworkKey::SSB_MAIN.as_bytes(), key)
}

/// What an honest server makes of a client that claims `key` and proves it with what `sign` makes of the statement.
pub fn claim(key: [u8; 32], sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<Authenticated, Error> {
    let ephemeral = client_ephemeral();
    let (server, server_hello) = server().client_hello(&hello(ephemeral.public()), server_ephemeral()).unwrap();
    let b = server_hello[32..].try_into().unwrap();
    let products = of_client(ephemeral_secret([3; 32]), b);
    let signature = sign(&products.client_statement(BOB.public().as_bytes()));
    let plain = [signature.as_slice(), &key].concat();
    server.client_auth(&seal(&products.client_auth_key(), &plain).try_into().unwrap())
}

/// What an honest server with this ephemeral secret makes of a client with any ephemeral key, whose secret nobody needs to
/// know: the client's messages are made by X25519 from the server's secrets, and the server's answer is opened so.
pub fn meet(key: [u8; 32], server_secret: [u8; 32]) -> Result<(), Error> {
    let (server, _) = server().client_hello(&hello(&key), Ephemeral::from_secret(server_secret))?;
    let products = Products {
        network: *NetworkKey::SSB_MAIN.as_bytes(),
        ab: x25519(server_secret, key),
        a_server: x25519(agreement(&BOB), key),
    };
    let statement = products.client_statement(BOB.public().as_bytes());
    let plain = [ALICE.sign(&statement).as_slice(), ALICE.public().as_bytes()].concat();
    let client_auth = seal(&products.client_auth_key(), &plain).try_into().unwrap();
    let (_, server_accept) = server.client_auth(&client_auth)?.accept();
    let client_b = x25519(server_secret, ALICE.x25519_public());
    open(&products.server_accept_key(&client_b), &server_accept).unwrap();
    Ok(())
}

/// The same the other way round: what an honest client with this ephemeral secret makes of a server with any ephemeral
/// key, whose messages are made by X25519 from the client's secrets.
pub fn meet_server(key: [u8; 32], client_secret: [u8; 32]) -> Result<(), Error> {
    let (client, _) = client_to(&BOB.public()).start(Ephemeral::from_secret(client_secret));
    let (client, client_auth): (AwaitServerAccept, _) = client.server_hello(&hello(&key))?;
    let products = of_client(client_secret, key);
    let statement = products.server_statement(&open(&products.client_auth_key(), &client_auth).unwrap());
    let accept_key = products.server_accept_key(&x25519(agreement(&ALICE), key));
    client.server_accept(&seal(&accept_key, &BOB.sign(&statement)).try_into().unwrap())?;
    Ok(())
}

/// What an honest client makes of a server that proves its right key with what `sign` makes of the statement.
pub fn prove(sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<Outcome, Error> {
    prove_as(&BOB.public(), sign)
}

/// The same of a server whose key is the right one plus a point of low order.
pub fn prove_as(key: &PublicKey, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<Outcome, Error> {
    let ephemeral = server_ephemeral();
    let (client, client_hello) = client_to(key).start(client_ephemeral());
    let (client, client_auth): (AwaitServerAccept, _) = client.server_hello(&hello(ephemeral.public())).unwrap();
    let a: [u8; 32] = client_hello[32..].try_into().unwrap();
    let products = Products {
        network: *NetworkKey::SSB_MAIN.as_bytes(),
        ab: x25519(ephemeral_secret([4; 32]), a),
        a_server: x25519(agreement(&BOB), a),
    };
    let accept_key = products.server_accept_key(&x25519(ephemeral_secret([4; 32]), ALICE.x25519_public()));
    let statement = products.server_statement(&open(&products.client_auth_key(), &client_auth).unwrap());
    client.server_accept(&seal(&accept_key, &sign(&statement)).try_into().unwrap())
}

fn of_client(a: [u8; 32], b: [u8; 32]) -> Products {
    let a_server = x25519(a, BOB.x25519_public());
    Products { network: *NetworkKey::SSB_MAIN.as_bytes(), ab: x25519(a, b), a_server }
}
