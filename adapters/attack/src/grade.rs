//! Makes all attacks on a peer, and judges what it does.

use crate::attack::{Attack, Takes};
use crate::attacker::Recorded;
use crate::kind::{Kind, Side};
use crate::list::{attacks, stream_attacks};
use crate::observe::{Observed, observe};
use crate::parties::Parties;
use crate::report::Report;
use crate::stream::has_goodbye;
use crate::targets::{Goes, Target};
use anyhow::{Result, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::time::Duration;

pub use crate::observe::Limits;

/// What a peer's behaviour under an attack is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It did what it must.
    Held,
    /// It refused, but one message later than it could have: nothing was granted, and something was told to whom it should not.
    Late,
    /// It did not, and this is what it did.
    Fell(String),
}

/// How a peer is graded.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long things may take.
    pub limits: Limits,
    /// How many attacks are made at the same time.
    pub jobs: usize,
    /// The kinds to try, or all when there are none.
    pub kinds: Vec<Kind>,
    /// Whether one bit of every byte is flipped, and not every bit.
    pub quick: bool,
}

impl Default for Options {
    fn default() -> Self {
        let limits = Limits { deadline: Duration::from_secs(10), pause: Duration::from_millis(1) };
        Self { limits, jobs: 4, kinds: Vec::new(), quick: false }
    }
}

/// How many attacks are made before the runner looks whether a server is still there.
const BATCH: usize = 64;

/// Status of a Rust program that panicked.
const PANICKED: i32 = 101;

/// Makes all attacks on this peer.
///
/// # Errors
/// The peer cannot be reached, or it fails an honest session, without which nothing else says anything.
pub async fn grade(target: &mut Target, parties: &Parties, options: &Options) -> Result<Report> {
    let chosen = chosen(target, parties, options);
    let honest = Attack::honest(Kind::Honest, "");
    let seen = observe(target, &honest, parties, None, options.limits).await?;
    if let Verdict::Fell(reason) = judge(target, &honest, &seen) {
        bail!("the peer fails an honest session: {reason}");
    }
    let grading = Grading { parties, recorded: seen.recorded(), options };

    let mut report = Report::default();
    for batch in chosen.chunks(BATCH) {
        let verdicts = grading.attack_all(target, batch).await;
        let ended = grading.end_of_server(target).await;
        let Some(ended) = ended else {
            batch.iter().zip(verdicts?).for_each(|(attack, verdict)| report.add(attack, verdict));
            continue;
        };
        if !restart(target).await? {
            batch.iter().for_each(|attack| report.add(attack, Verdict::Fell(format!("by one of these, {ended}"))));
            break;
        }
        grading.attack_singly(target, batch, &mut report).await?;
    }
    Ok(report)
}

/// The attacks that this peer is to hold against.
fn chosen(target: &Target, parties: &Parties, options: &Options) -> Vec<Attack> {
    let streams = if target.goes() == Goes::Streams { stream_attacks() } else { Vec::new() };
    let all = attacks(target.side(), &parties.public()).into_iter().chain(streams);
    all.filter(|attack| attack.server_key.is_none() || target.takes_server_key())
        .filter(|attack| options.kinds.is_empty() || options.kinds.contains(&attack.kind))
        .filter(|attack| !options.quick || attack.is_quick())
        .collect()
}

async fn restart(target: &mut Target) -> Result<bool> {
    match target {
        Target::Server(server) => server.restart().await,
        Target::StdioServer(_) | Target::StdioClient(_) | Target::ClientCommand(_) | Target::ClientListener(_) => {
            Ok(false)
        }
    }
}

struct Grading<'a> {
    parties: &'a Parties,
    recorded: Recorded,
    options: &'a Options,
}

impl Grading<'_> {
    async fn attack(&self, target: &Target, attack: &Attack) -> Result<Verdict> {
        let seen = observe(target, attack, self.parties, Some(&self.recorded), self.options.limits).await?;
        Ok(judge(target, attack, &seen))
    }

    /// Some at the same time; the verdicts are in the order of the attacks.
    async fn attack_all(&self, target: &Target, batch: &[Attack]) -> Result<Vec<Verdict>> {
        let verdicts = batch.iter().map(|attack| self.attack(target, attack));
        stream::iter(verdicts.collect::<Vec<_>>()).buffered(self.options.jobs.max(1)).try_collect().await
    }

    /// One after the other, to find which of them ends the server; it is started anew after each that does.
    async fn attack_singly(&self, target: &mut Target, batch: &[Attack], report: &mut Report) -> Result<()> {
        for attack in batch {
            let verdict = self.attack(target, attack).await?;
            let ended = self.end_of_server(target).await;
            if ended.is_some() {
                restart(target).await?;
            }
            report.add(attack, ended.map_or(verdict, Verdict::Fell));
        }
        Ok(())
    }

    /// How a server ended, if it serves no more.
    async fn end_of_server(&self, target: &mut Target) -> Option<String> {
        let honest = Attack::honest(Kind::Honest, "");
        let serves = match target {
            Target::Server(_) => matches!(self.attack(target, &honest).await, Ok(Verdict::Held)),
            Target::StdioServer(_) | Target::StdioClient(_) | Target::ClientCommand(_) | Target::ClientListener(_) => {
                return None;
            }
        };
        let Target::Server(server) = target else { return None };
        server.end(serves).await
    }
}

/// What this is worth.
fn judge(target: &Target, attack: &Attack, seen: &Observed) -> Verdict {
    match found(target, attack, seen) {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::Fell(reason),
    }
}

fn found(target: &Target, attack: &Attack, seen: &Observed) -> Result<Verdict, String> {
    if !seen.ended {
        return Err("it has no end in time".to_owned());
    }
    if let Some(status) = seen.exit
        && status.code().is_none_or(|code| code == PANICKED)
    {
        return Err(format!("it died: {status}"));
    }
    let count = seen.sent.len();
    let took = seen.took(target.side(), target.goes()).ok_or_else(|| format!("it sent {count} bytes"))?;
    match attack.takes {
        // A client that accepts may end without a word when the stream is bad.
        Takes::All if !attack.stream.is_sound() && target.side() == Side::Client && took == Takes::Hello => {
            Ok(Verdict::Held)
        }
        Takes::All if took == Takes::All => accepted(target, attack, seen).map(|()| Verdict::Held),
        Takes::All => Err(format!("it refused, after {count} bytes")),
        Takes::Nothing | Takes::Hello if took == Takes::All => Err("it accepted".to_owned()),
        Takes::Nothing | Takes::Hello
            if target.goes() == Goes::Exits && seen.exit.is_some_and(|exit| exit.success()) =>
        {
            Err("it refused, and exited with status 0".to_owned())
        }
        Takes::Nothing if took == Takes::Hello => Ok(Verdict::Late),
        Takes::Nothing | Takes::Hello => Ok(Verdict::Held),
    }
}

/// Whether a peer that must accept, and did, has done so in the right way.
fn accepted(target: &Target, attack: &Attack, seen: &Observed) -> Result<(), String> {
    if let Some(fault) = &seen.fault {
        return Err(fault.clone());
    }
    let session = seen.session.as_ref().ok_or("it accepted before the proof")?;
    let after = seen.after(target.side());
    match target.goes() {
        Goes::Exits if after != session.to_bytes() => Err("its keys are others".to_owned()),
        Goes::Exits if seen.exit.is_some_and(|exit| !exit.success()) => {
            Err("it accepted, and exited with another status than 0".to_owned())
        }
        Goes::Exits => Ok(()),
        Goes::Streams => match (attack.stream.is_sound(), has_goodbye(session.peer_encrypts, after)) {
            (true, false) => Err("it did not answer the goodbye".to_owned()),
            (false, true) => Err("it read the stream to its end".to_owned()),
            (true, true) | (false, false) => Ok(()),
        },
    }
}
