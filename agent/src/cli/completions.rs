//! `wlagent completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Arguments, Exit, output};

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Request {
    /// The shell.
    shell: Shell,
}

/// Prints the completions of a shell.
pub(super) fn completions(request: &Request) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(request.shell, &mut Arguments::command(), "wlagent", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    Exit::Fine
}
