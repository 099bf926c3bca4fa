//! What the answers of probes add up to.
//!
//! Thresholds count answers in a row (S-305, S-306). A prober's own error counts for neither side (S-317). Everything
//! begins anew with a new container (S-314).

use std::collections::BTreeMap;

use wlc_plan::spec::{Probe, Probes as ProbeSpecs};

use crate::clock::Moment;

/// Which of a container's probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeKind {
    /// Gates the other two until it has passed.
    Startup,
    /// Tells whether the container is ready.
    Readiness,
    /// Tells whether it must be restarted.
    Liveness,
}

/// One answer of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// As it should be.
    Good,
    /// Not as it should be, and how.
    Bad(String),
    /// The prober itself failed: counts for neither.
    Unheard(String),
}

/// What a probe's answers add up to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Too few answers yet.
    #[default]
    Unknown,
    /// Passed.
    Passed {
        /// Since when, without a break.
        since: Moment,
    },
    /// Failed.
    Failed {
        /// Since when.
        since: Moment,
        /// The last bad answer.
        saw: String,
    },
}

/// The verdicts about one container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerVerdicts {
    /// Startup.
    pub startup: Verdict,
    /// Readiness.
    pub readiness: Verdict,
    /// Liveness.
    pub liveness: Verdict,
}

/// The verdicts about all containers, by Podman's id.
pub type Verdicts = BTreeMap<String, ContainerVerdicts>;

/// The answers of one probe so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// What they add up to.
    pub verdict: Verdict,
    /// Good answers in a row.
    good: u32,
    /// Bad answers in a row.
    bad: u32,
    /// When it was asked last.
    pub asked: Option<Moment>,
}

impl Tally {
    /// The clock has jumped by so many milliseconds.
    pub(super) fn clock_jumped(&mut self, milliseconds: i64) {
        self.asked = self.asked.map(|asked| asked.jumped(milliseconds));
        match &mut self.verdict {
            Verdict::Passed { since } | Verdict::Failed { since, .. } => *since = since.jumped(milliseconds),
            Verdict::Unknown => {}
        }
    }

    /// Adds an answer; true where the verdict changed.
    pub fn add(&mut self, probe: &Probe, answer: &Answer, at: Moment) -> bool {
        match answer {
            Answer::Good => {
                (self.good, self.bad) = (self.good.saturating_add(1), 0);
                let passed = matches!(self.verdict, Verdict::Passed { .. });
                self.change_if(!passed && self.good >= probe.successes, Verdict::Passed { since: at })
            }
            Answer::Bad(saw) => {
                (self.good, self.bad) = (0, self.bad.saturating_add(1));
                let failed = matches!(self.verdict, Verdict::Failed { .. });
                let verdict = Verdict::Failed { since: at, saw: saw.clone() };
                self.change_if(!failed && self.bad >= probe.failures, verdict)
            }
            Answer::Unheard(_) => false,
        }
    }

    fn change_if(&mut self, changes: bool, verdict: Verdict) -> bool {
        if changes {
            self.verdict = verdict;
        }
        changes
    }
}

impl ProbeKind {
    /// All kinds, the one that gates the others first.
    pub const ALL: [Self; 3] = [Self::Startup, Self::Readiness, Self::Liveness];

    /// The probe of this kind.
    pub fn of(self, probes: &ProbeSpecs) -> Option<&Probe> {
        match self {
            Self::Startup => probes.startup.as_ref(),
            Self::Readiness => probes.readiness.as_ref(),
            Self::Liveness => probes.liveness.as_ref(),
        }
    }

    /// The word of the language.
    pub fn word(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Readiness => "readiness",
            Self::Liveness => "liveness",
        }
    }
}

impl ContainerVerdicts {
    /// Whether the container has started: its startup probe has passed, where there is one.
    pub fn has_started(&self, probes: &ProbeSpecs) -> bool {
        probes.startup.is_none() || matches!(self.startup, Verdict::Passed { .. })
    }

    /// Why the container must be restarted: the startup or liveness probe that failed, and what it saw.
    pub fn must_restart<'a>(&'a self, probes: &'a ProbeSpecs) -> Option<(&'a Probe, &'a str)> {
        let startup = probes.startup.as_ref().map(|probe| (probe, &self.startup));
        let liveness = probes.liveness.as_ref().map(|probe| (probe, &self.liveness));
        startup.into_iter().chain(liveness).find_map(|(probe, verdict)| match verdict {
            Verdict::Failed { saw, .. } => Some((probe, saw.as_str())),
            Verdict::Unknown | Verdict::Passed { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use wlc_plan::{
        name::PortName,
        quantity::Millis,
        spec::{ProbeHandler, TcpProbe},
    };

    use super::*;

    fn probe(successes: u32, failures: u32) -> Probe {
        Probe {
            handler: ProbeHandler::Tcp(TcpProbe { port: PortName::parse("http").unwrap(), host: None }),
            initial_delay: Millis(0),
            period: Millis(1_000),
            timeout: Millis(1_000),
            successes,
            failures,
            grace: None,
        }
    }

    /// S-305, S-306, S-317, P-107.
    #[test]
    fn thresholds_count_answers_in_a_row_and_prober_errors_for_neither() {
        let (probe, bad) = (probe(2, 3), Answer::Bad("status 500".to_owned()));
        let unheard = Answer::Unheard("too many open files".to_owned());
        let mut tally = Tally::default();
        let steps = [
            (&Answer::Good, false),
            (&bad, false),
            (&Answer::Good, false),
            (&unheard, false),
            (&Answer::Good, true),
            (&bad, false),
            (&bad, false),
            (&Answer::Good, false),
            (&bad, false),
            (&unheard, false),
            (&bad, false),
            (&bad, true),
            (&bad, false),
        ];
        for (second, (answer, changed)) in (0..).zip(steps) {
            assert_eq!(tally.add(&probe, answer, Moment(second)), changed, "answer {second}");
        }
        assert_eq!(tally.verdict, Verdict::Failed { since: Moment(11), saw: "status 500".to_owned() });
    }
}
