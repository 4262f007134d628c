//! The attacks as vectors: what core does with fixed keys, for tests without sockets and processes.

use crate::attack::{Attack, Edit, Pace, Takes};
use crate::attacker::{Recorded, attacker};
use crate::kind::{Kind, Side};
use crate::list::attacks;
use crate::parties::Parties;
use anyhow::{Context, Result, anyhow, ensure};
use data_encoding::HEXLOWER;
use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey, Seed};
use multiserver_core::shs::{Client, Outcome, Server};
use serde_json::{Map, Value, json};

/// The X25519 secret of the peer that is attacked.
const PEERS_SECRET: [u8; 32] = [0x66; 32];
/// The same in the session that is replayed.
const EARLIER_SECRET: [u8; 32] = [0x77; 32];

const ABOUT: [&str; 5] = [
    "Attacks on a server and on a client of the secret handshake (shs1) with fixed keys. Bytes are in hexadecimal digits.",
    "`keys`: the long-term pairs' seeds; `peer_ephemeral` is the X25519 secret of the peer under test in all vectors.",
    "`send`: what the attacker says, its hello and its proof; the proof is missing where the peer must refuse the hello.",
    "`takes`: how many of the two the peer may take; 2 is to accept. `answer`: all that the peer under test sends.",
    "The honest vector, with any one bit of `send` inverted, or cut after any byte, must be refused; in any pieces, accepted.",
];

/// The file's text.
///
/// # Errors
/// Core does something else than an attack wants of a peer.
pub fn text() -> Result<String> {
    let parties = Parties::fixed(*NetworkKey::SSB_MAIN.as_bytes());
    let kinds = Kind::ALL.iter().map(|kind| (kind.name().to_owned(), json!(kind.sentence())));
    let file = json!({
        "about": ABOUT,
        "kinds": kinds.collect::<Map<_, _>>(),
        "keys": {
            "network": hex(&parties.network),
            "server_seed": hex(parties.server_pair.seed().as_bytes()),
            "server_key": hex(&parties.server),
            "client_seed": hex(parties.client.seed().as_bytes()),
            "client_key": hex(parties.client.public().as_bytes()),
            "peer_ephemeral": hex(&PEERS_SECRET),
        },
        "server": side(Side::Server, &parties)?,
        "client": side(Side::Client, &parties)?,
    });
    Ok(serde_json::to_string_pretty(&file)? + "\n")
}

/// The vectors of one side.
fn side(side: Side, parties: &Parties) -> Result<Vec<Value>> {
    let honest = Attack::honest(Kind::Honest, "");
    let earlier = meet(side, &honest, parties, None, EARLIER_SECRET)?;
    let recorded = Recorded { peers_hello: earlier.peers_hello(), proof: earlier.proof.unwrap_or_default() };
    attacks(side, &parties.public())
        .iter()
        // What has no bytes of its own is said once, in the text.
        .filter(|attack| {
            attack.pace == Pace::Whole && !matches!(attack.edit, Edit::Flip(..) | Edit::Cut(..)) && !attack.early
        })
        .map(|attack| {
            let met = meet(side, attack, parties, Some(&recorded), PEERS_SECRET)?;
            ensure!(met.takes == attack.takes, "core takes {:?} of {}", met.takes, attack.id);
            Ok(met.vector(attack))
        })
        .collect()
}

/// What was said between an attacker and core.
struct Met {
    takes: Takes,
    hello: Vec<u8>,
    proof: Option<Vec<u8>>,
    /// What the peer sent, all of it.
    answer: Vec<u8>,
    keys: Option<Vec<u8>>,
}

impl Met {
    fn peers_hello(&self) -> Vec<u8> {
        self.answer.get(..64).unwrap_or_default().to_vec()
    }

    fn vector(&self, attack: &Attack) -> Value {
        let takes = match self.takes {
            Takes::Nothing => 0,
            Takes::Hello => 1,
            Takes::All => 2,
        };
        let send = [Some(&self.hello), self.proof.as_ref()].into_iter().flatten().map(|bytes| hex(bytes));
        let mut vector = json!({
            "id": attack.id,
            "kind": attack.kind.name(),
            "send": send.collect::<Vec<_>>(),
            "answer": hex(&self.answer),
            "takes": takes,
        });
        if let Some(object) = vector.as_object_mut() {
            if let Some(key) = attack.server_key {
                object.insert("server_key".to_owned(), json!(hex(&key)));
            }
            if let Some(keys) = &self.keys {
                object.insert("keys".to_owned(), json!(hex(keys)));
            }
        }
        vector
    }
}

/// Makes an attack on core.
fn meet(side: Side, attack: &Attack, parties: &Parties, recorded: Option<&Recorded>, secret: [u8; 32]) -> Result<Met> {
    let mut met = Met { takes: Takes::Nothing, hello: Vec::new(), proof: None, answer: Vec::new(), keys: None };
    let mut attacker = attacker(side, attack, parties, recorded);
    let network = NetworkKey::from_bytes(parties.network);
    let ephemeral = Ephemeral::from_secret(secret);
    match side {
        Side::Server => {
            met.hello = attacker.hello(&[]);
            let server = Server::new(pair(&parties.server_pair), &network);
            let Ok((server, hello)) = server.client_hello(&first(&met.hello)?, ephemeral) else { return Ok(met) };
            met.answer.extend(hello);
            met.takes = Takes::Hello;
            let proof = attacker.proof(&hello);
            let request = server.client_auth(&after(&met.hello, &proof)?);
            met.proof = Some(proof);
            let Ok(request) = request else { return Ok(met) };
            let (outcome, accept) = request.accept();
            met.answer.extend(accept);
            attacker.check(&accept).map_err(|fault| anyhow!("core: {fault}"))?;
            met.keys = Some(keys(outcome));
        }
        Side::Client => {
            let server = PublicKey::from_bytes(attack.server_key.unwrap_or(parties.server));
            let Ok(client) = Client::new(pair(&parties.client), &server, &network) else { return Ok(met) };
            let (client, hello) = client.start(ephemeral);
            met.answer.extend(hello);
            met.hello = attacker.hello(&hello);
            let Ok((client, auth)) = client.server_hello(&first(&met.hello)?) else { return Ok(met) };
            met.answer.extend(auth);
            met.takes = Takes::Hello;
            let proof = attacker.proof(&auth);
            let outcome = client.server_accept(&after(&met.hello, &proof)?);
            met.proof = Some(proof);
            let Ok(outcome) = outcome else { return Ok(met) };
            attacker.check(&[]).map_err(|fault| anyhow!("core: {fault}"))?;
            met.keys = Some(keys(outcome));
        }
    }
    ensure!(met.keys == Some(attacker.session().to_bytes()), "core has other keys than the attacker");
    met.takes = Takes::All;
    Ok(met)
}

/// The first message of these bytes.
fn first(hello: &[u8]) -> Result<[u8; 64]> {
    hello.first_chunk().copied().context("the hello is cut")
}

/// The message that follows the hello: what is left of that comes first.
fn after<const N: usize>(hello: &[u8], proof: &[u8]) -> Result<[u8; N]> {
    let whole = [hello.get(64..).unwrap_or_default(), proof].concat();
    whole.first_chunk().copied().context("the proof is cut")
}

fn keys(outcome: Outcome) -> Vec<u8> {
    let keys = outcome.into_keys();
    [keys.encrypt_key.as_slice(), &keys.encrypt_nonce, &keys.decrypt_key, &keys.decrypt_nonce].concat()
}

/// The same pair once more.
fn pair(pair: &KeyPair) -> KeyPair {
    KeyPair::from_seed(Seed::from_bytes(*pair.seed().as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}
