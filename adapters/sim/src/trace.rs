//! What happened on the network.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::time::Duration;

/// How many records a trace keeps.
const KEPT: usize = 1 << 16;

/// What happened on the network, in order: two runs with the same seed have equal traces.
///
/// The last 65,536 records are kept; the [digest](Self::digest) is over all of them. `Display` prints one line for each
/// record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    records: VecDeque<Record>,
    count: u64,
    digest: u64,
}

/// One packet and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Record {
    /// The virtual time.
    pub at: Duration,
    /// The packet's source.
    pub from: SocketAddr,
    /// The packet's destination.
    pub to: SocketAddr,
    /// The packet's content.
    pub packet: Packet,
    /// What became of it.
    pub fate: Fate,
}

/// What is in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Packet {
    /// A connection request.
    Connect,
    /// The acceptance of a connection.
    Accept,
    /// This many bytes of a stream.
    Data(usize),
    /// The end of one direction of a stream.
    End,
    /// The reset of a connection or of a connection request.
    Reset,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// It arrived.
    Arrived,
    /// A cut holds it back; it arrives when the cut is healed.
    Held,
    /// No host has its destination's address.
    Lost,
    /// The listener has too many connections that were not accepted yet; the request is sent again later.
    Delayed,
}

impl Trace {
    /// The records that are kept, oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator {
        self.records.iter()
    }

    /// How many records there were in total.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// A hash over all records. It is equal for equal runs of the same build of a program only.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    pub(crate) fn add(&mut self, record: Record) {
        let mut hasher = DefaultHasher::new();
        (self.digest, record).hash(&mut hasher);
        self.digest = hasher.finish();
        self.count = self.count.wrapping_add(1);
        if self.records.len() == KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.records().try_for_each(|record| writeln!(f, "{record}"))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, from, to, packet, fate } = self;
        write!(f, "{at:?} {from} > {to} ")?;
        match packet {
            Packet::Connect => f.write_str("connect"),
            Packet::Accept => f.write_str("accept"),
            Packet::Data(count) => write!(f, "data {count}"),
            Packet::End => f.write_str("end"),
            Packet::Reset => f.write_str("reset"),
        }?;
        f.write_str(match fate {
            Fate::Arrived => "",
            Fate::Held => ", held back by a cut",
            Fate::Lost => ", lost: no host has this address",
            Fate::Delayed => ", delayed: the listener is full",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(port: u16) -> Record {
        let from = SocketAddr::from(([10, 0, 0, 1], port));
        let to = SocketAddr::from(([10, 0, 0, 2], 8008));
        Record { at: Duration::from_millis(15), from, to, packet: Packet::Data(64), fate: Fate::Arrived }
    }

    #[test]
    fn a_record_is_one_line() {
        assert_eq!(record(1).to_string(), "15ms 10.0.0.1:1 > 10.0.0.2:8008 data 64");
        let held = Record { packet: Packet::Connect, fate: Fate::Held, ..record(2) };
        assert_eq!(held.to_string(), "15ms 10.0.0.1:2 > 10.0.0.2:8008 connect, held back by a cut");
    }

    #[test]
    fn old_records_are_forgotten_but_not_by_the_digest() {
        let (mut one, mut other) = (Trace::default(), Trace::default());
        one.add(record(1));
        other.add(record(2));
        for _ in 0..KEPT {
            one.add(record(3));
            other.add(record(3));
        }
        assert!(one.records().eq(other.records()));
        assert_eq!((one.records().len(), one.count()), (65_536, 65_537));
        assert_ne!(one.digest(), other.digest());
    }
}
