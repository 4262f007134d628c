//! The grade of a peer.

use crate::attack::Attack;
use crate::grade::Verdict;
use crate::kind::Kind;
use std::fmt;

/// What became of every attack.
#[derive(Debug, Default)]
pub struct Report {
    results: Vec<(Kind, String, Verdict)>,
}

/// How many attacks of a kind ended so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The peer did what it must.
    pub held: usize,
    /// It refused one message late.
    pub late: usize,
    /// It did not refuse, or not accept, or died.
    pub fell: usize,
}

impl Report {
    pub(crate) fn add(&mut self, attack: &Attack, verdict: Verdict) {
        self.results.push((attack.kind, attack.id.clone(), verdict));
    }

    /// The attacks of one kind, or of all.
    #[must_use]
    pub fn counts(&self, kind: Option<Kind>) -> Counts {
        let mut counts = Counts::default();
        for (of, _, verdict) in &self.results {
            if kind.is_none_or(|kind| kind == *of) {
                match verdict {
                    Verdict::Held => counts.held += 1,
                    Verdict::Late => counts.late += 1,
                    Verdict::Fell(_) => counts.fell += 1,
                }
            }
        }
        counts
    }

    /// Whether the peer held against every attack, and there was one.
    #[must_use]
    pub fn full_marks(&self) -> bool {
        let Counts { held, late, fell } = self.counts(None);
        held > 0 && late == 0 && fell == 0
    }

    /// The attacks that the peer did not hold against, by their names.
    pub fn faults(&self) -> impl Iterator<Item = (&str, &Verdict)> {
        self.results
            .iter()
            .filter(|(_, _, verdict)| *verdict != Verdict::Held)
            .map(|(_, id, verdict)| (id.as_str(), verdict))
    }

    /// Why the peer fell by an attack of this kind: the reasons, each once.
    #[must_use]
    pub fn reasons(&self, kind: Kind) -> Vec<&str> {
        let mut reasons = Vec::new();
        for (of, _, verdict) in &self.results {
            if let Verdict::Fell(reason) = verdict
                && *of == kind
                && !reasons.contains(&reason.as_str())
            {
                reasons.push(reason);
            }
        }
        reasons
    }
}

/// A table in Markdown.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| attack | held | late | fell | how |\n|---|--:|--:|--:|---|")?;
        for kind in Kind::ALL {
            let Counts { held, late, fell } = self.counts(Some(*kind));
            if held + late + fell > 0 {
                let how = self.reasons(*kind).join("; ");
                writeln!(f, "| {} | {held} | {late} | {fell} | {how} |", kind.name())?;
            }
        }
        let Counts { held, late, fell } = self.counts(None);
        writeln!(f, "| **all** | {held} | {late} | {fell} | |")
    }
}
