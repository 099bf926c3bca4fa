//! Which replicas are there for their users, and since when.

use std::sync::Arc;

use super::{At, Seen, Witness};

impl Witness {
    /// Whether a container's program has come so far that it is ready.
    pub(in crate::simulation) fn is_up(&self, id: &str, now: u64) -> bool {
        let one = self.seen.iter().find(|one| one.id == id);
        one.and_then(|one| self.starts(one)).is_some_and(|starts| self.age(id, now) >= starts)
    }

    /// How long a container has run.
    pub(super) fn age(&self, id: &str, now: u64) -> u64 {
        self.begun.get(id).map_or(0, |begun| now.saturating_sub(*begun))
    }

    /// Whether a replica is there for its users.
    pub(super) fn is_available(&self, replica: &str, at: At<'_>) -> bool {
        self.is_available_beside(None, replica, at)
    }

    /// Whether a replica is there for its users by another pod than this one.
    pub(super) fn is_available_beside(&self, left_out: Option<&str>, replica: &str, (now, sick): At<'_>) -> bool {
        if sick.iter().any(|one| one == replica) {
            return false;
        }
        let containers = self.plan().and_then(|plan| plan.replicas.get(replica)).map_or(1, |one| one.containers);
        let is_ready = |one: &Seen| {
            let is_up = || self.starts(one).is_some_and(|starts| self.age(&one.id, now) >= starts);
            one.runs() && one.is_connected && self.is_hooked(one) && is_up()
        };
        let mut pods = self.seen_of(replica).chunk_by(|one, other| one.pod == other.pod);
        pods.any(|pod| {
            Some(pod[0].pod.as_str()) != left_out && pod.iter().filter(|one| is_ready(one)).count() >= containers
        })
    }

    /// How long a container takes to become ready: only the main one has probes.
    pub(super) fn starts(&self, one: &Seen) -> Option<u64> {
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
    pub(super) fn tell(&self, replica: &str, now: u64) -> Vec<String> {
        let told = |one: &Seen| {
            let (age, starts) = (self.age(&one.id, now), self.starts(one));
            format!("{} {:?} for {age} ms, ready after {starts:?}, connected {}", one.name, one.state, one.is_connected)
        };
        self.of(replica).map(told).collect()
    }

    pub(super) fn note_availability(&mut self, now: u64, sick: &[String]) {
        let Some(plan) = self.plan().map(Arc::clone) else { return };
        self.missing_since.retain(|replica, _| plan.replicas.contains_key(replica));
        self.there_since.retain(|replica, _| plan.replicas.contains_key(replica));
        for replica in plan.replicas.keys() {
            if self.is_available(replica, (now, sick)) {
                self.missing_since.remove(replica);
                self.taken.remove(replica);
                if !self.there_since.contains_key(replica) {
                    self.served.insert(replica.clone());
                    self.there_since.insert(replica.clone(), self.ready_at(replica).min(now));
                }
            } else {
                self.there_since.remove(replica);
                if !self.missing_since.contains_key(replica) {
                    self.missing_since.insert(replica.clone(), now);
                }
            }
        }
    }
}
