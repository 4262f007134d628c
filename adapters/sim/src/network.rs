//! Machines, the links between them, and packets in transit.

use crate::agenda::Agenda;
use crate::settings::{Settings, pick_duration};
use crate::socket::{Listening, Socket};
use crate::trace::{Fate, Packet, Record, Trace};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::task::Waker;
use std::time::Duration;

/// After this time, a connection request that a listener had no room for is sent again (RFC 6298).
const RETRANSMISSION: Duration = Duration::from_secs(1);

/// The first of the ports that are chosen when port 0 is asked for (RFC 6335).
const FIRST_FREE_PORT: u16 = 49152;

/// The number of a machine, of a socket or of a listener, each counted from 0.
pub(crate) type Id = usize;

pub(crate) struct Network {
    pub(crate) agenda: Agenda<Due>,
    pub(crate) random: fastrand::Rng,
    pub(crate) settings: Settings,
    pub(crate) trace: Trace,
    /// The tasks to wake once the network is unlocked.
    pub(crate) woken: Vec<Waker>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) sockets: BTreeMap<Id, Socket>,
    pub(crate) listeners: BTreeMap<Id, Listening>,
    /// What names resolve to that do not belong to machines.
    pub(crate) names: BTreeMap<String, Vec<IpAddr>>,
    /// The links between two machines, with the lower number first.
    links: BTreeMap<(Id, Id), Link>,
    numbered: Id,
}

pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) addresses: Vec<IpAddr>,
    /// Whether the machine refuses new connections.
    pub(crate) refuses: bool,
    /// The ports at which somebody on the way refuses new connections.
    pub(crate) blocked: BTreeSet<u16>,
    /// The paths of Unix sockets, with the addresses of their listeners.
    pub(crate) paths: BTreeMap<PathBuf, SocketAddr>,
    next_port: u16,
}

/// An event that is due at some time.
pub(crate) enum Due {
    Timer(Option<Waker>),
    Arrival(Transit),
}

/// A packet in transit.
pub(crate) struct Transit {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) source: Id,
    pub(crate) target: Id,
    /// The socket that sent it.
    pub(crate) sender: Id,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    Connect,
    Accept { receiver: Id },
    Data { receiver: Id, bytes: Vec<u8> },
    End { receiver: Id },
    Reset { receiver: Id },
}

#[derive(Default)]
struct Link {
    latency: Option<RangeInclusive<Duration>>,
    is_cut: bool,
    /// The packets that a cut holds back, in the order in which they were sent.
    held: Vec<Transit>,
}

impl Network {
    pub(crate) fn new(random: fastrand::Rng) -> Self {
        Self {
            agenda: Agenda::new(),
            random,
            settings: Settings::default(),
            trace: Trace::default(),
            woken: Vec::new(),
            machines: Vec::new(),
            sockets: BTreeMap::new(),
            listeners: BTreeMap::new(),
            names: BTreeMap::new(),
            links: BTreeMap::new(),
            numbered: 0,
        }
    }

    /// A number that no socket and no listener has yet.
    pub(crate) fn number(&mut self) -> Id {
        self.numbered += 1;
        self.numbered
    }

    /// The machine of this name; a new one when there is none, with the next address of 10.0.0.0/8.
    pub(crate) fn machine_called(&mut self, name: &str) -> Id {
        if let Some(id) = self.machines.iter().position(|machine| machine.name.eq_ignore_ascii_case(name)) {
            return id;
        }
        let id = self.machines.len();
        let number = u32::try_from(id).unwrap_or(u32::MAX).saturating_add(1);
        let first = u32::from(Ipv4Addr::new(10, 0, 0, 0));
        let addresses = vec![Ipv4Addr::from(first.saturating_add(number)).into()];
        self.machines.push(Machine {
            name: name.to_owned(),
            addresses,
            refuses: false,
            blocked: BTreeSet::new(),
            paths: BTreeMap::new(),
            next_port: FIRST_FREE_PORT,
        });
        id
    }

    pub(crate) fn machine(&mut self, id: Id) -> Option<&mut Machine> {
        self.machines.get_mut(id)
    }

    /// The machine that has this address, as seen from the machine `seen_from`.
    pub(crate) fn machine_at(&self, seen_from: Id, ip: IpAddr) -> Option<Id> {
        if ip.is_loopback() {
            return Some(seen_from);
        }
        self.machines.iter().position(|machine| machine.addresses.contains(&ip))
    }

    /// A port of this machine on which no listener listens.
    pub(crate) fn free_port(&mut self, machine: Id) -> Option<u16> {
        for _ in FIRST_FREE_PORT..=u16::MAX {
            let owner = self.machines.get_mut(machine)?;
            let port = owner.next_port;
            owner.next_port = port.checked_add(1).unwrap_or(FIRST_FREE_PORT);
            let is_taken = |other: &Listening| other.machine == machine && other.local.port() == port;
            if !self.listeners.values().any(is_taken) {
                return Some(port);
            }
        }
        None
    }

    /// The addresses of a name, best first.
    pub(crate) fn resolve(&self, name: &str) -> Option<Vec<IpAddr>> {
        if let Ok(ip) = name.parse() {
            return Some(vec![ip]);
        }
        if name.eq_ignore_ascii_case("localhost") {
            return Some(vec![Ipv4Addr::LOCALHOST.into()]);
        }
        let named = self.names.get(&name.to_ascii_lowercase());
        named.cloned().or_else(|| {
            let machine = self.machines.iter().find(|machine| machine.name.eq_ignore_ascii_case(name));
            machine.map(|machine| machine.addresses.clone())
        })
    }

    pub(crate) fn set_latency(&mut self, between: (Id, Id), range: RangeInclusive<Duration>) {
        self.link(between).latency = Some(range);
    }

    pub(crate) fn cut(&mut self, between: (Id, Id)) {
        self.link(between).is_cut = true;
    }

    /// Undoes a cut: the packets that were held back arrive at once, in their order and before all packets that are
    /// still in transit.
    pub(crate) fn heal(&mut self, between: (Id, Id)) {
        let link = self.link(between);
        link.is_cut = false;
        for transit in std::mem::take(&mut link.held) {
            self.arrive(transit);
        }
    }

    /// How many packets are held back by cuts.
    pub(crate) fn held(&self) -> usize {
        self.links.values().map(|link| link.held.len()).sum()
    }

    /// Sends a packet. Packets of one socket arrive in the order in which they were sent; packets of different sockets
    /// may overtake each other.
    pub(crate) fn send(&mut self, transit: Transit) {
        let between = (transit.source, transit.target);
        let latency = self.link(between).latency.clone().unwrap_or_else(|| self.settings.latency.clone());
        let mut at = self.agenda.now().saturating_add(pick_duration(&mut self.random, &latency));
        if let Some(sender) = self.sockets.get_mut(&transit.sender) {
            at = at.max(sender.last_arrival);
            sender.last_arrival = at;
        }
        self.agenda.add(at, Due::Arrival(transit));
    }

    /// Advances the time to the next event, carries it out and returns its time; `None` if there is no event up to this
    /// time.
    pub(crate) fn happen(&mut self, until: Duration) -> Option<Duration> {
        let at = self.agenda.next().filter(|at| *at <= until)?;
        match self.agenda.take_next() {
            Some(Due::Timer(waiting)) => self.woken.extend(waiting),
            Some(Due::Arrival(transit)) if self.link((transit.source, transit.target)).is_cut => {
                self.record(&transit, Fate::Held);
                self.link((transit.source, transit.target)).held.push(transit);
            }
            Some(Due::Arrival(transit)) => self.arrive(transit),
            None => {}
        }
        Some(at)
    }

    pub(crate) fn record(&mut self, transit: &Transit, fate: Fate) {
        let packet = match &transit.content {
            Content::Connect => Packet::Connect,
            Content::Accept { .. } => Packet::Accept,
            Content::Data { bytes, .. } => Packet::Data(bytes.len()),
            Content::End { .. } => Packet::End,
            Content::Reset { .. } => Packet::Reset,
        };
        self.trace.add(Record { at: self.agenda.now(), from: transit.from, to: transit.to, packet, fate });
    }

    fn arrive(&mut self, transit: Transit) {
        match transit.content {
            Content::Connect => return self.connect_arrives(transit),
            Content::Accept { receiver } => self.accept_arrives(&transit, receiver),
            Content::Data { receiver, ref bytes } => self.data_arrives(&transit, receiver, bytes),
            Content::End { receiver } => {
                if let Some(socket) = self.sockets.get_mut(&receiver) {
                    socket.has_ended = true;
                    self.woken.extend(socket.reader.take());
                }
            }
            Content::Reset { receiver } => self.reset(receiver),
        }
        self.record(&transit, Fate::Arrived);
    }

    fn connect_arrives(&mut self, transit: Transit) {
        let port = transit.to.port();
        let refuses =
            self.machine(transit.target).is_none_or(|machine| machine.refuses || machine.blocked.contains(&port));
        let found = self.listeners.values().find(|listening| listening.is_asked(transit.target, transit.to));
        match found {
            Some(listening) if !refuses && listening.is_full() => {
                self.record(&transit, Fate::Delayed);
                let at = self.agenda.now().saturating_add(RETRANSMISSION);
                self.agenda.add(at, Due::Arrival(transit));
            }
            Some(listening) if !refuses => {
                let listener = listening.id;
                self.record(&transit, Fate::Arrived);
                self.establish(listener, &transit);
            }
            _ => {
                self.record(&transit, Fate::Arrived);
                self.answer(&transit, Content::Reset { receiver: transit.sender });
            }
        }
    }

    /// Sends an answer from the destination of a packet, where there is no socket.
    pub(crate) fn answer(&mut self, to: &Transit, content: Content) {
        let &Transit { from, to, source, target, .. } = to;
        let nobody = 0;
        self.send(Transit { from: to, to: from, source: target, target: source, sender: nobody, content });
    }

    fn link(&mut self, (one, other): (Id, Id)) -> &mut Link {
        self.links.entry((one.min(other), one.max(other))).or_default()
    }
}
