//! The agent as it is installed: what a new version does with what an older one left, and how a new program takes the place
//! of the old one. Programs and processes are real; Podman is one that answers what a real one answered once.
#![allow(clippy::unwrap_used, reason = "tests")]

mod adoption;
mod machine;
mod steps;
mod switch;
