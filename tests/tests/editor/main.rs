//! The language server, over the real protocol.
#![allow(clippy::unwrap_used, reason = "tests")]

mod broken;
mod client;
mod overlays;
mod prefixes;
mod session;
mod writing;
