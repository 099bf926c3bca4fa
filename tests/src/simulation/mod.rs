//! A simulation: the real compiler and the real agent on a simulated machine, one seed, one world.
//!
//! A world is a [`Script`] made from a seed: what people publish and what goes wrong, each at its time. [`live`] plays it
//! in simulated time: the agent is a task that can be killed, its containers are not. A [`witness`] looks at everything
//! that is done and holds it against what is promised. Afterwards it is quiet, and the world has to be as the last plan
//! says, and stay so without an action. A script that fails is made shorter for as long as it fails.

mod author;
mod begin;
mod jobs;
mod ledger;
mod life;
mod machine;
mod power;
mod promised;
mod publisher;
mod quiet;
mod script;
mod seen;
mod service;
mod shrink;
mod tally;
mod toil;
mod week;
mod witness;

pub use self::{
    life::live,
    power::{Outage, live_without_power, outages},
    script::{Event, Happening, Ill, Script},
    shrink::shrink,
    tally::Tally,
    week::{LongLife, Peaks, Span, live_long},
};

/// Why a world failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What was promised and not kept.
    pub what: String,
    /// What was done and what happened last, oldest first.
    pub journal: Vec<String>,
}
