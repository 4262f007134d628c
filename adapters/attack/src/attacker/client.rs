//! The attacker as a client.

use super::{Attacker, Recorded, Session, Signer, ephemeral_product, hello, part, reflected};
use crate::attack::{Attack, Message, Proof};
use crate::kind::Side;
use crate::parties::{OTHER_NETWORK, Parties, montgomery, product};
use crate::schedule::{self, Products, open, seal};
use multiserver_core::keys::PublicKey;

/// A client that attacks a server.
#[derive(Debug)]
pub struct ClientAttacker<'a> {
    attack: &'a Attack,
    parties: &'a Parties,
    recorded: Option<&'a Recorded>,
    hello: Vec<u8>,
    server_hello: Vec<u8>,
    /// The signature and the client's key, before they are sealed.
    plain: Vec<u8>,
}

impl<'a> ClientAttacker<'a> {
    /// A client that makes this attack.
    #[must_use]
    pub fn new(attack: &'a Attack, parties: &'a Parties, recorded: Option<&'a Recorded>) -> Self {
        Self { attack, parties, recorded, hello: Vec::new(), server_hello: Vec::new(), plain: Vec::new() }
    }

    fn products(&self, network: [u8; 32], server: &[u8; 32]) -> Products {
        let ab = ephemeral_product(self.attack, self.parties, part(&self.server_hello, 32));
        Products { network, ab, a_server: ephemeral_product(self.attack, self.parties, montgomery(server)) }
    }

    fn honest_products(&self) -> Products {
        self.products(self.parties.network, &self.parties.server)
    }

    /// A sealed proof: by whom and for whom it is signed, as whom, and with which products it is made.
    fn sealed(&mut self, signer: &Signer<'_>, key: &[u8; 32], named: &[u8; 32], products: &Products) -> Vec<u8> {
        let signature = signer.sign(&products.client_statement(named));
        self.plain = [signature.as_slice(), key].concat();
        seal(&products.client_auth_key(), &self.plain)
    }

    fn accept_key(&self) -> [u8; 32] {
        let client_b = product(&self.parties.client, part(&self.server_hello, 32));
        self.honest_products().server_accept_key(&client_b)
    }
}

impl Attacker for ClientAttacker<'_> {
    fn hello(&mut self, _: &[u8]) -> Vec<u8> {
        self.hello = hello(self.attack, self.parties, self.recorded.map_or(&[], |recorded| &recorded.peers_hello));
        self.hello.clone()
    }

    fn proof(&mut self, message: &[u8]) -> Vec<u8> {
        self.server_hello = message.to_vec();
        let parties = self.parties;
        let (key, server) = (*parties.client.public().as_bytes(), parties.server);
        let stranger = *parties.stranger.public().as_bytes();
        let (honest, products) = (Signer::Honest(&parties.client), self.honest_products());
        let [_, size] = Side::Server.attacker_sizes();
        let proof = match self.attack.proof {
            Proof::Honest => self.sealed(&honest, &key, &server, &products),
            Proof::Zeros => vec![0; size],
            Proof::OtherNetwork => {
                let products = self.products(OTHER_NETWORK, &server);
                self.sealed(&honest, &key, &server, &products)
            }
            Proof::OtherServer => {
                let products = self.products(parties.network, &stranger);
                self.sealed(&honest, &key, &stranger, &products)
            }
            Proof::SignedForAnother => self.sealed(&honest, &key, &stranger, &products),
            Proof::SignedByAnother => self.sealed(&Signer::Honest(&parties.stranger), &key, &server, &products),
            Proof::Claim(key, r) => self.sealed(&Signer::Claim(key, r), &key, &server, &products),
            Proof::SmallOrder(r) => self.sealed(&Signer::SmallOrder(&parties.client, r), &key, &server, &products),
            Proof::Weak(index) => self.sealed(&Signer::Weak(&parties.client, index), &key, &server, &products),
            Proof::Replayed => self.recorded.map_or_else(|| vec![0; size], |recorded| recorded.proof.clone()),
            Proof::Reflected => reflected(message, size),
        };
        self.attack.edited(Message::Proof, proof)
    }

    fn session(&self) -> Session {
        let client = self.parties.client.public();
        let own = (self.server_hello.as_slice(), &self.parties.server);
        Session::new(&self.accept_key(), own, (&self.hello, client.as_bytes()))
    }

    fn check(&self, last: &[u8]) -> Result<(), String> {
        let expected = schedule::hello(&self.parties.network, &part(&self.server_hello, 32));
        if self.server_hello != expected {
            return Err("the server's hello is not authenticated by the network key".to_owned());
        }
        let signature = open(&self.accept_key(), last).ok_or("the server's accept message does not open")?;
        let statement = self.honest_products().server_statement(&self.plain);
        let signature =
            signature.as_slice().try_into().map_err(|_| "the server's accept message has another length")?;
        let server = PublicKey::from_bytes(self.parties.server);
        server.verify(&statement, signature).map_err(|error| format!("the server's accept message: {error}"))
    }
}
