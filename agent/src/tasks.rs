//! Tasks under way: those of different replicas run side by side, each of its own replica alone.
//!
//! Only so many steps ask Podman at once. Waiting for a container to end and pulling an image take no turn: a workload
//! that is slow in these never holds up another.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::Instant,
};
use tracing::{info, warn};
use wlc_plan::{name::ReplicaName, quantity::Millis};

use crate::{
    action::{Action, Task},
    apply::{self, Failure},
    clock::Moment,
    counts::Counts,
    ending::Ending,
    podman::Podman,
};

/// How many steps ask Podman at once.
const AT_ONCE: usize = 8;
/// A task that is asked for again within this time has changed nothing.
const LATELY: Millis = Millis::from_seconds(2);

/// A task that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The replica.
    pub replica: ReplicaName,
    /// The pod that it was for.
    pub pod: String,
    /// How.
    pub result: Result<(), Failure>,
}

/// The tasks under way.
pub struct Tasks {
    podman: Arc<dyn Podman>,
    turns: Arc<Semaphore>,
    ending: Arc<Ending>,
    finished: mpsc::UnboundedSender<Finished>,
    counts: Arc<Counts>,
    under_way: BTreeSet<ReplicaName>,
    /// They end with the agent.
    running: JoinSet<()>,
    /// What was done last for each replica, and when it ended well.
    done: BTreeMap<ReplicaName, (Vec<Action>, Option<Moment>)>,
}

impl Tasks {
    /// No task; each that ends is told to `finished`, and each step is counted.
    pub fn new(podman: Arc<dyn Podman>, finished: mpsc::UnboundedSender<Finished>, counts: Arc<Counts>) -> Self {
        Self {
            podman,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            ending: Arc::default(),
            finished,
            counts,
            under_way: BTreeSet::new(),
            running: JoinSet::new(),
            done: BTreeMap::new(),
        }
    }

    /// The agent ends where this says.
    pub fn end_at(&mut self, ending: Ending) {
        self.ending = Arc::new(ending);
    }

    /// The replicas whose task is under way.
    pub fn busy(&self) -> &BTreeSet<ReplicaName> {
        &self.under_way
    }

    /// Begins a task.
    pub fn begin(&mut self, task: Task, now: Moment) {
        self.done.retain(|_, (_, ended)| ended.is_none_or(|ended| now.since(ended) < LATELY));
        self.under_way.insert(task.replica.clone());
        self.done.insert(task.replica.clone(), (task.actions.clone(), None));
        let (podman, turns, finished) = (Arc::clone(&self.podman), Arc::clone(&self.turns), self.finished.clone());
        let (counts, ending) = (Arc::clone(&self.counts), Arc::clone(&self.ending));
        self.running.spawn(async move {
            let result = carry_out(podman.as_ref(), (&turns, &counts, &ending), &task).await;
            // Nobody listens any more when the agent ends.
            drop(finished.send(Finished { replica: task.replica, pod: task.pod, result }));
        });
    }

    /// Forgets what was done last for a replica: somebody wants it tried again.
    pub fn forget(&mut self, replica: &ReplicaName) {
        if !self.under_way.contains(replica) {
            self.done.remove(replica);
        }
    }

    /// Whether the same was done well for this replica a moment ago.
    pub fn was_done_lately(&self, task: &Task, now: Moment) -> bool {
        self.done.get(&task.replica).is_some_and(|(actions, ended)| {
            *actions == task.actions && ended.is_some_and(|ended| now.since(ended) < LATELY)
        })
    }

    /// A task has ended.
    pub fn end(&mut self, finished: &Finished, now: Moment) {
        match (&finished.result, self.done.get_mut(&finished.replica)) {
            (Ok(()), Some((_, ended))) => *ended = Some(now),
            (Ok(()), None) => {}
            (Err(failure), _) => {
                warn!(replica = %finished.replica, "{failure}");
                self.done.remove(&finished.replica);
            }
        }
        self.under_way.remove(&finished.replica);
        while self.running.try_join_next().is_some() {}
    }
}

async fn carry_out(
    podman: &dyn Podman,
    (turns, counts, ending): (&Semaphore, &Counts, &Ending),
    task: &Task,
) -> Result<(), Failure> {
    info!(replica = %task.replica, reason = %task.reason, steps = task.actions.len(), "begins");
    for action in &task.actions {
        let _turn = match action {
            Action::PullImage(_) | Action::StopContainers(_) | Action::PostStart(_) => None,
            Action::MakeNetwork
            | Action::MakePod(_)
            | Action::RunContainer(_)
            | Action::RemoveContainer { .. }
            | Action::Unpause { .. }
            | Action::RemovePod { .. }
            | Action::SwapContent(_)
            | Action::SwapFiles(_)
            | Action::CheckNode(_)
            | Action::RemoveClaim { .. } => Some(turns.acquire().await.expect("the semaphore is never closed")),
        };
        ending.before_step();
        let begun = Instant::now();
        let result = apply::step(podman, task, action).await;
        counts.step(action, result.is_ok(), begun.elapsed());
        ending.after_step();
        result?;
    }
    Ok(())
}
