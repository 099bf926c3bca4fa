//! The loop: waits for a reason, makes one pass, sleeps until the next is due.
//!
//! Reasons only wake it, and several merge into one pass. A container that died wakes it at once; the answer of a probe
//! does so only where it changes a verdict.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until};
use wlc_plan::quantity::Millis;

use crate::{
    agent::Agent,
    cleaning::Cleaned,
    clock::Moment,
    mutant::{self, Mutant},
    probes::{due::Question, verdict::Answer},
    source::Watching,
    status::document::Document,
    tasks::Finished,
    words::Word,
};

/// There is a pass as often as this, whatever happens: so an event that was lost holds nothing up for long.
const RESCAN: Duration = Duration::from_secs(60);
/// While tasks are under way, passes keep this far apart: each asks Podman for everything, and so takes from the tasks.
const PACE: Duration = Duration::from_millis(100);
/// Who waits for a time of the clock looks as often as this whether the clock has jumped. Probes wake the loop about as often,
/// and where nothing is waited for nothing wakes it.
const GLANCE: Duration = Duration::from_secs(2);

/// Why the loop wakes.
#[derive(Debug)]
pub(crate) enum Wake {
    /// Something happened to a container.
    Podman,
    /// The source may have changed.
    Plans,
    /// A task ended.
    Finished(Finished),
    /// A probe was answered.
    Answered(Question, Answer),
    /// An image was to be removed.
    Cleaned(Cleaned),
    /// Somebody said something.
    Said(Word),
    /// Everything is to be looked at anew.
    Reload,
    /// A pass, a probe or a beat of the heart is due.
    Due,
}

/// What a wake-up asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// A pass.
    Pass,
    /// More sleep.
    Sleep,
}

impl Agent {
    /// Runs until `stop` is ready. Nothing of what runs is stopped with it. The service manager is told.
    pub async fn run(&mut self, stop: impl Future<Output = ()>) {
        let mut watch = self.source.watch(&self.settings.node);
        tokio::pin!(stop);
        loop {
            let next_pass = self.pass().await;
            self.tell_supervisor();
            tokio::select! {
                () = &mut stop => return self.heart.stops(),
                () = self.sleep_until_reason(watch.as_mut(), next_pass) => {}
            }
        }
    }

    /// Sleeps until there is a reason for a pass.
    pub(crate) async fn sleep_until_reason(&mut self, watch: &mut dyn Watching, next_pass: Option<Moment>) {
        // No jump of the clock touches these.
        let rescan = if mutant::is(Mutant::EventsTrusted) { RESCAN * 1_000 } else { RESCAN };
        let (last_pass, rescan) = (Instant::now(), Instant::now() + rescan);
        let mut then = Then::Sleep;
        while then == Then::Sleep {
            let next_probe = self.ask_probes();
            let next = next_pass.into_iter().chain(next_probe).min();
            let wake = self.wait(watch, next, rescan).await;
            self.heart.beat();
            then = self.take(wake, next_pass, rescan);
            if self.jumps.so_far(&self.clock) != 0 && !mutant::is(Mutant::ClockTrusted) {
                then = Then::Pass;
            }
        }
        if !self.tasks.busy().is_empty() {
            sleep_until(last_pass + PACE).await;
            let _merged: Option<()> = self.podman.changes().notified().now_or_never();
        }
        while let Some(wake) = self.more() {
            self.take(wake, None, rescan);
        }
    }

    async fn wait(&mut self, watch: &mut dyn Watching, next: Option<Moment>, rescan: Instant) -> Wake {
        let at = |at| rescan.min(Instant::now() + self.clock.until(at).duration().min(GLANCE));
        let due = next.map_or(rescan, at);
        let due = self.heart.rhythm().map_or(due, |rhythm| due.min(Instant::now() + rhythm));
        tokio::select! {
            biased;
            () = self.podman.changes().notified() => Wake::Podman,
            Some(finished) = self.finished.recv() => Wake::Finished(finished),
            Some((question, answer)) = self.answers.recv() => Wake::Answered(question, answer),
            Some(cleaned) = self.cleaning.next() => Wake::Cleaned(cleaned),
            Some(word) = self.words.recv() => Wake::Said(word),
            () = self.reload.notified() => Wake::Reload,
            _ = watch.changed() => Wake::Plans,
            () = sleep_until(due) => Wake::Due,
        }
    }

    /// Tells the service manager that the agent is ready, and how it is.
    fn tell_supervisor(&mut self) {
        let sentence = sentence(&self.status.borrow());
        let is_news = sentence != self.sentence;
        self.heart.passed(is_news.then_some(&sentence));
        self.sentence = sentence;
    }

    /// What came in the meantime, so that one pass answers it all.
    fn more(&mut self) -> Option<Wake> {
        if let Ok(finished) = self.finished.try_recv() {
            return Some(Wake::Finished(finished));
        }
        self.answers.try_recv().ok().map(|(question, answer)| Wake::Answered(question, answer))
    }

    fn take(&mut self, wake: Wake, next_pass: Option<Moment>, rescan: Instant) -> Then {
        match wake {
            Wake::Podman => Then::Pass,
            Wake::Plans => {
                let before = self.plans.not_taken();
                let is_new = self.look_at_plans();
                Then::pass_if(is_new || before != self.plans.not_taken())
            }
            Wake::Reload => {
                self.heart.reloads();
                self.look_at_plans();
                Then::Pass
            }
            Wake::Finished(finished) => {
                self.end_task(&finished);
                Then::Pass
            }
            Wake::Cleaned(cleaned) => {
                self.end_cleaning(cleaned);
                Then::Pass
            }
            Wake::Said(word) => {
                self.obey(word);
                Then::Pass
            }
            Wake::Answered(question, answer) => Then::pass_if(self.hear(&question, &answer)),
            Wake::Due => {
                let is_due = next_pass.is_some_and(|at| self.clock.until(at) == Millis(0));
                Then::pass_if(is_due || Instant::now() >= rescan)
            }
        }
    }
}

/// How the agent is, in a sentence.
fn sentence(document: &Document) -> String {
    let wanted = document.instances.iter().filter(|instance| instance.state != "leaving");
    let (ready, all) = (wanted.clone().filter(|instance| instance.ready).count(), wanted.count());
    let mut parts = vec![match document.generation {
        Some(generation) => format!("generation {generation}: {ready} of {all} replicas ready"),
        None => "no plan set was accepted yet".to_owned(),
    }];
    parts.extend(document.refused.iter().map(|refused| format!("the newest plan set is refused ({})", refused.code)));
    let waits = document.instances.iter().map(|instance| instance.waits.len()).sum::<usize>();
    parts.extend((waits > 0).then(|| format!("{waits} waits")));
    parts.extend(document.warnings.first().cloned());
    parts.join("; ")
}

impl Then {
    fn pass_if(is_needed: bool) -> Self {
        if is_needed { Self::Pass } else { Self::Sleep }
    }
}

#[cfg(test)]
mod tests;
