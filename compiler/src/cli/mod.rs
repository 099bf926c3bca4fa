//! The commands of `wlc`. Each is a file of its own; here they are listed, and arguments become calls.
//!
//! Commands are an edge: they read the working folder and the clock and print.

mod build;
mod calendar;
mod check;
mod completions;
mod diff;
mod explain;
mod fmt;
mod git;
mod graph;
mod history;
mod import;
mod init;
mod keygen;
mod list;
mod lock;
mod lsp;
mod man;
mod output;
mod project;
mod rollback;
mod show;
mod sign;
mod up;
mod verify;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use crate::publish::PublishError;

/// Everything is fine.
pub const FINE: u8 = 0;
/// Problems were found.
pub const PROBLEMS: u8 = 1;
/// There are changes.
pub const CHANGES: u8 = 2;
/// A set, a head or a key was refused.
pub const REFUSED: u8 = 3;
/// The command line is wrong.
pub const USAGE: u8 = 64;

/// Compiles workloads and machines described in KDL into one signed placement plan per node.
#[derive(Debug, Parser)]
#[command(name = "wlc", version, about, max_term_width = 100)]
struct Arguments {
    /// The repository: the folder of `fleet.kdl`, or one below it.
    #[arg(short = 'C', long, global = true, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// The overlay: the files of `_overlays/NAME/` are laid over the others, as a fleet of its own.
    #[arg(long, global = true, value_name = "NAME")]
    overlay: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks all files and places every replica, and writes nothing.
    Check(check::Check),
    /// Places every replica and writes the lock, which is committed with the change.
    Lock(lock::LockCommand),
    /// Shows what a build would change, and why.
    Diff(diff::Diff),
    /// Writes the plan set.
    Build(build::Build),
    /// Signs the newest plan set.
    Sign(sign::Sign),
    /// Verifies every file of a plan set.
    Verify(verify::Verify),
    /// Shows the revisions of a workload, newest first.
    History(history::History),
    /// Goes back to an earlier revision of a workload, until its files change. Writes the lock only.
    Rollback(rollback::Rollback),
    /// Shows what a node must run.
    Show(show::Show),
    /// Shows when cron jobs run next, and what about it may surprise.
    Calendar(calendar::Calendar),
    /// Draws what runs where: one page of HTML.
    Graph(graph::Graph),
    /// Lists every replica with its workload and node.
    List(list::List),
    /// Builds and applies on this machine, again at each save, until Ctrl-C. What runs goes on.
    Up(up::Up),
    /// Makes a new repository that builds.
    Init(init::Init),
    /// Prints KDL for Kubernetes manifests, Compose files and Podman Quadlet units.
    Import(import::Import),
    /// Prints the completions of a shell.
    Completions(completions::Completions),
    /// Writes the manual pages.
    Man(man::ManPages),
    /// Makes a signing key.
    Keygen(keygen::Keygen),
    /// Formats KDL files: blanks and indentation, nothing else.
    Fmt(fmt::Fmt),
    /// Serves an editor over standard input and output: diagnostics, completion, hover, definitions, formatting.
    Lsp(lsp::Lsp),
    /// Explains a word of the language, by its name here or in Kubernetes, or the code of a diagnostic.
    Explain(explain::Explain),
}

/// Where a command works.
#[derive(Debug)]
pub(crate) struct Place {
    /// The repository: the folder of `fleet.kdl`, or one below it.
    dir: PathBuf,
    /// The overlay that is chosen.
    overlay: Option<String>,
}

/// How a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document, versioned.
    Json,
}

/// How diagnostics are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// For programs: one JSON document, versioned.
    Json,
    /// For forges: SARIF 2.1.0, with the page of each code.
    Sarif,
    /// For the logs of GitHub and Forgejo: workflow commands that become notes beside the lines.
    Github,
}

impl From<Format> for ReportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { FINE };
            error.print().ok();
            return ExitCode::from(code);
        }
    };
    let Arguments { dir, overlay, command } = arguments;
    let place = Place { dir, overlay };
    let done = match command {
        Command::Check(check) => check.run(&place),
        Command::Lock(lock) => lock.run(&place),
        Command::Diff(diff) => diff.run(&place),
        Command::Build(build) => build.run(&place),
        Command::Sign(sign) => sign.run(&place),
        Command::Verify(verify) => verify.run(&place),
        Command::History(history) => history.run(&place),
        Command::Rollback(rollback) => rollback.run(&place),
        Command::Show(show) => show.run(&place),
        Command::Calendar(calendar) => calendar.run(&place),
        Command::Graph(graph) => graph.run(&place),
        Command::List(list) => list.run(&place),
        Command::Up(up) => up.run(&place),
        Command::Init(init) => init.run(&place.dir),
        Command::Import(import) => import.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
        Command::Keygen(keygen) => keygen.run(),
        Command::Fmt(fmt) => fmt.run(&place.dir),
        Command::Lsp(lsp) => lsp.run(),
        Command::Explain(explain) => explain.run(&place),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            output::error(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// Ends with `code` and says why.
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Problems of the world: a file that cannot be read or written.
    pub(crate) fn problem(error: impl std::fmt::Display) -> Self {
        Self::new(PROBLEMS, error.to_string())
    }
}

impl From<&PublishError> for Failure {
    /// What the world stands in the way of is a problem; all else is refused.
    fn from(error: &PublishError) -> Self {
        Self::new(if error.is_of_the_world() { PROBLEMS } else { REFUSED }, error.to_string())
    }
}

/// The exit code of a command, or why it ended early.
pub(crate) type Done = Result<u8, Failure>;
