//! The commands of `wlagent`, one file each.
//!
//! Exit codes: 0 fine, 1 problems found or not converged, 2 changes, 3 refused, 64 wrong usage.

mod apply;
mod check_upgrade;
mod choose;
mod completions;
mod eject;
mod events;
mod exec;
mod facts;
mod faults;
mod install;
mod journal;
mod live;
mod logs;
mod man;
mod output;
mod purge;
mod run;
mod say;
mod shutdown;
mod since;
mod status;
mod verify;
mod wait;
mod why;

use std::{io::IsTerminal, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use wlc_plan::{
    name::{FleetName, NodeName},
    quantity::Millis,
};

use self::journal::Log;
use crate::settings::{DEFAULT_FILE, Settings};

/// Converges the Podman containers of this server to its signed placement plan.
#[derive(Debug, Parser)]
#[command(name = "wlagent", version, about, max_term_width = 100)]
struct Arguments {
    /// The agent's config.
    #[arg(long, global = true, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
    /// Where the log goes.
    #[arg(long, global = true, value_enum, default_value_t = Log::Auto)]
    log: Log,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs for ever: carries out the newest plan and keeps it so. Stopping the agent stops no container.
    Run(run::Request),
    /// Converges once. Ends with 0 when converged, 1 when an instance failed or the time ran out, 3 when refused.
    Apply {
        /// How long it may take.
        #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
        timeout: Duration,
    },
    /// Waits until all replicas of these workloads, or these replicas, are ready.
    Wait {
        /// Workloads or replicas.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// Of this generation or a newer one; default: of the one that the agent has accepted.
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
        /// How long it may take.
        #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
        timeout: Duration,
    },
    /// Prints this machine as a `facts` block.
    Facts {
        /// The node's name; default: the config's, else the host name.
        #[arg(long, value_name = "NAME", value_parser = node_name)]
        node: Option<NodeName>,
    },
    /// Prints what runs, what waits, and why.
    Status {
        /// How.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Makes the pods of these workloads, or of these replicas, anew, one after the other as their budget allows. What is
    /// replaced on delete gets its new revision.
    Restart(say::Names),
    /// Tries again at once what failed for these workloads or replicas: back-offs end, a revision that was given up is tried
    /// anew, and a claim whose volume is gone begins with an empty one.
    Retry(say::Names),
    /// Runs a job or cron job now.
    Trigger(say::Run),
    /// Leaves these workloads or replicas alone until they are released: nothing of them is started, stopped, replaced or put
    /// right.
    Hold(say::Hold),
    /// Goes on with what is held.
    Release(say::Names),
    /// Prints what happened on this node: generations, rollouts, failures, and what people said.
    Events(events::Request),
    /// Prints why a replica runs or does not: what waits for what, what opens it, and what failed last.
    Why(why::Request),
    /// Runs a command in a running container, and ends with its exit code.
    Exec(exec::Request),
    /// Stops all containers of the fleet for the machine's shutdown: what waited for others with its start ends before them,
    /// each with its hook and its grace. No agent may run.
    Shutdown {
        /// How long it may take in order; then all that are left are stopped at once, each with its grace.
        #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
        timeout: Duration,
    },
    /// Prints what containers wrote.
    Logs(logs::Request),
    /// Writes what runs as units of Quadlet, Podman's way of running containers under systemd, and says what they leave open.
    Eject(eject::Request),
    /// Lays down what an agent needs on its machine: units, settings, folders. What is there is never changed.
    Install(install::Request),
    /// Removes everything of a fleet from this node, after a list and a question. No agent may run.
    Purge(purge::Request),
    /// Prints what the first pass of this version would do here, and changes nothing. Ends with 0 where it has no action, with
    /// 2 where it has.
    CheckUpgrade {
        /// How.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Verifies a plan set for a node without an agent. Ends with 3 and the named refusal where it is not in order.
    Verify(verify::Request),
    /// Prints what a shell needs to complete commands and options.
    Completions(completions::Request),
    /// Writes manual pages for the program and for each of its commands.
    Man(man::Request),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For scripts.
    Json,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Fine };
            // Where nobody reads, the code says enough.
            drop(error.print());
            return code.into();
        }
    };
    begin_logs(&arguments);
    // One thread: all that the agent does is wait for others, and threads that wake each other for it cost more than they do.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(carry_out(arguments));
            // Tasks under way are idempotent and are taken up again by the next agent.
            runtime.shutdown_background();
            exit.into()
        }
        Err(error) => output::fail(&format!("the runtime cannot be started: {error}")).into(),
    }
}

async fn carry_out(arguments: Arguments) -> Exit {
    let config = arguments.config;
    match arguments.command {
        Command::Facts { node } => facts::facts(&config, node).await,
        Command::Install(request) => install::install(&request),
        Command::Purge(request) => purge::purge(&config, &request).await,
        Command::Verify(request) => verify::verify(&request),
        Command::Completions(request) => completions::completions(&request),
        Command::Man(request) => man::man(&request),
        Command::Run(request) => with_settings(config, async |settings| run::run(&settings, &request).await).await,
        Command::Apply { timeout } => {
            with_settings(config, async |settings| apply::apply(&settings, timeout).await).await
        }
        Command::Wait { names, generation, timeout } => {
            with_settings(config, async |settings| wait::wait(&settings, (&names, generation), timeout).await).await
        }
        Command::Status { format } => {
            with_settings(config, async |settings| status::status(&settings, format).await).await
        }
        Command::Restart(what) => with_settings(config, async |settings| say::restart(&settings, &what).await).await,
        Command::Retry(what) => with_settings(config, async |settings| say::retry(&settings, &what).await).await,
        Command::Trigger(run) => with_settings(config, async |settings| say::trigger(&settings, &run).await).await,
        Command::Hold(hold) => with_settings(config, async |settings| say::hold(&settings, &hold).await).await,
        Command::Release(what) => with_settings(config, async |settings| say::release(&settings, &what).await).await,
        Command::Events(request) => {
            with_settings(config, async |settings| events::events(&settings, &request).await).await
        }
        Command::Why(request) => with_settings(config, async |settings| why::why(&settings, &request).await).await,
        Command::Exec(request) => with_settings(config, async |settings| exec::exec(&settings, &request).await).await,
        Command::Shutdown { timeout } => {
            with_settings(config, async |settings| shutdown::shutdown(&settings, timeout).await).await
        }
        Command::CheckUpgrade { format } => {
            with_settings(config, async |settings| check_upgrade::check_upgrade(&settings, format).await).await
        }
        Command::Eject(request) => with_settings(config, async |settings| eject::run(&settings, &request).await).await,
        Command::Logs(request) => with_settings(config, async |settings| logs::logs(&settings, &request).await).await,
    }
}

async fn with_settings(config: PathBuf, command: impl AsyncFnOnce(Arc<Settings>) -> Exit) -> Exit {
    match Settings::read(&config) {
        Ok(settings) => command(Arc::new(settings)).await,
        Err(error) => {
            output::fail(&error.to_string());
            Exit::Usage
        }
    }
}

/// The live view takes the terminal, so there only warnings are shown beside it.
fn begin_logs(arguments: &Arguments) {
    let is_live =
        matches!(&arguments.command, Command::Run(run::Request { watch: true, .. })) && std::io::stdout().is_terminal();
    let level = match arguments.command {
        Command::Run(_) if is_live => "warn",
        Command::Run(_) | Command::Apply { .. } | Command::Shutdown { .. } => "info",
        Command::Wait { .. }
        | Command::Facts { .. }
        | Command::Status { .. }
        | Command::Restart(_)
        | Command::Retry(_)
        | Command::Trigger(_)
        | Command::Hold(_)
        | Command::Release(_)
        | Command::Events(_)
        | Command::Why(_)
        | Command::Exec(_)
        | Command::Logs(_)
        | Command::Eject(_)
        | Command::Install(_)
        | Command::Purge(_)
        | Command::CheckUpgrade { .. }
        | Command::Verify(_)
        | Command::Completions(_)
        | Command::Man(_) => "warn",
    };
    journal::begin(arguments.log, level);
}

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Fine.
    Fine,
    /// Problems found, or not converged.
    Problems,
    /// Something would change.
    Changes,
    /// Refused.
    Refused,
    /// Wrong usage.
    Usage,
    /// What the command ended with that was run.
    Of(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::SUCCESS,
            Exit::Problems => Self::from(1),
            Exit::Changes => Self::from(2),
            Exit::Refused => Self::from(3),
            Exit::Usage => Self::from(64),
            Exit::Of(code) => Self::from(code),
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    Millis::parse(text).map(Millis::duration).map_err(|error| format!("{error}, as in `90s` or `1h30m`"))
}

fn node_name(text: &str) -> Result<NodeName, String> {
    NodeName::parse(text).map_err(|error| error.to_string())
}

fn fleet_name(text: &str) -> Result<FleetName, String> {
    FleetName::parse(text).map_err(|error| error.to_string())
}
