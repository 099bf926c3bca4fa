//! In which order replicas start, are updated and end.

use std::sync::Arc;

use super::{At, KNOWN, Promised, Seen, Witness};

/// How long a replica has to become ready where its rollout goes back otherwise, in milliseconds.
const DEADLINE: u64 = 59_000;
/// How long a step may take that begins with a look for its images, until it takes a pod down, in milliseconds.
const LOOKED_FOR: u64 = 15_000;

impl Witness {
    /// A replica that never had a pod gets its first one when those that it waits for were ready.
    pub(super) fn judge_first_start(&mut self, replica: &str, now: u64) {
        let (Some(plan), Some((_, before, since))) = (self.plan(), self.in_force) else { return };
        let Some(promised) = plan.replicas.get(replica) else { return };
        let is_new = self.promises.get(&before).is_none_or(|plan| !plan.replicas.contains_key(replica));
        if self.had.contains(replica) || !(is_new || since + KNOWN < now) {
            return;
        }
        if let Some(missing) = promised.starts_after.iter().find(|name| !self.served.contains(*name)) {
            let what = format!("{replica} starts before {missing} is ready");
            self.break_promise(what);
        }
    }

    /// What serves is updated when those that it waits for are of their newest revision.
    pub(super) fn judge_update(&mut self, pod: &str, at: At<'_>) {
        let Some(one) = self.seen.iter().find(|one| one.pod == pod).cloned() else { return };
        let (Some(plan), Some((.., since))) = (self.plan(), self.in_force) else { return };
        let Some(promised) = plan.replicas.get(&one.replica) else { return };
        let is_known = since + KNOWN < at.0;
        let is_update = one.revision != promised.revision && one.has_folders && !self.asked.contains(&one.replica);
        if !is_update || !is_known || !self.has_served_long(&one, at) {
            return;
        }
        let is_old = |name: &&String| {
            let asked = plan.replicas.get(*name).map(|other| &other.revision);
            self.of(name).next().is_some() && self.of(name).all(|other| Some(&other.revision) != asked)
        };
        let old = promised.updated_after.iter().find(is_old);
        let out_of_turn = old.map(|name| format!("{} is updated before {name}", one.replica));
        out_of_turn.into_iter().for_each(|what| self.break_promise(what));
    }

    /// A revision is given up when its replicas have had their time. An agent that begins after the clock has jumped cannot
    /// know that it did.
    pub(super) fn judge_given_up(&mut self, (workload, revision): (&str, &str), now: u64) {
        let Some(since) = self.asked_since.get(&(workload.to_owned(), revision.to_owned())).copied() else { return };
        let is_unaware = self.jumped.is_some_and(|jumped| since <= jumped && jumped <= self.begins);
        if now < since + DEADLINE && !is_unaware {
            self.break_promise(format!("{workload} gives up {revision}, {} ms after it was asked for", now - since));
        }
    }

    /// What serves is taken down for another pod only when the images of that one are there. They are looked for right
    /// before.
    pub(super) fn judge_without_image(&mut self, pod: &str, at: At<'_>) {
        let is_away = self.no_image_since.is_some_and(|since| since + LOOKED_FOR < at.0);
        let Some(one) = self.seen.iter().find(|one| one.pod == pod).filter(|_| is_away) else { return };
        let (Some(plan), Some((_, before, since))) = (self.plan(), self.in_force) else { return };
        let is_in = |plan: &Promised| plan.replicas.contains_key(&one.replica);
        let was_in = since + KNOWN < at.0 || self.promises.get(&before).is_some_and(|plan| is_in(plan));
        if is_in(plan) && was_in && self.has_served_long(one, at) {
            let what = format!("{} is taken down, and the image that replaces it is away", one.replica);
            self.break_promise(what);
        }
    }

    /// Whether a replica is there by this pod alone, and so long that the agent must know it.
    fn has_served_long(&self, one: &Seen, at: At<'_>) -> bool {
        let since = self.there_since.get(&one.replica);
        self.is_available(&one.replica, at)
            && since.is_some_and(|since| since + KNOWN < at.0)
            && self.of(&one.replica).all(|own| own.pod == one.pod)
    }

    /// Where all old replicas end first, a new one begins when they have. A step of a plan that asked for another way may be
    /// under way still; and what such a plan made stays, and its containers run again when they end.
    pub(super) fn judge_recreated(&mut self, container: &str, now: u64) {
        let (Some(plan), Some(one)) = (self.plan(), self.named(container)) else { return };
        let Some((promised, older)) = self.promised(&one.replica, now) else { return };
        let has_begun = !container.ends_with(".0");
        if has_begun || !promised.is_recreated || older.is_some_and(|older| !older.is_recreated) {
            return;
        }
        let is_old = |other: &&Seen| {
            let of_workload = plan.replicas.get(&other.replica).is_some_and(|of| of.workload == promised.workload);
            of_workload && other.is_alive() && other.revision != promised.revision
        };
        let old = self.seen.iter().find(is_old).filter(|_| one.revision == promised.revision);
        if let Some(what) = old.map(|old| format!("{container} begins while {} has not ended", old.name)) {
            self.break_promise(what);
        }
    }

    /// The replicas that wait for the volume of a claim which the plan knows of and this node never had: their workload went
    /// before it came so far. Somebody has to say that they begin with empty ones.
    pub(in crate::simulation) fn without_claim(&self) -> Vec<(String, String)> {
        let Some(status) = self.status.as_ref().map(|status| Arc::clone(&status.borrow())) else { return Vec::new() };
        let waits = status.instances.iter().filter(|one| one.waits.iter().any(|wait| wait.gate == "claim"));
        let named = waits.filter_map(|one| Some((one.replica.to_string(), one.workload.as_ref()?.to_string())));
        named.collect()
    }

    /// The replicas that have a pod, and wait for somebody to ask for their new one.
    pub(in crate::simulation) fn behind(&self) -> Vec<String> {
        let Some(plan) = self.plan() else { return Vec::new() };
        let is_behind = |one: &&Seen| {
            let promised = plan.replicas.get(&one.replica).filter(|promised| promised.is_on_delete);
            promised.is_some_and(|promised| promised.revision != one.revision)
        };
        let mut behind: Vec<String> = self.seen.iter().filter(is_behind).map(|one| one.replica.clone()).collect();
        behind.sort_unstable();
        behind.dedup();
        behind
    }
}
