//! `wlc completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Arguments, Done, FINE, output};

/// Prints the completions of a shell.
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Done {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "wlc", &mut script);
        output::result(&String::from_utf8_lossy(&script))?;
        Ok(FINE)
    }
}
