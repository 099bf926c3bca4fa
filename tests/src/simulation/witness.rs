//! Looks at everything that is done on the machine, and holds it against what is promised.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use tokio::sync::watch;
use wlagent::{
    podman::simulated::Glimpse,
    status::document::{Document, Instance},
};

use super::{
    Failure, Tally,
    publisher::{Promised, Replica},
    seen::{Program, Seen, list},
};

/// From a change on the machine to when the agent must know of it, in milliseconds.
const KNOWN: u64 = 30_000;
/// How often a container may be started within a minute.
const MOST_STARTS: usize = 5;
/// How many lines of the journal are kept.
const JOURNAL: usize = 120;

/// What was seen so far.
#[derive(Default)]
pub(super) struct Witness {
    promises: BTreeMap<u64, Promised>,
    /// How the containers of a revision behave; none: they never become ready.
    programs: BTreeMap<String, Option<Program>>,
    /// The containers whose liveness or startup probe failed.
    condemned: BTreeSet<String>,
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
    /// Since when each container that runs does, by its id.
    begun: BTreeMap<String, u64>,
    missing_since: BTreeMap<String, u64>,
    there_since: BTreeMap<String, u64>,
    /// Replicas that the agent took down, and that have not been back since.
    taken: BTreeSet<String>,
    started: BTreeMap<String, VecDeque<u64>>,
    journal: VecDeque<String>,
    pub(super) tally: Tally,
    last_action: u64,
    /// Whether the agent must do nothing at all.
    is_barred: bool,
    broken: Option<String>,
}

impl Witness {
    /// A plan set was published.
    pub(super) fn promise(&mut self, generation: u64, promised: Promised) {
        self.promises.insert(generation, promised);
    }

    /// How the containers of a revision behave.
    pub(super) fn program(&mut self, revision: &str, program: Option<Program>) {
        self.programs.insert(revision.to_owned(), program);
    }

    /// A probe said that a container has to end.
    pub(super) fn condemn(&mut self, id: &str) {
        self.condemned.insert(id.to_owned());
    }

    /// Somebody wants replicas to be made anew.
    pub(super) fn note_asked(&mut self, replicas: &[String]) {
        self.asked.extend(replicas.iter().cloned());
    }

    /// Whether a container's program has come so far that it is ready.
    pub(super) fn is_up(&self, id: &str, now: u64) -> bool {
        let one = self.seen.iter().find(|one| one.id == id);
        one.and_then(|one| self.starts(one)).is_some_and(|starts| self.age(id, now) >= starts)
    }

    /// An agent lives: it knows what the one before it had accepted.
    pub(super) fn follow(&mut self, status: watch::Receiver<Arc<Document>>) {
        let (generation, before) = (status.borrow().generation, self.in_force.map(|(generation, ..)| generation));
        if generation < before {
            self.break_promise(format!("an agent starts with generation {generation:?} after {before:?}"));
        }
        self.status = Some(status);
    }

    /// From now on the agent must do nothing at all, or may act again.
    pub(super) fn bar(&mut self, is_barred: bool) {
        self.is_barred = is_barred;
    }

    /// The agent has lost its ledger: that costs back-off, and nothing else.
    pub(super) fn forget_history(&mut self) {
        self.started.clear();
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

    /// How long a container has run.
    pub(super) fn age(&self, id: &str, now: u64) -> u64 {
        self.begun.get(id).map_or(0, |begun| now.saturating_sub(*begun))
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

    /// From now on a container that is not ours has this name, or has it no more.
    pub(super) fn note_usurper(&mut self, name: &str, is_there: bool) {
        if is_there {
            self.usurpers.insert(name.to_owned());
        } else {
            self.usurpers.remove(name);
        }
    }

    /// The names of all pods of ours.
    pub(super) fn pods(&self) -> Vec<String> {
        let pods: BTreeSet<&String> = self.seen.iter().map(|one| &one.pod).collect();
        pods.into_iter().cloned().collect()
    }

    /// Writes a line of what happened.
    pub(super) fn note(&mut self, line: &str, now: u64) {
        if self.journal.back().is_some_and(|last| last.ends_with(line)) {
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
        let verb = line.split(' ').next().unwrap_or_default();
        let object = line.rsplit(' ').next().unwrap_or_default();
        let is_action =
            ["make", "start", "stop", "remove", "swap", "signal", "rename", "limit", "connect"].contains(&verb);
        if is_action {
            self.tally.action(&words(line));
            self.last_action = now;
            self.note_availability(now, sick);
            self.judge(verb, line, object, (now, sick));
        }
        self.keep_claims(glimpse);
        self.seen = list(glimpse);
        self.note_ages(now);
        self.note_availability(now, sick);
        self.one_of_each();
    }

    fn break_promise(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    fn look_at_plan(&mut self, now: u64) {
        let Some(generation) = self.status.as_ref().and_then(|status| status.borrow().generation) else { return };
        let before = self.in_force.map_or(0, |(generation, ..)| generation);
        if generation < before {
            self.break_promise(format!("generation {generation} came into force after {before}"));
        } else if generation > before {
            self.in_force = Some((generation, before, now));
        }
        if !self.promises.contains_key(&generation) {
            self.break_promise(format!("generation {generation} is in force, and nobody published it"));
        }
    }

    /// What a claim holds outlives everything that happens here: no plan of these worlds lets it go.
    fn keep_claims(&mut self, glimpse: Glimpse<'_>) {
        let there: BTreeSet<&str> = glimpse.volumes().filter(|name| name.ends_with(".data")).collect();
        if let Some(lost) = self.claims.iter().find(|name| !there.contains(name.as_str())) {
            let what = format!("the data of {lost} are gone");
            self.break_promise(what);
        }
        self.claims.extend(there.into_iter().map(str::to_owned));
    }

    fn note_ages(&mut self, now: u64) {
        let running: BTreeSet<&str> =
            self.seen.iter().filter(|one| one.is_alive()).map(|one| one.id.as_str()).collect();
        self.begun.retain(|id, _| running.contains(id.as_str()));
        for one in self.seen.iter().filter(|one| one.runs()) {
            self.begun.entry(one.id.clone()).or_insert(now);
        }
    }

    fn plan(&self) -> Option<&Promised> {
        self.promises.get(&self.in_force?.0)
    }

    /// Whether a replica is there for its users.
    fn is_available(&self, replica: &str, now: u64, sick: &[String]) -> bool {
        self.is_available_beside(None, replica, now, sick)
    }

    /// Whether a replica is there for its users by another pod than this one.
    fn is_available_beside(&self, left_out: Option<&str>, replica: &str, now: u64, sick: &[String]) -> bool {
        let containers = self.plan().and_then(|plan| plan.replicas.get(replica)).map_or(1, |one| one.containers);
        let others = self.of(replica).filter(|one| Some(one.pod.as_str()) != left_out);
        let pods: BTreeSet<&String> = others.map(|one| &one.pod).collect();
        let is_ready = |one: &&Seen| {
            let is_up = || self.starts(one).is_some_and(|starts| self.age(&one.id, now) >= starts);
            one.runs() && one.is_connected && self.is_hooked(one) && is_up()
        };
        let in_pod = |pod: &String| self.of(replica).filter(|one| one.pod == *pod).filter(is_ready).count();
        !sick.iter().any(|one| one == replica) && pods.into_iter().any(|pod| in_pod(pod) >= containers)
    }

    /// How long a container takes to become ready: only the main one has probes.
    fn starts(&self, one: &Seen) -> Option<u64> {
        let program = self.programs.get(&one.revision).copied().flatten()?;
        Some(if one.is_main() { program.starts } else { 0 })
    }

    fn is_hooked(&self, one: &Seen) -> bool {
        let program = self.programs.get(&one.revision).copied().flatten();
        one.is_hooked || !one.is_main() || program.is_none_or(|program| !program.has_hook)
    }

    /// When the last container of a replica that is there became ready.
    fn ready_at(&self, replica: &str) -> u64 {
        let ready = |one: &Seen| Some(self.begun.get(&one.id)? + self.starts(one)?);
        self.of(replica).filter_map(ready).max().unwrap_or(u64::MAX)
    }

    /// How the containers of a replica are.
    fn tell(&self, replica: &str, now: u64) -> Vec<String> {
        let told = |one: &Seen| {
            let (age, starts) = (self.age(&one.id, now), self.starts(one));
            format!("{} {:?} for {age} ms, ready after {starts:?}, connected {}", one.name, one.state, one.is_connected)
        };
        self.of(replica).map(told).collect()
    }

    fn of<'a>(&'a self, replica: &'a str) -> impl Iterator<Item = &'a Seen> {
        self.seen.iter().filter(move |one| one.replica == replica)
    }

    fn note_availability(&mut self, now: u64, sick: &[String]) {
        let Some(plan) = self.plan() else { return };
        let wanted: Vec<String> = plan.replicas.keys().cloned().collect();
        self.missing_since.retain(|replica, _| wanted.contains(replica));
        self.there_since.retain(|replica, _| wanted.contains(replica));
        for replica in wanted {
            if self.is_available(&replica, now, sick) {
                self.missing_since.remove(&replica);
                self.taken.remove(&replica);
                let since = self.ready_at(&replica).min(now);
                self.there_since.entry(replica).or_insert(since);
            } else {
                self.there_since.remove(&replica);
                self.missing_since.entry(replica).or_insert(now);
            }
        }
    }

    /// Judges what the agent has just done, by what was there before it.
    fn judge(&mut self, verb: &str, line: &str, object: &str, at: (u64, &[String])) {
        if self.is_barred {
            self.break_promise(format!("`{line}`, and the state is not this agent's to act on"));
        }
        if line.contains("foreign") || self.usurpers.contains(object) {
            self.break_promise(format!("what is not ours was touched: {line}"));
        }
        match verb {
            "remove" => self.judge_removal(line, object),
            "stop" => self.judge_stop(object, at),
            "start" => {
                self.judge_start(object, at.0);
                self.judge_order(object);
            }
            _ => {}
        }
    }

    /// Nothing that runs is removed: it is asked to end first.
    fn judge_removal(&mut self, line: &str, object: &str) {
        let alive = self.seen.iter().find(|one| (one.pod == object || one.name == object) && one.is_alive());
        if let Some(one) = alive {
            let what = format!("`{line}` while {} was {:?}", one.name, one.state);
            self.break_promise(what);
        }
    }

    /// No more replicas are missing by the agent's doing than the workload allows.
    fn judge_stop(&mut self, container: &str, at: (u64, &[String])) {
        let (now, sick) = at;
        let Some(replica) = self.seen.iter().find(|one| one.name == container).map(|one| one.replica.clone()) else {
            return;
        };
        let (Some(plan), Some((_, before, since))) = (self.plan(), self.in_force) else { return };
        let Some(promised) = plan.replicas.get(&replica) else { return };
        if !self.is_available(&replica, now, sick) || self.has_another_pod(&replica, container, now, sick) {
            return;
        }
        let one = self.seen.iter().find(|one| one.name == container);
        if one.is_some_and(|one| self.condemned.contains(&one.id)) {
            // A sick container is restarted whatever the budget says, as in Kubernetes.
            self.taken.insert(replica);
            return;
        }
        if let Some(one) = one.filter(|one| now > since + KNOWN && self.is_as_planned(one, promised)) {
            let what = format!("{} is taken down, and is as the plan says", one.name);
            return self.break_promise(what);
        }
        let mut allowed = promised.may_be_missing;
        if now < since + KNOWN {
            let older = self.promises.get(&before).and_then(|plan| plan.replicas.get(&replica));
            allowed = allowed.max(older.map_or(0, |older| older.may_be_missing));
        }
        let has_folders = self.seen.iter().any(|one| one.name == container && one.has_folders);
        if !has_folders || self.asked.contains(&replica) {
            // No copy can be made first: the pod that is made anew has the same name.
            allowed = allowed.max(1);
        }
        let missing: Vec<&String> = plan
            .of(&promised.workload)
            .map(|(name, _)| name)
            .filter(|name| **name != replica && self.is_known_to_be_missing(name, now))
            .collect();
        if missing.len() + 1 > allowed {
            let of_missing: Vec<String> = missing.iter().flat_map(|name| self.tell(name, now)).collect();
            let what = format!(
                "{replica} is taken down while {} are missing, and {allowed} may be: {}",
                missing.len(),
                of_missing.join("; ")
            );
            self.break_promise(what);
        }
        self.taken.insert(replica);
    }

    /// Whether a replica is there for its users without the pod of this container.
    fn has_another_pod(&self, replica: &str, container: &str, now: u64, sick: &[String]) -> bool {
        let pod = self.of(replica).find(|one| one.name == container).map(|one| one.pod.as_str());
        self.is_available_beside(pod, replica, now, sick)
    }

    fn is_known_to_be_missing(&self, replica: &str, now: u64) -> bool {
        let since = self.missing_since.get(replica);
        let is_young = || {
            let revision = &self.plan()?.replicas.get(replica)?.revision.to_string();
            // Beside a copy that comes up, the pod before it counts.
            let is_newest = self.of(replica).all(|one| one.revision == *revision);
            let program = self.programs.get(revision).copied().flatten()?;
            let there = self.there_since.get(replica)?;
            Some(is_newest && now + 1_000 < there + program.min_ready)
        };
        self.taken.contains(replica) || since.is_some_and(|since| since + KNOWN < now) || is_young() == Some(true)
    }

    /// Whether nothing about a container asks for its end.
    fn is_as_planned(&self, one: &Seen, promised: &Replica) -> bool {
        one.revision == promised.revision.to_string()
            && one.has_folders
            && !promised.goes_back
            && !self.asked.contains(&one.replica)
    }

    /// Where all old replicas end first, a new one begins when they have.
    fn judge_order(&mut self, container: &str) {
        let Some(pod) = container.split('.').nth(2).and_then(|replica| Some((replica, self.plan()?))) else {
            return;
        };
        let (replica, plan) = pod;
        let Some(promised) = plan.replicas.get(replica).filter(|promised| promised.is_recreated) else { return };
        let newest = promised.revision.to_string();
        let is_new = self.seen.iter().any(|one| one.name == container && one.revision == newest);
        let is_old = |one: &&Seen| {
            let of_workload = plan.replicas.get(&one.replica).is_some_and(|other| other.workload == promised.workload);
            of_workload && one.is_alive() && one.revision != newest
        };
        if let Some(old) = self.seen.iter().find(is_old).filter(|_| is_new) {
            let what = format!("{container} begins while {} has not ended", old.name);
            self.break_promise(what);
        }
    }

    /// What ends is not started again and again without a pause.
    fn judge_start(&mut self, container: &str, now: u64) {
        let name = container.rsplit_once('.').map_or(container, |(name, _)| name).to_owned();
        let starts = self.started.entry(name).or_default();
        starts.push_back(now);
        starts.retain(|at| at + 60_000 > now);
        if starts.len() > MOST_STARTS {
            let what = format!("{container} is the start number {} within a minute", starts.len());
            self.break_promise(what);
        }
    }

    /// No replica has two pods that run, unless it may.
    fn one_of_each(&mut self) {
        let mut pods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for one in self.seen.iter().filter(|one| one.is_alive()) {
            pods.entry(&one.replica).or_default().insert(&one.pod);
        }
        let may_be_two = |replica: &str| {
            self.promises.values().filter_map(|plan| plan.replicas.get(replica)).any(|one| one.may_be_two)
        };
        let two = pods.into_iter().find(|(replica, pods)| pods.len() > 1 && !may_be_two(replica));
        let two = two.map(|(replica, pods)| format!("{replica} runs twice: {pods:?}"));
        if let Some(what) = two {
            self.break_promise(what);
        }
    }

    /// What the agent says of each replica that is not as it should be.
    pub(super) fn agent_says(&self) -> Vec<String> {
        let Some(status) = self.status.as_ref().map(|status| status.borrow().clone()) else { return Vec::new() };
        let open = status.instances.iter().filter(|one| !one.ready || !one.waits.is_empty());
        let waits = |one: &Instance| -> Vec<String> {
            one.waits.iter().map(|wait| format!("{}: {}", wait.gate, wait.reason)).collect()
        };
        open.map(|one| format!("{} is {}, {:?} ({})", one.replica, one.state, one.last_failure, waits(one).join("; ")))
            .chain(status.warnings.clone())
            .collect()
    }

    /// The replicas that have a pod, and wait for somebody to ask for their new one.
    pub(super) fn behind(&self) -> Vec<String> {
        let Some(plan) = self.plan() else { return Vec::new() };
        let is_behind = |one: &&Seen| {
            let promised = plan.replicas.get(&one.replica).filter(|promised| promised.is_on_delete);
            promised.is_some_and(|promised| promised.revision.to_string() != one.revision)
        };
        let behind: BTreeSet<&String> = self.seen.iter().filter(is_behind).map(|one| &one.replica).collect();
        behind.into_iter().cloned().collect()
    }

    /// What is not as the newest plan says.
    pub(super) fn differences(&mut self, now: u64) -> Vec<String> {
        self.look_at_plan(now);
        let newest = self.promises.iter().next_back();
        let Some((generation, plan)) = newest else { return Vec::new() };
        let mut found = Vec::new();
        if self.in_force.map(|(generation, ..)| generation) != Some(*generation) {
            found.push(format!("generation {:?} is in force instead of {generation}", self.in_force));
        }
        for (replica, promised) in &plan.replicas {
            let running: Vec<&Seen> = self.of(replica).filter(|one| one.runs()).collect();
            let revision = promised.revision.to_string();
            let pods: BTreeSet<&str> = self.of(replica).map(|one| one.pod.as_str()).collect();
            let right = running.iter().filter(|one| one.revision == revision).count();
            if right != promised.containers || running.len() != right || pods.len() != 1 {
                found.push(format!("{replica}: {right} of {} containers run in {pods:?}", promised.containers));
            }
        }
        let extra = self.seen.iter().find(|one| !plan.replicas.contains_key(&one.replica));
        found.extend(extra.map(|one| format!("{} is there", one.pod)));
        found
    }
}

/// The words of a line without the names.
fn words(line: &str) -> String {
    line.split(' ').take_while(|word| !word.contains('.') && !word.starts_with('/')).collect::<Vec<_>>().join(" ")
}
