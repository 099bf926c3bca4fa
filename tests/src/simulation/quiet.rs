//! The end of a world: nothing goes wrong any more, it becomes as the last files say, and stays so.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{Failure, life::World};

/// How long the world has to become as the last plan says, in milliseconds.
const QUIET: u64 = 45 * 60_000;
/// How long nothing is done afterwards.
const STILL: u64 = 150_000;
/// How long until somebody asks again for what comes only when it is asked for.
const ASK: u64 = 120_000;
/// How often it is looked at whether the world is as it should be.
const LOOK: u64 = 5_000;
/// How long a container that ended unheard may be away.
const UNHEARD: u64 = 90_000;
/// How long an agent that was started again is watched.
const IDLE: u64 = 70_000;

impl World {
    /// The last files are fine, and the world becomes as they say.
    pub(super) async fn become_quiet(&mut self) -> Result<(), Failure> {
        self.calm();
        let end = self.machine.weather.elapsed() + QUIET;
        let mut asked = 0;
        loop {
            sleep(Duration::from_millis(LOOK)).await;
            self.kept()?;
            let now = self.machine.weather.elapsed();
            let (differences, last_action) = {
                let mut witness = self.machine.weather.witness();
                (witness.differences(now), witness.last_action())
            };
            if differences.is_empty() && now > last_action + STILL {
                return self.foreign_is_there();
            }
            if now > asked + ASK {
                asked = now;
                self.ask_for_newest();
                let lost = self.machine.weather.witness().lost_jobs();
                lost.iter().for_each(|job| self.machine.ask_to_retry(job, job));
                let without = self.machine.weather.witness().without_claim();
                without.iter().for_each(|(replica, workload)| self.machine.ask_to_retry(replica, workload));
            }
            if now > end {
                return Err(self.never_as_planned(&differences));
            }
        }
    }

    fn calm(&mut self) {
        self.machine.weather.calm();
        self.machine.disk.set_full(false);
        self.machine.have_all();
        if self.machine.disk.is_to_break() {
            self.power_goes(0);
        }
        self.author.mend();
        self.publish(None);
    }

    /// Somebody asks for the new pods that come only then.
    fn ask_for_newest(&self) {
        let behind = self.machine.weather.witness().behind();
        if !behind.is_empty() {
            self.machine.ask_to_restart(&behind);
        }
    }

    fn never_as_planned(&self, differences: &[String]) -> Failure {
        let witness = self.machine.weather.witness();
        let what =
            if differences.is_empty() { "the agent goes on doing things".to_owned() } else { differences.join("; ") };
        let says = witness.agent_says().join("\n  ");
        witness.fail(format!("after {} minutes of quiet: {what}\n  {says}", QUIET / 60_000))
    }

    fn foreign_is_there(&self) -> Result<(), Failure> {
        let names = self.machine.podman.names();
        if names.iter().filter(|name| name.starts_with("foreign")).count() == 2 {
            return Ok(());
        }
        Err(self.machine.weather.witness().fail(format!("what is not ours is gone: {names:?}")))
    }

    /// Once all is as it should be, an event that is lost holds nothing up for long, and an agent that starts again finds
    /// nothing to do.
    pub(super) async fn stay_quiet(&mut self) -> Result<(), Failure> {
        let weather = Arc::clone(&self.machine.weather);
        let unprobed = weather.witness().unprobed();
        if let Some(name) = unprobed {
            weather.deaf.last_until(weather.elapsed() + 1);
            self.machine.podman.kill(&name, 1);
            sleep(Duration::from_millis(UNHEARD)).await;
            self.is_as_planned(&format!("{name} ended {UNHEARD} ms ago, and nobody heard of it"))?;
        }
        let since = weather.elapsed();
        self.kill_agent(100);
        sleep(Duration::from_millis(IDLE)).await;
        self.is_as_planned("the agent was started again")?;
        let witness = weather.witness();
        if witness.last_action() > since {
            return Err(witness.fail("an agent that is started again where all is as it should be acts".to_owned()));
        }
        Ok(())
    }

    fn is_as_planned(&self, when: &str) -> Result<(), Failure> {
        self.kept()?;
        let now = self.machine.weather.elapsed();
        let mut witness = self.machine.weather.witness();
        let differences = witness.differences(now);
        if differences.is_empty() { Ok(()) } else { Err(witness.fail(format!("{when}: {}", differences.join("; ")))) }
    }
}
