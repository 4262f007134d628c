//! An attacker who is no honest machine: it knows the network key, a long-term key and an ephemeral key of its own, and
//! writes the messages of the secret handshake from primitives.

use crate::protocol::{Message, NETWORK, Name};
use crate::schedule::{Products, hello, open, seal};
use multiserver_core::keys::{Ephemeral, PublicKey};

/// The length of a hello.
const HELLO: usize = 64;
/// The length of the client's proof.
const PROOF: usize = 112;

/// What it can say when everybody has said this: its hello, claims to be this or that client, to Bob, and its own
/// acceptance of the clients that have proven themselves to it.
pub(crate) fn forgeries(known: &[Message]) -> Vec<Message> {
    let ephemeral = Ephemeral::from_random([66; 32]);
    let keys = known.iter().filter(|message| message.len() == HELLO).map(key_of);
    let keys: Vec<[u8; 32]> = keys.filter(|key| key != ephemeral.public()).collect();
    let proofs = known.iter().filter(|message| message.len() == PROOF);
    let read = proofs.flat_map(|proof| keys.iter().filter_map(|key| open_proof(proof, key, &ephemeral)));
    let read: Vec<Proof> = read.collect();
    let mut said: Vec<Message> = vec![hello(NETWORK.as_bytes(), ephemeral.public()).into()];
    said.extend(read.iter().map(|proof| proof.acceptance(&ephemeral)));
    for key in &keys {
        let products = Products {
            network: *NETWORK.as_bytes(),
            ab: *ephemeral.diffie_hellman(key).unwrap(),
            a_server: *ephemeral.diffie_hellman(&Name::Bob.pair().public().to_x25519().unwrap()).unwrap(),
        };
        let statement = products.client_statement(Name::Bob.pair().public().as_bytes());
        let own = Name::Mallory.pair().sign(&statement);
        let mut claim = |signature: &[u8; 64], client: &PublicKey| {
            said.push(seal(&products.client_auth_key(), &[&signature[..], client.as_bytes()].concat()).into());
        };
        claim(&own, &Name::Mallory.pair().public());
        for honest in [Name::Alice, Name::Bob, Name::Carol] {
            claim(&own, &honest.pair().public());
        }
        for proof in &read {
            claim(&proof.signature, &proof.client);
        }
    }
    said
}

fn key_of(hello: &Message) -> [u8; 32] {
    hello[32..].try_into().unwrap()
}

/// What a client has proven to Mallory, who can read it.
struct Proof {
    products: Products,
    signature: [u8; 64],
    client: PublicKey,
}

impl Proof {
    /// The message by which Mallory, as the server of this ephemeral key, accepts the client.
    fn acceptance(&self, ephemeral: &Ephemeral) -> Message {
        let client_b = ephemeral.diffie_hellman(&self.client.to_x25519().unwrap()).unwrap();
        let proof = [&self.signature[..], self.client.as_bytes()].concat();
        let signature = Name::Mallory.pair().sign(&self.products.server_statement(&proof));
        seal(&self.products.server_accept_key(&client_b), &signature).into()
    }
}

/// The proof of a client that wants to reach Mallory, and whose hello has this key.
fn open_proof(proof: &Message, key: &[u8; 32], ephemeral: &Ephemeral) -> Option<Proof> {
    let products = Products {
        network: *NETWORK.as_bytes(),
        ab: *ephemeral.diffie_hellman(key)?,
        a_server: *Name::Mallory.pair().diffie_hellman(key)?,
    };
    let body = open(&products.client_auth_key(), proof)?;
    let (signature, client) = body.split_first_chunk::<64>()?;
    Some(Proof { signature: *signature, client: PublicKey::from_bytes(client.try_into().ok()?), products })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Role, Shs, Status, react};

    /// The attacker is able: it is let in as itself, reads what a client proves to it, and is accepted by that client.
    #[test]
    fn mallory_is_accepted_as_mallory_by_a_server_and_by_a_client() {
        let (bob, alice) = (
            Role { me: Name::Bob, to: None, random: 10 },
            Role { me: Name::Alice, to: Some(Name::Mallory), random: 11 },
        );
        let hello = forgeries(&[]).remove(0);
        let answer = react::<Shs>(bob, std::slice::from_ref(&hello)).said.remove(0);
        let accepted = |claim: &Message| match react::<Shs>(bob, &[hello.clone(), claim.clone()]).status {
            Status::Done { peer, .. } => Some(peer),
            Status::Waits(_) | Status::Failed => None,
        };
        let claims = forgeries(std::slice::from_ref(&answer));
        assert_eq!(claims[1..].iter().filter_map(accepted).collect::<Vec<_>>(), [Name::Mallory]);
        let said = react::<Shs>(alice, std::slice::from_ref(&hello)).said;
        let claims = forgeries(&[said.clone(), vec![answer]].concat());
        let proof = open_proof(&said[1], &key_of(&said[0]), &Ephemeral::from_random([66; 32])).unwrap();
        assert_eq!(proof.client, Name::Alice.pair().public());
        // Its acceptance of Alice, and five claims each to the holders of the keys in both hellos.
        assert_eq!(claims.len(), 1 + 1 + 2 * 5);
        let done = react::<Shs>(alice, &claims[..2]).status;
        assert!(matches!(done, Status::Done { peer: Name::Mallory, .. }));
        assert!(claims[2..].iter().filter_map(accepted).all(|peer| peer == Name::Mallory));
    }
}
