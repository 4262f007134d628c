//! Making one attack, and what the peer did in it.

use crate::attack::{Attack, Message, Takes};
use crate::attacker::{Attacker, Recorded, Session, attacker};
use crate::kind::Side;
use crate::parties::Parties;
use crate::targets::{Goes, Link, Target};
use anyhow::Result;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::time::timeout;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest that a peer may take for one attack.
    pub deadline: Duration,
    /// The pause between two pieces of a message.
    pub pause: Duration,
}

/// What a peer did.
#[derive(Debug)]
pub(crate) struct Observed {
    /// All that it sent.
    pub(crate) sent: Vec<u8>,
    /// Whether it ended in time.
    pub(crate) ended: bool,
    /// How its process ended.
    pub(crate) exit: Option<ExitStatus>,
    /// The keys that it must have if it accepted.
    pub(crate) session: Option<Session>,
    /// What is wrong with its messages, if it accepted.
    pub(crate) fault: Option<String>,
    /// The attacker's proof.
    pub(crate) proof: Vec<u8>,
}

impl Observed {
    /// How much of the handshake it took; `None` where what it sent is no whole message.
    pub(crate) fn took(&self, side: Side, goes: Goes) -> Option<Takes> {
        let [first, second, third] = side.sizes();
        let (hello, proof) = (first + second, first + second + third);
        match self.sent.len() {
            count if count == 0 || count == first => Some(Takes::Nothing),
            count if count == hello => Some(Takes::Hello),
            // A client sends nothing to say that it accepts: what follows it does.
            count if count == proof && side == Side::Server && goes == Goes::Streams => Some(Takes::All),
            count if count > proof => Some(Takes::All),
            _ => None,
        }
    }

    /// What it sent once the handshake was over.
    pub(crate) fn after(&self, side: Side) -> &[u8] {
        self.sent.get(side.sizes().iter().sum()..).unwrap_or_default()
    }

    /// What a replay of this session needs, if it was honest.
    pub(crate) fn recorded(&self) -> Recorded {
        Recorded { peers_hello: self.sent.get(..64).unwrap_or_default().to_vec(), proof: self.proof.clone() }
    }
}

/// Makes an attack.
///
/// # Errors
/// The peer cannot be reached.
pub(crate) async fn observe(
    target: &Target,
    attack: &Attack,
    parties: &Parties,
    recorded: Option<&Recorded>,
    limits: Limits,
) -> Result<Observed> {
    let side = target.side();
    let mut seen =
        Observed { sent: Vec::new(), ended: false, exit: None, session: None, fault: None, proof: Vec::new() };
    let server_key = attack.server_key.unwrap_or(parties.server);
    let whole = async {
        let mut link = target.link(parties, &server_key).await?;
        let mut attacker = attacker(side, attack, parties, recorded);
        let talk = Talk { attack, side, goes: target.goes(), pause: limits.pause };
        talk.run(&mut link, attacker.as_mut(), &mut seen).await;
        seen.exit = link.exit().await;
        anyhow::Ok(())
    };
    let ended = timeout(limits.deadline, whole).await;
    if let Ok(result) = ended {
        result?;
        seen.ended = true;
    }
    Ok(seen)
}

/// One attack and how it is made.
struct Talk<'a> {
    attack: &'a Attack,
    side: Side,
    goes: Goes,
    pause: Duration,
}

impl Talk<'_> {
    /// Says all that the peer lets us say, and reads to its end.
    async fn run(&self, link: &mut Link, attacker: &mut dyn Attacker, seen: &mut Observed) {
        let [first, second, third] = self.side.sizes();
        if !link.read_to(&mut seen.sent, first).await {
            return;
        }
        let hello = attacker.hello(&seen.sent);
        self.send(link, Message::Hello, &hello, &[]).await;
        if !link.read_to(&mut seen.sent, first + second).await {
            return;
        }
        seen.proof = attacker.proof(seen.sent.get(first..).unwrap_or_default());
        let session = attacker.session();
        seen.session = Some(session);

        // A client says nothing that a server waits for.
        let early = self.attack.early || (third == 0 && self.goes == Goes::Streams);
        let follows = early && !self.attack.ends_after(Message::Proof);
        let follows = if follows { self.stream(session, seen, second) } else { Vec::new() };
        let proof = seen.proof.clone();
        self.send(link, Message::Proof, &proof, &follows).await;
        if !link.read_to(&mut seen.sent, first + second + third).await {
            return;
        }
        seen.fault = attacker.check(seen.sent.get(first + second..).unwrap_or_default()).err();
        if self.goes == Goes::Streams {
            if !early {
                let stream = self.stream(session, seen, third);
                link.send(&[&stream], self.pause).await;
            }
            link.finish().await;
        }
        link.read_to_end(&mut seen.sent).await;
    }

    /// Sends a message, what follows it, and the end if the attack is to end there.
    async fn send(&self, link: &mut Link, message: Message, bytes: &[u8], follows: &[u8]) {
        let whole = [bytes, follows].concat();
        link.send(&self.attack.pieces(message, &whole), self.pause).await;
        if self.attack.ends_after(message) {
            link.finish().await;
        }
    }

    /// What follows the handshake; the peer's last message has this size.
    fn stream(&self, session: Session, seen: &Observed, last: usize) -> Vec<u8> {
        let start = seen.sent.len().saturating_sub(last);
        self.attack.stream.bytes(session.peer_decrypts, seen.sent.get(start..).unwrap_or_default())
    }
}
