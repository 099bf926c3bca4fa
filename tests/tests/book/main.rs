//! Keeps the documentation true: README, book and examples.
//!
//! Every KDL block compiles, or fails as it says; every command runs; every link leads somewhere; every generated page is
//! the one that the code gives. `WLC_UPDATE=1` writes the generated pages anew.
#![allow(clippy::unwrap_used, reason = "tests")]

mod commands;
mod console;
mod generated;
mod kdl;
mod links;
mod metrics;
mod output;
mod pages;
