//! Looks at everything that is done on the machine, and holds it against what is promised.
//!
//! What is there for its users stands in `there`; what may be taken down in `budget`, in which order in `order`, everything
//! else that is done in `judge`; `differences` compares the end of a world with its last plan.

mod budget;
mod differences;
mod jobs;
mod judge;
mod order;
mod there;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use tokio::sync::watch;
use wlagent::{podman::simulated::Glimpse, probes::verdict::ProbeKind, status::document::Document};

use super::{
    Failure, Tally,
    promised::{Promised, Replica},
    seen::{Program, Seen, look_again},
};

/// From a change on the machine to when the agent must know of it, in milliseconds.
const KNOWN: u64 = 30_000;
/// How a line begins that tells of something which the agent did.
const ACTIONS: [&str; 10] =
    ["make", "start", "stop", "begin", "remove", "swap", "signal", "rename", "limit", "connect"];
/// How many lines of the journal are kept.
const JOURNAL: usize = 120;

/// What was seen so far.
#[derive(Default, Clone)]
pub(super) struct Witness {
    promises: BTreeMap<u64, Arc<Promised>>,
    /// Since when somebody asks for a revision of a workload.
    asked_since: BTreeMap<(String, String), u64>,
    /// How the containers of a revision behave; none: they never become ready.
    programs: BTreeMap<String, Option<Program>>,
    /// The containers whose liveness or startup probe failed.
    condemned: BTreeSet<String>,
    /// How often in a row the liveness probe of each container answered badly, as far as the agent that lives has heard.
    hung: BTreeMap<String, u32>,
    /// The replicas that somebody wants to be made anew.
    asked: BTreeSet<String>,
    status: Option<watch::Receiver<Arc<Document>>>,
    /// The plan in force, the one before, and since when.
    in_force: Option<(u64, u64, u64)>,
    seen: Vec<Seen>,
    /// Containers that are not ours and have a name that would be.
    usurpers: BTreeSet<String>,
    /// The volumes of claims that were made.
    claims: BTreeSet<String>,
    /// The volumes that there are.
    volumes: BTreeSet<String>,
    /// Since when each container that runs does, by its id.
    begun: BTreeMap<String, u64>,
    missing_since: BTreeMap<String, u64>,
    there_since: BTreeMap<String, u64>,
    /// Replicas that the agent took down, and that have not been back since.
    taken: BTreeSet<String>,
    /// The replicas that ever had a pod.
    had: BTreeSet<String>,
    /// The replicas that were ever there for their users.
    served: BTreeSet<String>,
    started: BTreeMap<String, VecDeque<u64>>,
    /// When Podman was asked for something, within the last minute.
    calls: VecDeque<u64>,
    /// Since when each pod, or container alone, is being stopped.
    stopping: BTreeMap<String, u64>,
    /// When each pod was removed that had another one of its replica beside it.
    one_of_two: BTreeMap<String, u64>,
    /// When each pod was asked to end whose replica was there by another one.
    unneeded: BTreeMap<String, u64>,
    /// The container that was sent a signal last, and when.
    signalled: Option<(String, u64)>,
    /// The pod that each replica got last.
    made: BTreeMap<String, String>,
    /// The revision that each workload has given up, and since when.
    given_up: BTreeMap<String, (String, u64)>,
    /// Since when the image is away.
    no_image_since: Option<u64>,
    /// When the clock jumped last.
    jumped: Option<u64>,
    /// When the agent began last.
    begins: u64,
    /// Whether the agent may have lost what it remembers.
    has_forgotten: bool,
    journal: VecDeque<String>,
    pub(super) tally: Tally,
    last_action: u64,
    /// Whether the agent must do nothing at all.
    is_barred: bool,
    broken: Option<String>,
    jobs: jobs::Jobs,
}

/// When, and who is sick.
type At<'a> = (u64, &'a [String]);

impl Witness {
    /// A plan set was published.
    pub(super) fn promise(&mut self, generation: u64, promised: Promised, now: u64) {
        for replica in promised.replicas.values() {
            let asked = (replica.workload.clone(), replica.revision.clone());
            self.asked_since.entry(asked).or_insert(now);
        }
        self.promises.insert(generation, Arc::new(promised));
    }

    /// Plans that can never come into force any more need not be known.
    pub(super) fn forget_plans(&mut self) {
        let before = self.in_force.map_or(0, |(_, before, _)| before);
        self.promises.retain(|generation, _| *generation >= before);
    }

    /// How the containers of a revision behave, as its author wrote it: later words are for later revisions, also where a
    /// partition or canaries leave replicas at this one.
    pub(super) fn program(&mut self, revision: &str, program: Option<Program>) {
        self.programs.entry(revision.to_owned()).or_insert(program);
    }

    /// A probe of a container was answered.
    pub(super) fn probed(&mut self, id: &str, kind: ProbeKind, is_good: bool) {
        if !is_good && kind != ProbeKind::Readiness {
            self.condemned.insert(id.to_owned());
        }
        if kind == ProbeKind::Liveness {
            let bad = if is_good { 0 } else { self.hung.get(id).map_or(1, |bad| bad + 1) };
            self.hung.insert(id.to_owned(), bad);
        }
    }

    /// Somebody wants replicas to be made anew.
    pub(super) fn note_asked(&mut self, replicas: &[String]) {
        self.asked.extend(replicas.iter().cloned());
    }

    /// An agent lives: it knows what the one before it had accepted.
    pub(super) fn follow(&mut self, status: watch::Receiver<Arc<Document>>, now: u64) {
        let (generation, before) = (status.borrow().generation, self.in_force.map(|(generation, ..)| generation));
        if generation < before {
            self.break_promise(format!("an agent starts with generation {generation:?} after {before:?}"));
        }
        self.status = Some(status);
        self.begins = now;
        // It asks all probes anew.
        self.hung.clear();
    }

    /// From now on the agent must do nothing at all, or may act again.
    pub(super) fn bar(&mut self, is_barred: bool) {
        self.is_barred = is_barred;
    }

    /// The agent has lost its ledger: that costs back-off and history, and nothing else.
    pub(super) fn forget_history(&mut self) {
        self.started.clear();
        self.has_forgotten = true;
    }

    /// Nothing can be written: an agent that is killed then forgets what it knew.
    pub(super) fn disk_is_full(&mut self) {
        self.has_forgotten = true;
    }

    /// Since when the image is away that everything is made from.
    pub(super) fn image_is_away(&mut self, since: Option<u64>) {
        self.no_image_since = since;
    }

    /// The clock has jumped.
    pub(super) fn clock_jumped(&mut self, now: u64) {
        self.jumped = Some(now);
    }

    /// From now on a container that is not ours has this name, or has it no more.
    pub(super) fn note_usurper(&mut self, name: &str, is_there: bool) {
        if is_there {
            self.usurpers.insert(name.to_owned());
        } else {
            self.usurpers.remove(name);
        }
    }

    /// What was broken first, with what was done before it.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.broken.clone().map(|what| self.fail(what))
    }

    /// A failure with what was done before it.
    pub(super) fn fail(&self, what: String) -> Failure {
        Failure { what, journal: self.journal.iter().cloned().collect() }
    }

    /// When the agent did something last.
    pub(super) fn last_action(&self) -> u64 {
        self.last_action
    }

    /// The replica that a container is of.
    pub(super) fn replica_of(&self, id: &str) -> Option<&str> {
        self.seen.iter().find(|one| one.id == id).map(|one| one.replica.as_str())
    }

    /// The names of all containers of ours.
    pub(super) fn containers(&self) -> Vec<String> {
        self.seen.iter().map(|one| one.name.clone()).collect()
    }

    /// The replicas that have a container.
    pub(super) fn replicas(&self) -> Vec<String> {
        let replicas: BTreeSet<&String> = self.seen.iter().map(|one| &one.replica).collect();
        replicas.into_iter().cloned().collect()
    }

    /// The names of all pods of ours.
    pub(super) fn pods(&self) -> Vec<String> {
        let pods: BTreeSet<&String> = self.seen.iter().map(|one| &one.pod).collect();
        pods.into_iter().cloned().collect()
    }

    /// A container that runs and that nobody probes, if there is one.
    pub(super) fn unprobed(&self) -> Option<String> {
        self.seen.iter().find(|one| one.runs() && !one.is_main() && one.attempt.is_none()).map(|one| one.name.clone())
    }

    /// Writes a line of what happened.
    pub(super) fn note(&mut self, line: &str, now: u64) {
        if self.broken.is_some() || self.journal.back().is_some_and(|last| last.ends_with(line)) {
            return;
        }
        if self.journal.len() == JOURNAL {
            self.journal.pop_front();
        }
        self.journal.push_back(format!("{:>9}.{:03} {line}", now / 1_000, now % 1_000));
    }

    /// Something was done, or happened.
    pub(super) fn saw(&mut self, line: &str, now: u64, sick: &[String], glimpse: Glimpse<'_>) {
        self.note(line, now);
        self.look_at_plan(now);
        self.note_availability(now, sick);
        let verb = line.split(' ').next().unwrap_or_default();
        let is_action = ACTIONS.contains(&verb);
        if line.ends_with(" has stopped with 137") {
            self.judge_kill(verb, now);
        }
        if is_action {
            self.tally.action(&words(line));
            self.last_action = now;
            self.judge(line, (now, sick), glimpse);
        }
        self.look(now, glimpse);
        if !is_action {
            self.forgive();
        }
        self.note_availability(now, sick);
        self.one_of_each();
    }

    /// Looks at everything that is there.
    fn look(&mut self, now: u64, glimpse: Glimpse<'_>) {
        if !glimpse.volumes().eq(self.volumes.iter().map(String::as_str)) {
            self.volumes = glimpse.volumes().map(str::to_owned).collect();
            self.keep_claims();
        }
        self.seen = look_again(std::mem::take(&mut self.seen), glimpse);
        self.note_successes();
        let running: BTreeSet<&str> =
            self.seen.iter().filter(|one| one.is_alive()).map(|one| one.id.as_str()).collect();
        self.begun.retain(|id, _| running.contains(id.as_str()));
        self.hung.retain(|id, _| running.contains(id.as_str()));
        for one in &self.seen {
            if one.runs() && !self.begun.contains_key(&one.id) {
                self.begun.insert(one.id.clone(), now);
            }
            if !self.had.contains(&one.replica) {
                self.had.insert(one.replica.clone());
            }
        }
    }

    /// What somebody else removed begins anew.
    fn forgive(&mut self) {
        let pods: BTreeSet<&str> = self.seen.iter().map(|one| one.pod.as_str()).collect();
        self.started.retain(|name, _| name.rsplit_once('.').is_some_and(|(pod, _)| pods.contains(pod)));
    }

    fn break_promise(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    fn look_at_plan(&mut self, now: u64) {
        let Some(status) = self.status.as_ref().map(|status| Arc::clone(&status.borrow())) else { return };
        if let Some(torn) = status.warnings.iter().find(|warning| warning.contains("torn") && !self.has_forgotten) {
            self.break_promise(format!("the agent finds what it wrote torn: {torn}"));
        }
        let Some(generation) = status.generation else { return };
        let before = self.in_force.map_or(0, |(generation, ..)| generation);
        if generation < before {
            self.break_promise(format!("generation {generation} came into force after {before}"));
        } else if generation > before {
            self.in_force = Some((generation, before, now));
        }
        if !self.promises.contains_key(&generation) {
            self.break_promise(format!("generation {generation} is in force, and nobody published it"));
        }
        self.note_given_up(&status, now);
        self.look_at_jobs(&status);
    }

    /// A revision is given up for as long as the plan asks for it.
    fn note_given_up(&mut self, status: &Document, now: u64) {
        for one in &status.instances {
            let (Some(workload), Some(revision)) = (&one.workload, one.bad_revision) else { continue };
            let (workload, revision) = (workload.to_string(), revision.to_string());
            if !self.given_up.contains_key(&workload) {
                self.judge_given_up((&workload, &revision), now);
                self.given_up.insert(workload, (revision, now));
            }
        }
        if self.given_up.is_empty() {
            return;
        }
        let Some(plan) = self.in_force.and_then(|(generation, ..)| self.promises.get(&generation)) else { return };
        self.given_up.retain(|workload, (given_up, _)| plan.of(workload).any(|(_, one)| one.revision == *given_up));
    }

    /// What a claim holds outlives everything that happens here: no plan of these worlds lets it go.
    fn keep_claims(&mut self) {
        if let Some(lost) = self.claims.iter().find(|name| !self.volumes.contains(*name)) {
            let what = format!("the data of {lost} are gone");
            self.break_promise(what);
        }
        self.claims.extend(self.volumes.iter().filter(|name| name.ends_with(".data")).cloned());
    }

    fn plan(&self) -> Option<&Arc<Promised>> {
        self.promises.get(&self.in_force?.0)
    }

    /// What is promised of a replica by the plan in force, and by the one before for as long as the agent may not know
    /// better.
    fn promised(&self, replica: &str, now: u64) -> Option<(&Replica, Option<&Replica>)> {
        let (_, before, since) = self.in_force?;
        let promised = self.plan()?.replicas.get(replica)?;
        let older = self.promises.get(&before).filter(|_| now < since + KNOWN);
        Some((promised, older.and_then(|plan| plan.replicas.get(replica))))
    }

    fn of<'a>(&'a self, replica: &str) -> impl Iterator<Item = &'a Seen> + use<'a> {
        self.seen_of(replica).iter()
    }

    /// The containers of a replica, those of each pod one after the other.
    fn seen_of(&self, replica: &str) -> &[Seen] {
        let first = self.seen.partition_point(|one| one.replica.as_str() < replica);
        let behind = &self.seen[first..];
        &behind[..behind.partition_point(|one| one.replica == replica)]
    }

    fn named(&self, container: &str) -> Option<&Seen> {
        self.seen.iter().find(|one| one.name == container)
    }
}

/// The words of a line without the names.
fn words(line: &str) -> String {
    line.split(' ').take_while(|word| !word.contains('.') && !word.starts_with('/')).collect::<Vec<_>>().join(" ")
}
