//! Tasks under way: those of different replicas run side by side, each of its own replica alone.
//!
//! Only so many steps ask Podman at once. Waiting for a container to end and pulling an image take no turn: a workload
//! that is slow in these never holds up another.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tracing::{info, warn};
use wlc_plan::{head::Generation, name::ReplicaName, quantity::Millis};

use crate::{
    action::{Action, Drain, Task},
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

/// Who was told of another list by a signal has this long to read it before the next one, and before anybody that is not in
/// the list ends: balancers lose signals that come while they read.
const READS: Duration = Duration::from_secs(1);

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
    /// The pods that are going and that nobody is told of any more.
    drained: watch::Sender<BTreeSet<String>>,
    /// They end with the agent.
    running: JoinSet<()>,
    /// What was done last for each replica, and when it ended well.
    done: BTreeMap<ReplicaName, (Vec<Action>, Option<Moment>)>,
}

/// What all tasks have in common.
struct Shared {
    turns: Arc<Semaphore>,
    counts: Arc<Counts>,
    ending: Arc<Ending>,
    drained: watch::Receiver<BTreeSet<String>>,
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
            drained: watch::Sender::default(),
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

    /// Tells which pods that are going are in no list any more, for those tasks that wait for it.
    pub fn tell_drained(&self, pods: &BTreeSet<String>) {
        self.drained.send_if_modified(|told| {
            let is_news = told != pods;
            if is_news {
                told.clone_from(pods);
            }
            is_news
        });
    }

    /// Begins a task of the plan of this generation.
    pub fn begin(&mut self, task: Task, generation: Option<Generation>, now: Moment) {
        self.done.retain(|_, (_, ended)| ended.is_none_or(|ended| now.since(ended) < LATELY));
        self.under_way.insert(task.replica.clone());
        self.done.insert(task.replica.clone(), (task.actions.clone(), None));
        let shared = Shared {
            turns: Arc::clone(&self.turns),
            counts: Arc::clone(&self.counts),
            ending: Arc::clone(&self.ending),
            drained: self.drained.subscribe(),
        };
        let (podman, finished) = (Arc::clone(&self.podman), self.finished.clone());
        let generation = generation.map(Generation::number);
        self.running.spawn(async move {
            info!(
                generation, workload = %task.workload, replica = %task.replica, reason = %task.reason,
                steps = task.actions.len(), "begins"
            );
            let result = carry_out(podman.as_ref(), shared, &task).await;
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

async fn carry_out(podman: &dyn Podman, mut shared: Shared, task: &Task) -> Result<(), Failure> {
    for action in &task.actions {
        let turn = match action {
            Action::PullImage(_) | Action::Drain(_) | Action::StopContainers(_) | Action::PostStart(_) => None,
            Action::MakeNetwork
            | Action::MakePod(_)
            | Action::RunContainer(_)
            | Action::RemoveContainer { .. }
            | Action::Rename { .. }
            | Action::Unpause { .. }
            | Action::RemovePod { .. }
            | Action::SwapContent(_)
            | Action::SwapFiles(_)
            | Action::CheckNode(_)
            | Action::RemoveClaim { .. } => Some(shared.turns.acquire().await.expect("the semaphore is never closed")),
        };
        shared.ending.before_step();
        let begun = Instant::now();
        let result = apply::step(podman, task, action).await;
        shared.counts.step(action, result.is_ok(), begun.elapsed());
        shared.ending.after_step();
        result?;
        drop(turn);
        wait_behind(action, &mut shared.drained).await;
    }
    Ok(())
}

/// What a step waits for without a turn, once it is done.
async fn wait_behind(action: &Action, drained: &mut watch::Receiver<BTreeSet<String>>) {
    match action {
        Action::Drain(drain) => wait_until_drained(drain, drained).await,
        Action::SwapFiles(swap) if swap.signal.is_some() => sleep(READS).await,
        Action::SwapFiles(_)
        | Action::MakeNetwork
        | Action::MakePod(_)
        | Action::RunContainer(_)
        | Action::PullImage(_)
        | Action::PostStart(_)
        | Action::Rename { .. }
        | Action::Unpause { .. }
        | Action::StopContainers(_)
        | Action::RemoveContainer { .. }
        | Action::RemovePod { .. }
        | Action::SwapContent(_)
        | Action::CheckNode(_)
        | Action::RemoveClaim { .. } => {}
    }
}

/// The passes find out who still lists the pod, and tell who does not.
async fn wait_until_drained(drain: &Drain, drained: &mut watch::Receiver<BTreeSet<String>>) {
    let is_drained = drained.wait_for(|pods| pods.contains(&drain.pod));
    if timeout(drain.within.duration(), is_drained).await.is_err() {
        warn!(pod = drain.pod, "somebody still lists it after {}, and the stop goes on", drain.within);
    }
}
