//! Keeps a pod running as its own spec says: the infra container, containers that were never run, ended, or sick.

use wlc_plan::{
    name::ContainerName,
    quantity::Millis,
    restarts::FlapLimit,
    spec::{PodSpec, PullPolicy, RestartPolicy},
};

use super::{
    Scene,
    back_off::EndedRun,
    by_hand,
    containers::{self, Container, Fate, Hooked},
    draft::{Draft, Who},
    gates, hooks, leftovers, make,
    standing::{Holding, Standing},
    stop,
};
use crate::{
    action::{Action, Reason, Stop},
    clock::Moment,
    ledger::Cause,
    mutant::{self, Mutant},
    observed::{ContainerState, ObservedContainer, ObservedPod, Sandbox},
    podman::labels::PodLabels,
};

/// Keeps the pod that is asked for; true where a task was proposed.
pub(super) fn of_current(scene: Scene<'_>, standing: &Standing<'_>, pod: &ObservedPod, draft: &mut Draft<'_>) -> bool {
    let spec = standing.aim.spec;
    match sandbox(scene, pod) {
        Sandbox::Down if containers::is_work_over(scene, pod, spec) => false,
        Sandbox::Down => {
            remake(scene, standing, (pod, standing.plan()), draft);
            true
        }
        Sandbox::Created => {
            let network = make::network(scene);
            let pulls = make::pull_images(spec);
            let pod_again = Action::MakePod(Box::new(make::request(standing.plan())));
            let before = network.into_iter().chain(pulls).chain([pod_again]).collect();
            containers_of(Upkeep { scene, standing, pod, spec }, before, draft)
        }
        Sandbox::Up => containers_of(Upkeep { scene, standing, pod, spec }, Vec::new(), draft),
    }
}

/// Keeps a pod that has to be replaced, but may not be yet; true where a task was proposed.
pub(super) fn of_older(scene: Scene<'_>, standing: &Standing<'_>, pod: &ObservedPod, draft: &mut Draft<'_>) -> bool {
    match (scene.desired.spec(&pod.revision), sandbox(scene, pod)) {
        (Some(_), Sandbox::Created | Sandbox::Down) if is_spent_copy(scene, standing, pod) => false,
        (Some(spec), Sandbox::Up) => containers_of(Upkeep { scene, standing, pod, spec }, Vec::new(), draft),
        (None, Sandbox::Up) => false,
        (Some(spec), Sandbox::Created | Sandbox::Down) if standing.wanted.turn(pod.binding).is_some() => {
            let labels = make::labels(scene, pod);
            remake(scene, standing, (pod, make::Plan { wanted: standing.wanted, spec, labels: &labels }), draft);
            true
        }
        (Some(_) | None, Sandbox::Created | Sandbox::Down) => {
            let reason = "the infra container of its old pod is gone".to_owned();
            draft.wait(standing.who(), "sandbox", reason, None);
            false
        }
    }
}

/// Whether a pod was the copy of a revision that was given up: it goes when the pod beside it is back, and is not made anew.
fn is_spent_copy(scene: Scene<'_>, standing: &Standing<'_>, pod: &ObservedPod) -> bool {
    let record = scene.ledger.rollouts.get(&standing.wanted.instance.workload);
    let bad = record.and_then(|record| record.failure_of(&standing.wanted.instance.spec));
    matches!(standing.holding, Holding::Both { .. }) && bad.is_some_and(|bad| bad.revision == pod.revision)
}

/// Whether all containers of a replica have to run anew, as after a boot, of whichever revision they are: what a first start
/// waits for is waited for again. So it is for a pod that was made and never started: power may have gone in between.
pub(super) fn starts_anew(scene: Scene<'_>, standing: &Standing<'_>) -> bool {
    let is_down = |pod: &ObservedPod| {
        let spec = scene.desired.spec(&pod.revision);
        sandbox(scene, pod) != Sandbox::Up && spec.is_none_or(|spec| !containers::is_work_over(scene, pod, spec))
    };
    match standing.holding {
        Holding::Nothing => false,
        Holding::Current(pod) | Holding::Other(pod) => is_down(pod),
        Holding::Both { new, old } => is_down(new) && is_down(old),
    }
}

/// Whether a pod of another revision can never serve again: its infra container is gone, and it cannot be made anew,
/// since its spec or what it was bound to is not known any more.
pub(super) fn is_lost(scene: Scene<'_>, standing: &Standing<'_>, pod: &ObservedPod) -> bool {
    let can_be_made = scene.desired.specs.contains_key(&pod.revision) && standing.wanted.turn(pod.binding).is_some();
    sandbox(scene, pod) != Sandbox::Up && !can_be_made
}

/// The state of the infra container: a pod that refused a container for the want of it has none that is of use.
fn sandbox(scene: Scene<'_>, pod: &ObservedPod) -> Sandbox {
    let failure = scene.ledger.failures.get(&pod.replica);
    let is_lost = failure.is_some_and(|failure| failure.pod == pod.name && failure.cause == Cause::SandboxDown);
    if is_lost { Sandbox::Down } else { pod.sandbox }
}

/// The infra container is gone: all containers run anew in a new pod (S-269, S-271). A pod whose work is over needs none
/// (S-270).
fn remake(scene: Scene<'_>, standing: &Standing<'_>, what: (&ObservedPod, make::Plan<'_>), draft: &mut Draft<'_>) {
    let (pod, plan) = what;
    let stop = leftovers::stop_by_its_spec(scene, pod);
    let actions = make::pull_images(plan.spec).chain(stop).chain(make::make(scene, plan)).collect();
    draft.ledger.pods.remove(&pod.name);
    draft.act(Who { pod: &pod.name, ..standing.who() }, Reason::SandboxLost, actions);
}

/// The gate of a container that ended too often.
pub(super) const FLAP_LIMIT: &str = "flap-limit";

/// A pod to keep.
#[derive(Clone, Copy)]
struct Upkeep<'a> {
    scene: Scene<'a>,
    standing: &'a Standing<'a>,
    pod: &'a ObservedPod,
    spec: &'a PodSpec,
}

/// What one container needs.
enum Need {
    Nothing,
    Actions(Reason, Vec<Action>),
    Wait { gate: &'static str, reason: String, until: Option<Moment> },
}

fn containers_of(upkeep: Upkeep<'_>, before: Vec<Action>, draft: &mut Draft<'_>) -> bool {
    let Upkeep { scene, standing, pod, spec } = upkeep;
    let labels = make::labels(scene, pod);
    if containers::is_work_over(scene, pod, spec) {
        let stop = stop::of_sidecars(pod, spec);
        let is_proposed = stop.is_some();
        stop.into_iter().for_each(|stop| draft.act(standing.who(), Reason::Done, vec![stop]));
        return is_proposed;
    }
    let mut proposed: Option<(Reason, Vec<Action>)> = None;
    for container in containers::of(scene, pod, spec) {
        match upkeep.need(&container, &labels, draft) {
            Need::Nothing => {}
            Need::Wait { gate, reason, until } => draft.wait(standing.who(), gate, reason, until),
            Need::Actions(reason, actions) => {
                proposed.get_or_insert_with(|| (reason, before.clone())).1.extend(actions);
            }
        }
    }
    let is_proposed = proposed.is_some();
    if let Some((reason, actions)) = proposed {
        draft.act(standing.who(), reason, actions);
    }
    is_proposed
}

impl Upkeep<'_> {
    fn need(&self, container: &Container<'_>, labels: &PodLabels, draft: &mut Draft<'_>) -> Need {
        if container.is_behind() {
            return Need::Nothing;
        }
        let Some(newest) = container.newest else { return self.first_run(container, labels) };
        match newest.state {
            ContainerState::Created => Need::Actions(Reason::Incomplete, self.run(container, labels, newest.attempt)),
            ContainerState::Running { started } => self.sick(container, labels, (newest, started), draft),
            ContainerState::Stopping => {
                let reason =
                    Reason::ByHand { container: container.spec.name.clone(), what: "being stopped".to_owned() };
                Need::Actions(reason, vec![stop_one(container, newest, self.spec.grace)])
            }
            ContainerState::Paused => {
                let (reason, actions) = by_hand::unpause(newest);
                Need::Actions(reason, actions)
            }
            ContainerState::Exited { code, started, finished } => {
                let run = EndedRun { attempt: newest.attempt, started, finished };
                self.ended(container, labels, (run, code), draft)
            }
        }
    }

    /// A container that was never run: it may wait for others of its pod.
    fn first_run(&self, container: &Container<'_>, labels: &PodLabels) -> Need {
        let all = || containers::of(self.scene, self.pod, self.spec);
        for after in &container.spec.after {
            let has_reached =
                |name: &ContainerName| all().any(|one| one.spec.name == *name && one.has_reached(after.until));
            if let Some(missing) = after.of.iter().find(|name| !has_reached(name)) {
                let reason = format!("`{}` waits until `{missing}` {}", container.spec.name, gates::words(after.until));
                return Need::Wait { gate: "after", reason, until: None };
            }
        }
        Need::Actions(Reason::Incomplete, self.run(container, labels, 0))
    }

    /// A running container whose hook, startup or liveness probe failed is ended, and runs again (S-310, S-333).
    fn sick(
        &self,
        container: &Container<'_>,
        labels: &PodLabels,
        running: (&ObservedContainer, Moment),
        draft: &mut Draft<'_>,
    ) -> Need {
        let (newest, started) = running;
        let name = &container.spec.name;
        let verdicts = container.verdicts();
        let (reason, grace) = match (container.hook(), verdicts.must_restart(&container.spec.probes)) {
            (Hooked::NotYet, _) => {
                let hook = hooks::post_start(labels, container.spec, newest.attempt);
                return Need::Actions(Reason::Incomplete, hook.into_iter().collect());
            }
            (Hooked::Failed(why), _) => {
                (Reason::Hook { container: name.clone(), saw: why.to_owned() }, self.spec.grace)
            }
            (Hooked::Done, Some((probe, saw))) if !mutant::is(Mutant::LivenessIgnored) => {
                let reason = Reason::Probe { container: name.clone(), saw: saw.to_owned() };
                (reason, probe.grace.unwrap_or(self.spec.grace))
            }
            (Hooked::Done, _) => return Need::Nothing,
        };
        let runs = draft.ledger.runs_mut(&self.pod.name, &container.spec.name);
        runs.ended_by_probe = Some(newest.attempt);
        let run = EndedRun { attempt: newest.attempt, started, finished: self.scene.now };
        let mut may_run_now = run.next(runs, self.scene.now) <= self.scene.now;
        if run.was_good() {
            runs.good = newest.attempt;
        }
        if let Some(limit) = self.standing.wanted.instance.flap_limit {
            may_run_now &= !runs.ended(newest.attempt, self.scene.now, limit);
        }
        let mut actions = vec![stop_one(container, newest, grace)];
        if may_run_now && container.policy != RestartPolicy::Never {
            actions.extend(self.run(container, labels, newest.attempt + 1));
        }
        Need::Actions(reason, actions)
    }

    /// A container that ended runs again at once or after its back-off, if its policy says so.
    fn ended(
        &self,
        container: &Container<'_>,
        labels: &PodLabels,
        ended: (EndedRun, i32),
        draft: &mut Draft<'_>,
    ) -> Need {
        let (run, code) = ended;
        if container.fate(code) != Fate::RunsAgain {
            return Need::Nothing;
        }
        let name = &container.spec.name;
        if run.was_good() {
            draft.ledger.runs_mut(&self.pod.name, name).good = run.attempt;
        }
        if let Some(limit) = self.standing.wanted.instance.flap_limit
            && draft.ledger.runs_mut(&self.pod.name, name).ended(run.attempt, run.finished, limit)
        {
            return self.stays_down(name, limit);
        }
        let at = run.next(&draft.ledger.runs(&self.pod.name, name), self.scene.now);
        if at > self.scene.now {
            let reason = format!("`{name}` ended with {code}, and runs again after its back-off");
            return Need::Wait { gate: "back-off", reason, until: Some(at) };
        }
        let reason = Reason::Ended { container: name.clone(), code: Some(code) };
        Need::Actions(reason, self.run(container, labels, run.attempt + 1))
    }

    /// It ended too often.
    fn stays_down(&self, name: &ContainerName, limit: FlapLimit) -> Need {
        let FlapLimit { ends, within } = limit;
        let replica = &self.pod.replica;
        let reason = format!(
            "`{name}` ended {ends} times within {within} and stays down; `wlagent retry {replica}` or another plan starts it"
        );
        Need::Wait { gate: FLAP_LIMIT, reason, until: None }
    }

    fn run(&self, container: &Container<'_>, labels: &PodLabels, attempt: u32) -> Vec<Action> {
        let failure = self.scene.ledger.failures.get(&self.pod.replica);
        let failed = failure.is_some();
        let taken = failure.filter(|one| one.pod == self.pod.name && one.cause == Cause::NameTaken);
        // Names that are not ours to have are left out.
        let attempt = attempt.saturating_add(taken.map_or(0, |one| one.count));
        let pulls = attempt == 0 || failed || container.spec.image.pull == PullPolicy::Always;
        let pull = pulls.then(|| Action::PullImage(container.spec.image.clone()));
        let run = make::run(self.scene, labels, self.spec, (container.spec, attempt));
        pull.into_iter().chain([run]).chain(hooks::post_start(labels, container.spec, attempt)).collect()
    }
}

fn stop_one(container: &Container<'_>, attempt: &ObservedContainer, grace: Millis) -> Action {
    let one = hooks::stop_one(&attempt.name, Some(container.spec));
    Action::StopContainers(Box::new(Stop { pod: None, stages: vec![vec![one]], grace }))
}
