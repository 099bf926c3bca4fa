//! `wlc import`: what real files of other systems become.
#![allow(clippy::unwrap_used, reason = "tests")]

mod cases;
mod examples;
mod hostile;
mod left_over;
mod nodes;
