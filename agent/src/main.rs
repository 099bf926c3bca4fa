//! `wlagent`: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    wlagent::cli::main()
}
