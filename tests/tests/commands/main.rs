//! The commands of `wlc` as users and their scripts run them: the built program in small repositories.
#![allow(clippy::unwrap_used, reason = "tests")]

mod calendar;
mod diff;
mod explain;
mod graph;
mod overlays;
mod reports;
mod rollback;
mod shell;
mod up;
mod waves;

use serde_json::Value;
use wlc_tests::running::Ran;

/// The one JSON document that a command printed.
pub(crate) fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.stdout, ran.stderr))
}
