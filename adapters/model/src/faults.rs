//! Faults beside the real machines, each of which has to be found by one of the properties.

use crate::protocol::{Message, Name, Protocol, Reaction, Role, Status, react};

/// One check that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A server accepts whoever fails to prove a key, as Alice.
    AcceptsWithoutProof,
    /// A client does not wait for the server's proof.
    AcceptsBeforeProof,
    /// A server uses the same ephemeral key in every handshake.
    RepeatsEphemeral,
    /// A machine goes on waiting after an error.
    IgnoresErrors,
    /// A server begins its stream with the second nonce.
    SkipsNonce,
}

impl Fault {
    /// The role as a machine with this fault has it.
    pub(crate) const fn role(self, role: Role) -> Role {
        match (self, role.to) {
            (Self::RepeatsEphemeral, None) => Role { random: 0, ..role },
            _ => role,
        }
    }

    /// What a machine with this fault says and becomes.
    pub(crate) fn react<P: Protocol>(self, role: Role, heard: &[Message]) -> Reaction {
        let role = self.role(role);
        let mut reaction = react::<P>(role, heard);
        let (is_server, count) = (role.to.is_none(), heard.len());
        let frame = || Message::from([count.try_into().unwrap()]);
        match (self, &reaction.status) {
            (Self::AcceptsWithoutProof, Status::Failed) if is_server && count == 2 => {
                reaction.status = Status::Done { peer: Name::Alice, frame: frame() };
            }
            (Self::AcceptsBeforeProof, Status::Waits(_)) if !is_server && count == 1 => {
                reaction.status = Status::Done { peer: role.to.unwrap(), frame: frame() };
            }
            (Self::IgnoresErrors, Status::Failed) => reaction.status = Status::Waits(1),
            (Self::SkipsNonce, Status::Done { peer, .. }) if is_server => {
                reaction.status = Status::Done { peer: *peer, frame: frame() };
            }
            _ => {}
        }
        reaction
    }
}
