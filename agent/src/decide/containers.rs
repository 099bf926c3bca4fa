//! One container of a pod: how far it has come, and whether it will run again.

use wlc_plan::{
    gate::Condition,
    name::ReplicaName,
    spec::{ContainerRole, ContainerSpec, PodSpec, RestartPolicy},
};

use super::{Scene, standing::Health};
use crate::{
    clock::Moment,
    ledger::Cause,
    mutant::{self, Mutant},
    observed::{ContainerState, HookOutcome, ObservedContainer, ObservedPod},
    probes::verdict::{ContainerVerdicts, ProbeKind, Verdict},
};

/// A container of the spec, and what is of it.
#[derive(Clone, Copy)]
pub(super) struct Container<'a> {
    /// Its spec.
    pub(super) spec: &'a ContainerSpec,
    /// The pod that it belongs to.
    pub(super) pod: &'a ObservedPod,
    /// Its newest attempt.
    pub(super) newest: Option<&'a ObservedContainer>,
    /// When it is started again.
    pub(super) policy: RestartPolicy,
    template: &'a PodSpec,
    scene: Scene<'a>,
}

/// What will become of a container that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It runs again.
    RunsAgain,
    /// It ended well, and is done.
    Complete,
    /// It ended badly, and stays so.
    Failed,
}

/// How far the hook after a start has come. A container without one has it behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hooked<'a> {
    /// It has not ended, as far as is known.
    NotYet,
    /// It ended well.
    Done,
    /// It failed, and how.
    Failed(&'a str),
}

/// The containers of a pod in the order of the spec.
pub(super) fn of<'a>(
    scene: Scene<'a>,
    pod: &'a ObservedPod,
    template: &'a PodSpec,
) -> impl Iterator<Item = Container<'a>> {
    template.containers.iter().map(move |spec| {
        let (newest, policy) = (pod.newest(&spec.name), template.restart_of(spec));
        Container { spec, pod, newest, policy, template, scene }
    })
}

/// Kubernetes' word for why no container of a pod was made, where the last task for it failed (S-259). The first fault of
/// an image is told as such, then that it is waited for.
pub(super) fn why_not_made(scene: Scene<'_>, replica: &ReplicaName, pod: &str) -> Option<&'static str> {
    let failure = scene.ledger.failures.get(replica).filter(|failure| failure.pod == pod)?;
    match (failure.cause, failure.count) {
        (Cause::Image, 0 | 1) => Some("ErrImagePull"),
        (Cause::Image, _) => Some("ImagePullBackOff"),
        (Cause::ImageName, _) => Some("InvalidImageName"),
        (Cause::ImageNever, _) => Some("ErrImageNeverPull"),
        (Cause::Start, _) => Some("StartError"),
        (Cause::SandboxDown | Cause::NameTaken | Cause::Other, _) => None,
    }
}

/// Whether the init containers of a pod have done their work: they are not run again while the pod exists, whatever becomes
/// of what they left (S-290, P-116).
pub(super) fn is_initialized(pod: &ObservedPod, template: &PodSpec) -> bool {
    let mut mains = template.containers.iter().filter(|one| one.role.is_main());
    mains.any(|main| pod.newest(&main.name).is_some())
}

/// Whether what the pod is for has ended and will not run again: all of it, or an init container failed for good. Sidecars
/// do not hold a pod open (S-295).
pub(super) fn is_work_over(scene: Scene<'_>, pod: &ObservedPod, template: &PodSpec) -> bool {
    let failed = |one: &Container<'_>| one.spec.role == ContainerRole::Init && one.ended_as() == Some(Fate::Failed);
    let is_for = |one: &Container<'_>| one.spec.role.is_main();
    of(scene, pod, template).any(|one| failed(&one)) || of(scene, pod, template).filter(is_for).all(|one| one.is_over())
}

impl Container<'_> {
    /// What the probes say about it.
    pub(super) fn verdicts(&self) -> ContainerVerdicts {
        self.newest.and_then(|one| self.scene.verdicts.get(&one.id)).cloned().unwrap_or_default()
    }

    /// What becomes of it after it ended with `code` in its newest attempt.
    pub(super) fn fate(&self, code: i32) -> Fate {
        if self.spec.role == ContainerRole::Sidecar && is_work_over(self.scene, self.pod, self.template) {
            return Fate::Complete;
        }
        let attempt = self.newest.map(|one| one.attempt);
        let by_probe =
            attempt.is_some() && self.scene.ledger.runs(&self.pod.name, &self.spec.name).ended_by_probe == attempt;
        match (self.policy, code) {
            (RestartPolicy::Always, _) => Fate::RunsAgain,
            (RestartPolicy::OnFailure, 0) if !by_probe => Fate::Complete,
            (RestartPolicy::OnFailure, _) => Fate::RunsAgain,
            (RestartPolicy::Never, 0) if !by_probe => Fate::Complete,
            (RestartPolicy::Never, _) => Fate::Failed,
        }
    }

    /// Whether it has come so far.
    pub(super) fn has_reached(&self, condition: Condition) -> bool {
        match condition {
            Condition::Started => self.is_started() || self.is_complete(),
            Condition::Ready => matches!(self.health(), Health::Ready { .. }) || self.is_complete(),
            Condition::Complete => self.is_complete(),
            Condition::Gone => self.newest.is_none(),
        }
    }

    /// Whether it ended and will not run again.
    pub(super) fn is_over(&self) -> bool {
        self.ended_as().is_some_and(|fate| fate != Fate::RunsAgain)
    }

    /// What becomes of it, where it has ended.
    pub(super) fn ended_as(&self) -> Option<Fate> {
        match self.newest?.state {
            ContainerState::Exited { code, .. } => Some(self.fate(code)),
            ContainerState::Created
            | ContainerState::Running { .. }
            | ContainerState::Paused
            | ContainerState::Stopping => None,
        }
    }

    /// How well it is.
    pub(super) fn health(&self) -> Health {
        match self.newest.map(|one| one.state) {
            Some(ContainerState::Running { started }) => self.health_of_running(started),
            Some(
                ContainerState::Created
                | ContainerState::Paused
                | ContainerState::Stopping
                | ContainerState::Exited { .. },
            )
            | None => {
                if self.is_complete() {
                    Health::Complete
                } else {
                    Health::NotReady
                }
            }
        }
    }

    /// Whether its probes called it ready, and nothing else since, as far as is remembered.
    pub(super) fn was_ready(&self) -> bool {
        self.newest.is_some_and(|newest| self.scene.ledger.ready.contains(&newest.id))
    }

    /// The probe that keeps a running container from being ready, and what it saw.
    pub(super) fn open_probe(&self) -> Option<String> {
        let newest = self.newest.filter(|one| matches!(one.state, ContainerState::Running { .. }))?;
        let verdicts = self.scene.verdicts.get(&newest.id).cloned().unwrap_or_default();
        let has_started = verdicts.has_started(&self.spec.probes);
        let kind = if has_started { ProbeKind::Readiness } else { ProbeKind::Startup };
        kind.of(&self.spec.probes)?;
        let (name, word) = (&self.spec.name, kind.word());
        match if has_started { &verdicts.readiness } else { &verdicts.startup } {
            Verdict::Passed { .. } => None,
            Verdict::Unknown => Some(format!("the {word} probe of `{name}` has not been answered often enough yet")),
            Verdict::Failed { saw, .. } => Some(format!("the {word} probe of `{name}` failed: {saw}")),
        }
    }

    /// How far the hook after the start of its newest attempt has come.
    pub(super) fn hook(&self) -> Hooked<'_> {
        let outcome = self.newest.and_then(|one| one.post_start.as_ref());
        match (&self.spec.hooks.post_start, outcome) {
            (None, _) | (Some(_), Some(HookOutcome::Done)) => Hooked::Done,
            (Some(_), Some(HookOutcome::Failed(why))) => Hooked::Failed(why),
            (Some(_), None) => Hooked::NotYet,
        }
    }

    /// Kubernetes' word for why a container that was never started was not, where the last task of its pod failed.
    pub(super) fn why_not_made(&self) -> Option<&'static str> {
        why_not_made(self.scene, &self.pod.replica, &self.pod.name)
    }

    /// Whether it is an init container that is not needed any more.
    pub(super) fn is_behind(&self) -> bool {
        self.spec.role == ContainerRole::Init && is_initialized(self.pod, self.template)
    }

    /// Whether it is one that the pod is for, and init containers have not done their work yet.
    pub(super) fn waits_for_inits(&self) -> bool {
        let inits = of(self.scene, self.pod, self.template).filter(|one| one.spec.role == ContainerRole::Init);
        self.spec.role.is_main() && inits.into_iter().any(|init| !init.is_complete())
    }

    fn is_complete(&self) -> bool {
        match self.newest {
            None => self.is_behind(),
            Some(_) => self.ended_as() == Some(Fate::Complete),
        }
    }

    fn is_started(&self) -> bool {
        let runs = self.newest.is_some_and(|one| matches!(one.state, ContainerState::Running { .. }));
        runs && self.hook() == Hooked::Done && self.verdicts().has_started(&self.spec.probes)
    }

    fn health_of_running(&self, started: Moment) -> Health {
        if self.hook() != Hooked::Done {
            return Health::NotReady;
        }
        let verdicts = self.verdicts();
        let probes = &self.spec.probes;
        let startup = probes.startup.as_ref().map(|probe| (probe, &verdicts.startup));
        let readiness = probes.readiness.as_ref().map(|probe| (probe, &verdicts.readiness));
        let mut since = started;
        if mutant::is(Mutant::ReadinessIgnored) {
            return Health::Ready { since };
        }
        // It is about to be ended.
        if verdicts.must_restart(probes).is_some() {
            return Health::NotReady;
        }
        for (probe, verdict) in startup.into_iter().chain(readiness) {
            match verdict {
                Verdict::Passed { since: passed } => since = since.max(*passed),
                Verdict::Failed { .. } => return Health::NotReady,
                // A start that lies ahead comes from a clock that was set back: nothing is known by it.
                Verdict::Unknown if (started..started.plus(probe.initial_delay)).contains(&self.scene.now) => {
                    return Health::NotReady;
                }
                Verdict::Unknown => return Health::Unknown,
            }
        }
        Health::Ready { since }
    }
}
