//! Holds each thing that the agent does against what is promised.

use wlagent::podman::simulated::Glimpse;

use super::{At, Witness};
use crate::simulation::seen::Attempt;

/// How often a container of a pod may be started within a minute.
const MOST_STARTS: usize = 5;
/// How often Podman may be asked to change something within a minute.
const MOST_CALLS: usize = 600;
/// How long a task may be under way that was decided on before a revision was given up, in milliseconds.
const UNDER_WAY: u64 = 60_000;
/// How long a pod that is asked to end has for it at least, in milliseconds: its grace counts from when Podman is asked, and a
/// slow one takes 5 s until it notes that.
const GRACE: u64 = 15_000;
/// How long it takes at most from when a pod is removed to when it is made anew by the same task, in milliseconds.
const ANEW: u64 = 30_000;
/// How long a container has that ends alone, when its hook before that is over.
const ALONE: u64 = 16_500;

impl Witness {
    /// Podman is asked for something. Looking costs nothing, and probes have a pace of their own.
    pub(in crate::simulation) fn called(&mut self, call: &str, now: u64) {
        if ["observe", "run a command"].contains(&call) {
            return;
        }
        self.calls.push_back(now);
        while self.calls.front().is_some_and(|at| at + 60_000 < now) {
            self.calls.pop_front();
        }
        if self.calls.len() > MOST_CALLS {
            self.break_promise(format!("Podman was asked for {} things within a minute", self.calls.len()));
        }
    }

    /// Judges what the agent has just done, by what was there before it.
    pub(super) fn judge(&mut self, line: &str, at: At<'_>, glimpse: Glimpse<'_>) {
        let words: Vec<&str> = line.split(' ').collect();
        let object = words.last().copied().unwrap_or_default();
        if self.is_barred {
            self.break_promise(format!("`{line}`, and the state is not this agent's to act on"));
        }
        if line.contains("foreign") || self.usurpers.contains(object) {
            self.break_promise(format!("what is not ours was touched: {line}"));
        }
        match words[..] {
            ["remove", ..] => {
                self.judge_removal(line, object);
                self.note_removal(object, at.0);
            }
            ["stop", container] => {
                self.judge_stop(container, at);
                self.note_stop(container, at.0);
            }
            ["begin", "to", "stop", pod] => {
                self.stopping.insert(pod.to_owned(), at.0);
                self.note_end_of_pod(pod, at);
                self.judge_update(pod, at);
                self.judge_without_image(pod, at);
            }
            ["start", container] => {
                self.judge_start(container, at.0);
                self.judge_recreated(container, at.0);
                self.judge_run(container, at.0);
            }
            ["make", "pod", pod] => self.judge_pod(pod, at.0, glimpse),
            ["signal", container, _] => self.signalled = Some((container.to_owned(), at.0)),
            ["swap", path, "of", container, "in", pod] => self.judge_swap((pod, container, path), at.0),
            _ => {}
        }
    }

    fn judge_pod(&mut self, pod: &str, now: u64, glimpse: Glimpse<'_>) {
        let Some(labels) = glimpse.pod(pod) else { return };
        let label = |key: &str| labels.get(key).cloned().unwrap_or_default();
        if let Some(attempt) = Attempt::of(labels) {
            self.judge_attempt(pod, &attempt);
        }
        let (replica, workload) = (label("dev.wlc.replica"), label("dev.wlc.workload"));
        self.judge_first_start(&replica, now);
        self.judge_copy_or_anew(pod, &replica, now);
        // A pod that is made anew begins its back-off anew.
        self.started.retain(|name, _| name.rsplit_once('.').is_none_or(|(of, _)| of != pod));
        // What waits for its turn to go back is made anew as it was, where it is lost.
        let is_another = self.made.insert(replica, pod.to_owned()).is_some_and(|last| last != pod);
        let given_up = self.given_up.get(&workload).filter(|(_, since)| since + UNDER_WAY < now);
        let is_given_up = given_up.is_some_and(|(revision, _)| *revision == label("dev.wlc.revision"));
        if is_given_up && is_another && !self.has_forgotten {
            self.break_promise(format!("{pod} is made, and its revision was given up"));
        }
    }

    /// What was lost beside its copy, or as one, is made anew where it was: that is no other copy.
    pub(super) fn judge_copy_or_anew(&mut self, pod: &str, replica: &str, now: u64) {
        let is_anew = self.one_of_two.remove(pod).is_some_and(|since| now < since + ANEW);
        if !is_anew {
            self.judge_copy(replica, now);
        }
    }

    /// Nothing that runs is removed: it is asked to end first.
    fn judge_removal(&mut self, line: &str, object: &str) {
        let alive = self.seen.iter().find(|one| (one.pod == object || one.name == object) && one.is_alive());
        if let Some(what) = alive.map(|one| format!("`{line}` while {} was {:?}", one.name, one.state)) {
            self.break_promise(what);
        }
        self.stopping.remove(object);
        self.unneeded.remove(object);
    }

    pub(super) fn note_removal(&mut self, object: &str, now: u64) {
        let Some(one) = self.seen.iter().find(|one| one.pod == object) else { return };
        if self.of(&one.replica).any(|other| other.pod != object) {
            self.one_of_two.insert(object.to_owned(), now);
        }
    }

    fn note_stop(&mut self, container: &str, now: u64) {
        let pod = self.named(container).map(|one| one.pod.clone());
        if pod.is_some_and(|pod| !self.stopping.contains_key(&pod)) {
            self.stopping.insert(container.to_owned(), now);
        }
    }

    /// What was asked to end is killed when its grace is over.
    pub(super) fn judge_kill(&mut self, container: &str, now: u64) {
        let pod = self.named(container).map(|one| one.pod.as_str()).unwrap_or_default();
        // What was being stopped alone when its pod began to stop ends by the grace that it has already.
        let alone = self.stopping.get(container).map(|since| (*since, ALONE));
        let stopping = alone.or_else(|| Some((*self.stopping.get(pod)?, GRACE)));
        let has_jumped = |since: u64| self.jumped.is_some_and(|jumped| jumped >= since);
        let early = stopping.filter(|(since, grace)| now < since + grace && !has_jumped(*since));
        if let Some((since, _)) = early {
            self.break_promise(format!("{container} is killed {} ms after its stop began", now - since));
        }
    }

    /// A container is told of a content that was swapped, where it wants to be.
    fn judge_swap(&mut self, (pod, container, path): (&str, &str, &str), now: u64) {
        let mut own = self.seen.iter().filter(|one| one.pod == pod && one.container == container);
        let Some(one) = own.find(|one| one.runs()) else { return };
        let promised = self.plan().and_then(|plan| plan.replicas.get(&one.replica));
        let place = (container.to_owned(), path.to_owned());
        let is_wanted = promised.is_some_and(|it| it.revision == one.revision && it.signalled.contains(&place));
        let is_told = self.signalled.as_ref().is_some_and(|(name, at)| *name == one.name && *at == now);
        if is_wanted && !is_told {
            self.break_promise(format!("{pod}: {container} is not told of its new content"));
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
}
