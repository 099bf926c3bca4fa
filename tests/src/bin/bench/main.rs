//! Benchmarks: the agent against a plain driver on Podman's own API, in the same run, as interleaved pairs.
//!
//! Each closes with a line `NAME: ratio R (ours A, baseline B)`, where A and B are medians in milliseconds and R = A/B.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod bring_up;
mod driver;
mod figures;
mod react;

use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "react" => react::run(),
        "bring-up" => bring_up::run(),
        other => {
            eprintln!("there is no benchmark `{other}`; there are: react, bring-up");
            return ExitCode::from(64);
        }
    }
    ExitCode::SUCCESS
}
