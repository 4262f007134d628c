//! The recorded handshake of `vectors/shs.json`, message by message and key by key.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{Client, Server};
use serde_json::Value;
use sha2::Sha512;

const VECTORS: &str = include_str!("vectors/shs.json");

struct Vector(Value);

impl Vector {
    fn all() -> Vec<Self> {
        let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        assert!(!vectors.is_empty());
        vectors.into_iter().map(Self).collect()
    }

    fn bytes<const N: usize>(&self, name: &str) -> [u8; N] {
        HEXLOWER.decode(self.0[name].as_str().unwrap().as_bytes()).unwrap().try_into().unwrap()
    }

    fn pair(&self, side: &str) -> KeyPair {
        let pair = KeyPair::from_seed(Seed::from_bytes(self.bytes(&format!("{side}_seed"))));
        assert_eq!(pair, KeyPair::from_secret_bytes(&self.bytes(&format!("{side}_sk"))).unwrap());
        assert_eq!(pair.public(), PublicKey::from_bytes(self.bytes(&format!("{side}_pk"))));
        pair
    }

    /// As its documentation defines it, from the vector's own values.
    fn channel_binding(&self) -> [u8; 32] {
        let mut mac = Hmac::<Sha512>::new_from_slice(&self.bytes::<32>("session")).unwrap();
        mac.update(b"multiserver shs1 channel binding");
        for key in ["client_eph_pk", "server_eph_pk", "client_pk", "server_pk"] {
            mac.update(&self.bytes::<32>(key));
        }
        mac.finalize().into_bytes()[..32].try_into().unwrap()
    }

    fn ephemeral(&self, side: &str) -> Ephemeral {
        let of_random = Ephemeral::from_random(self.bytes(&format!("{side}_eph_random")));
        let of_secret = Ephemeral::from_secret(self.bytes(&format!("{side}_eph_sk")));
        assert_eq!(of_random.public(), of_secret.public());
        assert_eq!(of_random.public(), &self.bytes(&format!("{side}_eph_pk")));
        of_random
    }
}

#[test]
fn every_message_and_key_is_the_recorded_one() {
    for vector in Vector::all() {
        let network = NetworkKey::from_bytes(vector.bytes("app_key"));
        let (alice, bob) = (vector.pair("client"), vector.pair("server"));
        let (alice_key, bob_key) = (alice.public(), bob.public());

        let (client, client_hello) = Client::new(alice, &bob_key, &network).unwrap().start(vector.ephemeral("client"));
        assert_eq!(client_hello, vector.bytes("msg1"));
        let (server, server_hello) =
            Server::new(bob, &network).client_hello(&client_hello, vector.ephemeral("server")).unwrap();
        assert_eq!(server_hello, vector.bytes("msg2"));
        let (client, client_auth) = client.server_hello(&server_hello).unwrap();
        assert_eq!(client_auth, vector.bytes("msg3"));
        let request = server.client_auth(&client_auth).unwrap();
        assert_eq!(request.peer(), &alice_key);
        let (server, server_accept) = request.accept();
        assert_eq!(server_accept, vector.bytes("msg4"));
        let client = client.server_accept(&server_accept).unwrap();
        assert_eq!((client.peer(), server.peer()), (&bob_key, &alice_key));
        for outcome in [&client, &server] {
            assert_eq!(outcome.channel_binding(), &vector.channel_binding());
        }

        let (client, server) = (client.into_keys(), server.into_keys());
        for key in [client.encrypt_key, server.decrypt_key] {
            assert_eq!(key, vector.bytes("client_encrypt_key"));
        }
        for key in [client.decrypt_key, server.encrypt_key] {
            assert_eq!(key, vector.bytes("client_decrypt_key"));
        }
        for nonce in [client.encrypt_nonce, server.decrypt_nonce] {
            assert_eq!(nonce, vector.bytes("client_encrypt_nonce"));
        }
        for nonce in [client.decrypt_nonce, server.encrypt_nonce] {
            assert_eq!(nonce, vector.bytes("client_decrypt_nonce"));
        }
    }
}

#[test]
fn each_session_has_a_channel_binding_of_its_own() {
    let session = |client_random: u8, server_random: u8| {
        let (alice, bob) =
            (KeyPair::from_seed(Seed::from_bytes([1; 32])), KeyPair::from_seed(Seed::from_bytes([2; 32])));
        let client = Client::new(alice, &bob.public(), &NetworkKey::SSB_MAIN).unwrap();
        let (client, hello) = client.start(Ephemeral::from_random([client_random; 32]));
        let server = Server::new(bob, &NetworkKey::SSB_MAIN);
        let (server, hello) = server.client_hello(&hello, Ephemeral::from_random([server_random; 32])).unwrap();
        let (_, auth) = client.server_hello(&hello).unwrap();
        server.client_auth(&auth).unwrap().accept().0
    };
    let first = session(3, 4);
    let binding = *first.channel_binding();
    assert_eq!(session(3, 4).channel_binding(), &binding);
    assert_ne!(session(5, 4).channel_binding(), &binding);
    assert_ne!(session(3, 5).channel_binding(), &binding);
    let keys = first.into_keys();
    assert!(![keys.encrypt_key, keys.decrypt_key].contains(&binding));
}
