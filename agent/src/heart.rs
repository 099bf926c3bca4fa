//! The heart of the agent: the loop beats it each time it turns, so that others can see whether it still does.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// The loop turns at least once a minute; one that was silent for so long hangs.
pub const MOST_SILENCE: Duration = Duration::from_secs(180);

/// When the loop turned last.
#[derive(Debug)]
pub struct Heart {
    begun: Instant,
    /// Milliseconds from `begun` to the last beat.
    last: AtomicU64,
}

impl Heart {
    /// A heart that has beaten just now.
    #[expect(clippy::new_without_default, reason = "it looks at the time")]
    pub fn new() -> Self {
        Self::silent_since(Instant::now())
    }

    /// A heart that beat last at this time.
    pub fn silent_since(begun: Instant) -> Self {
        Self { begun, last: AtomicU64::new(0) }
    }

    /// The loop has turned.
    pub fn beat(&self) {
        self.last.store(milliseconds(self.begun.elapsed()), Ordering::Relaxed);
    }

    /// How long it has been silent.
    pub fn silence(&self) -> Duration {
        self.begun.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    /// Whether the loop turns.
    pub fn is_beating(&self) -> bool {
        self.silence() <= MOST_SILENCE
    }
}

fn milliseconds(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heart_that_is_not_beaten_falls_silent() {
        let second = Duration::from_secs(1);
        assert!(Heart::silent_since(Instant::now() - (MOST_SILENCE - second)).is_beating());
        let heart = Heart::silent_since(Instant::now() - (MOST_SILENCE + second));
        assert!(!heart.is_beating());
        heart.beat();
        assert!(heart.is_beating() && heart.silence() < second);
    }
}
