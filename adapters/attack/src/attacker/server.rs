//! The attacker as a server.

use super::{Attacker, Recorded, Session, Signer, ephemeral_product, hello, part, reflected};
use crate::attack::{Attack, Message, Proof};
use crate::kind::Side;
use crate::parties::{OTHER_NETWORK, Parties, montgomery, product};
use crate::schedule::{self, Products, open, seal};
use multiserver_core::keys::{KeyPair, PublicKey};

/// A server that attacks a client.
#[derive(Debug)]
pub struct ServerAttacker<'a> {
    attack: &'a Attack,
    parties: &'a Parties,
    recorded: Option<&'a Recorded>,
    hello: Vec<u8>,
    client_hello: Vec<u8>,
    client_auth: Vec<u8>,
}

impl<'a> ServerAttacker<'a> {
    /// A server that makes this attack.
    #[must_use]
    pub fn new(attack: &'a Attack, parties: &'a Parties, recorded: Option<&'a Recorded>) -> Self {
        let (hello, client_hello, client_auth) = (Vec::new(), Vec::new(), Vec::new());
        Self { attack, parties, recorded, hello, client_hello, client_auth }
    }

    /// The key that the client takes for the server's.
    fn server(&self) -> [u8; 32] {
        self.attack.server_key.unwrap_or(self.parties.server)
    }

    /// X25519 of the client's ephemeral key and the server's long-term one, whose secret is a pair's.
    fn a_server(&self, pair: &KeyPair) -> [u8; 32] {
        match self.attack.server_key {
            // Of a key of low order, the product is zero.
            Some(_) => [0; 32],
            None => product(pair, part(&self.client_hello, 32)),
        }
    }

    fn products(&self, network: [u8; 32], pair: &KeyPair) -> Products {
        Products {
            network,
            ab: ephemeral_product(self.attack, self.parties, part(&self.client_hello, 32)),
            a_server: self.a_server(pair),
        }
    }

    fn honest_products(&self) -> Products {
        self.products(self.parties.network, &self.parties.server_pair)
    }

    /// The client's signature and key; zeros where its message does not open.
    fn client_proof(&self) -> Vec<u8> {
        open(&self.honest_products().client_auth_key(), &self.client_auth).unwrap_or_else(|| vec![0; 96])
    }

    fn sealed(&self, signer: &Signer<'_>, proof: &[u8], products: &Products) -> Vec<u8> {
        seal(&self.accept_key(products), &signer.sign(&products.server_statement(proof)))
    }

    fn accept_key(&self, products: &Products) -> [u8; 32] {
        let client = montgomery(&part(&self.client_proof(), 64));
        products.server_accept_key(&ephemeral_product(self.attack, self.parties, client))
    }
}

impl Attacker for ServerAttacker<'_> {
    fn hello(&mut self, peers: &[u8]) -> Vec<u8> {
        self.client_hello = peers.to_vec();
        self.hello = hello(self.attack, self.parties, peers);
        self.hello.clone()
    }

    fn proof(&mut self, message: &[u8]) -> Vec<u8> {
        self.client_auth = message.to_vec();
        let parties = self.parties;
        let (products, client) = (self.honest_products(), self.client_proof());
        let honest = match self.attack.server_key {
            Some(key) => Signer::Claim(key, 0),
            None => Signer::Honest(&parties.server_pair),
        };
        let [_, size] = Side::Client.attacker_sizes();
        let proof = match self.attack.proof {
            Proof::Honest => self.sealed(&honest, &client, &products),
            Proof::Zeros => vec![0; size],
            Proof::OtherNetwork => self.sealed(&honest, &client, &self.products(OTHER_NETWORK, &parties.server_pair)),
            Proof::OtherServer => {
                let products = self.products(parties.network, &parties.stranger);
                self.sealed(&Signer::Honest(&parties.stranger), &client, &products)
            }
            Proof::SignedForAnother => {
                let signature = client.get(..64).unwrap_or_default();
                let other = [signature, parties.stranger.public().as_bytes()].concat();
                self.sealed(&honest, &other, &products)
            }
            Proof::SignedByAnother => self.sealed(&Signer::Honest(&parties.stranger), &client, &products),
            Proof::Claim(key, r) => self.sealed(&Signer::Claim(key, r), &client, &products),
            Proof::SmallOrder(r) => self.sealed(&Signer::SmallOrder(&parties.server_pair, r), &client, &products),
            Proof::Weak(index) => self.sealed(&Signer::Weak(&parties.server_pair, index), &client, &products),
            Proof::Replayed => self.recorded.map_or_else(|| vec![0; size], |recorded| recorded.proof.clone()),
            Proof::Reflected => reflected(message, size),
        };
        self.attack.edited(Message::Proof, proof)
    }

    fn session(&self) -> Session {
        let client = part(&self.client_proof(), 64);
        let own = (self.client_hello.as_slice(), &client);
        Session::new(&self.accept_key(&self.honest_products()), own, (&self.hello, &self.server()))
    }

    fn check(&self, _: &[u8]) -> Result<(), String> {
        let expected = schedule::hello(&self.parties.network, &part(&self.client_hello, 32));
        if self.client_hello != expected {
            return Err("the client's hello is not authenticated by the network key".to_owned());
        }
        let products = self.honest_products();
        let proof = open(&products.client_auth_key(), &self.client_auth);
        let proof = proof.ok_or("the client's authenticate message does not open")?;
        let signature = proof.first_chunk().ok_or("the client's authenticate message has another length")?;
        let statement = products.client_statement(&self.parties.server);
        let client = PublicKey::from_bytes(part(&proof, 64));
        client.verify(&statement, signature).map_err(|error| format!("the client's authenticate message: {error}"))
    }
}
