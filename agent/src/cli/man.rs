//! `wlagent man`: a manual page for the program and for each of its commands.

use std::{io, path::PathBuf};

use clap::CommandFactory;

use super::{Arguments, Exit, output};

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Request {
    /// The folder for them; it is made where it is missing.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes the manual pages.
pub(super) fn man(request: &Request) -> Exit {
    match write(request) {
        Ok(()) => Exit::Fine,
        Err(error) => output::fail(&format!("`{}` cannot be written: {error}", request.out.display())),
    }
}

#[expect(clippy::disallowed_methods, reason = "edge: writes the manual pages where the command line names")]
fn write(request: &Request) -> io::Result<()> {
    std::fs::create_dir_all(&request.out)?;
    clap_mangen::generate_to(Arguments::command(), &request.out)
}
