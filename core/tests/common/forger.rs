//! Peers that know every secret of their side and say what they like: the handshake written a second time, in the
//! open, from primitives.

use super::{ALICE, BOB, client_ephemeral, client_to, server, server_ephemeral};
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::hazmat::ExpandedSecretKey;
use hmac::{Hmac, KeyInit, Mac};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey};
use multiserver_core::shs::{Authenticated, AwaitServerAccept, Error, Outcome};
use sha2::{Digest, Sha256, Sha512};
use x25519_dalek::x25519;

/// A hello that is well authenticated, whatever its key.
pub fn hello(key: &[u8; 32]) -> [u8; 64] {
    let mut mac = Hmac::<Sha512>::new_from_slice(NetworkKey::SSB_MAIN.as_bytes()).unwrap();
    mac.update(key);
    let auth = mac.finalize().into_bytes();
    [&auth[..32], key].concat().try_into().unwrap()
}

/// What an honest server makes of a client that claims `key` and proves it with what `sign` makes of the statement.
pub fn claim(key: [u8; 32], sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<Authenticated, Error> {
    let ephemeral = client_ephemeral();
    let (server, server_hello) = server().client_hello(&hello(ephemeral.public()), server_ephemeral()).unwrap();
    let b = server_hello[32..].try_into().unwrap();
    let products = Products::of_client(secret([3; 32]), b);
    let signature = sign(&[products.network.as_slice(), BOB.public().as_bytes(), &sha256(&[&products.ab])].concat());
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
    let statement = [products.network.as_slice(), BOB.public().as_bytes(), &sha256(&[&products.ab])].concat();
    let plain = [ALICE.sign(&statement).as_slice(), ALICE.public().as_bytes()].concat();
    let client_auth = seal(&products.client_auth_key(), &plain).try_into().unwrap();
    let (_, server_accept) = server.client_auth(&client_auth)?.accept();
    let client_b = x25519(server_secret, montgomery(&ALICE));
    open(&sha256(&[&products.network, &products.ab, &products.a_server, &client_b]), &server_accept);
    Ok(())
}

/// The same the other way round: what an honest client with this ephemeral secret makes of a server with any ephemeral
/// key, whose messages are made by X25519 from the client's secrets.
pub fn meet_server(key: [u8; 32], client_secret: [u8; 32]) -> Result<(), Error> {
    let (client, _) = client_to(&BOB.public()).start(Ephemeral::from_secret(client_secret));
    let (client, client_auth): (AwaitServerAccept, _) = client.server_hello(&hello(&key))?;
    let products = Products::of_client(client_secret, key);
    let plain = open(&products.client_auth_key(), &client_auth);
    let statement = [products.network.as_slice(), &plain, &sha256(&[&products.ab])].concat();
    let client_b = x25519(agreement(&ALICE), key);
    let accept_key = sha256(&[&products.network, &products.ab, &products.a_server, &client_b]);
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
        ab: x25519(secret([4; 32]), a),
        a_server: x25519(agreement(&BOB), a),
    };
    let client_b = x25519(secret([4; 32]), montgomery(&ALICE));
    let plain = open(&products.client_auth_key(), &client_auth);
    let statement = [products.network.as_slice(), &plain, &sha256(&[&products.ab])].concat();
    let key = sha256(&[&products.network, &products.ab, &products.a_server, &client_b]);
    client.server_accept(&seal(&key, &sign(&statement)).try_into().unwrap())
}

/// `(R, S)` with S = r + k·s, as Ed25519 has it but for an R and a public key of the caller's choice.
pub fn signature(r: Scalar, commitment: EdwardsPoint, s: Scalar, key: &[u8; 32], message: &[u8]) -> ([u8; 64], Scalar) {
    let commitment = commitment.compress().to_bytes();
    let hash = Sha512::new().chain_update(commitment).chain_update(key).chain_update(message).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    ([commitment, (r + k * s).to_bytes()].concat().try_into().unwrap(), k)
}

/// The Ed25519 secret scalar of a pair.
pub fn scalar(pair: &KeyPair) -> Scalar {
    ExpandedSecretKey::from(pair.seed().as_bytes()).scalar
}

struct Products {
    network: [u8; 32],
    ab: [u8; 32],
    a_server: [u8; 32],
}

impl Products {
    fn of_client(a: [u8; 32], b: [u8; 32]) -> Self {
        Self { network: *NetworkKey::SSB_MAIN.as_bytes(), ab: x25519(a, b), a_server: x25519(a, montgomery(&BOB)) }
    }

    fn client_auth_key(&self) -> [u8; 32] {
        sha256(&[&self.network, &self.ab, &self.a_server])
    }
}

/// The secret that [`Ephemeral::from_random`] makes of these bytes.
fn secret(random: [u8; 32]) -> [u8; 32] {
    let secret = Sha512::digest(random)[..32].try_into().unwrap();
    assert_eq!(Ephemeral::from_secret(secret).public(), Ephemeral::from_random(random).public());
    secret
}

/// The X25519 secret of a pair.
fn agreement(pair: &KeyPair) -> [u8; 32] {
    Sha512::digest(pair.seed().as_bytes())[..32].try_into().unwrap()
}

/// The X25519 public key of a pair.
fn montgomery(pair: &KeyPair) -> [u8; 32] {
    EdwardsPoint::mul_base(&scalar(pair)).to_montgomery().to_bytes()
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

fn seal(key: &[u8; 32], plain: &[u8]) -> Vec<u8> {
    let mut body = plain.to_vec();
    let tag = multiserver_secretbox::seal(key, &[0; 24], &mut body);
    [tag.as_slice(), &body].concat()
}

fn open(key: &[u8; 32], sealed: &[u8]) -> Vec<u8> {
    let mut body = sealed[16..].to_vec();
    multiserver_secretbox::open(key, &[0; 24], &mut body, sealed[..16].try_into().unwrap()).unwrap();
    body
}
