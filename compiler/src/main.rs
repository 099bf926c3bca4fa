//! The command `wlc`: see `wlc --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    wlc::cli::main()
}
