//! Which replicas keep the revision that they have: below a partition, beside canaries, while a rollout is paused, and on
//! nodes whose wave has not come.
//!
//! They keep the one that was asked for before: the base. The lock remembers it as long as anybody keeps it, so that a
//! third revision in the middle does not spread the second (P-039, P-043).

use std::collections::{BTreeMap, BTreeSet};

use wlc_plan::{name::ReplicaName, revision::Revision};

use super::number;
use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    lock::{RevisionLock, WorkloadLock},
    model::{deployment::DeploymentUpdate, stateful_set::StatefulSetStrategy, workload::Workload},
};

/// Who keeps which revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hold {
    /// The number of the revision that is kept; none where nobody keeps one.
    pub base: Option<u32>,
    /// The replicas that keep it.
    pub replicas: BTreeSet<ReplicaName>,
    /// The revision whose canaries were found good.
    pub promoted: Option<Revision>,
    /// The values of the label whose nodes have the newest revision, of a rollout in waves.
    pub waves: BTreeSet<String>,
    /// Those whose wave has not come, in order.
    pub to_come: Vec<String>,
}

/// The base that replicas may keep beside the newest revision, if there is one.
pub fn base<'a>(lock: Option<&'a WorkloadLock>, newest: &Revision) -> Option<&'a RevisionLock> {
    let lock = lock?;
    let remembered = lock.base.and_then(|number| lock.revisions.iter().find(|one| one.reference.number == number));
    remembered.or(lock.newest()).filter(|one| one.reference.revision != *newest)
}

/// Who of these replicas keeps the base, of a workload whose newest revision is `newest`. With each replica comes the
/// value of the label by which its node belongs to a wave.
pub fn hold<'a>(
    workload: &Workload,
    lock: Option<&WorkloadLock>,
    newest: &Revision,
    placed: &BTreeMap<&'a ReplicaName, &'a str>,
) -> Hold {
    let promoted = promotes(workload, lock, newest).then_some(*newest);
    let none = Hold { promoted, ..Hold::default() };
    let Some(base) = base(lock, newest) else { return none };
    let mut replicas: Vec<&ReplicaName> = placed.keys().copied().collect();
    replicas.sort_by_key(|replica| (number(replica), *replica));
    let (waves, to_come) = waves(workload, lock, newest, placed);
    let is_to_come =
        |replica: &&&ReplicaName| to_come.iter().any(|value| placed.get(**replica) == Some(&value.as_str()));
    let of_waves: Vec<ReplicaName> = replicas.iter().filter(is_to_come).map(|replica| (*replica).clone()).collect();
    let mut held: BTreeSet<ReplicaName> = match first_held(workload, promoted.is_some(), &replicas) {
        Held::From(at) => replicas.into_iter().skip(at).cloned().collect(),
        Held::Before(at) => replicas.into_iter().take(at).cloned().collect(),
    };
    held.extend(of_waves);
    match held.is_empty() {
        true => none,
        false => Hold { base: Some(base.reference.number), replicas: held, promoted, waves, to_come },
    }
}

/// The waves that have come and those that have not: the first of a new revision comes with it, the others by a word.
fn waves(
    workload: &Workload,
    lock: Option<&WorkloadLock>,
    newest: &Revision,
    placed: &BTreeMap<&ReplicaName, &str>,
) -> (BTreeSet<String>, Vec<String>) {
    if workload.pace().is_none_or(|pace| pace.by.is_none()) {
        return (BTreeSet::new(), Vec::new());
    }
    let values: BTreeSet<String> = placed.values().map(|value| (*value).to_owned()).collect();
    let lock = lock.filter(|lock| lock.newest().is_some_and(|one| one.reference.revision == *newest));
    let before = lock.map(|lock| &lock.waves).filter(|waves| !waves.is_empty());
    let come = before.cloned().unwrap_or_else(|| values.iter().take(1).cloned().collect());
    let to_come = values.iter().filter(|value| !come.contains(*value)).cloned().collect();
    (come, to_come)
}

/// Which part of the replicas in the order of their numbers.
enum Held {
    From(usize),
    Before(usize),
}

fn first_held(workload: &Workload, is_promoted: bool, replicas: &[&ReplicaName]) -> Held {
    if workload.common().paused.value {
        return Held::From(0);
    }
    match workload {
        Workload::Deployment(one) => match one.update.as_ref().and_then(|update| update.canary.as_ref()) {
            Some(canary) if !is_promoted => Held::From(usize::try_from(canary.value.0).unwrap_or(usize::MAX)),
            Some(_) | None => Held::Before(0),
        },
        Workload::StatefulSet(set) => {
            let update = set.update.as_ref();
            let rolling = |update: &&crate::model::stateful_set::StatefulSetUpdate| {
                update.strategy.as_ref().is_none_or(|word| word.value == StatefulSetStrategy::Rolling)
            };
            let partition = update.filter(rolling).map_or(0, |update| update.partition.value.0);
            Held::Before(replicas.iter().filter(|replica| number(replica) < partition).count())
        }
        Workload::DaemonSet(_) | Workload::Job(_) | Workload::CronJob(_) => Held::Before(0),
    }
}

/// Whether `promote` is the word for this revision: its canaries were asked for by a build before.
fn promotes(workload: &Workload, lock: Option<&WorkloadLock>, newest: &Revision) -> bool {
    let is_word = |update: &DeploymentUpdate| update.promote.value && update.canary.is_some();
    let Workload::Deployment(one) = workload else { return false };
    one.update.as_ref().is_some_and(is_word) && !is_spent(lock, newest)
}

/// Whether the word was for another revision than the one that the files have now.
fn is_spent(lock: Option<&WorkloadLock>, newest: &Revision) -> bool {
    let before = lock.and_then(WorkloadLock::newest);
    before.is_some_and(|before| before.reference.revision != *newest)
}

/// Reports a `promote` that would promote what never had a canary.
pub fn check(workload: &Workload, lock: Option<&WorkloadLock>, newest: &Revision, problems: &mut Problems) {
    let Workload::Deployment(one) = workload else { return };
    let Some(update) = one.update.as_ref().filter(|update| update.promote.value && update.canary.is_some()) else {
        return;
    };
    let live = lock.filter(|lock| lock.state == crate::lock::State::Live);
    if is_spent(live, newest) {
        let name = &one.name.value;
        let message = format!("`{name}` has a new revision, and `promote` was the word for the one before");
        let diagnostic = Diagnostic::new(Code::Contradiction, message, update.promote.span, "no canary ran it yet");
        problems.add(diagnostic.hint("take `promote` out now, and write it again when the canaries are good"));
    }
}
