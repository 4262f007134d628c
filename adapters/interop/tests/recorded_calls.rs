//! The recorded calls of npm `test-secret-handshake`, replayed on our states.
//!
//! Each call of a function of the reference was recorded with its result and with its argument as the function left it.
//! So each call can be replayed alone: its argument has the keys and the ephemeral secret, from which our states are
//! brought to the same point. Only the message that the server received has to be looked up in another call of the
//! session.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use data_encoding::HEXLOWER;
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{Authenticated, AwaitClientAuth, AwaitServerAccept, AwaitServerHello, Client, Error};
use multiserver_core::shs::{Outcome, Server};
use multiserver_interop::Reference;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

#[tokio::test]
async fn every_recorded_call_has_its_recorded_result() {
    let reference = Reference::install(Path::new(env!("CARGO_TARGET_TMPDIR"))).await.unwrap();
    let recording = std::fs::read(reference.file("test-secret-handshake/data.json")).unwrap();
    let calls = Recording(serde_json::from_slice(&recording).unwrap());

    let mut replayed = BTreeMap::new();
    for (index, call) in calls.0.iter().enumerate() {
        println!("call {index}, {}", call.name);
        calls.replay(call);
        *replayed.entry(call.name.as_str()).or_insert(0) += 1;
    }
    let expected = [
        ("clean", 12),
        ("clientCreateAuth", 12),
        ("clientVerifyAccept", 6),
        ("clientVerifyChallenge", 14),
        ("createChallenge", 31),
        ("initialize", 34),
        ("serverCreateAccept", 6),
        ("serverVerifyAuth", 12),
        ("toKeys", 2),
        ("verifyChallenge", 30),
    ];
    assert_eq!(replayed, BTreeMap::from(expected));
    assert_eq!(replayed.values().sum::<i32>(), 159);
}

#[derive(Deserialize)]
struct Call {
    name: String,
    args: Vec<Value>,
    result: Value,
}

impl Call {
    fn state(&self) -> State<'_> {
        State(&self.args[0])
    }

    /// The message that the call was given.
    fn message<const N: usize>(&self) -> [u8; N] {
        hex(&self.args[1])
    }

    /// Whether the reference took what it was given.
    fn accepted(&self) -> bool {
        !self.result.is_null()
    }
}

struct Recording(Vec<Call>);

impl Recording {
    /// Repeats the call with our states, and asserts that the results are equal.
    fn replay(&self, call: &Call) {
        let state = call.state();
        match call.name.as_str() {
            "toKeys" => assert_eq!(to_keys(&call.args[0]), to_keys(&call.result)),
            "initialize" => {
                let ephemeral = Ephemeral::from_random(hex(&state.0["random"]));
                assert_eq!(ephemeral.public(), &state.local("kx_pk"));
                assert_eq!(state.identity().public().as_bytes(), &state.local("publicKey"));
                if let Some(seed) = state.0.get("seed").filter(|seed| !seed.is_null()) {
                    assert_eq!(KeyPair::from_seed(Seed::from_bytes(hex(seed))), state.identity());
                }
                // A hello does not depend on the keys of either end, so any keys will do.
                let (_, hello) = Client::new(state.identity(), &ANYBODY, &state.network()).unwrap().start(ephemeral);
                assert_eq!(hello[..32], state.local("app_mac"));
            }
            "createChallenge" if state.is_client() => assert_eq!(state.client().1, hex::<64>(&call.result)),
            "createChallenge" => {
                assert_eq!(state.server(&state.remote_hello()).unwrap().1, hex::<64>(&call.result));
            }
            "verifyChallenge" if !state.is_client() => {
                assert_eq!(taken(state.server(&call.message())), call.accepted());
            }
            "verifyChallenge" | "clientVerifyChallenge" => {
                let (client, _) = state.client();
                assert_eq!(taken(client.server_hello(&call.message())), call.accepted());
            }
            "clientCreateAuth" => assert_eq!(state.await_server_accept().1, hex::<112>(&call.result)),
            "serverVerifyAuth" => {
                let (server, _) = state.server(&state.remote_hello()).unwrap();
                let request = server.client_auth(&call.message());
                if let Ok(request) = &request {
                    assert_eq!(request.peer(), &state.remote_key());
                }
                assert_eq!(taken(request), call.accepted());
            }
            "serverCreateAccept" => assert_eq!(self.authenticated(state).accept().1, hex::<80>(&call.result)),
            "clientVerifyAccept" => {
                let (client, _) = state.await_server_accept();
                assert_eq!(taken(client.server_accept(&call.message())), call.accepted());
            }
            // The call erased the secrets of its argument; its result has what was derived from them before.
            "clean" => {
                let keys = self.outcome(state).into_keys();
                assert_eq!(keys.encrypt_key, hex::<32>(&call.result["encryptKey"]));
                assert_eq!(keys.decrypt_key, hex::<32>(&call.result["decryptKey"]));
                assert_eq!(keys.encrypt_nonce, hex::<32>(&call.result["remote"]["app_mac"])[..24]);
                assert_eq!(keys.decrypt_nonce, hex::<32>(&call.result["local"]["app_mac"])[..24]);
            }
            other => panic!("no replay for {other}"),
        }
    }

    /// The call of this name in the session of this state.
    fn find(&self, name: &str, state: State<'_>) -> &Call {
        let own = &state.0["local"]["kx_pk"];
        let found = self.0.iter().find(|call| call.name == name && &call.args[0]["local"]["kx_pk"] == own);
        found.unwrap_or_else(|| panic!("no {name} in the session of {own}"))
    }

    /// The server of this state, with what its client sent.
    fn authenticated(&self, state: State<'_>) -> Authenticated {
        let (server, _) = state.server(&state.remote_hello()).unwrap();
        server.client_auth(&self.find("serverVerifyAuth", state).message()).unwrap()
    }

    /// What the handshake of this state, which has no secrets any more, left on its end.
    fn outcome(&self, state: State<'_>) -> Outcome {
        // Only a server's state keeps the hello of its remote end.
        if state.0["remote"].get("hello").is_some() {
            self.authenticated(self.find("serverCreateAccept", state).state()).accept().0
        } else {
            let last = self.find("clientVerifyAccept", state);
            last.state().await_server_accept().0.server_accept(&last.message()).unwrap()
        }
    }
}

/// A state of the reference.
#[derive(Clone, Copy)]
struct State<'a>(&'a Value);

impl State<'_> {
    /// A client knows the remote key from the start; a server learns it with the client's hello.
    fn is_client(self) -> bool {
        self.0["remote"].get("publicKey").is_some() && self.0["remote"].get("hello").is_none()
    }

    fn network(self) -> NetworkKey {
        NetworkKey::from_bytes(hex(&self.0["app_key"]))
    }

    fn identity(self) -> KeyPair {
        KeyPair::from_secret_bytes(&hex(&self.0["local"]["secretKey"])).unwrap()
    }

    fn ephemeral(self) -> Ephemeral {
        Ephemeral::from_secret(self.local("kx_sk"))
    }

    fn local(self, name: &str) -> [u8; 32] {
        hex(&self.0["local"][name])
    }

    fn remote_key(self) -> PublicKey {
        PublicKey::from_bytes(hex(&self.0["remote"]["publicKey"]))
    }

    fn remote_hello(self) -> [u8; 64] {
        let remote = &self.0["remote"];
        let hello = [hex::<32>(&remote["app_mac"]), hex::<32>(&remote["kx_pk"])].concat();
        hello.try_into().unwrap()
    }

    fn client(self) -> (AwaitServerHello, [u8; 64]) {
        Client::new(self.identity(), &self.remote_key(), &self.network()).unwrap().start(self.ephemeral())
    }

    fn await_server_accept(self) -> (AwaitServerAccept, [u8; 112]) {
        self.client().0.server_hello(&self.remote_hello()).unwrap()
    }

    fn server(self, client_hello: &[u8; 64]) -> Result<(AwaitClientAuth, [u8; 64]), Error> {
        Server::new(self.identity(), &self.network()).client_hello(client_hello, self.ephemeral())
    }
}

/// Any valid key.
const ANYBODY: PublicKey = PublicKey::from_bytes([
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, //
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
]);

/// Whether a message was taken; when not, it must be the peer's fault.
fn taken<T>(result: Result<T, Error>) -> bool {
    if let Err(error) = &result {
        assert!(error.is_peers_fault(), "{error}");
    }
    result.is_ok()
}

/// The key pair of a seed, or the one that is given.
fn to_keys(value: &Value) -> KeyPair {
    if value.is_string() {
        return KeyPair::from_seed(Seed::from_bytes(hex(value)));
    }
    let pair = KeyPair::from_secret_bytes(&hex(&value["secretKey"])).unwrap();
    assert_eq!(pair.public().as_bytes(), &hex(&value["publicKey"]));
    pair
}

fn hex<const N: usize>(value: &Value) -> [u8; N] {
    let text = value.as_str().unwrap_or_else(|| panic!("not a text: {value}"));
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().expect("another length")
}
