//! The heart of the agent: the loop beats it each time it turns, so that others can see whether it still does.
//!
//! Nobody else beats it. The pings of a service manager's watchdog come from here, and so does the word that the agent is
//! ready, which it is after its first pass.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

use crate::supervisor::{Message, Supervisor};

/// The loop turns at least once a minute; one that was silent for so long hangs.
pub const MOST_SILENCE: Duration = Duration::from_secs(180);
/// The watchdog is pinged so often within its time, and once more where the loop turns oftener.
const PINGS: u32 = 3;

/// When the loop turned last, and who is told.
#[derive(Debug)]
pub struct Heart {
    begun: Instant,
    /// Milliseconds from `begun` to the last beat.
    last: AtomicU64,
    /// Milliseconds from `begun` to the last ping.
    pinged: AtomicU64,
    is_ready: AtomicBool,
    supervisor: Supervisor,
}

impl Heart {
    /// A heart that has beaten just now.
    pub fn new(supervisor: Supervisor) -> Self {
        let (last, pinged) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { begun: Instant::now(), last, pinged, is_ready: AtomicBool::new(false), supervisor }
    }

    /// A heart that beat last at this time.
    pub fn silent_since(begun: Instant) -> Self {
        Self { begun, ..Self::new(Supervisor::default()) }
    }

    /// The loop has turned.
    pub fn beat(&self) {
        let now = milliseconds(self.begun.elapsed());
        self.last.store(now, Ordering::Relaxed);
        let Some(rhythm) = self.rhythm() else { return };
        let is_due = now - self.pinged.load(Ordering::Relaxed) >= milliseconds(rhythm) / 2;
        if is_due && self.supervisor.tell(Message::Watchdog) {
            self.pinged.store(now, Ordering::Relaxed);
        }
    }

    /// How often the loop has to turn at least for the watchdog.
    pub fn rhythm(&self) -> Option<Duration> {
        self.supervisor.watchdog().map(|within| within / PINGS)
    }

    /// A pass has ended: the agent is ready, and how it is stands in a sentence where that is news.
    pub fn passed(&self, sentence: Option<&str>) {
        if let Some(sentence) = sentence {
            self.supervisor.tell(Message::Status(sentence));
        }
        if !self.is_ready.load(Ordering::Relaxed) && self.supervisor.tell(Message::Ready) {
            self.is_ready.store(true, Ordering::Relaxed);
        }
    }

    /// The agent looks at everything anew, and is ready again after its next pass.
    pub fn reloads(&self) {
        self.supervisor.tell(Message::Reloading);
        self.is_ready.store(false, Ordering::Relaxed);
    }

    /// The agent ends.
    pub fn stops(&self) {
        self.supervisor.tell(Message::Stopping);
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
    use std::os::unix::net::UnixDatagram;

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

    #[test]
    fn only_beats_ping_and_not_each_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let heard = || -> Vec<String> {
            let mut bytes = [0; 256];
            std::iter::from_fn(|| socket.recv(&mut bytes).ok().map(|length| bytes[..length].to_vec()))
                .map(|bytes| String::from_utf8(bytes).unwrap())
                .collect()
        };
        let within = Duration::from_millis(300);
        let heart = Heart::new(Supervisor::at(path.to_str().unwrap(), Some(within)).unwrap());
        assert_eq!(heart.rhythm(), Some(Duration::from_millis(100)));
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(500) {
            heart.beat();
        }
        let pings = heard();
        assert!(pings.iter().all(|ping| ping == "WATCHDOG=1") && (5..=10).contains(&pings.len()), "{pings:?}");
        std::thread::sleep(within);
        assert_eq!(heard(), [""; 0], "nobody else pings");
        heart.passed(Some("well"));
        heart.passed(None);
        heart.reloads();
        heart.passed(None);
        heart.stops();
        let told = heard();
        assert_eq!(told[..2], ["STATUS=well", "READY=1"]);
        assert!(told[2].starts_with("RELOADING=1\n"), "{told:?}");
        assert_eq!(told[3..], ["READY=1", "STOPPING=1"]);
    }
}
