//! What people write: a fleet of one node with a few services, changed from plan to plan.

use std::collections::BTreeSet;

use super::{
    jobs::Jobs,
    service::{Kind, Service, line},
};
use crate::dice::Dice;

/// Everything that people have written.
#[derive(Debug, Clone)]
pub(super) struct Author {
    pub(super) services: Vec<Service>,
    pub(super) jobs: Jobs,
    /// Services that are no more.
    removed: Vec<Service>,
    /// How many services were ever written: the next one has a name that nobody had.
    written: usize,
    /// Names that were there in an earlier round and are not in this one.
    gone: BTreeSet<String>,
    /// The versions that new services begin with, above the first.
    base: u32,
}

impl Author {
    /// The first files: at least three workloads and ten replicas.
    pub(super) fn new(dice: &mut Dice, seed: u64) -> Self {
        let mut author = Self {
            services: Vec::new(),
            jobs: Jobs::new(seed),
            removed: Vec::new(),
            written: 0,
            gone: BTreeSet::new(),
            base: 0,
        };
        for _ in 0..3 + dice.below(2) {
            author.add(dice);
        }
        while author.replicas() < 10 {
            let at = dice.below(author.services.len());
            author.services[at].replicas += usize::from(author.services[at].kind != Kind::DaemonSet);
        }
        author
    }

    /// Files of jobs alone.
    pub(super) fn of_jobs(seed: u64) -> Self {
        let (services, removed, gone) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { services, jobs: Jobs::of_each_kind(seed), removed, written: 0, gone, base: 0 }
    }

    fn replicas(&self) -> usize {
        self.services.iter().map(|service| service.replicas).sum()
    }

    fn add(&mut self, dice: &mut Dice) {
        let mut service = Service::new(self.written, &self.services, dice);
        service.be_of_round(self.base);
        self.gone.remove(&service.name);
        self.written += 1;
        self.services.push(service);
    }

    /// Somebody changes something.
    pub(super) fn change(&mut self, dice: &mut Dice) {
        let before = self.services.clone();
        for _ in 0..=dice.below(3) {
            let (count, at) = (self.services.len(), dice.below(self.services.len()));
            match dice.below(12) {
                0 if count > 3 => self.remove(at),
                1 if count < 5 => self.add(dice),
                2 if count < 5 && !self.removed.is_empty() => self.bring_back(dice),
                _ => self.services[at].change(dice),
            }
        }
        self.doubt_new_ones(&before);
    }

    /// A new revision has no canaries yet that could have been found good.
    fn doubt_new_ones(&mut self, before: &[Service]) {
        for service in &mut self.services {
            let old = before.iter().find(|old| old.name == service.name);
            if old.is_none_or(|old| old.pod() != service.pod()) {
                service.doubt();
            }
        }
    }

    fn remove(&mut self, at: usize) {
        let gone = self.services.remove(at);
        for service in &mut self.services {
            service.friend = service.friend.take().filter(|friend| *friend != gone.name);
        }
        self.removed.push(gone);
    }

    /// Somebody wants back what was removed.
    fn bring_back(&mut self, dice: &mut Dice) {
        let mut back = self.removed.remove(dice.below(self.removed.len()));
        back.friend = None;
        self.services.push(back);
    }

    /// The last files: at least ten replicas, and none of them is broken.
    pub(super) fn mend(&mut self) {
        let before = self.services.clone();
        self.services.iter_mut().for_each(Service::mend);
        self.jobs.mend();
        self.doubt_new_ones(&before);
    }

    /// The files become what they were in a morning, each thing in a version that was never there.
    pub(super) fn begin_round(&mut self, morning: &Self, base: u32) {
        let names = |author: &Self| -> BTreeSet<String> {
            author.services.iter().chain(&author.removed).map(|service| service.name.clone()).collect()
        };
        let mut gone = &self.gone | &names(self);
        let jobs = self.jobs.begin_round(&morning.jobs, base);
        *self = Self { jobs, base, ..morning.clone() };
        self.services.iter_mut().for_each(|service| service.be_of_round(base));
        gone.retain(|name| !names(self).contains(name));
        self.gone = gone;
    }

    /// The files as one text.
    pub(super) fn text(&self) -> String {
        let mut text = "fleet \"f\" { host-ports \"20000-29999\"; }\nnode \"n\"\n".to_owned();
        for name in self.removed.iter().map(|service| &service.name).chain(&self.gone) {
            line(&mut text, &format!("removed \"{name}\""));
        }
        for service in &self.services {
            service.write(&mut text);
        }
        self.jobs.write(&mut text);
        text
    }
}
