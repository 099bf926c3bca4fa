//! `wlc man`: a manual page for the program and for each of its commands.

use std::path::PathBuf;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::{Arguments, Done, FINE, Failure, output};

/// Writes the manual pages.
#[derive(Debug, clap::Args)]
pub(super) struct ManPages {
    /// The folder for them; it is made where it is missing.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl ManPages {
    pub(super) fn run(&self) -> Done {
        let made = std::fs::create_dir_all(&self.out);
        made.map_err(|error| Failure::problem(format!("`{}` cannot be made: {error}", self.out.display())))?;
        let mut program = Arguments::command();
        program.build();
        self.write(&program, "wlc")?;
        for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
            self.write(command, &format!("wlc-{}", command.get_name()))?;
        }
        Ok(FINE)
    }

    fn write(&self, command: &Command, name: &str) -> Result<(), Failure> {
        let mut page = Vec::new();
        // `help` is told of by the page of the program.
        if name == "wlc-help" {
            return Ok(());
        }
        Man::new(command.clone()).title(name).render(&mut page).expect("writing to memory cannot fail");
        output::file(&self.out.join(format!("{name}.1")), &String::from_utf8_lossy(&page))
    }
}
