//! What is not as the newest plan says, and what the agent says about it.

use std::collections::{BTreeMap, BTreeSet};

use wlagent::status::document::Instance;

use super::{Replica, Seen, Witness};
use crate::simulation::service::LIVENESS_FAILURES;

impl Witness {
    /// What the agent says of each replica that is not as it should be.
    pub(in crate::simulation) fn agent_says(&self) -> Vec<String> {
        let Some(status) = self.status.as_ref().map(|status| status.borrow().clone()) else { return Vec::new() };
        let open = status.instances.iter().filter(|one| !one.ready || !one.waits.is_empty());
        let waits = |one: &Instance| -> Vec<String> {
            one.waits.iter().map(|wait| format!("{}: {}", wait.gate, wait.reason)).collect()
        };
        open.map(|one| format!("{} is {}, {:?} ({})", one.replica, one.state, one.last_failure, waits(one).join("; ")))
            .chain(status.warnings.clone())
            .collect()
    }

    /// What is not as the newest plan says.
    pub(in crate::simulation) fn differences(&mut self, now: u64) -> Vec<String> {
        self.look_at_plan(now);
        let Some((generation, plan)) = self.promises.iter().next_back() else { return Vec::new() };
        let mut found = Vec::new();
        if self.in_force.map(|(generation, ..)| generation) != Some(*generation) {
            found.push(format!("generation {:?} is in force instead of {generation}", self.in_force));
        }
        found.extend(plan.replicas.iter().filter_map(|(replica, promised)| self.difference(replica, promised, now)));
        found.extend(self.leftovers());
        found.extend(self.differences_of_jobs(&plan.works, now));
        let extra = self.seen.iter().find(|one| one.attempt.is_none() && !plan.replicas.contains_key(&one.replica));
        found.extend(extra.map(|one| format!("{} is there", one.pod)));
        found.extend(self.given_up_by_liveness());
        found
    }

    /// A container that its liveness probe has given up: it does not run on. What the agent has forgotten of it, such as by a
    /// pause, it asks again.
    pub(super) fn given_up_by_liveness(&self) -> Option<String> {
        let is_given_up = |one: &&Seen| self.hung.get(&one.id).is_some_and(|bad| *bad >= LIVENESS_FAILURES);
        let one = self.seen.iter().filter(|one| one.runs()).find(is_given_up);
        one.map(|one| format!("{} runs on, and its liveness probe has given it up", one.name))
    }

    fn difference(&self, replica: &str, promised: &Replica, now: u64) -> Option<String> {
        let running: Vec<&Seen> = self.of(replica).filter(|one| one.runs()).collect();
        let pods: BTreeSet<&str> = self.of(replica).map(|one| one.pod.as_str()).collect();
        let right = running.iter().filter(|one| one.revision == promised.revision).count();
        if right != promised.containers || running.len() != right || pods.len() != 1 {
            Some(format!("{replica}: {right} of {} containers run in {pods:?}", promised.containers))
        } else if !self.is_available(replica, (now, &[])) {
            Some(format!("{replica} is not ready"))
        } else {
            self.other_content(replica, promised)
        }
    }

    /// A content of a replica that is another one than the plan asks for.
    fn other_content(&self, replica: &str, promised: &Replica) -> Option<String> {
        let has = |container: &str, path: &str| {
            let one = self.of(replica).find(|one| one.container == container)?;
            one.contents.iter().find(|(at, _)| at.as_str() == path).map(|(_, digest)| digest.to_string())
        };
        let mut contents = promised.contents.iter();
        let other = contents.find(|((container, path), digest)| has(container, path).as_ref() != Some(*digest));
        other.map(|((container, path), _)| format!("{replica}: {container} has another content in {path}"))
    }

    /// What pods and runs of containers have left behind.
    fn leftovers(&self) -> Option<String> {
        let pods: BTreeSet<&str> = self.seen.iter().map(|one| one.pod.as_str()).collect();
        let of_pod = |name: &&String| name.rsplit_once('.').is_some_and(|(pod, _)| pods.contains(pod));
        let volume = self.volumes.iter().filter(|name| !name.ends_with(".data")).find(|name| !of_pod(name));
        let mut runs: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        self.seen.iter().for_each(|one| *runs.entry((&one.pod, &one.container)).or_default() += 1);
        let many = runs.into_iter().find(|(_, count)| *count > 2);
        let many = many.map(|((pod, container), count)| format!("{count} runs of {container} are kept in {pod}"));
        volume.map(|name| format!("the volume {name} is left behind")).or(many)
    }
}
