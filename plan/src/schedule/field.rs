//! The five fields: text → the numbers that they select.

use std::ops::{Range, RangeInclusive};

use super::{ScheduleError, names};

/// One of the five fields.
#[derive(Debug, Clone, Copy)]
struct Kind {
    name: &'static str,
    numbers: (u8, u8),
    /// Names of its numbers, from the first on.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const KINDS: [Kind; 5] = [
    Kind { name: "minute", numbers: (0, 59), names: &[] },
    Kind { name: "hour", numbers: (0, 23), names: &[] },
    Kind { name: "day of the month", numbers: (1, 31), names: &[] },
    Kind { name: "month", numbers: (1, 12), names: &MONTHS },
    Kind { name: "day of the week", numbers: (0, 6), names: &DAYS },
];
/// The most days that each month has, from January on.
const LONGEST: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The numbers that one field selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Numbers {
    /// A bit for each number.
    pub(super) bits: u64,
    /// Whether it says `*` or `?`, alone or with a step of 1: then it restricts nothing (S-224).
    pub(super) star: bool,
}

impl Numbers {
    /// Whether it selects a number.
    pub(super) fn has(self, number: u8) -> bool {
        self.bits & (1 << number) != 0
    }

    /// The numbers, from the lowest on.
    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |number| self.has(*number))
    }
}

/// What the five fields select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) minutes: Numbers,
    pub(super) hours: Numbers,
    pub(super) days: Numbers,
    pub(super) months: Numbers,
    /// Sunday is 0.
    pub(super) weekdays: Numbers,
}

impl Fields {
    /// Reads five fields, or a word that stands for them.
    pub(super) fn parse(written: &str) -> Result<Self, ScheduleError> {
        if written.starts_with('@') {
            return Self::parse(names::fields_of(written.trim_end())?);
        }
        if let Some(zone) = written.strip_prefix("TZ=").or_else(|| written.strip_prefix("CRON_TZ=")) {
            let zone = zone.split_whitespace().next().unwrap_or_default();
            let range = 0..written.find(char::is_whitespace).unwrap_or(written.len());
            let hint = format!("write `time-zone=\"{zone}\"` beside the schedule");
            return Err(ScheduleError::new(range, "a schedule holds no time zone", hint));
        }
        let parts = parts(written);
        let &[minute, hour, day, month, weekday] = &parts[..] else { return Err(wrong_number(written, &parts)) };
        let read = |kind: Kind, (at, text): (usize, &str)| Reader { kind, written }.field(at, text);
        Ok(Self {
            minutes: read(KINDS[0], minute)?,
            hours: read(KINDS[1], hour)?,
            days: read(KINDS[2], day)?,
            months: read(KINDS[3], month)?,
            weekdays: read(KINDS[4], weekday)?,
        })
    }

    /// Whether the day fields select any day that exists in some year.
    pub(super) fn has_a_day(&self) -> bool {
        let exists = |month: u8| self.days.iter().any(|day| day <= LONGEST[usize::from(month) - 1]);
        !self.weekdays.star || self.days.star || self.months.iter().any(exists)
    }
}

/// The fields of a text and where each begins.
fn parts(written: &str) -> Vec<(usize, &str)> {
    let begin = |part: &str| part.as_ptr() as usize - written.as_ptr() as usize;
    written.split_whitespace().map(|part| (begin(part), part)).collect()
}

fn wrong_number(written: &str, parts: &[(usize, &str)]) -> ScheduleError {
    let order = "minute, hour, day of the month, month, day of the week";
    match parts.get(5) {
        Some((at, _)) => {
            let message = format!("a schedule has five fields, this has {}", parts.len());
            let hint = format!("the fields are {order}; there are no seconds and no years");
            ScheduleError::new(*at..written.trim_end().len(), message, hint)
        }
        None => {
            let message = match parts.len() {
                1 => "a schedule has five fields, this has one".to_owned(),
                count => format!("a schedule has five fields, this has {count}"),
            };
            ScheduleError::new(0..written.len(), message, format!("the fields are {order}: `0 3 * * *` is 3 o'clock"))
        }
    }
}

/// Reads one field.
struct Reader<'a> {
    kind: Kind,
    written: &'a str,
}

impl Reader<'_> {
    fn field(&self, at: usize, text: &str) -> Result<Numbers, ScheduleError> {
        let mut found = Numbers::default();
        let mut at = at;
        for part in text.split(',') {
            let one = self.part(at, part)?;
            found.bits |= one.bits;
            found.star |= one.star;
            at += part.len() + 1;
        }
        Ok(found)
    }

    /// `*`, `5`, `1-5`, each with a step behind `/`; a number with a step goes on to the end.
    fn part(&self, at: usize, part: &str) -> Result<Numbers, ScheduleError> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.step(at + range.len() + 1, step)?)),
            None => (part, None),
        };
        let (first, last) = self.kind.numbers;
        if range == "*" || range == "?" {
            let star = step.is_none_or(|step| step == 1);
            return Ok(Numbers { star, ..select(first..=last, step) });
        }
        let selected = match range.split_once('-') {
            Some((from, to)) => {
                let from_number = self.number(at, from)?;
                let to_number = self.number(at + from.len() + 1, to)?;
                if from_number > to_number {
                    let message = format!("`{range}` begins behind its end");
                    return Err(self.error(
                        at..at + range.len(),
                        message,
                        format!("write `{to}-{from}`, or two parts: `{from}-{last},{first}-{to}`"),
                    ));
                }
                from_number..=to_number
            }
            None => {
                let number = self.number(at, range)?;
                number..=if step.is_some() { last } else { number }
            }
        };
        Ok(select(selected, step))
    }

    fn step(&self, at: usize, text: &str) -> Result<u32, ScheduleError> {
        text.parse::<u32>().ok().filter(|step| *step > 0 && text.bytes().all(|b| b.is_ascii_digit())).ok_or_else(|| {
            let message = format!("`{text}` is no step");
            self.error(at..at + text.len(), message, "a step is a whole number from 1 on: `*/15`")
        })
    }

    fn number(&self, at: usize, text: &str) -> Result<u8, ScheduleError> {
        let (first, last) = self.kind.numbers;
        let named = self.kind.names.iter().zip(first..).find(|(name, _)| name.eq_ignore_ascii_case(text));
        if let Some((_, number)) = named {
            return Ok(number);
        }
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u8>() {
            Ok(number) if digits && (first..=last).contains(&number) => Ok(number),
            Ok(_) | Err(_) => Err(self.error(at..at + text.len(), self.no_number(text), self.numbers_hint(text))),
        }
    }

    fn no_number(&self, text: &str) -> String {
        match text {
            "" => format!("the {} is empty", self.kind.name),
            _ => format!("`{text}` is no {}", self.kind.name),
        }
    }

    fn numbers_hint(&self, text: &str) -> String {
        let (first, last) = self.kind.numbers;
        let longer =
            self.kind.names.iter().find(|name| text.get(..3).is_some_and(|short| short.eq_ignore_ascii_case(name)));
        match (longer, self.kind.names.first(), self.kind.names.last()) {
            (Some(name), ..) => format!("names have three letters: `{name}`"),
            (None, Some(&"SUN"), _) if text == "7" => "Sunday is `0` or `SUN`".to_owned(),
            (None, _, _) if text.contains(['L', 'W', '#']) => {
                "`L`, `W` and `#` are not part of a standard schedule".to_owned()
            }
            (None, Some(from), Some(to)) => format!("it is {first} to {last}, or `{from}` to `{to}`"),
            (None, _, _) => format!("it is {first} to {last}, or `*`"),
        }
    }

    fn error(&self, range: Range<usize>, message: String, hint: impl Into<String>) -> ScheduleError {
        // An empty part is shown with the sign beside it.
        let end = range.end.max(range.start + 1).min(self.written.len());
        ScheduleError::new(range.start.min(end.saturating_sub(1))..end, message, hint)
    }
}

fn select(range: RangeInclusive<u8>, step: Option<u32>) -> Numbers {
    let (first, last) = (u32::from(*range.start()), u32::from(*range.end()));
    let bits = (first..=last).step_by(step.unwrap_or(1) as usize).fold(0, |bits, number| bits | 1 << number);
    Numbers { bits, star: false }
}
