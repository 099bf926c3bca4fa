//! Probes: which are due, what their answers add up to, and the edges that ask.
//!
//! Answers are counted here and judged by thresholds; only a verdict that changes wakes the loop.

pub mod due;
pub mod exec;
pub mod grpc;
pub mod http;
pub mod tcp;
mod tls;
pub mod verdict;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
};

use tokio::{net::lookup_host, time::timeout};
use wlc_plan::{
    quantity::Millis,
    spec::{Probe, ProbeHandler},
};

use crate::{clock::Moment, podman::Podman};
use due::{Question, Subject};
use http::Scheme;
use verdict::{Answer, ContainerVerdicts, ProbeKind, Tally, Verdict, Verdicts};

/// What the agent knows from its probes. It is not kept over a restart of the agent: then every probe is asked anew.
#[derive(Debug, Clone, Default)]
pub struct Probes {
    known: BTreeMap<String, Known>,
}

/// What is known of one container.
#[derive(Debug, Clone, Default)]
struct Known {
    tallies: BTreeMap<ProbeKind, Tally>,
    asking: BTreeSet<ProbeKind>,
}

impl Probes {
    /// The probes to ask now, and when the next one is due.
    pub fn due(&mut self, subjects: &[Subject], now: Moment) -> (Vec<Question>, Option<Moment>) {
        let mut questions = Vec::new();
        let mut next = None;
        let nothing = Known::default();
        for subject in subjects {
            let known = self.known.get(&subject.id).unwrap_or(&nothing);
            let mut to_ask = Vec::new();
            for (kind, probe) in active(subject).filter(|(kind, _)| known.is_to_be_asked(subject, *kind)) {
                let at = known.next_time(subject, kind, probe);
                if at <= now {
                    to_ask.push((kind, probe));
                } else {
                    next = next.into_iter().chain([at]).min();
                }
            }
            for (kind, probe) in to_ask {
                self.known.entry(subject.id.clone()).or_default().ask(kind, now);
                questions.push(subject.question(kind, probe));
            }
        }
        (questions, next)
    }

    /// Counts an answer; true where a verdict changed.
    pub fn answered(&mut self, question: &Question, answer: &Answer, now: Moment) -> bool {
        let known = self.known.entry(question.id.clone()).or_default();
        known.asking.remove(&question.kind);
        known.tallies.entry(question.kind).or_default().add(&question.probe, answer, now)
    }

    /// Forgets containers that do not run any more.
    pub fn keep_only(&mut self, subjects: &[Subject]) {
        let ids: BTreeSet<&str> = subjects.iter().map(|subject| subject.id.as_str()).collect();
        self.known.retain(|id, known| {
            if ids.contains(id.as_str()) {
                return true;
            }
            known.tallies.clear();
            !known.asking.is_empty()
        });
    }

    /// The clock has jumped: what was noted before counts as long ago as it was.
    pub fn clock_jumped(&mut self, milliseconds: i64) {
        let tallies = self.known.values_mut().flat_map(|known| known.tallies.values_mut());
        tallies.for_each(|tally| tally.clock_jumped(milliseconds));
    }

    /// All verdicts.
    pub fn verdicts(&self) -> Verdicts {
        let known = self.known.iter().filter(|(_, known)| !known.tallies.is_empty());
        known.map(|(id, known)| (id.clone(), known.verdicts())).collect()
    }
}

impl Known {
    fn verdict(&self, kind: ProbeKind) -> Option<&Verdict> {
        self.tallies.get(&kind).map(|tally| &tally.verdict)
    }

    fn verdicts(&self) -> ContainerVerdicts {
        let verdict = |kind| self.verdict(kind).cloned().unwrap_or_default();
        ContainerVerdicts {
            startup: verdict(ProbeKind::Startup),
            readiness: verdict(ProbeKind::Readiness),
            liveness: verdict(ProbeKind::Liveness),
        }
    }

    /// Whether a probe is on and not being asked: until the startup probe has passed only that one is on, afterwards only
    /// the others are (S-309); a failed startup or liveness probe is not asked again until there is a new container (S-314).
    fn is_to_be_asked(&self, subject: &Subject, kind: ProbeKind) -> bool {
        let started = || {
            subject.probes().startup.is_none()
                || matches!(self.verdict(ProbeKind::Startup), Some(Verdict::Passed { .. }))
        };
        let failed = |kind| matches!(self.verdict(kind), Some(Verdict::Failed { .. }));
        !self.asking.contains(&kind)
            && match kind {
                ProbeKind::Startup => !started() && !failed(ProbeKind::Startup),
                ProbeKind::Readiness => started(),
                ProbeKind::Liveness => started() && !failed(ProbeKind::Liveness),
            }
    }

    fn next_time(&self, subject: &Subject, kind: ProbeKind, probe: &Probe) -> Moment {
        let asked = self.tallies.get(&kind).and_then(|tally| tally.asked);
        asked.map_or(subject.started.plus(probe.initial_delay), |asked| asked.plus(Millis(probe.period.0.max(1))))
    }

    fn ask(&mut self, kind: ProbeKind, now: Moment) {
        self.tallies.entry(kind).or_default().asked = Some(now);
        self.asking.insert(kind);
    }
}

fn active(subject: &Subject) -> impl Iterator<Item = (ProbeKind, &Probe)> {
    ProbeKind::ALL.into_iter().filter_map(move |kind| Some((kind, kind.of(subject.probes())?)))
}

/// Asks probes.
pub trait Prober: Send + Sync {
    /// Asks one probe.
    fn ask<'a>(&'a self, question: &'a Question) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;
}

/// Asks over the network of this machine, and in containers through Podman.
pub struct MachineProber {
    podman: Arc<dyn Podman>,
}

impl MachineProber {
    /// A prober that runs commands through this Podman.
    pub fn new(podman: Arc<dyn Podman>) -> Self {
        Self { podman }
    }

    async fn ask_one(&self, question: &Question) -> Answer {
        if let ProbeHandler::Exec(probe) = &question.probe.handler {
            return exec::ask(self.podman.as_ref(), &question.id, probe, question.probe.timeout).await;
        }
        match target(question).await {
            Ok(target) => ask_over_network(target, &question.probe).await,
            Err(answer) => answer,
        }
    }
}

impl Prober for MachineProber {
    fn ask<'a>(&'a self, question: &'a Question) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(self.ask_one(question))
    }
}

/// Whom to ask: the host that the probe names, or the pod.
async fn target(question: &Question) -> Result<SocketAddr, Answer> {
    let Some((host, port)) = &question.host else {
        return question.target.ok_or_else(|| Answer::Unheard("the port cannot be reached from the node".to_owned()));
    };
    let unknown = |why: String| Answer::Bad(format!("the host `{host}` has no address: {why}"));
    let found = timeout(question.probe.timeout.duration(), lookup_host((host.as_str(), *port))).await;
    let mut found = found.map_err(|late| unknown(late.to_string()))?.map_err(|error| unknown(error.to_string()))?;
    found.next().ok_or_else(|| unknown("nobody knows it".to_owned()))
}

async fn ask_over_network(target: SocketAddr, probe: &Probe) -> Answer {
    match &probe.handler {
        ProbeHandler::Http(http) => http::ask(target, Scheme::Http, http, probe.timeout).await,
        ProbeHandler::Https(http) => http::ask(target, Scheme::Https, http, probe.timeout).await,
        ProbeHandler::Tcp(_) => tcp::ask(target, probe.timeout).await,
        ProbeHandler::Grpc(grpc) => grpc::ask(target, grpc, probe.timeout).await,
        ProbeHandler::Exec(_) => unreachable!("a command is not asked over the network"),
    }
}

#[cfg(test)]
mod tests;
