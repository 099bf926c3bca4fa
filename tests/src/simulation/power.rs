//! The power goes while the ledger is written, on purpose: at each writing, after each of its steps.
//!
//! The world is small: three jobs and two cron jobs, whose programs end well, badly or late. It is lived once to count how often
//! the ledger is written, and then once for each place where the power can go.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    Failure,
    author::Author,
    life::{World, in_simulated_time},
};

/// How long people let it run, in milliseconds: cron jobs come five times.
const LENGTH: u64 = 10 * 60_000;
/// How long the machine boots.
const BOOT: u64 = 1_000;
/// How many steps a writing of the ledger has; the power goes before the first one, or after each.
const STEPS: u64 = 4;

/// A place where the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Which writing of the ledger, from 0.
    pub writing: u64,
    /// After how many of its steps.
    pub steps: u64,
}

/// All places where the power can go while the ledger of this seed's world is written.
///
/// # Errors
/// What was promised and not kept, though the power never went.
pub fn outages(seed: u64) -> Result<Vec<Outage>, Failure> {
    let writings = play(seed, None)?;
    let steps = |writing| (0..=STEPS).map(move |steps| Outage { writing, steps });
    Ok((0..writings).flat_map(steps).collect())
}

/// Lives in this seed's world, where the power goes here; how often the ledger was written until the power went, or in all.
///
/// # Errors
/// What was promised and not kept.
pub fn live_without_power(seed: u64, outage: Outage) -> Result<u64, Failure> {
    play(seed, Some(outage))
}

fn play(seed: u64, outage: Option<Outage>) -> Result<u64, Failure> {
    in_simulated_time(async {
        let mut world = World::new(seed);
        world.author = Author::of_jobs(seed);
        let (disk, ledger) = (std::sync::Arc::clone(&world.machine.disk), world.ledger());
        disk.watch(&ledger, outage.map(|outage| (outage.writing, outage.steps)));
        world.publish(None);
        tokio::select! {
            () = disk.breaks() => world.power_goes(BOOT),
            () = sleep(Duration::from_millis(LENGTH)) => {}
        }
        let writings = disk.replaced();
        let left = LENGTH.saturating_sub(world.machine.weather.elapsed());
        sleep(Duration::from_millis(left)).await;
        world.kept()?;
        world.become_quiet().await?;
        world.stay_quiet().await?;
        Ok(writings)
    })
}
