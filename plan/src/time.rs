//! Points in time: whole seconds, in UTC.

use std::fmt;

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

use crate::quantity::Millis;

/// A point in time in whole seconds since 1970, written `2026-11-23T03:00:00Z` (RFC 3339).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// The text is no point in time in whole seconds and UTC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time of the form 2026-11-23T03:00:00Z")]
pub struct TimestampError(pub String);

/// 9999-12-31T23:59:59Z, the last time that RFC 3339 can write.
const LAST: i64 = 253_402_300_799;

impl Timestamp {
    /// From seconds since 1970; anything outside the years 1970 to 9999 is moved to the nearest end.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(0, LAST))
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// This time and `length` more.
    #[must_use]
    pub fn plus(self, length: Millis) -> Self {
        Self::from_seconds(self.0.saturating_add_unsigned(length.0 / 1_000))
    }

    /// Reads `2026-11-23T03:00:00Z`.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let refused = || TimestampError(text.to_owned());
        let time = Self::from_seconds(DateTime::parse_from_rfc3339(text).map_err(|_| refused())?.timestamp());
        if time.to_string() == text { Ok(time) } else { Err(refused()) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp(self.0, 0).expect("seconds are kept inside the years 1970 to 9999");
        formatter.write_str(&time.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;
    fn try_from(text: String) -> Result<Self, TimestampError> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> String {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_one_time() {
        let time = Timestamp::parse("2026-11-23T03:00:00Z").unwrap();
        assert_eq!(time.seconds(), 1_795_402_800);
        for other in
            ["2026-11-23T03:00:00.0Z", "2026-11-23T03:00:00+00:00", "2026-11-23 03:00:00Z", "2026-02-30T03:00:00Z"]
        {
            assert!(Timestamp::parse(other).is_err(), "{other}");
        }
        assert_eq!(Timestamp::from_seconds(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }
}
