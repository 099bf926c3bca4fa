//! Jobs and cron jobs as people write them, and what they change in them.

use std::{collections::BTreeSet, fmt::Write as _};

use super::service::line;
use crate::dice::Dice;

/// Keeps what is thrown for jobs apart from what is thrown for services.
const OWN: u64 = 0x10b5;

/// The jobs and cron jobs of a world.
#[derive(Debug, Clone)]
pub(super) struct Jobs {
    all: Vec<Job>,
    /// Names of jobs that are no more.
    removed: Vec<String>,
    written: usize,
    /// Names that were there in an earlier round and are not in this one.
    gone: BTreeSet<String>,
    /// The run that new jobs begin with.
    base: u32,
}

/// A job or cron job.
#[derive(Debug, Clone)]
struct Job {
    name: String,
    /// What it is, in the first line behind its name.
    kind: Kind,
    /// The word for its run, and its version.
    run: u32,
    parallelism: usize,
    is_suspended: bool,
    /// Lines of its body that say what failures and time mean.
    rules: Vec<&'static str>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// So many, or any.
    Job(Option<usize>),
    /// What happens when the run before has not ended.
    Cron(&'static str),
}

const RULES: [&[&str]; 7] = [
    &["backoff-limit 3"],
    &["backoff-limit 0"],
    &["deadline \"4m\""],
    &["backoff-limit-per-index 1", "max-failed-indexes 1"],
    &["on-exit 42 action=\"ignore\"", "backoff-limit 2"],
    &["on-exit 42 action=\"fail-job\"", "deadline \"3m\""],
    &["on-lost \"fail\"", "ttl \"2m\""],
];
const CRON_RULES: [&[&str]; 4] = [
    &["backoff-limit 1"],
    &["starting-deadline \"1m\"", "backoff-limit 0"],
    &["deadline \"3m\"", "history succeeded=2 failed=2"],
    &["history succeeded=0 failed=1", "backoff-limit 1"],
];
/// From this run on it is a long life, in which few older revisions are kept.
const LONG: u32 = 1_000;
const CONCURRENCY: [&str; 3] = ["allow", "forbid", "replace"];

impl Jobs {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ OWN);
        let mut jobs = Self { all: Vec::new(), removed: Vec::new(), written: 0, gone: BTreeSet::new(), base: 0 };
        for _ in 0..1 + dice.below(2) {
            jobs.add_job(&mut dice);
        }
        jobs.add_cron(&mut dice);
        jobs
    }

    /// An indexed job, one of any number, two more, and cron jobs that forbid and that replace.
    pub(super) fn of_each_kind(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ OWN);
        let mut jobs = Self { all: Vec::new(), removed: Vec::new(), written: 0, gone: BTreeSet::new(), base: 0 };
        for kind in
            [Kind::Job(Some(5)), Kind::Job(None), Kind::Job(Some(1)), Kind::Cron("forbid"), Kind::Cron("replace")]
        {
            match kind {
                Kind::Job(_) => jobs.add_job(&mut dice),
                Kind::Cron(_) => jobs.add_cron(&mut dice),
            }
            let job = jobs.all.last_mut().expect("one was added");
            // What is for one number alone belongs to numbers.
            if matches!(kind, Kind::Job(None)) {
                job.rules.retain(|rule| !rule.contains("index"));
            }
            job.kind = kind;
        }
        jobs
    }

    fn name(&mut self) -> String {
        self.written += 1;
        let name = format!("j{}", self.written - 1);
        self.gone.remove(&name);
        name
    }

    fn add_job(&mut self, dice: &mut Dice) {
        let count = [Some(1), Some(2), Some(3), Some(5), None][dice.below(5)];
        let rules = RULES[dice.below(RULES.len())].iter();
        // What is for one number alone belongs to numbers.
        let rules = rules.filter(|rule| count.is_some() || !rule.contains("index")).copied().collect();
        let (name, kind, parallelism) = (self.name(), Kind::Job(count), 1 + dice.below(3));
        self.all.push(Job { name, kind, run: self.base, parallelism, is_suspended: false, rules });
    }

    fn add_cron(&mut self, dice: &mut Dice) {
        let (name, kind) = (self.name(), Kind::Cron(CONCURRENCY[dice.below(3)]));
        let rules = CRON_RULES[dice.below(CRON_RULES.len())].to_vec();
        self.all.push(Job { name, kind, run: self.base, parallelism: 1, is_suspended: false, rules });
    }

    /// Somebody changes something.
    pub(super) fn change(&mut self, seed: u64) {
        let mut dice = Dice::new(seed ^ OWN);
        let at = dice.below(self.all.len());
        match dice.below(8) {
            0 if self.all.len() > 2 => self.removed.push(self.all.remove(at).name),
            1 if self.all.len() < 5 => self.add_job(&mut dice),
            2 if self.all.len() < 5 => self.add_cron(&mut dice),
            3 | 4 => self.all[at].is_suspended ^= true,
            5 => self.all[at].parallelism = 1 + dice.below(3),
            _ => self.all[at].run += 1,
        }
    }

    /// What they were in a morning, each with a run that was never there.
    pub(super) fn begin_round(&self, morning: &Self, base: u32) -> Self {
        let mut jobs = Self { base, ..morning.clone() };
        jobs.all.iter_mut().for_each(|job| job.run += base);
        let names = |jobs: &Self| -> BTreeSet<String> {
            jobs.all.iter().map(|job| &job.name).chain(&jobs.removed).cloned().collect()
        };
        let there = names(&jobs);
        jobs.gone = &(&self.gone | &names(self)) - &there;
        jobs
    }

    /// The last files: jobs run, and cron jobs begin nothing more.
    pub(super) fn mend(&mut self) {
        for job in &mut self.all {
            job.is_suspended = matches!(job.kind, Kind::Cron(_));
        }
    }

    pub(super) fn write(&self, text: &mut String) {
        for name in self.removed.iter().chain(&self.gone) {
            line(text, &format!("removed \"{name}\""));
        }
        self.all.iter().for_each(|job| job.write(text));
    }
}

impl Job {
    fn write(&self, text: &mut String) {
        let Self { name, kind, run, parallelism, is_suspended, rules } = self;
        match kind {
            Kind::Job(Some(count)) => {
                line(
                    text,
                    &format!("job \"{name}\" completions={count} parallelism={parallelism} mode=\"indexed\" {{"),
                );
                line(text, &format!("    run \"r{run}\""));
            }
            Kind::Job(None) => {
                line(text, &format!("job \"{name}\" completions=\"any\" parallelism={parallelism} {{"));
                line(text, &format!("    run \"r{run}\""));
            }
            Kind::Cron(concurrency) => {
                line(text, &format!("cron-job \"{name}\" schedule=\"*/2 * * * *\" {{"));
                line(text, &format!("    concurrency \"{concurrency}\""));
            }
        }
        if *run >= LONG {
            line(text, "    revisions 2");
        }
        rules.iter().for_each(|rule| line(text, &format!("    {rule}")));
        if *is_suspended {
            line(text, "    suspend");
        }
        line(text, "    grace \"20s\"");
        write!(text, "    container \"main\" image=\"app\" pull=\"never\" {{ env {{ RUN \"{run}\"; }}; }}\n}}\n")
            .expect("writing to a string cannot fail");
    }
}
