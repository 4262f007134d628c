//! What an attack is: one connection, and how it differs from an honest one.

use crate::kind::Kind;
use crate::stream::Stream;

/// One connection to a peer under test: what is said in it, and what the peer may do.
///
/// An attacker says two things, a hello and a proof: messages 1 and 3 to a server, messages 2 and 4 to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attack {
    /// What it tries.
    pub kind: Kind,
    /// Its name, which begins with that of its kind; no other attack on the same side has it.
    pub id: String,
    /// What is said as the hello.
    pub hello: Hello,
    /// What is said as the proof.
    pub proof: Proof,
    /// What is done to the bytes of a message.
    pub edit: Edit,
    /// In which pieces the bytes are sent.
    pub pace: Pace,
    /// The server's key that a client is told; `None` is the right one.
    pub server_key: Option<[u8; 32]>,
    /// What follows the handshake, where a box stream does.
    pub stream: Stream,
    /// Whether that is sent together with the proof, and not after the server's last message.
    pub early: bool,
    /// How many of the two messages the peer may take.
    pub takes: Takes,
}

/// How much of a handshake a peer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Takes {
    /// It refuses the hello.
    Nothing,
    /// It refuses the proof.
    Hello,
    /// It accepts.
    All,
}

/// One of the two messages of an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Message 1 of a client, message 2 of a server: 64 bytes.
    Hello,
    /// Message 3 of a client (112 bytes), message 4 of a server (80 bytes).
    Proof,
}

/// What is said as the hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hello {
    /// What is right.
    Honest,
    /// It is authenticated by another network key.
    OtherNetwork,
    /// It is well authenticated, and its ephemeral key is this one.
    Key([u8; 32]),
    /// The peer's own hello: of this connection to a client, of an earlier one to a server.
    Reflected,
}

/// What is said as the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// What is right.
    Honest,
    /// Zeros.
    Zeros,
    /// It is sealed, and its statement is made, with another network key.
    OtherNetwork,
    /// The box and its statement are made for, or by, a server with another long-term key.
    OtherServer,
    /// It is signed for a server with another key, or by a server for another client, in a box that opens.
    SignedForAnother,
    /// It is signed by another key than the one it claims.
    SignedByAnother,
    /// A client claims this key, and signs with R at this index of the points of small order and S = 0.
    Claim([u8; 32], usize),
    /// R is the point at this index of the points of small order.
    SmallOrder(usize),
    /// The signature is this one of the weak ones.
    Weak(usize),
    /// The proof of an earlier connection.
    Replayed,
    /// The peer's own bytes.
    Reflected,
}

/// What is done to the bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// They stay as they are.
    None,
    /// One bit is inverted.
    Flip(Message, usize),
    /// Only so many of them are sent, and then the end.
    Cut(Message, usize),
    /// A byte follows.
    Extra(Message),
}

/// In which pieces bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A message at a time.
    Whole,
    /// One message in two pieces, the first with so many bytes.
    Split(Message, usize),
    /// A byte at a time.
    Drip,
}

impl Attack {
    /// A connection that is honest, for a kind of attack to change.
    #[must_use]
    pub fn honest(kind: Kind, detail: &str) -> Self {
        let name = kind.name();
        Self {
            kind,
            id: if detail.is_empty() { name.to_owned() } else { format!("{name}.{detail}") },
            hello: Hello::Honest,
            proof: Proof::Honest,
            edit: Edit::None,
            pace: Pace::Whole,
            server_key: None,
            stream: Stream::Goodbye,
            early: false,
            takes: Takes::All,
        }
    }

    /// Says this as the hello, which the peer must not take.
    #[must_use]
    pub fn hello(self, hello: Hello) -> Self {
        Self { hello, takes: Takes::Nothing, ..self }
    }

    /// Says this as the proof, which the peer must not take.
    #[must_use]
    pub fn proof(self, proof: Proof) -> Self {
        Self { proof, takes: Takes::Hello, ..self }
    }

    /// Does this to the bytes of a message, which the peer must not take.
    #[must_use]
    pub fn edit(self, edit: Edit) -> Self {
        let takes = match edit {
            Edit::None => Takes::All,
            Edit::Flip(Message::Hello, _) | Edit::Cut(Message::Hello, _) => Takes::Nothing,
            // What follows a hello is the start of the proof.
            Edit::Flip(Message::Proof, _) | Edit::Cut(Message::Proof, _) | Edit::Extra(_) => Takes::Hello,
        };
        Self { edit, takes, ..self }
    }

    /// Whether it is among those of a quick run: of the flipped bits, one in every byte.
    pub(crate) const fn is_quick(&self) -> bool {
        match (self.edit, self.stream) {
            (Edit::Flip(_, bit), _) | (_, Stream::Flip(bit)) => bit % 8 == (bit / 8) % 8,
            _ => true,
        }
    }

    /// A message after it was edited.
    pub(crate) fn edited(&self, message: Message, mut bytes: Vec<u8>) -> Vec<u8> {
        match self.edit {
            Edit::Flip(which, bit) if which == message => {
                if let Some(byte) = bytes.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Edit::Cut(which, length) if which == message => bytes.truncate(length),
            Edit::Extra(which) if which == message => bytes.push(0),
            Edit::None | Edit::Flip(..) | Edit::Cut(..) | Edit::Extra(_) => {}
        }
        bytes
    }

    /// Whether nothing follows this message.
    pub(crate) fn ends_after(&self, message: Message) -> bool {
        matches!(self.edit, Edit::Cut(which, _) if which == message)
    }

    /// A message in the pieces that are sent.
    pub(crate) fn pieces<'a>(&self, message: Message, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        match self.pace {
            Pace::Split(which, at) if which == message => {
                let (head, tail) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
                vec![head, tail]
            }
            Pace::Drip => bytes.chunks(1).collect(),
            Pace::Whole | Pace::Split(..) => vec![bytes],
        }
    }
}
