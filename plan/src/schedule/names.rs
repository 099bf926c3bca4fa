//! Schedules that are one word: `@hourly` and its like, and `@every`.

use super::ScheduleError;
use crate::quantity::Millis;

/// The words and the five fields that they stand for.
const WORDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The shortest length between two runs: the engine of Kubernetes rounds anything shorter up to it.
const SHORTEST: Millis = Millis(1_000);

/// The five fields of a word.
pub(super) fn fields_of(word: &str) -> Result<&'static str, ScheduleError> {
    let found = WORDS.iter().find(|(known, _)| *known == word).map(|(_, fields)| *fields);
    found.ok_or_else(|| {
        let known: Vec<String> = WORDS.iter().map(|(known, _)| format!("`{known}`")).collect();
        let hint = format!("known are {} and `@every 1h30m`", known.join(", "));
        ScheduleError::new(0..word.len(), format!("`{word}` is no schedule"), hint)
    })
}

/// The length behind `@every`.
pub(super) fn every(length: &str, written: &str) -> Result<Millis, ScheduleError> {
    let range = written.len() - length.len()..written.len();
    let hint = "write a length behind it, such as `@every 1h30m`";
    let read = Millis::parse(length.trim())
        .map_err(|error| ScheduleError::new(range.clone(), format!("`@every`: {error}"), hint))?;
    if read < SHORTEST {
        return Err(ScheduleError::new(range, format!("`@every {}` is shorter than a second", length.trim()), hint));
    }
    Ok(read)
}
