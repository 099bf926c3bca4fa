//! The way of a plan set: published and signed by `wlc`, copied by whatever tool, judged and kept by the agent.
//!
//! Every set here is made by the real `publish`, lies in a real folder, and is read by the agent's own reader.
#![allow(clippy::unwrap_used, clippy::result_large_err, reason = "tests")]

mod accepted;
mod concurrent;
mod copying;
mod flips;
mod publishing;
mod signing;
mod units;
mod world;
