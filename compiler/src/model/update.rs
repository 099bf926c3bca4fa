//! How a change is carried out: what the kinds that have rollouts share.

use wlc_plan::{name::LabelKey, quantity::Millis, schedule::Zone};

use crate::{
    fields::{FromScalar, Refusal, value::text},
    syntax::Scalar,
};

crate::block! {
    /// The pace of a rollout.
    Pace "update" ("spec.strategy, spec.updateStrategy") {
        /// How long a replica must stay ready before it counts.
        min_ready: [default property] Millis, "min-ready" ("minReadySeconds"), default "0s";
        /// How long a rollout may stand still before it counts as failed.
        progress_deadline: [default property] Millis, "progress-deadline" ("progressDeadlineSeconds"), default "10m";
        /// What a failed rollout does: it stops where it is, or the older revision comes back.
        on_failure: [default property] OnFailureWord, "on-failure" (""), default "stop";
        /// A label of nodes: all of one value are replaced before the next value's turn.
        by: [optional property] LabelKey, "by" ("");
        /// When a rollout may begin.
        windows: [children] Window, "window" ("");
    }

    /// When a rollout may begin, each day.
    Window "window" ("") {
        /// From when to when; over midnight where the second time is the earlier one.
        hours: [required argument] Hours, "hours" ("");
        /// The zone of these times.
        time_zone: [default property] TimeZone, "time-zone" (""), default "UTC";
    }
}

crate::choice! {
    /// What a failed rollout does.
    OnFailureWord {
        /// It stops where it is.
        Stop "stop",
        /// The older revision comes back.
        Rollback "rollback"
    }
}

/// From when to when on a day, in minutes from midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The first minute.
    pub from: u16,
    /// The minute behind the last.
    pub to: u16,
}

impl FromScalar for Hours {
    const LOOKS: &'static str = "from when to when, such as `\"02:00-04:00\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let written = text(scalar)?;
        let refusal = || Refusal::with(format!("`{written}` is no range of times"), "write it as `\"02:00-04:00\"`");
        let (from, to) = written.split_once('-').ok_or_else(refusal)?;
        let hours = Self { from: minute(from).ok_or_else(refusal)?, to: minute(to).ok_or_else(refusal)? };
        if hours.from == hours.to {
            return Err(Refusal::with("it begins when it ends", "leave the window out for the whole day"));
        }
        Ok(hours)
    }
}

/// Minutes from midnight of `02:00`.
fn minute(written: &str) -> Option<u16> {
    let (hour, minute) = written.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
    let number = |text: &str, below: u16| text.parse().ok().filter(|number: &u16| *number < below);
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

/// A time zone of the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(pub Zone);

impl FromScalar for TimeZone {
    const LOOKS: &'static str = "a time zone, such as `\"Europe/Berlin\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let written = text(scalar)?;
        Zone::parse(written).map(Self).ok_or_else(|| {
            let hint = match crate::diagnostics::suggest::nearest(written, Zone::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write a name of the IANA database, such as `\"Europe/Berlin\"` or `\"UTC\"`".to_owned(),
            };
            Refusal::with(format!("there is no time zone `{written}`"), hint)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_ranges_of_a_day_and_may_span_midnight() {
        let read = |text: &str| Hours::from_scalar(&text.into()).ok().map(|hours| (hours.from, hours.to));
        assert_eq!(read("02:00-04:30"), Some((120, 270)));
        assert_eq!(read("22:00-04:00"), Some((1320, 240)));
        for refused in ["", "2-4", "02:00", "02:00-24:00", "02:60-04:00", "02:00-02:00", "2:00-4:00", "02:00 - 04:00"] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }

    /// S-226: `Local` is no zone.
    #[test]
    fn zones_are_those_of_the_iana_database() {
        let read = |text: &str| TimeZone::from_scalar(&text.into());
        assert!(read("Europe/Berlin").is_ok());
        assert_eq!(read("Europe/Berln").unwrap_err().hint.as_deref(), Some("did you mean `Europe/Berlin`?"));
        for refused in ["", "Local", "Mars/Base", "-UTC"] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }
}
