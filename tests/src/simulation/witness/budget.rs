//! How many replicas of a workload are taken down, and how many have a copy.

use std::collections::BTreeSet;

use super::{At, KNOWN, Replica, Seen, Witness};

/// How long it takes at most from when a pod is asked to end to when its last container is: hooks have its grace, and a slow
/// Podman takes its time.
const HOOKS: u64 = 40_000;

impl Witness {
    /// A pod is asked to end. Whether its replica needs it is judged now: while its hooks run, what stands beside it may end by
    /// itself.
    pub(super) fn note_end_of_pod(&mut self, pod: &str, at: At<'_>) {
        let one = self.seen.iter().find(|one| one.pod == pod);
        if one.is_some_and(|one| self.is_available_beside(Some(pod), &one.replica, at)) {
            self.unneeded.insert(pod.to_owned(), at.0);
        }
    }

    /// No more replicas are missing by the agent's doing than the workload allows.
    pub(super) fn judge_stop(&mut self, container: &str, at: At<'_>) {
        let (now, _) = at;
        let Some(one) = self.named(container).cloned() else { return };
        let Some((promised, older)) = self.promised(&one.replica, now) else { return };
        let was_unneeded = |since: &u64| *since >= self.begins && now <= since + HOOKS;
        if self.unneeded.get(&one.pod).is_some_and(was_unneeded)
            || self.was_unwanted(&one.replica, self.begun_to_end(&one.pod, now))
            || !self.is_available(&one.replica, at)
            || self.is_available_beside(Some(&one.pod), &one.replica, at)
        {
            return;
        }
        let is_condemned = self.condemned.contains(&one.id);
        let is_known = self.in_force.is_some_and(|(.., since)| now > since + KNOWN);
        let broken = if is_condemned {
            // A sick container is restarted whatever the budget says, as in Kubernetes.
            None
        } else if is_known && self.is_as_planned(&one, promised) {
            Some(format!("{} is taken down, and is as the plan says", one.name))
        } else {
            self.too_many_missing(&one, (promised, older), now)
        };
        broken.into_iter().for_each(|what| self.break_promise(what));
        self.taken.insert(one.replica);
    }

    fn too_many_missing(
        &self,
        one: &Seen,
        (promised, older): (&Replica, Option<&Replica>),
        now: u64,
    ) -> Option<String> {
        let mut allowed = promised.may_be_missing.max(older.map_or(0, |older| older.may_be_missing));
        if !one.has_folders || self.asked.contains(&one.replica) {
            // No copy can be made first: the pod that is made anew has the same name.
            allowed = allowed.max(1);
        }
        let others = self.plan()?.of(&promised.workload).map(|(name, _)| name).filter(|name| **name != one.replica);
        let begun = self.begun_to_end(&one.pod, now);
        let missing: Vec<&String> = others.filter(|name| self.is_known_to_be_missing(name, begun)).collect();
        (missing.len() >= allowed).then(|| {
            let of_missing: Vec<String> = missing.iter().flat_map(|name| self.tell(name, now)).collect();
            let (replica, count) = (&one.replica, missing.len());
            let of_missing = of_missing.join("; ");
            format!("{replica} is taken down while {count} are missing, and {allowed} may be: {of_missing}")
        })
    }

    /// When it was decided that a pod ends, whose containers are being stopped: what others lose while its hooks run cannot
    /// call it back.
    fn begun_to_end(&self, pod: &str, now: u64) -> u64 {
        let since = self.stopping.get(pod).copied();
        since.filter(|since| *since >= self.begins && now <= since + HOOKS).unwrap_or(now)
    }

    /// Whether the plan did not have a replica when its end began: another plan cannot call it back.
    fn was_unwanted(&self, replica: &str, begun: u64) -> bool {
        let Some((_, before, since)) = self.in_force else { return false };
        begun < since && self.promises.get(&before).is_some_and(|plan| !plan.replicas.contains_key(replica))
    }

    fn is_known_to_be_missing(&self, replica: &str, now: u64) -> bool {
        let since = self.missing_since.get(replica);
        let is_young = || {
            let revision = &self.plan()?.replicas.get(replica)?.revision;
            // Beside a copy that comes up, the pod before it counts.
            let is_newest = self.of(replica).all(|one| one.revision == *revision);
            let program = self.programs.get(revision).copied().flatten()?;
            let there = self.there_since.get(replica)?;
            Some(is_newest && *there <= now && now + 1_000 < there + program.min_ready)
        };
        self.taken.contains(replica) || since.is_some_and(|since| since + KNOWN < now) || is_young() == Some(true)
    }

    /// Whether nothing about a container asks for its end.
    fn is_as_planned(&self, one: &Seen, promised: &Replica) -> bool {
        one.revision == promised.revision
            && one.has_folders
            && !promised.goes_back
            && !self.asked.contains(&one.replica)
    }

    /// No more copies stand beside old pods than the plan allows.
    pub(super) fn judge_copy(&mut self, replica: &str, now: u64) {
        let Some((promised, older)) = self.promised(replica, now) else { return };
        let Some((_, before, since)) = self.in_force else { return };
        let is_unknown = now < since + KNOWN && !self.promises.contains_key(&before);
        let copies = promised.copies.max(older.map_or(0, |older| older.copies));
        if is_unknown || copies == usize::MAX || self.of(replica).next().is_none() {
            return;
        }
        let has_two = |name: &&String| {
            let pods: BTreeSet<&String> = self.of(name).map(|one| &one.pod).collect();
            **name != replica && pods.len() > 1
        };
        let Some(plan) = self.plan() else { return };
        let others: Vec<&String> = plan.of(&promised.workload).map(|(name, _)| name).filter(has_two).collect();
        if others.len() >= copies {
            let what = format!("{replica} gets a copy beside those of {others:?}, and {copies} may be");
            self.break_promise(what);
        }
    }

    /// No replica has two pods that run, unless it may.
    pub(super) fn one_of_each(&mut self) {
        let mut alive: Vec<(&str, &str)> = Vec::new();
        for one in self.seen.iter().filter(|one| one.is_alive()) {
            alive.push((&one.replica, &one.pod));
        }
        alive.sort_unstable();
        alive.dedup();
        let may_be_two = |replica: &str| {
            self.promises.values().filter_map(|plan| plan.replicas.get(replica)).any(|one| one.may_be_two)
        };
        let two = alive.windows(2).find(|two| two[0].0 == two[1].0 && !may_be_two(two[0].0));
        if let Some(what) = two.map(|two| format!("{} runs twice: {} and {}", two[0].0, two[0].1, two[1].1)) {
            self.break_promise(what);
        }
    }
}
