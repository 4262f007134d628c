//! Clients and servers, and an attacker who carries all messages between them: it can drop, repeat, reorder, replay,
//! cut, splice and reflect them, knows the network's key, and has a long-term key of its own.

use crate::faults::Fault;
use crate::protocol::{Message, Name, Protocol, Reaction, Role, Status, end, opens};
use stateright::{Model, Property};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Who takes part.
#[derive(Debug)]
pub struct Handshakes<P> {
    roles: Vec<Role>,
    /// Whether two messages are spliced to one.
    splices: bool,
    fault: Option<Fault>,
    /// What machines have become, since a replay takes longer than all the rest.
    reactions: Mutex<Reactions>,
    opened: Mutex<HashMap<Opening, bool>>,
    choices: Mutex<Choices>,
    /// How many messages were given to sessions in different states.
    tried: AtomicU64,
    protocol: PhantomData<fn() -> P>,
}

/// What each session has become that has heard these messages.
type Reactions = HashMap<(usize, Vec<Message>), Arc<Reaction>>;

/// A session, what it has heard, and the frame that it opens or not.
type Opening = (usize, Vec<Message>, Message);

/// A session, what it has heard, and what the attacker knows; and the messages that then make a difference.
type Choices = HashMap<(usize, Vec<Message>, Vec<Message>), Arc<Vec<Message>>>;

/// What has happened so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    sessions: Vec<Session>,
    /// What the attacker has seen, and which session said it first.
    known: BTreeMap<Message, usize>,
}

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Session {
    /// Nothing of one that failed: what it has heard makes no difference any more.
    heard: Vec<Message>,
    status: Status,
    /// Whether its stream has ended.
    has_ended: bool,
}

/// What the attacker does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Gives a session a message.
    Deliver(usize, Message),
    /// Ends a session's stream.
    End(usize),
}

impl<P: Protocol> Handshakes<P> {
    /// Alice and Carol want to reach Bob, who serves two clients at once. Messages are spliced.
    #[must_use]
    pub fn two_clients_and_a_server() -> Self {
        Self::of(
            &[(Name::Alice, Some(Name::Bob)), (Name::Carol, Some(Name::Bob)), (Name::Bob, None), (Name::Bob, None)],
            true,
        )
    }

    /// Alice wants to reach Bob, and Mallory as well, who would like to be Alice to Bob. Where no attacker writes the
    /// messages of the protocol itself, Mallory has honest machines.
    #[must_use]
    pub fn a_server_in_the_middle() -> Self {
        let mut sessions = vec![(Name::Alice, Some(Name::Bob)), (Name::Alice, Some(Name::Mallory)), (Name::Bob, None)];
        if P::forgeries(&[]).is_empty() {
            sessions.extend([(Name::Mallory, Some(Name::Bob)), (Name::Mallory, None)]);
        }
        Self::of(&sessions, false)
    }

    fn of(sessions: &[(Name, Option<Name>)], splices: bool) -> Self {
        let roles = sessions.iter().zip(10..).map(|((me, to), random)| Role { me: *me, to: *to, random }).collect();
        Self {
            roles,
            splices,
            fault: None,
            reactions: Mutex::default(),
            opened: Mutex::default(),
            choices: Mutex::default(),
            tried: AtomicU64::new(0),
            protocol: PhantomData,
        }
    }

    /// The same with a fault in every machine.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    /// How many messages were given to sessions, each one once to a session in the same state.
    #[must_use]
    pub fn tried(&self) -> u64 {
        self.tried.load(Ordering::Relaxed)
    }

    fn servers(&self) -> usize {
        self.roles.iter().filter(|role| role.to.is_none()).count()
    }

    fn role(&self, session: usize) -> Role {
        self.fault.map_or(self.roles[session], |fault| fault.role(self.roles[session]))
    }

    fn react(&self, session: usize, heard: &[Message]) -> Arc<Reaction> {
        let key = (session, heard.to_vec());
        if let Some(known) = self.reactions.lock().unwrap().get(&key) {
            return Arc::clone(known);
        }
        let role = self.roles[session];
        let reaction = match self.fault {
            Some(fault) => fault.react::<P>(role, heard),
            None => crate::protocol::react::<P>(role, heard),
        };
        Arc::clone(self.reactions.lock().unwrap().entry(key).or_insert_with(|| Arc::new(reaction)))
    }

    /// The error by which a session ends with its stream; `None` if it goes on.
    fn end(&self, session: usize, heard: &[Message]) -> Option<String> {
        let goes_on = self.fault == Some(Fault::IgnoresErrors);
        if goes_on { None } else { end::<P>(self.role(session), heard) }
    }

    /// Whether a session that is done opens this frame as its peer's first one.
    fn opens(&self, state: &State, session: usize, frame: &Message) -> bool {
        let key = (session, state.sessions[session].heard.clone(), Arc::clone(frame));
        let known = self.opened.lock().unwrap().get(&key).copied();
        known.unwrap_or_else(|| {
            let opens = opens::<P>(self.role(session), &key.1, frame);
            self.opened.lock().unwrap().insert(key, opens);
            opens
        })
    }

    /// Notes what a session has become, and what it has said.
    fn become_of(&self, state: &mut State, session: usize, heard: Vec<Message>) {
        let reaction = self.react(session, &heard);
        for message in &reaction.said {
            state.known.entry(Arc::clone(message)).or_insert(session);
        }
        let heard = if matches!(reaction.status, Status::Failed) { Vec::new() } else { heard };
        state.sessions[session] = Session { heard, status: reaction.status.clone(), has_ended: false };
    }

    /// The messages that the attacker can give a session which waits for one of this length. Of those that make it fail,
    /// one stands for all.
    fn choices(&self, state: &State, session: usize, length: usize) -> Arc<Vec<Message>> {
        let heard = &state.sessions[session].heard;
        let key = (session, heard.clone(), state.known.keys().cloned().collect::<Vec<_>>());
        if let Some(choices) = self.choices.lock().unwrap().get(&key) {
            return Arc::clone(choices);
        }
        let mut choices = self.messages(&key.2, length);
        self.tried.fetch_add(choices.len().try_into().unwrap(), Ordering::Relaxed);
        let mut failures = HashSet::new();
        choices.retain(|message| {
            let reaction = self.react(session, &[&heard[..], std::slice::from_ref(message)].concat());
            !matches!(reaction.status, Status::Failed) || failures.insert(reaction)
        });
        Arc::clone(self.choices.lock().unwrap().entry(key).or_insert_with(|| Arc::new(choices)))
    }

    /// All messages of this length that can be made of these: each of them, cut to that length, and two that are spliced.
    fn messages(&self, known: &[Message], length: usize) -> Vec<Message> {
        let known = [known, &P::forgeries(known)].concat();
        let long = known.iter().filter(|message| message.len() >= length);
        let whole: Vec<Message> = long.map(|message| message[..length].into()).collect();
        let mut made = whole.clone();
        if self.splices {
            for at in [16, 32, length / 2, length - 1].into_iter().filter(|at| *at < length) {
                for head in known.iter().filter(|message| message.len() >= at) {
                    made.extend(whole.iter().map(|tail| Message::from([&head[..at], &tail[at..]].concat())));
                }
            }
        }
        made.sort();
        made.dedup();
        made
    }

    /// The sessions that are done, with their peers and first frames.
    fn done<'s>(&'s self, state: &'s State) -> impl Iterator<Item = (usize, Role, Name, &'s Message)> + 's {
        state.sessions.iter().enumerate().filter_map(|(number, session)| match &session.status {
            Status::Done { peer, frame } => Some((number, self.roles[number], *peer, frame)),
            Status::Waits(_) | Status::Failed => None,
        })
    }

    /// The session that said the last message which this one has heard.
    fn partner(state: &State, session: usize) -> Option<usize> {
        state.sessions[session].heard.last().and_then(|message| state.known.get(message)).copied()
    }

    /// Whoever accepts an honest peer has heard the last message from a session of that peer which wants to reach it, and
    /// no other session has.
    fn agrees(&self, state: &State) -> bool {
        let honest =
            || self.done(state).filter(|(_, role, peer, _)| role.me != Name::Mallory && *peer != Name::Mallory);
        honest().all(|(session, role, peer, _)| {
            let Some(partner) = Self::partner(state, session) else { return false };
            let other = self.roles[partner];
            let is_meant = match (role.to, other.to) {
                (None, Some(to)) => other.me == peer && to == role.me,
                (Some(to), None) => other.me == peer && to == peer && self.accepted(state, partner) == Some(role.me),
                _ => false,
            };
            is_meant && honest().all(|(rival, ..)| rival == session || Self::partner(state, rival) != Some(partner))
        })
    }

    fn accepted(&self, state: &State, session: usize) -> Option<Name> {
        self.done(state).find(|(number, ..)| *number == session).map(|(_, _, peer, _)| peer)
    }

    /// Two sessions that are each other's partners open each other's frames, and nobody else does.
    fn crosses(&self, state: &State) -> bool {
        self.done(state).all(|(session, _, _, frame)| {
            self.done(state).filter(|(other, ..)| *other != session).all(|(other, ..)| {
                let are_partners = [(session, other), (other, session)].into_iter().any(|(server, client)| {
                    self.roles[server].to.is_none()
                        && Self::partner(state, server) == Some(client)
                        && Self::partner(state, client) == Some(server)
                });
                self.opens(state, other, frame) == are_partners
            })
        })
    }
}

impl<P: Protocol> Model for Handshakes<P> {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let session = Session { heard: Vec::new(), status: Status::Waits(0), has_ended: false };
        let mut state = State { sessions: vec![session; self.roles.len()], known: BTreeMap::new() };
        for session in 0..self.roles.len() {
            self.become_of(&mut state, session, Vec::new());
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (number, session) in state.sessions.iter().enumerate() {
            let Status::Waits(length) = session.status else { continue };
            if session.has_ended {
                continue;
            }
            actions.push(Action::End(number));
            let choices = self.choices(state, number, length);
            actions.extend(choices.iter().map(|message| Action::Deliver(number, Arc::clone(message))));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Deliver(session, message) => {
                let mut heard = state.sessions[session].heard.clone();
                heard.push(message);
                self.become_of(&mut state, session, heard);
            }
            Action::End(number) => {
                let session = &mut state.sessions[number];
                // One byte less than the message that it waits for makes no difference.
                let Status::Waits(length) = session.status else { return None };
                let cut = [session.heard.clone(), vec![vec![0; length - 1].into()]].concat();
                let ended = [&session.heard, &cut].map(|heard| self.end(number, heard));
                assert_eq!(ended[0], ended[1]);
                session.has_ended = true;
                if ended[0].is_some() {
                    *session = Session { heard: Vec::new(), status: Status::Failed, has_ended: true };
                }
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(AGREEMENT, |model, state| model.agrees(state)),
            Property::always(CROSSED_KEYS, |model, state| model.crosses(state)),
            Property::always(NOBODY_IS_STUCK, |_, state: &State| {
                let is_stuck = |session: &Session| session.has_ended && matches!(session.status, Status::Waits(_));
                !state.sessions.iter().any(is_stuck)
            }),
            Property::sometimes(EVERYBODY_ARRIVES, |model, state| model.done(state).count() == 2 * model.servers()),
        ]
    }
}

/// Who accepts an honest peer is accepted by it, or about to be, and by nobody else in its place.
pub const AGREEMENT: &str = "agreement";
/// The keys of each side are those of the other, and of nobody else.
pub const CROSSED_KEYS: &str = "crossed keys";
/// The end of a stream is an error where a machine waits.
pub const NOBODY_IS_STUCK: &str = "nobody is stuck";
/// Every server can get a client.
pub const EVERYBODY_ARRIVES: &str = "everybody arrives";
