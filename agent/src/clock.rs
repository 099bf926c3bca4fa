//! The clock: the only place where the agent reads the time.
//!
//! Everything that judges time takes a [`Moment`]. Simulations and tests bring a clock of their own.
#![expect(clippy::disallowed_methods, reason = "edge: the clock, and the file that a test of the clock sets it with")]

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;
use wlc_plan::{quantity::Millis, time::Timestamp};

/// A smaller step of the clock is no jump.
const STEP: Millis = Millis::from_seconds(1);

/// A point in time in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// This moment and `length` more.
    #[must_use]
    pub fn plus(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length.0))
    }

    /// This moment by a clock that has jumped by so many milliseconds since.
    #[must_use]
    pub fn jumped(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add_signed(milliseconds))
    }

    /// How long after `earlier` this moment is; nothing where the clock went back.
    pub fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// The moment of a time that a plan has; the year 1970 where it is before that.
    pub fn of(time: Timestamp) -> Self {
        Self(u64::try_from(time.seconds()).unwrap_or(0).saturating_mul(1_000))
    }

    /// The whole second, as plans write it.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_seconds(i64::try_from(self.0 / 1_000).unwrap_or(i64::MAX))
    }
}

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// The clock of this machine.
    pub fn of_machine() -> Self {
        Self::new(now)
    }

    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    pub fn now(&self) -> Moment {
        (self.0)()
    }

    /// How long until `at`; nothing where it has passed.
    pub fn until(&self, at: Moment) -> Millis {
        at.since(self.now())
    }
}

/// Notices when the clock jumps, by a time that no jump touches.
#[derive(Debug)]
pub struct Jumps {
    last: (Moment, Instant),
}

impl Jumps {
    /// From now on.
    pub fn new(clock: &Clock) -> Self {
        Self { last: (clock.now(), Instant::now()) }
    }

    /// By how many milliseconds the clock has jumped since the last question; small steps count for nothing.
    pub fn since_last(&mut self, clock: &Clock) -> i64 {
        let jump = self.so_far(clock);
        self.last = (clock.now(), Instant::now());
        jump
    }

    /// The same, and the question does not count as one.
    pub fn so_far(&self, clock: &Clock) -> i64 {
        let (before, now) = (self.last, (clock.now(), Instant::now()));
        let length = |milliseconds: u64| i64::try_from(milliseconds).unwrap_or(i64::MAX);
        let passed = length(now.0.0).saturating_sub(length(before.0.0));
        let truly = i64::try_from((now.1 - before.1).as_millis()).unwrap_or(i64::MAX);
        let jump = passed.saturating_sub(truly);
        if jump.unsigned_abs() < STEP.0 { 0 } else { jump }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// The file that says by how much this process is ahead of its machine, where a test of the clock asked for it.
static AHEAD: OnceLock<PathBuf> = OnceLock::new();

/// From now on the clock is ahead of the machine's by the milliseconds that stand in this file at each moment. No test
/// touches the clock of its machine.
pub fn run_ahead_by(file: &Path) {
    AHEAD.get_or_init(|| file.to_owned());
}

/// The time of this machine.
pub fn now() -> Moment {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Moment(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX));
    AHEAD.get().map_or(now, |file| now.jumped(milliseconds(file)))
}

/// Nothing where the file cannot be read.
fn milliseconds(file: &Path) -> i64 {
    fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
