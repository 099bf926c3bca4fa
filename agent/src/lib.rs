//! `wlagent`: converges the Podman containers of one server to its signed placement plan.

pub mod accept;
pub mod accepted;
pub mod action;
pub mod agent;
pub mod apply;
pub mod cli;
pub mod clock;
pub mod contents;
pub mod decide;
pub mod desired;
pub mod disk;
pub mod facts;
pub mod ledger;
pub mod observed;
pub mod once;
pub mod pass;
pub mod plans;
pub mod podman;
pub mod probes;
pub mod records;
pub mod run;
pub mod settings;
pub mod source;
pub mod status;
pub mod tasks;
pub mod words;
