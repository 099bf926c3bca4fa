//! Benchmarks, in the same run as their baselines, as interleaved pairs: the agent against a plain driver on Podman's own
//! API, the reading of sources against the kdl crate, many diagnostics against one, and placement against a scan of all nodes.
//!
//! Each closes with a line `NAME: ratio R (ours A, baseline B)`, where A and B are medians and R = A/B; what the agent uses at
//! rest is held against fixed aims.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod bring_up;
mod diagnostics;
mod driver;
mod figures;
mod idle;
mod parse;
mod place;
mod process;
mod react;
mod recheck;
mod scan;

use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "react" => react::run(),
        "bring-up" => bring_up::run(),
        "idle" => idle::run(),
        "parse" => parse::run(),
        "recheck" => recheck::run(),
        "place" | "place-tight" | "place-large" => place::run(&name),
        "diagnostics" => diagnostics::run(),
        recheck::BY_KDL => recheck::run_by_kdl(),
        other => {
            let known = "react, bring-up, idle, parse, recheck, diagnostics, place, place-tight, place-large";
            eprintln!("there is no benchmark `{other}`; there are: {known}");
            return ExitCode::from(64);
        }
    }
    ExitCode::SUCCESS
}
