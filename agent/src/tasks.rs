//! Tasks under way: those of different replicas run side by side, each of its own replica alone.
//!
//! Only so many steps ask Podman at once. Waiting for a container to end and pulling an image take no turn: a workload
//! that is slow in these never holds up another. A pull that takes long is told, and given up when the plan no longer asks for
//! its pod: it has changed nothing yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep, timeout},
};
use tracing::{info, warn};
use wlc_plan::{head::Generation, name::ReplicaName, quantity::Millis};

use crate::{
    action::{Action, Drain, Task, Wait},
    apply::{self, Brought, Failure},
    clock::Moment,
    counts::Counts,
    ending::Ending,
    podman::Podman,
    pulling::Pulling,
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
    /// Its number.
    number: u64,
    /// What is to be remembered of it.
    pub brought: Vec<Brought>,
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
    pulling: Arc<Pulling>,
    /// The numbers of those under way, and how they are broken off. They end with the agent.
    current: BTreeMap<ReplicaName, (u64, AbortHandle)>,
    begun: u64,
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
    pulling: Arc<Pulling>,
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
            pulling: Arc::default(),
            current: BTreeMap::new(),
            begun: 0,
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
            pulling: Arc::clone(&self.pulling),
        };
        let (podman, finished) = (Arc::clone(&self.podman), self.finished.clone());
        let generation = generation.map(Generation::number);
        self.begun += 1;
        let (replica, number) = (task.replica.clone(), self.begun);
        let abort = self.running.spawn(async move {
            info!(
                generation, workload = %task.workload, replica = %task.replica, reason = %task.reason,
                steps = task.actions.len(), "begins"
            );
            let mut brought = Vec::new();
            let result = carry_out(podman.as_ref(), shared, &task, &mut brought).await;
            // Nobody listens any more when the agent ends.
            drop(finished.send(Finished { replica: task.replica, pod: task.pod, number, brought, result }));
        });
        self.current.insert(replica, (number, abort));
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

    /// Says of waits for tasks which image is being pulled.
    pub fn explain(&self, waits: &mut [Wait]) {
        let pulling = self.pulling.all();
        for wait in waits.iter_mut().filter(|wait| wait.gate == "task") {
            if let Some((_, image)) = pulling.get(&wait.replica) {
                wait.reason = format!("the image `{image}` is being pulled");
            }
        }
    }

    /// Gives up pulls that take long for pods that nobody asks for any more.
    pub fn give_up_pulls(&mut self, is_asked_for: impl Fn(&ReplicaName, &str) -> bool) {
        let is_gone = |replica: &ReplicaName, pod: &String| !is_asked_for(replica, pod);
        let pulling = self.pulling.all().clone();
        for replica in pulling.iter().filter(|(replica, (pod, _))| is_gone(replica, pod)).map(|(replica, _)| replica) {
            info!(%replica, "the plan asks for another pod: its pull is given up");
            if let Some((_, abort)) = self.current.remove(replica) {
                abort.abort();
            }
            self.pulling.all().remove(replica);
            self.under_way.remove(replica);
            self.done.remove(replica);
        }
    }

    /// A task has ended; false where it was given up before.
    pub fn end(&mut self, finished: &Finished, now: Moment) -> bool {
        if self.current.get(&finished.replica).is_none_or(|(number, _)| *number != finished.number) {
            return false;
        }
        self.current.remove(&finished.replica);
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
        true
    }
}

async fn carry_out(
    podman: &dyn Podman,
    mut shared: Shared,
    task: &Task,
    brought: &mut Vec<Brought>,
) -> Result<(), Failure> {
    for action in &task.actions {
        let turn = match action {
            Action::PullImage(_) | Action::Drain(_) | Action::StopContainers(_) | Action::PostStart(_) => None,
            Action::MakeNetwork(_)
            | Action::MakePod(_)
            | Action::RunContainer(_)
            | Action::RemoveContainer { .. }
            | Action::Limit { .. }
            | Action::Connect { .. }
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
        let step = apply::step(podman, task, action);
        let result = if let Action::PullImage(image) = action {
            shared.pulling.told(podman, task, image, step).await
        } else {
            step.await
        };
        shared.counts.step(action, result.is_ok(), begun.elapsed());
        shared.ending.after_step();
        brought.extend(result?);
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
        | Action::MakeNetwork(_)
        | Action::MakePod(_)
        | Action::RunContainer(_)
        | Action::PullImage(_)
        | Action::PostStart(_)
        | Action::Limit { .. }
        | Action::Connect { .. }
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

#[cfg(test)]
mod tests;
