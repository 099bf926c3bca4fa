//! `wlc`: compiles workloads and machines described in KDL into one signed placement plan per node.
//!
//! Pure but for named edges at its rim. Read `pipeline.rs` first: the stages of a build in order, one call each.

mod address;
pub mod attachments;
pub mod cache;
pub mod calendar;
mod checks;
pub mod cli;
pub mod content;
pub mod diagnostics;
pub mod diff;
pub mod expand;
pub mod fields;
pub mod files;
pub mod format;
pub mod graph;
mod immutable;
pub mod import;
pub mod lock;
pub mod lower;
pub mod lsp;
pub mod model;
pub mod origins;
pub mod parallel;
pub mod pins;
pub mod pipeline;
pub mod placement;
pub mod publish;
mod replace;
pub mod rollback;
pub mod rollout;
pub mod solver;
pub mod sources;
pub mod span;
pub mod syntax;
mod turn;
pub mod verify;
mod words;
