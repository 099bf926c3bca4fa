//! `--since`: a moment, or how long ago it was.

use wlc_plan::{quantity::Millis, time::Timestamp};

use crate::clock;

/// From when on something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// From this time on.
    Time(Timestamp),
    /// So long ago.
    Ago(Millis),
}

impl Since {
    /// Reads `10m` or `2026-11-26T03:00:00Z`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let time = Timestamp::parse(text).map(Self::Time);
        let ago = || Millis::parse(text).map(Self::Ago);
        time.or_else(|_| ago())
            .map_err(|_| "neither a length of time as `10m` nor a time as `2026-11-26T03:00:00Z`".to_owned())
    }

    /// The time.
    pub(super) fn time(self) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Ago(length) => clock::Moment(clock::now().0.saturating_sub(length.0)).timestamp(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_and_a_length_are_understood() {
        assert_eq!(Since::parse("10m"), Ok(Since::Ago(Millis::from_seconds(600))));
        let time = Timestamp::parse("2026-11-26T03:00:00Z").unwrap();
        assert_eq!(Since::parse("2026-11-26T03:00:00Z").map(Since::time), Ok(time));
        assert!(Since::parse("yesterday").unwrap_err().contains("10m"));
    }
}
