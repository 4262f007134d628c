//! Kinds of attacks: a name and a sentence for each.

/// The side of a handshake that is under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The server, which speaks second.
    Server,
    /// The client, which speaks first.
    Client,
}

impl Side {
    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }

    /// How many bytes a peer on this side sends before the attacker's hello, before its proof, and to end the handshake.
    #[must_use]
    pub const fn sizes(self) -> [usize; 3] {
        match self {
            Self::Server => [0, 64, 80],
            Self::Client => [64, 112, 0],
        }
    }

    /// The size of the attacker's hello and of its proof.
    #[must_use]
    pub const fn attacker_sizes(self) -> [usize; 2] {
        match self {
            Self::Server => [64, 112],
            Self::Client => [64, 80],
        }
    }
}

macro_rules! kinds {
    ($($kind:ident $name:literal $sentence:literal)*) => {
        /// What an attack tries.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = $sentence] $kind,)*
        }

        impl Kind {
            /// All of them, in the order of a report.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its name, with which the names of its attacks begin.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// What such an attacker does and what the peer must do.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$kind => $sentence,)* }
            }
        }
    };
}

kinds! {
    Honest "honest" "An honest peer is accepted, and both ends have the same keys."
    Split "split" "An honest message in two pieces, split at every byte, is accepted."
    Drip "drip" "An honest handshake that comes a byte at a time is accepted."
    Early "early" "Data in the same write as the last message belongs to what follows, and the handshake is accepted."
    Extra "extra" "A byte between two messages is the first of the next, which is refused."
    Cut "cut" "A message that ends after any number of its bytes is refused."
    Flip "flip" "A message with any one bit inverted is refused."
    Network "network" "A peer with another network key is refused, whichever message it is in."
    LowOrder "low-order" "An ephemeral key of low order, in any encoding, is refused."
    NotCanonical "not-canonical" "An ephemeral key that is not below p, or has bit 255 set, is refused."
    ClientKey "client-key" "A client's long-term key of low order, not canonical or off the curve is refused, whatever signs for it."
    ServerKey "server-key" "A server's long-term key of low order, not canonical or off the curve is refused, whatever signs for it."
    Signature "signature" "A signature that is not of this message by this key, or holds by lax rules only, is refused."
    OtherServer "other-server" "A proof for, or by, a server with another long-term key is refused."
    Box "box" "A proof of the right length that is no box is refused."
    Replay "replay" "The messages of an earlier session are refused."
    Reflect "reflect" "The peer's own messages, sent back to it, are refused."
    Stream "stream" "A box stream of empty, small and largest frames is read to its goodbye, which is answered by one."
    BadFrame "bad-frame" "A frame that is too long, altered, repeated, out of order or reflected ends the connection."
    Truncated "truncated" "A box stream that ends before its goodbye, after any number of bytes, is not answered by one."
}
